# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Runs of compiled models on the tensors of npy.py."""
import moert
import npy

NUMBERS = {"f32": moert.F32, "f16": moert.F16, "bf16": moert.BF16, "i32": moert.I32}
NAMES = {number: name for name, number in NUMBERS.items()}


def execute(model, inputs):
    """The outputs of a moert.Model by name; `inputs`: [(name, tensor)]."""
    outputs = model.run({name: moert.Tensor(NUMBERS[t.dtype], list(t.shape), t.data) for name, t in inputs})
    return {name: npy.Tensor(NAMES[t.dtype], t.shape, t.data) for name, t in outputs.items()}
