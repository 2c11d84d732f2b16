#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model compiled with --weights-dtype gives, bit for bit, what a file gives whose weights were rounded before.

usage: stored_weights.py MOEC LIBMOERT.so FOLDER... [--dtype bf16|f16]... [--work DIR]

Of each FOLDER/model.onnx a copy is written in which the weights of products are rounded, still as f32. Which these are
is told by the graph alone: initialisers of more than one dimension that no Gather reads, without those of routers, by
name, and biases of experts. The model with the option, the copy with it and the copy without must give equal bytes at
every instruction-set level, with one and several threads, for rows from one to beyond the blocks that products are cut
into. Some numbers of each weight are replaced by ones that rounding treats specially. Needs the Python classes of
lib/Import/onnx.proto on PYTHONPATH. The last line sums up; exit code 0: all bytes are equal.
"""
import argparse
import array
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "Execution", "python")]
import moert  # noqa: E402
from lib.Import import onnx_pb2  # noqa: E402
from same_bits import cpu_levels  # noqa: E402

ROUTER = re.compile(r"(mlp\.gate|\.router|router\.layer)\.weight$")
BIAS = re.compile(r"^b\d$|bias")
TOKENS = [1, 2, 3, 7, 12, 14, 15, 29, 61]
THREADS = [1, 3]
# Ties, ends of the ranges of bf16 and f16, subnormals of both and of f32, zeros of both signs.
SPECIAL = [65504, -65519, 1 + 2**-8, 1 + 3 * 2**-8, -1 - 2**-11, 1 + 3 * 2**-11, 2**-14, 2**-24, 2**-25, 3 * 2**-26,
           -2**-26, 2**-126, 3 * 2**-133, 2**-134, 1e-45, 0.0, -0.0]


def round_to(dtype, numbers):
    """f32 of the numbers rounded to nearest, ties to even."""
    if dtype == "f16":
        return array.array("f", struct.unpack("<%de" % len(numbers), struct.pack("<%de" % len(numbers), *numbers)))
    bits = array.array("I", numbers.tobytes())
    return array.array("f", array.array("I", [(b + 0x7FFF + (b >> 16 & 1)) & 0xFFFF0000 for b in bits]).tobytes())


def numbers_of(tensor):
    return array.array("f", tensor.raw_data) if tensor.raw_data else array.array("f", tensor.float_data)


def set_numbers(tensor, numbers):
    del tensor.float_data[:]
    tensor.raw_data = numbers.tobytes()


def weights_of_products(graph):
    gathered = {node.input[0] for node in graph.node if node.op_type == "Gather"}
    for tensor in graph.initializer:
        if (tensor.data_type == 1 and len(tensor.dims) > 1 and tensor.name not in gathered
                and not ROUTER.search(tensor.name) and not BIAS.search(tensor.name)):
            yield tensor


def write_models(path, dtype, work):
    """The model with special numbers in it, and its rounded copy; the number of weights."""
    model = onnx_pb2.ModelProto()
    with open(path, "rb") as file:
        model.ParseFromString(file.read())
    weights = list(weights_of_products(model.graph))
    for tensor in weights:
        numbers = numbers_of(tensor)
        for at, special in enumerate(SPECIAL):
            numbers[(at * 37 + 5) % len(numbers)] = special
        set_numbers(tensor, numbers)
    paths = []
    for name in ("original", "rounded"):
        paths.append(os.path.join(work, f"{name}.onnx"))
        with open(paths[-1], "wb") as file:
            file.write(model.SerializeToString())
        for tensor in weights:
            set_numbers(tensor, round_to(dtype, numbers_of(tensor)))
    return paths, len(weights)


def draw_inputs(values, tokens, rng):
    """Random inputs of `tokens` rows in all: along the first dimension, or the second of ids."""
    inputs = {}
    for value in values:
        dynamic = [axis for axis, size in enumerate(value.sizes) if size == -1]
        shape = [1 if axis in dynamic else size for axis, size in enumerate(value.sizes)]
        shape[dynamic[-1]] = tokens
        count = 1
        for size in shape:
            count *= size
        if value.dtype == moert.I64:
            numbers = [1] * count if "mask" in value.name else [rng.randrange(90) for _ in range(count)]
            data = struct.pack("<%dq" % count, *numbers)
        else:
            data = struct.pack("<%df" % count, *[rng.gauss(0, 1) for _ in range(count)])
        inputs[value.name] = moert.Tensor(value.dtype, shape, data)
    return inputs


def check(options, folder, dtype, work):
    """The number of runs that were compared."""
    (original, rounded), weights = write_models(os.path.join(folder, "model.onnx"), dtype, work)
    assert weights, f"{folder}: no weight to round"
    artifacts = {}
    for name, model, arguments in (("rounded", rounded, []), ("original, option", original, [dtype]),
                                   ("rounded, option", rounded, [dtype])):
        artifacts[name] = os.path.join(work, f"{len(artifacts)}.so")
        subprocess.run([options.moec, "compile", "--quiet", model, "-o", artifacts[name]] +
                       [f"--weights-dtype={argument}" for argument in arguments], check=True)
    sizes = {name: os.path.getsize(path + ".weights") for name, path in artifacts.items()}
    assert sizes["original, option"] == sizes["rounded, option"], sizes
    api = moert.load(options.library)
    runs = 0
    for level in cpu_levels():
        for threads in THREADS:
            models = {name: moert.Model(api, path, threads, level) for name, path in artifacts.items()}
            for tokens in TOKENS:
                inputs = draw_inputs(models["rounded"].inputs, tokens, random.Random(f"{folder} {tokens}"))
                expected = models["rounded"].run(inputs)
                for name, model in models.items():
                    for output, tensor in model.run(inputs).items():
                        if tensor.data != expected[output].data:
                            raise SystemExit(f"{folder}, {dtype}, {level}, {threads} threads, {tokens} tokens: output "
                                             f"{output} of '{name}' differs from that of the rounded file")
                    runs += 1
            for model in models.values():
                model.close()
    print(f"{os.path.basename(folder)}, {dtype}: {weights} weights, {runs} runs", flush=True)
    return runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("moec")
    parser.add_argument("library")
    parser.add_argument("folders", nargs="+")
    parser.add_argument("--dtype", action="append", choices=["bf16", "f16"])
    parser.add_argument("--work")
    options = parser.parse_args()
    runs = 0
    for folder in options.folders:
        for dtype in options.dtype or ["bf16", "f16"]:
            with tempfile.TemporaryDirectory(dir=options.work) as work:
                runs += check(options, folder, dtype, work)
    print(f"{runs} runs, all bits equal")


if __name__ == "__main__":
    main()
