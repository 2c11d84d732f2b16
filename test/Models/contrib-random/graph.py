# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Small graphs of ONNX nodes, and their files."""
import os
import struct
from collections import namedtuple

# As in test/Execution/python/npy.py: data are little-endian bytes in row-major order.
Tensor = namedtuple("Tensor", "dtype shape data")
Node = namedtuple("Node", "op inputs outputs attributes")  # an absent input is ""

DTYPES = {"f32": 1, "i64": 7, "f16": 10, "bf16": 16}
MICROSOFT = {"MoE"}


class Graph:
    """Nodes in topological order; `inputs` and `weights` map names to tensors, `outputs` is [(name, dtype)].

    `dims` maps an input's or output's name to its sizes as the file has them: a number, a name, or None.
    """

    def __init__(self):
        self.inputs, self.weights, self.nodes, self.outputs, self.dims = {}, {}, [], [], {}
        self.external = False  # whether weights lie in a file of their own

    def node(self, op, inputs, output, **attributes):
        self.nodes.append(Node(op, inputs, [output], attributes))
        return output

    def weight(self, name, dtype, shape, data):
        self.weights[name] = Tensor(dtype, list(shape), data)
        return name


def add_attribute(target, name, value):
    attribute = target.attribute.add(name=name)
    if isinstance(value, int):
        attribute.type, attribute.i = 2, value
    elif isinstance(value, float):
        attribute.type, attribute.f = 1, value
    elif isinstance(value, str):
        attribute.type, attribute.s = 3, value.encode()
    else:
        attribute.type = 7
        attribute.ints.extend(value)


def add_value(target, name, dtype, dims):
    tensor = target.add(name=name).type.tensor_type
    tensor.elem_type = DTYPES[dtype]
    tensor.shape.SetInParent()
    for size in dims:
        dim = tensor.shape.dim.add()
        if isinstance(size, int):
            dim.dim_value = size
        elif size:
            dim.dim_param = size


def write_model(graph, path, pb):
    """Writes a model; `pb` has the Python classes of onnx.proto. External weights go to weights.bin beside it."""
    model = pb.ModelProto(ir_version=10)
    model.opset_import.add(domain="", version=23)
    model.opset_import.add(domain="com.microsoft", version=1)
    model.graph.name = "random"
    for name, tensor in graph.inputs.items():
        add_value(model.graph.input, name, tensor.dtype, graph.dims[name])
    for name, dtype in graph.outputs:
        add_value(model.graph.output, name, dtype, graph.dims[name])
    external = b""
    for name, tensor in graph.weights.items():
        made = model.graph.initializer.add(name=name, data_type=DTYPES[tensor.dtype], dims=tensor.shape)
        if graph.external and len(tensor.data) > 64:
            made.data_location = 1
            for key, value in (("location", "weights.bin"), ("offset", len(external)), ("length", len(tensor.data))):
                made.external_data.add(key=key, value=str(value))
            external += tensor.data
        else:
            made.raw_data = tensor.data
    for i, node in enumerate(graph.nodes):
        made = model.graph.node.add(op_type=node.op, name="/%d/%s" % (i, node.op), input=node.inputs,
                                    output=node.outputs, domain="com.microsoft" if node.op in MICROSOFT else "")
        for name, value in node.attributes.items():
            add_attribute(made, name, value)
    with open(path, "wb") as file:
        file.write(model.SerializeToString())
    if external:
        with open(os.path.join(os.path.dirname(path), "weights.bin"), "wb") as file:
            file.write(external)


def widen(tensor):
    """The tensor as f32."""
    data = tensor.data
    if tensor.dtype == "f32" or tensor.dtype == "i64":
        return tensor
    if tensor.dtype == "f16":
        n = len(data) // 2
        return Tensor("f32", tensor.shape, struct.pack("<%df" % n, *struct.unpack("<%de" % n, data)))
    wide = bytearray(2 * len(data))
    wide[2::4], wide[3::4] = data[0::2], data[1::2]
    return Tensor("f32", tensor.shape, bytes(wide))
