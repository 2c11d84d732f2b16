#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Code must not grow with the number of layers.

usage: code_of_layers.py MOEC EXPORT FOLDER FEW MANY LIMIT [OPTION...]

Compiles the Mixtral export EXPORT with FEW and with MANY layers to FOLDER, with options for `moec compile`. Prints the
bytes of machine code of both; exit code 1 if MANY's are more than LIMIT times FEW's. Needs the Python classes of
lib/Import/onnx.proto on PYTHONPATH, and llvm-size.
"""
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "bench"))
from lib.Import import onnx_pb2 as pb  # noqa: E402
from repeat_layer import repeat_last_layer  # noqa: E402


def write_model(export, layers, path):
    model = pb.ModelProto()
    with open(export, "rb") as file:
        model.ParseFromString(file.read())
    graph = model.graph
    initializers = {tensor.name: tensor for tensor in map(copy_of, graph.initializer)}
    nodes = repeat_last_layer([copy_of(node) for node in graph.node], initializers, layers)
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(initializers.values())
    with open(path, "wb") as file:
        file.write(model.SerializeToString())


def copy_of(message):
    """One that stays when the list that holds the message is emptied."""
    other = type(message)()
    other.CopyFrom(message)
    return other


def code_bytes(path):
    """Sizes of the sections that hold machine code, added up."""
    lines = subprocess.run(["llvm-size", "--format=sysv", path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return sum(int(words[1]) for words in map(str.split, lines) if words and words[0].startswith(".text"))


def main(moec, export, folder, few, many, limit, *options):
    sizes = []
    for layers in (few, many):
        model, compiled = (os.path.join(folder, f"{layers}-layers.{kind}") for kind in ("onnx", "o"))
        write_model(export, int(layers), model)
        subprocess.run([moec, "compile", model, "-o", compiled, *options], check=True)
        sizes.append(code_bytes(compiled))
        print(f"{layers} layers: {sizes[-1]} bytes of code")
    ratio = sizes[1] / sizes[0]
    print(f"{ratio:.3f} times, at most {float(limit)}")
    return 0 if 0 < ratio <= float(limit) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
