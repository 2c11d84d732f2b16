#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes what ONNX Runtime computes of the variants: expected/NAME.pb, and the draws of weights in expected/draws.json.

usage: variants.py MOEC EXPORTS --write DIR && expected.py DIR        until it exits with 0

No test runs it. It needs onnx 1.23.2, onnxruntime 1.31.1 and numpy; variants.py needs python3-protobuf. Each file is a
TensorProto of all elements of the first output; its doc_string is the SHA-256 of the model that it belongs to. Files
that belong to their model are kept as they are, those without a model removed.

A variant whose choice of experts is near a tie is not written, since rounding might decide it: its count in draws.json
goes up, so that variants.py makes it from another seed, and the exit code is 1.
"""
import hashlib
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime

VERSION = "1.31.1"
EXPECTED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected")
# What the k-th score is above the next one, over the k-th where scores are probabilities, over the row's largest where
# they are logits. Two programs for the same function in f32 differ by less than 2^-16 of it.
MARGIN = 2.0 ** -10


def constant(model, name):
    for tensor in model.graph.initializer:
        if tensor.name == name:
            return onnx.numpy_helper.to_array(tensor)
    node = next((n for n in model.graph.node if name in n.output), None)
    if node is not None and node.op_type in ("Identity", "Cast"):
        return constant(model, node.input[0])
    if node is not None and node.op_type == "Constant":
        return onnx.numpy_helper.to_array(next(a.t for a in node.attribute if a.name == "value"))
    return None


def choices(model):
    """(scores, k) of what chooses experts."""
    for node in model.graph.node:
        largest = next((a.i for a in node.attribute if a.name == "largest"), 1)
        if node.op_type == "TopK" and largest and (k := constant(model, node.input[1])) is not None:
            yield node.input[0], int(k.item())


def evaluate(folder):
    """The first output and the smallest margin of a choice."""
    model = onnx.load(os.path.join(folder, "model.onnx"))
    chosen = list(choices(model))
    assert len(chosen) == 2, folder
    for scores, _ in chosen:
        model.graph.output.append(onnx.ValueInfoProto(name=scores))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feed = {}
    for value in model.graph.input:
        tensor = onnx.load_tensor(os.path.join(folder, f"input_{len(feed)}.pb"))
        feed[value.name] = onnx.numpy_helper.to_array(tensor)
    output, *scores = session.run(None, feed)
    assert output.dtype == np.float32 and np.isfinite(output).all(), folder
    margin = 1.0
    for (_, k), rows in zip(chosen, scores):
        best = -np.sort(-rows.astype(np.float64), axis=-1)
        size = best[..., k - 1] if rows.min() >= 0 else np.abs(rows).max(axis=-1)
        margin = min(margin, ((best[..., k - 1] - best[..., k]) / size).min())
    return output, margin


def main(root):
    if onnxruntime.__version__ != VERSION:
        sys.exit(f"needs onnxruntime {VERSION}, this is {onnxruntime.__version__}")
    path = os.path.join(EXPECTED, "draws.json")
    with open(path) as file:
        draws = json.load(file)
    names, again, written, smallest = sorted(os.listdir(root)), 0, 0, 1.0
    for name in names:
        file = os.path.join(EXPECTED, name + ".pb")
        with open(os.path.join(root, name, "model.onnx"), "rb") as model:
            digest = hashlib.sha256(model.read()).hexdigest()
        if os.path.exists(file) and onnx.load_tensor(file).doc_string == digest:
            continue
        output, margin = evaluate(os.path.join(root, name))
        if margin < MARGIN:
            draws[name] = draws.get(name, 0) + 1
            again += 1
            continue
        smallest = min(smallest, margin)
        tensor = onnx.numpy_helper.from_array(output, "output")
        tensor.doc_string = digest
        with open(file, "wb") as out:
            out.write(tensor.SerializeToString(deterministic=True))
        written += 1
    for stale in set(os.listdir(EXPECTED)) - {"draws.json", *(name + ".pb" for name in names)}:
        os.remove(os.path.join(EXPECTED, stale))
    with open(path, "w") as file:
        json.dump(draws, file, indent=1, sort_keys=True)
        file.write("\n")
    print(f"{written} of {len(names)} variants written, with margins from {smallest:.2g}; {again} near a tie")
    sys.exit(again > 0)


if __name__ == "__main__":
    main(sys.argv[1])
