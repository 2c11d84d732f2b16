# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How far results may be from a reference with sums in f64, and which bits must be equal."""
import npy

# Half of the distance of neighbouring numbers in [1, 2): what rounding changes at most, relative to a number.
UNIT = {"bf16": 2.0**-8, "f16": 2.0**-11}


class Failure(Exception):
    pass


def check_close(name, expected, got, dtype, chain):
    """f32 within rtol 1e-4, atol 1e-5 of the largest element; 16 bits within a unit of their own rounding, and where more
    than one rounding follow one another (`chain`), which later steps may magnify, of that many units of the largest."""
    if list(got.shape) != list(expected.shape):
        raise Failure("%s has the shape %s, expected %s" % (name, got.shape, expected.shape))
    a, b = npy.unpack(expected), npy.unpack(got)
    if got.dtype == "i32":
        wrong = [i for i, (x, y) in enumerate(zip(a, b)) if x != y]
    else:
        largest = max([1.0] + [abs(x) for x in a])
        unit = UNIT.get(got.dtype)
        if unit:
            # Sums in f32 may round to the neighbour of what those in f64 round to.
            rtol, atol = 2 * unit, 2 * unit * largest * (chain - 1) + 1e-5
        elif dtype != "f32":  # results in f32 of a router in 16 bits: its inputs are exact
            rtol, atol = 1e-4, 1e-5
        else:
            rtol, atol = 1e-4, 1e-5 * largest
        wrong = [i for i, (x, y) in enumerate(zip(a, b)) if not abs(x - y) <= rtol * abs(x) + atol]
    if wrong:
        i = wrong[0]
        place = i if len(got.shape) == 1 else divmod(i, got.shape[1])
        raise Failure("%s: %d of %d elements differ, first %s: expected %r, got %r" % (
            name, len(wrong), len(b), place, a[i], b[i]))


def check_prefix(kept, outputs, label):
    """Rows that two runs share have the same bits; `kept` has the longest outputs so far, by name."""
    for name, tensor in outputs.items():
        longest, by = kept.setdefault(name, (tensor, label))
        shared = min(len(longest.data), len(tensor.data))
        if longest.data[:shared] != tensor.data[:shared]:
            raise Failure("%s: rows that it shares with the run at %s have other bits" % (name, by))
        if len(tensor.data) > len(longest.data):
            kept[name] = tensor, label
