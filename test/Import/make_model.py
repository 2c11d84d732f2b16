#!/usr/bin/env python3
"""Builds the ONNX model that a test describes.

usage: make_model.py TEST OUT [CASE]

Runs, as Python, the lines of TEST that follow `MODEL:` (and `MODEL-CASE:` if a case is given) with the functions
below, and writes the model to OUT. External data goes to OUT.data. Needs the Python classes of lib/Import/onnx.proto
on PYTHONPATH.

  opset(21, ms=1)                             operator sets: the default domain, and com.microsoft
  inputs(x="f32[batch,8]")                    types are dtype[sizes]; a size is a number, a name, "name" or ?
  outputs(y="f32[?,8]")                       without sizes and brackets the rank is unknown
  weight("w", "f32[4,8]")                     an initialiser with elements 0, 1, 2 ... ; external=True for a file
  weight("axes", "i64[1]", [0])               with given elements
  node("Add", "x w", "y")                     inputs and outputs separated by spaces, _ for an absent one
  node("ms.MoE", "x r w", "y", k=2)           an attribute's kind follows from its Python value
"""
import re
import struct
import sys

from lib.Import import onnx_pb2 as pb

DTYPES = {"f32": (1, "f"), "u8": (2, "B"), "i8": (3, "b"), "u16": (4, "H"), "i16": (5, "h"), "i32": (6, "i"),
          "i64": (7, "q"), "str": (8, None), "bool": (9, "?"), "f16": (10, "e"), "f64": (11, "d"), "u32": (12, "I"),
          "u64": (13, "Q"), "bf16": (16, None), "f8E4M3FN": (17, None), "u4": (21, None), "i4": (22, None)}
DOMAINS = {"ms": "com.microsoft"}


class Builder:
    def __init__(self, out):
        self.model = pb.ModelProto(ir_version=10)
        self.model.graph.name = "test"
        self.out = out
        self.external = b""

    def opset(self, version, **domains):
        self.model.opset_import.add(domain="", version=version)
        for name, number in domains.items():
            self.model.opset_import.add(domain=DOMAINS[name], version=number)

    def value(self, target, name, text):
        info = target.add(name=name)
        dtype, brackets, sizes = re.fullmatch(r"(\w+)(\[(.*)\])?", text).groups()
        tensor = info.type.tensor_type
        tensor.elem_type = DTYPES[dtype][0]
        if brackets is None:
            return
        tensor.shape.SetInParent()
        for size in filter(None, sizes.split(",")):
            dim = tensor.shape.dim.add()
            if re.fullmatch(r"\d+", size):
                dim.dim_value = int(size)
            elif size != "?":
                dim.dim_param = size.strip('"')

    def inputs(self, **values):
        for name, text in values.items():
            self.value(self.model.graph.input, name, text)

    def outputs(self, **values):
        for name, text in values.items():
            self.value(self.model.graph.output, name, text)

    def tensor(self, tensor, text, elements=None, raw=None, external=False):
        dtype, sizes = re.fullmatch(r"(\w+)\[(.*)\]", text).groups()
        dims = [int(size) for size in filter(None, sizes.split(","))]
        number, code = DTYPES[dtype]
        tensor.dims.extend(dims)
        tensor.data_type = number
        if raw is None:
            count = 1
            for dim in dims:
                count *= dim
            raw = struct.pack(f"<{count}{code}", *(range(count) if elements is None else elements))
        if not external:
            tensor.raw_data = raw
            return
        tensor.data_location = 1
        for key, item in (("location", self.out.rsplit("/", 1)[-1] + ".data"), ("offset", str(len(self.external))),
                          ("length", str(len(raw)))):
            tensor.external_data.add(key=key, value=item)
        self.external += raw

    def weight(self, name, text, elements=None, **options):
        self.tensor(self.model.graph.initializer.add(name=name), text, elements, **options)

    def node(self, op, inputs, outputs, name="", **attributes):
        prefix, _, kind = op.rpartition(".")
        node = self.model.graph.node.add(op_type=kind, domain=DOMAINS.get(prefix, prefix), name=name)
        node.input.extend("" if i == "_" else i for i in inputs.split())
        node.output.extend("" if o == "_" else o for o in outputs.split())
        for key, item in attributes.items():
            self.attribute(node.attribute.add(name=key), item)
        return node

    def attribute(self, attribute, item):
        if isinstance(item, bool) or isinstance(item, int):
            attribute.type, attribute.i = 2, int(item)
        elif isinstance(item, float):
            attribute.type, attribute.f = 1, item
        elif isinstance(item, str):
            attribute.type, attribute.s = 3, item.encode()
        elif isinstance(item, dict):  # {"f32[2]": [1, 2]}
            attribute.type = 4
            for text, elements in item.items():
                self.tensor(attribute.t, text, elements)
        elif item and isinstance(item[0], float):
            attribute.type = 6
            attribute.floats.extend(item)
        else:
            attribute.type = 7
            attribute.ints.extend(item)


def main(test, out, case=None):
    builder = Builder(out)
    scope = {name: getattr(builder, name) for name in ("opset", "inputs", "outputs", "weight", "node")}
    scope["model"] = builder.model
    with open(test) as lines:
        for line in lines:
            found = re.search(r"MODEL(?:-([\w-]+))?: (.*)", line)
            if found and found.group(1) in (None, case):
                exec(found.group(2), scope)
    with open(out, "wb") as file:
        file.write(builder.model.SerializeToString())
    if builder.external:
        with open(out + ".data", "wb") as file:
            file.write(builder.external)


if __name__ == "__main__":
    main(*sys.argv[1:])
