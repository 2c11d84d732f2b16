#!/usr/bin/env python3
"""Runs models and compares their outputs with checked-in ones.

usage: check.py MOEC CASE... [-- OPTION...]

A case is a folder with model.onnx, a .npy file per input, named as it, and y.npy. Options go to `moec run`.
"""
import math
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Execution", "python"))
sys.dont_write_bytecode = True
import npy


def check(moec, case, options):
    names = [name[:-4] for name in sorted(os.listdir(case)) if name.endswith(".npy") and name != "y.npy"]
    with tempfile.TemporaryDirectory() as out:
        command = [moec, "run", os.path.join(case, "model.onnx"), "--quiet", "--output-dir", out, *options]
        for name in names:
            command += ["--input", f"{name}={os.path.join(case, name + '.npy')}"]
        subprocess.run(command, check=True)
        result = npy.read(os.path.join(out, "y.npy"))
    reference = npy.read(os.path.join(case, "y.npy"))
    assert list(result.shape) == list(reference.shape), (result.shape, reference.shape)
    got, expected = npy.unpack(result), npy.unpack(reference)
    assert all(map(math.isfinite, got)), f"{case}: not finite"
    worst = max(abs(a - b) - 1e-4 * abs(b) for a, b in zip(got, expected))
    assert worst <= 1e-5, f"{case}: off by {worst}"
    difference = max(abs(a - b) for a, b in zip(got, expected))
    print(f"{os.path.basename(case)}: {len(got)} values, largest difference {difference:.1e}")


def main(arguments):
    options = []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, options = arguments[:at], arguments[at + 1:]
    for case in arguments[1:]:
        check(arguments[0], case, options)


if __name__ == "__main__":
    main(sys.argv[1:])
