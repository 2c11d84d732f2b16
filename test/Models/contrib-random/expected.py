#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Chooses random cases and writes what ONNX Runtime computes for them: cases.json and expected.zip.

usage: expected.py [COUNT]

For maintainers; tests read what is checked in. Needs a virtual environment with
    pip install onnx==1.23.2 onnxruntime==1.31.1 numpy==2.4.6

Seeds are taken from 1 on; a case is left out if rounding may choose other experts on more than a quarter of its rows.
ONNX Runtime's CPU provider runs each in a form in which it is right: every MoE result a graph output (its buffer may
otherwise be its input's, issue 33866), f16 and bf16 as f32 nodes with a rounding after each, experts with a gate as
swiglu with swiglu_fusion 1. relu, gelu and identity with fc3 have no such form; reference.py alone computes those.
Wherever there are both, they must agree. Of chains in 16 bits, where rounding errors grow from layer to layer, the
numbers kept are those of a run without rounding, with the error of ONNX Runtime: others may have twice that.
"""
import json
import os
import sys
import zipfile

sys.dont_write_bytecode = True
import numpy as np
import onnx
import onnxruntime

from cases import Case
from graph import DTYPES, Graph, Tensor, widen, write_model
from reference import Reference, array

HERE = os.path.dirname(os.path.abspath(__file__))
CHAIN_ROWS = 0.75


class NoForm(Exception):
    pass


def f32(values):
    return Tensor("f32", list(values.shape), np.ascontiguousarray(values, np.float32).tobytes())


class RuntimeForm:
    """The graph of a case as ONNX Runtime computes it right."""

    def __init__(self, case):
        self.case, self.graph = case, Graph()
        self.dtypes = {}
        source = case.graph
        for name, tensor in source.inputs.items():
            self.graph.inputs[name] = widen(tensor)
            self.graph.dims[name] = source.dims[name]
        for name, tensor in {**source.inputs, **source.weights}.items():
            self.dtypes[name] = tensor.dtype
        self.graph.weights = {name: widen(tensor) for name, tensor in source.weights.items()}
        for node in source.nodes:
            self.add(node)
        if "y" not in self.graph.dims:
            self.graph.outputs.append(("y", "f32"))
        self.graph.dims["y"] = source.dims["y"]

    def add(self, node):
        out, attributes = node.outputs[0], node.attributes
        dtype = self.dtypes[node.inputs[0]]
        inputs, op = list(node.inputs), node.op
        if op == "Cast":
            dtype, op, attributes = {1: "f32", 10: "f16", 16: "bf16"}[attributes["to"]], "Identity", {}
        self.dtypes[out] = dtype
        if op == "MoE":
            inputs, attributes = self.layer(node)
        narrow = dtype not in ("f32", "i64") and op != "Transpose"
        made = out + ".exact" if narrow else out
        self.graph.node(op, inputs, made, **attributes)
        if op == "MoE":
            self.graph.outputs.append((made, "f32"))
            self.graph.dims[made] = [None] * self.case.rank
        if narrow:
            self.graph.node("Cast", [made], out + ".narrow", to=DTYPES[dtype])
            self.graph.node("Cast", [out + ".narrow"], out, to=1)

    def matrix(self, name):
        if name in self.case.graph.weights:
            return array(self.case.graph.weights[name])
        return array(self.case.graph.weights[name + "_t"]).transpose(0, 2, 1)

    def layer(self, node):
        """Inputs and attributes of the node, in swiglu's interleaved form if there is a gate."""
        attributes, inputs = dict(node.attributes), node.inputs + [""] * (8 - len(node.inputs))
        activation, fusion = attributes.get("activation_type", "relu"), attributes.pop("swiglu_fusion", 0)
        has_gate = activation == "swiglu" or inputs[6]
        if not has_gate:
            return node.inputs, attributes
        if activation == "silu":
            attributes.update(activation_type="swiglu", activation_alpha=1.0, activation_beta=0.0)
        elif activation != "swiglu":
            raise NoForm(activation + " with fc3")
        if inputs[6]:
            gate, up = self.matrix(inputs[2]), self.matrix(inputs[6])
            biases = [array(self.case.graph.weights[b]) if b else np.zeros(gate.shape[:2])
                      for b in (inputs[3], inputs[7])]
            has_bias = inputs[3] or inputs[7]
        else:
            fc1, has_bias = self.matrix(inputs[2]), inputs[3]
            bias = array(self.case.graph.weights[inputs[3]]) if has_bias else np.zeros(fc1.shape[:2])
            half = fc1.shape[1] // 2
            gate, up = (fc1[:, :half], fc1[:, half:]) if fusion == 2 else (fc1[:, 0::2], fc1[:, 1::2])
            biases = (bias[:, :half], bias[:, half:]) if fusion == 2 else (bias[:, 0::2], bias[:, 1::2])
        name = node.outputs[0]
        experts, inner, hidden = gate.shape
        self.graph.weights[name + ".fc1"] = f32(np.stack([gate, up], 2).reshape(experts, 2 * inner, hidden))
        inputs[2] = name + ".fc1"
        if has_bias:
            self.graph.weights[name + ".fc1_bias"] = f32(np.stack(biases, 2).reshape(experts, 2 * inner))
            inputs[3] = name + ".fc1_bias"
        attributes["swiglu_fusion"] = 1
        inputs = inputs[:6]
        while inputs[-1] == "":
            inputs.pop()
        return inputs, attributes


