#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks of data on a virtual GPU end a run as those on the processor do.

usage: device_checks.py PROCESSOR DEVICE

Both are compiled from Inputs/device-checks.mlir: two lookups in a table, an element-wise one and an update, each with
indices that a kernel looks at. For every case the messages and exit codes of the two must be equal; reports of accesses
out of bounds would be others.
"""
import os
import struct
import subprocess
import sys
import tempfile


def write(path, descriptor, shape, values):
    sizes = "(" + "".join(f"{size}, " for size in shape) + ")"
    header = f"{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {sizes}, }}"
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        file.write(struct.pack(f"<{len(values)}{'f' if descriptor == '<f4' else 'q'}", *values))


# Rows of the table, and the indices of each op; what the message names, or None.
FINE = [0, -1, 3]
CASES = [
    (4, FINE, FINE, FINE, FINE, None),
    (4, [0, 4, 1], FINE, FINE, FINE, "first"),
    (4, FINE, [-5, 0, 0], FINE, FINE, "second"),
    (4, FINE, FINE, [0, 0, 1 << 40], FINE, "elements"),
    (4, FINE, FINE, FINE, [0, -(1 << 62), 0], "update"),
    # Of several the first counts.
    (4, FINE, [9, 9, 9], FINE, [9, 9, 9], "second"),
    (4, [9, 9, 9], [9, 9, 9], [9, 9, 9], [9, 9, 9], "first"),
    # A table without rows, and lookups of nothing.
    (0, [0, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0], "first"),
    (0, [], [0, 0, 0], [], [], "second"),
    (0, [], [], [], [], None),
]


def run(program, folder, *device):
    inputs = [f"--input={name}={os.path.join(folder, name + '.npy')}" for name in ("x", "i", "j", "k", "l")]
    done = subprocess.run([program, *inputs, *device], capture_output=True, text=True)
    return done.returncode, done.stderr.split(": ", 1)[-1], done.stdout


def main(processor, device):
    for rows, *indices, named in CASES:
        with tempfile.TemporaryDirectory() as folder:
            write(os.path.join(folder, "x.npy"), "<f4", [rows, 8], [float(i) for i in range(rows * 8)])
            for name, values, width in zip("ijkl", indices, (1, 1, 8, 8)):
                shape = [len(values)] if width == 1 else [len(values), width]
                write(os.path.join(folder, name + ".npy"), "<i8", shape, [v for v in values for _ in range(width)])
            expected, got = run(processor, folder), run(device, folder, "--device=virtual")
            assert got == expected, f"{rows}, {indices}: {got}, on the processor {expected}"
            if named:
                assert expected[:2] == (2, f"error: {named}: an index is out of range\n"), expected
            else:
                assert expected[0] == 0, expected
    print(f"{len(CASES)} cases alike")


if __name__ == "__main__":
    main(*sys.argv[1:])
