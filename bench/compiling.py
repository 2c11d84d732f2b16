# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What compiling costs: time, code and memory, each beside its limit. All levels of instructions, as by default."""
import os
import shutil
import subprocess
import sys

import numpy as np
import onnx

import limits
from decoder import FIXTURE, make_decoder
from models import make_layer
from repeat_layer import repeat_last_layer
from report import check

# The memory of a child can be told from that of this process, which is large, by a small one between them only.
MEASURE = """
import resource, subprocess, sys, time
begin = time.perf_counter()
subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(time.perf_counter() - begin, used.ru_utime + used.ru_stime, used.ru_maxrss)
"""


def moec(arguments, model, output, rounds=3):
    """Compiles; returns the fewest seconds, of time and of processors, and the most memory in MiB."""
    command = [os.path.join(arguments.build, "bin", "moec"), "compile", "--quiet", model, "-o", output]
    runs = [subprocess.run([sys.executable, "-c", MEASURE, *command], check=True, capture_output=True,
                           text=True).stdout.split() for _ in range(rounds)]
    times, used, memory = zip(*[map(float, words) for words in runs])
    return min(times), min(used), max(memory) / 1024


def make_layers(folder, layers):
    """The small export itself, with more layers."""
    model = onnx.load(FIXTURE)
    initializers = {tensor.name: tensor for tensor in model.graph.initializer}
    nodes = repeat_last_layer(list(model.graph.node), initializers, layers)
    tensors = list(initializers.values())
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(tensors)
    path = os.path.join(folder, "model.onnx")
    onnx.save(model, path)
    return path


def code_bytes(path):
    lines = subprocess.run(["llvm-size-22", "--format=sysv", path], check=True, capture_output=True,
                           text=True).stdout.splitlines()
    return sum(int(words[1]) for words in map(str.split, lines) if words and words[0].startswith(".text"))


def run(arguments, folder, report):
    shutil.rmtree(folder, ignore_errors=True)
    rng = np.random.default_rng(1)
    output = os.path.join(folder, "out.o")

    def make(name, write, *parameters, **named):
        os.makedirs(os.path.join(folder, name))
        return write(os.path.join(folder, name), *parameters, **named)

    print("\ncompile, all levels, best of three")
    one = make("layer", make_layer, "qwen3-30b", rng, experts=8)
    seconds, used, small = moec(arguments, one, output)
    check(report, "one layer of qwen3-30b with 8 experts", seconds, "s", "<=", limits.ONE_LAYER_S,
          f"{used:.2f} s of processors")
    _, _, large = moec(arguments, make("layers", make_layer, "qwen3-30b", rng, experts=64), output, rounds=1)
    check(report, "memory with 64 experts, above that", large - small, "MiB", "<=", limits.GROWTH_MIB,
          f"{large:.0f} MiB in all")
    seconds, used, memory = moec(arguments, make("decoder", make_decoder, rng), output)
    check(report, "decoder, packed", seconds, "s", "<=", limits.DECODER_S,
          f"{used:.2f} s of processors; {memory:.0f} MiB")
    sizes, notes = [], []
    for layers in (2, 32):
        seconds, used, _ = moec(arguments, make(f"{layers}-layers", make_layers, layers), output, rounds=1)
        sizes.append(code_bytes(output))
        notes.append(f"{sizes[-1]} bytes in {seconds:.2f} s")
    check(report, "code of 32 layers, over that of 2", sizes[1] / sizes[0], "times", "<=", limits.CODE_RATIO,
          ", ".join(reversed(notes)))
    if not arguments.keep:
        shutil.rmtree(folder)
