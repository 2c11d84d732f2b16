# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Tensors as bytes, and .npy files of them.

A tensor here is (dtype, shape, data): dtype one of "f32", "bf16", "f16", "i32", data little-endian bytes in row-major
order. Format: numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""
import ast
import struct
from collections import namedtuple

Tensor = namedtuple("Tensor", "dtype shape data")

SIZE = {"f32": 4, "bf16": 2, "f16": 2, "i32": 4}
# NumPy has no bf16: compiled programs carry it as raw two-byte elements, the interpreter widened to f32.
DESCRIPTOR = {"f32": "<f4", "bf16": "|V2", "f16": "<f2", "i32": "<i4"}
DTYPE = {descriptor: dtype for dtype, descriptor in DESCRIPTOR.items()}


def count(shape):
    n = 1
    for size in shape:
        n *= size
    return n


def pack(dtype, values):
    """Bytes of numbers; to bf16 by rounding to nearest even."""
    n = len(values)
    if dtype != "bf16":
        return struct.pack("<%d%s" % (n, {"f32": "f", "f16": "e", "i32": "i"}[dtype]), *values)
    bits = struct.unpack("<%dI" % n, struct.pack("<%df" % n, *values))
    return struct.pack("<%dH" % n, *[(b + 0x7FFF + (b >> 16 & 1)) >> 16 for b in bits])


def unpack(tensor):
    """The numbers of a tensor."""
    n = count(tensor.shape)
    if tensor.dtype == "bf16":
        bits = struct.unpack("<%dH" % n, tensor.data)
        return struct.unpack("<%df" % n, struct.pack("<%dI" % n, *[b << 16 for b in bits]))
    return struct.unpack("<%d%s" % (n, {"f32": "f", "f16": "e", "i32": "i"}[tensor.dtype]), tensor.data)


def rows(tensor, indices):
    """The tensor of these rows, in this order."""
    width = len(tensor.data) // tensor.shape[0] if tensor.shape[0] else 0
    data = b"".join(tensor.data[i * width:(i + 1) * width] for i in indices)
    return Tensor(tensor.dtype, [len(indices)] + list(tensor.shape[1:]), data)


def encode(tensor, widen=False):
    """The bytes of a file; with `widen`, bf16 as f32."""
    dtype, data = tensor.dtype, tensor.data
    if widen and dtype == "bf16":
        dtype, data = "f32", pack("f32", unpack(tensor))
    shape = "(" + "".join("%d, " % size for size in tensor.shape) + ")"
    header = "{'descr': '%s', 'fortran_order': False, 'shape': %s, }" % (DESCRIPTOR[dtype], shape)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data


def write(path, tensor, widen=False):
    with open(path, "wb") as file:
        file.write(encode(tensor, widen))


def read(path):
    with open(path, "rb") as file:
        return decode(file.read(), path)


def decode(content, path):
    """The tensor of a file's bytes; `path` is for errors."""
    if content[:8] != b"\x93NUMPY\x01\x00":
        raise ValueError(path + ": no .npy file of version 1")
    end = 10 + struct.unpack_from("<H", content, 8)[0]
    header = ast.literal_eval(content[10:end].decode())
    tensor = Tensor(DTYPE[header["descr"]], list(header["shape"]), content[end:])
    if header["fortran_order"] or len(tensor.data) != count(tensor.shape) * SIZE[tensor.dtype]:
        raise ValueError(path + ": not in row-major order, or cut off")
    return tensor
