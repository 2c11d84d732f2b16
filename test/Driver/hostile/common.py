"""What the cases of hostile.py have in common: how one is declared, and small models to spoil."""
import collections
import os

from make_model import Builder

CASES = []


GROUP = []
Case = collections.namedtuple("Case", "name code messages function group options")


def group(name):
    """Cases that follow are of this class."""
    GROUP.append(name)


def case(code, *messages, options=()):
    """Declares a case. The function gets the path of the model and writes it, or returns a Builder to be written;
    `options` go to moec."""
    def declare(function):
        CASES.append(Case(function.__name__.replace("_", "-"), code, messages, function, GROUP[-1], list(options)))
        return function
    return declare


def model(out="", version=21, **inputs):
    """A model with inputs x: f32[n,8] and others, without nodes yet."""
    builder = Builder(out)
    builder.opset(version, ms=1)
    builder.inputs(x="f32[n,8]", **inputs)
    return builder


def relu(builder, source="x", target="y", name="/relu"):
    node = builder.node("Relu", source, target, name=name)
    builder.outputs(y="f32[n,8]")
    return node


def valid(path):
    builder = model(path)
    builder.weight("w", "f32[8,8]")
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


def tensor(path, dims, data=b"", data_type=1):
    builder = model(path)
    weight = builder.model.graph.initializer.add(name="w", data_type=data_type)
    weight.dims.extend(dims)
    weight.raw_data = data
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


def external(path, **entries):
    builder = model(path)
    builder.weight("w", "f32[8,8]", external=True)
    write(path + ".data", bytes(256))
    builder.external = b""
    data = builder.model.graph.initializer[0].external_data
    for key, value in entries.items():
        for entry in [entry for entry in data if entry.key == key]:
            data.remove(entry)
        if value is not None:
            data.add(key=key, value=value)
    builder.node("MatMul", "x w", "y", name="/matmul")
    builder.outputs(y="f32[n,8]")
    return builder


def one_node(path, operator, inputs="x", **attributes):
    builder = model(path, i="i64[n,8]", z="f32[n,5]")
    builder.node(operator, inputs, "y", name="/node", **attributes)
    builder.outputs(y="f32")
    return builder


def beside(path, name):
    """The path of something beside the model."""
    return os.path.join(os.path.dirname(path), name)
