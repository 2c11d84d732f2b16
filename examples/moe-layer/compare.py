#!/usr/bin/env python3
"""usage: compare.py A.npy B.npy: the largest difference of two f32 arrays; fails above 1e-5 of the largest value."""
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack_from("<H", data, 8)
    values = data[10 + length:]
    return struct.unpack(f"<{len(values) // 4}f", values)


a, b = read(sys.argv[1]), read(sys.argv[2])
difference, scale = max(abs(p - q) for p, q in zip(a, b)), max(map(abs, b))
print(f"{len(a)} values, largest difference {difference:.1e} of {scale:.2f}")
sys.exit(len(a) != len(b) or difference > 1e-5 * scale)
