# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Weights files whose numbers are made where they are used.

A weights file (runtime/lib/Core/WeightsFile.h) has a header, a directory with a digest of each slab, and the slabs. What
is before the slabs is checked when a file is opened, by digests of its own; slabs only when somebody asks. So a layer
travels as the head of its file, a few KiB, and slabs are filled with small random numbers, which nobody verifies.
"""
import random
import struct

HEADER = "<8sII16sqq"  # magic, version, weights, build id, bytes of the file, where slabs begin
RECORD = "<6qiIq"      # places of name, digests and slab 0; slabs, their bytes and stride; dtype, bytes of the name
HEADER_BYTES, RECORD_BYTES = 128, 64
F32, F16, BF16 = 1, 10, 16
BLOCK = 1 << 24  # bytes written at a time


def head(path):
    """The bytes of a weights file up to its slabs."""
    with open(path, "rb") as file:
        start = file.read(HEADER_BYTES)
        magic, version, _, _, _, data = struct.unpack_from(HEADER, start)
        if magic != b"MOERTWTS" or version != 1:
            raise ValueError(path + ": no weights file of version 1")
        return start + file.read(data - HEADER_BYTES)


def numbers(dtype, scale):
    """About a megabyte of random numbers below `scale`; of a length that is no multiple of any row's."""
    rng = random.Random(dtype)
    count = 524309  # a prime number
    if dtype == F32:
        return struct.pack("<%df" % count, *[rng.uniform(-scale, scale) for _ in range(count)])
    # Few different values are enough for products whose time does not depend on them.
    if dtype == F16:
        table = [struct.pack("<e", rng.uniform(-scale, scale)) for _ in range(4096)]
    elif dtype == BF16:
        table = [struct.pack("<f", rng.uniform(-scale, scale))[2:] for _ in range(4096)]
    else:
        raise ValueError("weights of type %d have no random numbers" % dtype)
    return b"".join(rng.choices(table, k=count))


def write(path, start, scale):
    """Writes the file that begins with `start`; the number of its bytes. Between slabs there are numbers, too."""
    _, _, count, _, total, _ = struct.unpack_from(HEADER, start)
    with open(path, "wb") as file:
        file.write(start)
        for i in range(count):
            *_, slabs, _, stride, dtype, _, _ = struct.unpack_from(RECORD, start, HEADER_BYTES + i * RECORD_BYTES)
            block = numbers(dtype, scale)
            block *= BLOCK // len(block)
            left = slabs * stride
            while left > 0:
                left -= file.write(block[:left])
        if file.tell() != total:
            raise ValueError("%s: %d bytes written of %d" % (path, file.tell(), total))
    return total
