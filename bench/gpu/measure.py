#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Measures one layer on a device at several numbers of tokens.

usage: measure.py FOLDER NAME DEVICE TOKENS[,TOKENS...] SECONDS

NAME may end in -reduced. Weights are made up beside the folder's code and removed in the end. Prints a line of JSON for
each check, {"check", "failure"}, and for each measurement, {"tokens", "us", "least_us", "host_us", "bytes",
"operations"}: the median and the least time between two events of the stream, around all kernels of the layer, with
inputs and outputs in the device's memory; host_us is the median of whole requests, with copies of both. Inputs change
from run to run, so other experts' weights are read. A run's rows must have the bits that the same tokens had among fewer.
"""
import json
import math
import os
import shutil
import statistics
import struct
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import moe_layers as layers
import moert
import weights

SETS = 4  # of inputs
MOST_RUNS = 40


def tell(**fields):
    print(json.dumps(fields), flush=True)


def tensors(layer, tokens, seed):
    x, logits, counts = layers.inputs(layer, tokens, seed)
    return {"x": moert.Tensor(moert.BF16, [tokens, layer.hidden], x),
            "logits": moert.Tensor(moert.F32, [tokens, layer.experts], logits)}, counts


def check_rows(y, kept):
    """None, or what is wrong with the rows of a run; `kept` are those of runs before."""
    shared = min(len(y), len(kept))
    if y[:shared] != kept[:shared]:
        return "rows have other bits than among fewer tokens"
    exponents = struct.unpack("<%dH" % min(len(y) // 2, 1 << 16), y[:1 << 17])
    if any(value & 0x7F80 == 0x7F80 for value in exponents):
        return "numbers that are not finite"
    return None if any(exponents) else "nothing but zeros"


def measure(model, layer, tokens, until):
    """(device times, host times, bytes, operations), in microseconds, the latter two as means."""
    sets = [tensors(layer, tokens, seed) for seed in range(SETS)]
    works = [layers.work(layer, tokens, counts) for _, counts in sets]
    device, host = [], []
    for given, _ in sets:
        model.set_inputs(given)
        model.run_again()
    while len(device) < MOST_RUNS and (len(device) < SETS or time.monotonic() < until):
        model.set_inputs(sets[len(device) % SETS][0])
        begin = time.perf_counter()
        device.append(model.run_again() * 1e-3)
        host.append((time.perf_counter() - begin) * 1e6)
    return device, host, statistics.mean(w[0] for w in works), statistics.mean(w[1] for w in works)


def main(folder, name, device, tokens, seconds):
    end = time.monotonic() + seconds
    layer = layers.LAYERS[name.removesuffix("-reduced")]
    if name.endswith("-reduced"):
        layer = layers.reduced(layer)
    path = os.path.join(folder, "layers", name)
    with open(path + ".head", "rb") as file:
        head = file.read()
    with tempfile.TemporaryDirectory(dir=os.path.join(folder, "layers")) as work:
        compiled = os.path.join(work, "layer.so")
        shutil.copy(path + ".so", compiled)
        weights.write(compiled + ".weights", head, math.sqrt(3 / layer.hidden))
        model = moert.Model(moert.load(os.path.join(folder, "lib", "libmoert.so")), compiled, 1, None, device=device,
                            times_device=True)
        kept = b""
        for i, count in enumerate(tokens):
            now = time.monotonic()
            if now > end:
                tell(skipped="layer %s at %d tokens: no time left" % (name, count))
                continue
            y = model.run(tensors(layer, count, 0)[0])["y"].data
            tell(check="layer %s at %d tokens" % (name, count), failure=check_rows(y, kept))
            kept = max(y, kept, key=len)
            times, host, moved, operations = measure(model, layer, count, now + (end - now) / (len(tokens) - i) / 2)
            tell(tokens=count, us=statistics.median(times), least_us=min(times), host_us=statistics.median(host),
                 bytes=moved, operations=operations)
        model.close()


if __name__ == "__main__":
    try:
        main(*sys.argv[1:4], [int(count) for count in sys.argv[4].split(",")], float(sys.argv[5]))
    except (moert.Error, OSError, ValueError) as error:
        tell(check="layer %s" % sys.argv[2], failure=str(error))
