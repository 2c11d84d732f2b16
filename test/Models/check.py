#!/usr/bin/env python3
"""Runs models and compares their outputs with checked-in ones.

usage: check.py MOEC CASE... [-- OPTION...]

A case is a folder with model.onnx, a .npy file per input, named as it, and y.npy. Options go to `moec run`.
"""
import math
import os
import struct
import subprocess
import sys
import tempfile


def read_npy(path):
    """Shape and values of a little-endian f32 .npy file in C order."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:6] == b"\x93NUMPY", path
    length, = struct.unpack_from("<H", data, 8)
    header = eval(data[10:10 + length], {})
    assert header["descr"] == "<f4" and not header["fortran_order"], header
    count = math.prod(header["shape"])
    return header["shape"], struct.unpack_from(f"<{count}f", data, 10 + length)


def check(moec, case, options):
    names = [name[:-4] for name in sorted(os.listdir(case)) if name.endswith(".npy") and name != "y.npy"]
    with tempfile.TemporaryDirectory() as out:
        command = [moec, "run", os.path.join(case, "model.onnx"), "--quiet", "--output-dir", out, *options]
        for name in names:
            command += ["--input", f"{name}={os.path.join(case, name + '.npy')}"]
        subprocess.run(command, check=True)
        shape, got = read_npy(os.path.join(out, "y.npy"))
    expected_shape, expected = read_npy(os.path.join(case, "y.npy"))
    assert shape == expected_shape, (shape, expected_shape)
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
