# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models of the bench: single layers, and a decoder in the form of transformers' exporter."""
import os

import numpy as np
import onnx
from onnx import TensorProto, helper

# Name: hidden size, width of experts, experts, experts per token, gated. The published models' own sizes.
LAYERS = {
    "qwen3-30b": (2048, 768, 128, 8, True),
    "olmoe": (2048, 1024, 64, 8, True),
    "mixtral": (4096, 14336, 8, 2, True),
    "switch-base": (768, 3072, 64, 1, False),
}


class ExternalData:
    """One file of random weights beside a model."""

    def __init__(self, folder, rng):
        self.name, self.rng = "model.data", rng
        self.file = open(os.path.join(folder, self.name), "wb")

    def add(self, name, dims, scale):
        offset, count = self.file.tell(), int(np.prod(dims))
        for begin in range(0, count, 1 << 24):
            part = self.rng.standard_normal(min(1 << 24, count - begin), dtype=np.float32)
            part *= np.float32(scale)
            part.tofile(self.file)
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=dims,
                             data_location=TensorProto.EXTERNAL)
        for key, value in (("location", self.name), ("offset", offset), ("length", 4 * count)):
            tensor.external_data.add(key=key, value=str(value))
        self.file.write(b"\0" * (-self.file.tell() % 4096))
        return tensor


def make_layer(folder, name, rng, experts=None, sizes=None, layers=1):
    """Writes a model of one com.microsoft::MoE node, of `experts` experts if given; returns its path. `sizes` are those
    of a layer that is not in LAYERS; of several `layers`, with the same weights, each takes the result of another."""
    hidden, width, there, k, gated = sizes or LAYERS[name]
    experts = experts or there
    data = ExternalData(folder, rng)
    attributes = {"k": k, "normalize_routing_weights": 1, "activation_type": "swiglu" if gated else "relu"}
    if gated:
        attributes.update(swiglu_fusion=1, activation_alpha=1.0, activation_beta=0.0, swiglu_limit=1e30)
    stream = ["x", *(f"x{layer}" for layer in range(1, layers)), "y"]
    nodes = [helper.make_node("MoE", [x, "router", "fc1", "", "fc2"], [y], domain="com.microsoft", **attributes)
             for x, y in zip(stream, stream[1:])]

    def value(name, size):
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", size])

    graph = helper.make_graph(
        nodes, name, [value("x", hidden), value("router", experts)], [value("y", hidden)],
        [data.add("fc1", [experts, (2 if gated else 1) * width, hidden], hidden**-0.5),
         data.add("fc2", [experts, hidden, width], width**-0.5)])
    data.file.close()
    return save(graph, folder, 20)


def save(graph, folder, opset):
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("com.microsoft", 1)]
    path = os.path.join(folder, "model.onnx")
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=10), path)
    return path
