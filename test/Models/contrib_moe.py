#!/usr/bin/env python3
"""Writes the models of test/Models/contrib-moe with outputs of ONNX Runtime.

For maintainers; tests read what is checked in. Needs a virtual environment with
    pip install onnx==1.23.2 onnxruntime==1.31.1 numpy

ONNX Runtime's CPU provider is right only under conditions, which every model here meets: the MoE result is a graph
output (issue 33866 of onnxruntime: its buffer may otherwise be its input's), no fc3, swiglu with swiglu_fusion 1. Logits
have no ties, since the provider prefers the higher expert id.
"""
import os
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper


def layer(path, seed, tokens, experts, k, hidden, inner, activation, normalize, bias, rank=2, **extra):
    rng = np.random.default_rng(seed)
    rows = 2 * inner if activation == "swiglu" else inner

    def weight(name, *shape):
        return numpy_helper.from_array((rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32), name)

    weights = [weight("fc1", experts, rows, hidden), weight("fc2", experts, hidden, inner)]
    names = ["x", "router", "fc1", "", "fc2", ""]
    if bias:
        weights += [weight("b1", experts, rows), weight("b2", experts, hidden)]
        names[3], names[5] = "b1", "b2"
    node = helper.make_node("MoE", names if bias else names[:5], ["y"], name="/moe", domain="com.microsoft", k=k,
                            activation_type=activation, normalize_routing_weights=normalize, **extra)
    shape = ["tokens", hidden] if rank == 2 else ["batch", "seq", hidden]
    graph = helper.make_graph(
        [node], "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape),
         helper.make_tensor_value_info("router", TensorProto.FLOAT, ["rows", experts])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)], weights)
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 20),
                                                                    helper.make_opsetid("com.microsoft", 1)])
    os.makedirs(path, exist_ok=True)
    onnx.save(model, os.path.join(path, "model.onnx"))
    x = rng.standard_normal((tokens, hidden)).astype(np.float32)
    if rank == 3:
        x = x.reshape(tokens // 3, 3, hidden)
    router = rng.standard_normal((tokens, experts)).astype(np.float32)
    y, = onnxruntime.InferenceSession(os.path.join(path, "model.onnx")).run(None, {"x": x, "router": router})
    for name, value in (("x", x), ("router", router), ("y", y)):
        np.save(os.path.join(path, name + ".npy"), value)


def main(root):
    cases = os.path.join(root, "test", "Models", "contrib-moe")
    layer(f"{cases}/relu", 1, 7, 4, 1, 16, 24, "relu", 0, False)
    layer(f"{cases}/gelu-bias", 2, 5, 6, 3, 20, 9, "gelu", 1, True)
    layer(f"{cases}/silu-rank3", 3, 12, 5, 2, 12, 17, "silu", 0, True, rank=3)
    layer(f"{cases}/swiglu", 4, 33, 7, 4, 24, 10, "swiglu", 1, True, swiglu_fusion=1, activation_alpha=1.702,
          activation_beta=1.0, swiglu_limit=1.5)
    layer(f"{cases}/identity-all", 5, 3, 3, 3, 8, 8, "identity", 1, False)
    layer(os.path.join(root, "examples", "moe-layer"), 6, 16, 8, 2, 64, 96, "swiglu", 1, False, swiglu_fusion=1)


if __name__ == "__main__":
    main(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
