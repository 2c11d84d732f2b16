#!/usr/bin/env python3
"""Runs fixtures with ONNX Runtime, or where it refuses a file, with ONNX's reference evaluator.

usage: oracle.py FIXTURE...

Prints a row per fixture: name, exporter, body, opset, cache, dtype, nodes, cases, evaluator, largest difference to
PyTorch, size. Fails if a difference is larger than the fixture's tolerance. Needs onnx, onnxruntime and numpy only.
"""
import json
import os
import sys

import numpy as np
import onnx
import onnx.reference

# A 16-bit evaluator rounds after every node as the framework does; the tolerance is meant for one that does not.
SIXTEEN_BIT_SLACK = 2.0
COLUMNS = ("exporter", "body", "opset", "cache", "dtype")


def load_case(folder, number):
    def load(prefix):
        tensors = {}
        while os.path.exists(path := os.path.join(folder, f"test_data_set_{number}", f"{prefix}_{len(tensors)}.pb")):
            tensor = onnx.load_tensor(path)
            tensors[tensor.name] = onnx.numpy_helper.to_array(tensor)
        return tensors
    return load("input"), load("output")


def evaluator(path, feed):
    """(name, run) of what accepts the model."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    try:
        run = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"]).run
        run(None, feed)
        return "ONNX Runtime", run
    except Exception:
        return "reference", onnx.reference.ReferenceEvaluator(path).run


def read_json(folder, name):
    with open(os.path.join(folder, f"{name}.json")) as file:
        return json.load(file)


def row(folder):
    """The fixture's line of the table. Raises AssertionError if the evaluator is off by more than the tolerance."""
    path = os.path.join(folder, "model.onnx")
    facts, tolerance = read_json(folder, "fixture"), read_json(folder, "tolerance")
    name, run = evaluator(path, load_case(folder, 0)[0])
    slack = 1.0 if facts["dtype"] == "float32" else SIXTEEN_BIT_SLACK
    worst, sets = 0.0, 0
    while os.path.isdir(os.path.join(folder, f"test_data_set_{sets}")):
        given, expected = load_case(folder, sets)
        for (output, value), result in zip(expected.items(), run(list(expected), given)):
            value, result = value.astype(np.float64), np.asarray(result).astype(np.float64)
            assert result.shape == value.shape, (folder, sets, output, result.shape, value.shape)
            difference = np.abs(result - value)
            assert (difference <= slack * (tolerance["atol"] + tolerance["rtol"] * np.abs(value))).all(), \
                (folder, sets, output, difference.max())
            worst = max(worst, float(difference.max(initial=0.0)))
        sets += 1
    size = sum(os.path.getsize(os.path.join(base, file)) for base, _, files in os.walk(folder) for file in files)
    columns = [os.path.basename(os.path.normpath(folder)), *(facts[key] for key in COLUMNS),
               len(onnx.load(path).graph.node), sets, name, f"{worst:.1e}", f"{size // 1024} KiB"]
    return f"| {' | '.join(map(str, columns))} |"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        print(row(argument), flush=True)
