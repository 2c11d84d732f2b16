#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs routers on eight tokens and compares with published formulas' numbers, to four digits.

usage: golden_routers.py MOEC MODEL NAME[,NAME...] [OPTION...]

MODEL has the input `z`, [tokens, 4], and per NAME the outputs NAME_ids and NAME, or one output `dense`, the matrix of
weights. OPTIONs go to `moec run`.
"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))
import npy  # noqa: E402

LOGITS = [[-1.1, 0.2, 1.0, 1.2], [-0.6, -1.9, -1.6, -0.5], [-1.6, -0.8, 1.2, -0.1], [-0.8, -0.3, 1.4, 2.0],
          [0.8, -1.6, 1.3, 1.5], [-0.2, -1.4, 0.7, 1.3], [1.9, 1.3, -1.1, -1.3], [1.8, 1.5, 0.7, -1.8]]
IDS = [(3, 2), (3, 0), (2, 3), (3, 2), (3, 2), (3, 2), (0, 1), (0, 1)]
DIVIDED = [(.5498, .4502), (.5250, .4750), (.7858, .2142), (.6457, .3543),
           (.5498, .4502), (.6457, .3543), (.6457, .3543), (.5744, .4256)]
WEIGHTS = {"raw": [(.4373, .3580), (.4025, .3642), (.6809, .1856), (.5848, .3210),
                   (.4237, .3469), (.5437, .2984), (.6100, .3348), (.4760, .3526)],
           "renormalised": DIVIDED, "selected": DIVIDED}


def rows(path):
    tensor = npy.read(path)
    values, width = npy.unpack(tensor), tensor.shape[1]
    return [values[i:i + width] for i in range(0, len(values), width)]


def check(name, ids, weights):
    """`weights` are rows of numbers, per token, for the experts in `ids`."""
    assert len(ids) == len(weights) == len(IDS), "%s: %d tokens" % (name, len(ids))
    for token, expected in enumerate(IDS):
        assert tuple(ids[token]) == expected, "%s: token %d goes to %s" % (name, token, ids[token])
        for expert, weight, value in zip(expected, WEIGHTS[name][token], weights[token]):
            assert abs(value - weight) <= 0.5001e-4, "%s: token %d weighs expert %d with %r, expected %r" % (
                name, token, expert, value, weight)
    print("%s: %d tokens, %d experts each" % (name, len(ids), len(ids[0])))


def main(moec, model, names, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "z.npy")
        npy.write(path, npy.Tensor("f32", [len(LOGITS), 4], npy.pack("f32", [z for row in LOGITS for z in row])))
        is_interpreted = "--interpret" in options
        command = [moec, "run", model, "--input", ("0=" if is_interpreted else "z=") + path, "--output-dir", folder]
        subprocess.run(command + list(options), check=True, stdout=subprocess.DEVNULL)
        dense = os.path.join(folder, "output_0.npy" if is_interpreted else "dense.npy")
        if os.path.exists(dense):
            matrix = rows(dense)
            ids = [sorted((e for e in range(4) if row[e]), key=lambda e: -row[e]) for row in matrix]
            check(names, ids, [[row[e] for e in chosen] for row, chosen in zip(matrix, ids)])
            return
        for name in names.split(","):
            check(name, rows(os.path.join(folder, name + "_ids.npy")), rows(os.path.join(folder, name + ".npy")))


if __name__ == "__main__":
    main(*sys.argv[1:])
