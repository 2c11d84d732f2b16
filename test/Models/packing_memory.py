#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Packing streams: the memory of the compiler must not grow with the weights.

usage: packing_memory.py MOEC FOLDER SMALL LARGE LIMIT

Compiles a layer of SMALL and one of LARGE MiB of weights in a file, which is a hole, to FOLDER. Prints the most memory
that each compilation held at one time, pages of files included; exit code 1 if LARGE's is more than LIMIT MiB above
SMALL's. Needs the Python classes of lib/Import/onnx.proto on PYTHONPATH.
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Import"))
import make_model  # noqa: E402

HIDDEN, WIDTH = 512, 1024
EXPERT = (2 * WIDTH * HIDDEN, HIDDEN * WIDTH)  # elements of both products: 6 MiB


def write_model(path, experts):
    builder = make_model.Builder(path)
    builder.opset(20, ms=1)
    builder.inputs(x=f"f32[tokens,{HIDDEN}]", router=f"f32[tokens,{experts}]")
    builder.outputs(y=f"f32[tokens,{HIDDEN}]")
    offset = 0
    for name, sizes, elements in (("fc1", [experts, 2 * WIDTH, HIDDEN], EXPERT[0]),
                                  ("fc2", [experts, HIDDEN, WIDTH], EXPERT[1])):
        tensor = builder.model.graph.initializer.add(name=name, data_type=1, dims=sizes, data_location=1)
        length = 4 * experts * elements
        for key, item in ("location", "weights.data"), ("offset", str(offset)), ("length", str(length)):
            tensor.external_data.add(key=key, value=item)
        offset += length
    builder.node("ms.MoE", "x router fc1 _ fc2", "y", k=2, activation_type="swiglu", swiglu_fusion=1,
                 normalize_routing_weights=1)
    with open(path, "wb") as file:
        file.write(builder.model.SerializeToString())
    with open(os.path.join(os.path.dirname(path), "weights.data"), "wb") as file:
        file.truncate(offset)
    return offset


def peak(moec, folder, mebibytes):
    """The most resident memory of a compilation, in MiB."""
    folder = os.path.join(folder, f"{mebibytes}-mib")
    os.makedirs(folder)
    model, compiled = os.path.join(folder, "model.onnx"), os.path.join(folder, "layer.o")
    size = write_model(model, max(2, (mebibytes << 20) // (4 * sum(EXPERT))))
    process = subprocess.Popen([moec, "compile", "--quiet", "--target", "cpu:v2", model, "-o", compiled])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"moec failed with exit code {process.returncode}")
    packed = os.path.getsize(compiled + ".weights")
    if packed < size:
        sys.exit(f"{packed} bytes are packed of {size}")
    os.remove(compiled + ".weights")
    print(f"{size / 2**20:.0f} MiB of weights: at most {usage.ru_maxrss / 1024:.0f} MiB of memory")
    return usage.ru_maxrss / 1024


def main(moec, folder, small, large, limit):
    growth = -peak(moec, folder, int(small)) + peak(moec, folder, int(large))
    print(f"grows by {growth:.0f} MiB, at most {limit}")
    return 0 if growth <= float(limit) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