def run_onnxruntime(case):
    graph = RuntimeForm(case).graph
    path = os.path.join(os.environ.get("TMPDIR", "/tmp"), "moec-expected.onnx")
    write_model(graph, path, onnx)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    os.remove(path)
    feeds = {name: np.frombuffer(t.data, np.float32).reshape(t.shape) for name, t in graph.inputs.items()}
    return session.run(["y"], feeds)[0].reshape(case.tokens, case.hidden)


def stored(values, dtype):
    """Bytes of f32 numbers that `dtype` has exactly."""
    if dtype == "f16":
        return values.astype(np.float16).tobytes()
    if dtype == "bf16":
        bits = values.astype(np.float32).view(np.uint32)
        assert not (bits & 0xFFFF).any()
        return (bits >> 16).astype(np.uint16).tobytes()
    return values.astype(np.float32).tobytes()


def check(case, result, reference, rows):
    """Fails unless ONNX Runtime's result is the reference's on `rows`; returns the largest difference."""
    if not rows.any():
        return 0.0
    result, reference = result[rows], reference[rows]
    largest = max(1.0, np.abs(reference).max())
    difference = np.abs(result - reference).max() / largest
    limit = {"f32": 1e-5, "f16": 2.0**-9, "bf16": 2.0**-6}[case.dtype]
    assert difference <= limit * max(1, case.layers), (case.name, difference)
    return difference


def main(count=220):
    index, archive = {}, zipfile.ZipFile(os.path.join(HERE, "expected.zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9)
    seed = 0
    worst = {}
    left_out = []
    while len(index) < count:
        seed += 1
        case = Case(seed)
        lowest, highest = Reference(case, False), Reference(case, True)
        unsure, tied = lowest.unsure | highest.unsure, lowest.tied
        is_exact = case.kind == "chain" and case.dtype != "f32"
        if is_exact:
            exact = Reference(case, False, rounds=False), Reference(case, True, rounds=False)
            unsure |= lowest.differs(exact[0]) | highest.differs(exact[1])
        if unsure.sum() > (1 - CHAIN_ROWS) * case.tokens or not np.isfinite(lowest.result).all():
            left_out.append(seed)
            continue
        entry = {"digest": case.digest()}
        try:
            result = run_onnxruntime(case)
            difference = check(case, result, highest.result, ~unsure)
            worst[case.dtype] = max(worst.get(case.dtype, 0), difference)
        except NoForm as reason:
            entry["no_ort"] = str(reason)
            result = lowest.result
        if is_exact:
            other = exact[0 if "no_ort" in entry else 1].result
            entry["error"] = float("%.3g" % np.abs(result - other)[~unsure].max(initial=0))
            result = other
        for name, rows in (("unsure", unsure), ("tied", tied)):
            if rows.any():
                entry[name] = "%x" % sum(1 << int(row) for row in np.nonzero(rows)[0])
        index[str(seed)] = entry
        data = zipfile.ZipInfo(str(seed), (2020, 1, 1, 0, 0, 0))
        archive.writestr(data, stored(result, "f32" if is_exact else case.dtype), zipfile.ZIP_DEFLATED)
    archive.close()
    with open(os.path.join(HERE, "cases.json"), "w") as file:
        rows = ",\n".join('"%s": %s' % (seed, json.dumps(entry)) for seed, entry in index.items())
        file.write("{\n" + rows + "\n}\n")
    print("%d cases from seeds to %d; left out %s" % (len(index), seed, left_out))
    print("largest difference of ONNX Runtime and NumPy, relative to the largest output:",
          {dtype: "%.1e" % d for dtype, d in worst.items()})


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
