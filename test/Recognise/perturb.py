# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exported MoE models written in another way, the same function.

A perturbation is a function of a Graph and a random generator. It returns False if the graph has no place for it.
"""
import array

from lib.Import import onnx_pb2 as pb

FLOAT, INT64, DOUBLE = 1, 7, 11


class Graph:
    """A model whose nodes are a list in topological order."""

    def __init__(self, path, fixture):
        self.model = pb.ModelProto()
        with open(path, "rb") as file:
            self.model.ParseFromString(file.read())
        self.graph = self.model.graph
        # Shapes that the exporter noted do not hold any more.
        del self.graph.value_info[:]
        self.nodes = list(self.graph.node)
        self.weights = {tensor.name: tensor for tensor in self.graph.initializer}
        self.layers = fixture["moe_layers"]
        self.count = 0

    def save(self, path):
        nodes = [pb.NodeProto.FromString(node.SerializeToString()) for node in self.nodes]
        del self.graph.node[:]
        self.graph.node.extend(nodes)
        self.nodes = list(self.graph.node)
        with open(path, "wb") as file:
            file.write(self.model.SerializeToString())

    def fresh(self):
        self.count += 1
        return f"variant_{self.count}"

    def maker(self, value):
        return next((node for node in self.nodes if value in node.output), None)

    def users(self, value):
        return [node for node in self.nodes if value in node.input]

    def make(self, op, inputs, before=None, after=None, **attributes):
        """A node with one new output, which is returned."""
        node = pb.NodeProto(op_type=op, name=self.fresh(), input=inputs, output=[self.fresh()])
        for name, value in attributes.items():
            attribute = node.attribute.add(name=name)
            if isinstance(value, int):
                attribute.type, attribute.i = 2, value
            else:
                attribute.type = 7
                attribute.ints.extend(value)
        place = self.nodes.index(before) if before is not None else self.nodes.index(after) + 1
        self.nodes.insert(place, node)
        return node.output[0]

    def integers(self, dims, values):
        tensor = self.graph.initializer.add(name=self.fresh(), dims=dims, data_type=INT64)
        tensor.raw_data = array.array("q", values).tobytes()
        self.weights[tensor.name] = tensor
        return tensor.name

    def number(self, value):
        tensor = self.graph.initializer.add(name=self.fresh(), data_type=FLOAT)
        tensor.raw_data = array.array("f", [value]).tobytes()
        self.weights[tensor.name] = tensor
        return tensor.name

    def constant(self, value):
        """The elements of an int64 constant, or None."""
        tensor = self.weights.get(value)
        if tensor is None:
            node = self.maker(value)
            if node is None or node.op_type != "Constant":
                return None
            tensor = next((a.t for a in node.attribute if a.name == "value"), None)
        if tensor is None or tensor.data_type != INT64:
            return None
        return list(array.array("q", tensor.raw_data)) if tensor.raw_data else list(tensor.int64_data)

    def replace(self, value, other, users=None):
        for node in self.users(value) if users is None else users:
            for i, name in enumerate(node.input):
                if name == value:
                    node.input[i] = other

    # -- What layers are made of -------------------------------------------------------------------------------------

    def choices(self):
        """The TopK of each layer."""
        return [node for node in self.nodes if node.op_type == "TopK" and attribute(node, "largest", 1) and
                len(self.users(node.output[1])) and self.constant(node.input[1]) is not None]

    def router(self, choice):
        """The product that gives the logits, and its weight."""
        value = choice.input[0]
        while True:
            node = self.maker(value)
            if node.op_type in ("Gemm", "MatMul"):
                return node, self.weights.get(node.input[1])
            value = node.input[0]

    def stacks(self):
        """Weights of all experts in one tensor."""
        experts = self.layers[0]["experts"]
        return [w for w in self.graph.initializer if len(w.dims) == 3 and w.dims[0] == experts and
                w.data_type == FLOAT]

    def after(self, choice):
        """Nodes from a choice to the next one."""
        choices = self.choices()
        end = next((c for c in choices if self.nodes.index(c) > self.nodes.index(choice)), None)
        return self.nodes[self.nodes.index(choice) + 1:self.nodes.index(end) if end else None]

    def scatters(self, layer):
        """Loops: what adds an expert's rows to the sum, in order of the expert; nothing for others."""
        if not self.turns():
            return []
        return [n for n in self.after(self.choices()[layer]) if n.op_type == "ScatterElements"]

    def turns(self):
        """Loops: the gathers that take one expert's row of the mask, by layer, in order of the expert."""
        layers = []
        for choice in self.choices():
            hot = next((n for n in self.users(choice.output[1]) if n.op_type == "OneHot"), None)
            mask = hot and next((n for n in self.users(hot.output[0]) if n.op_type == "Transpose"), None)
            if not mask:
                return []
            turns = [n for n in self.users(mask.output[0]) if n.op_type == "Gather"]
            layers.append(sorted(turns, key=lambda n: self.constant(n.input[1])))
        return layers


def attribute(node, name, default):
    return next((a.i for a in node.attribute if a.name == name), default)


def set_attribute(node, name, value):
    found = next((a for a in node.attribute if a.name == name), None)
    if found is None:
        found = node.attribute.add(name=name, type=2)
    found.i = value


def elements(tensor):
    return array.array("f", tensor.raw_data) if tensor.raw_data else array.array("f", tensor.float_data)


def set_elements(tensor, dims, values):
    del tensor.float_data[:]
    del tensor.dims[:]
    tensor.dims.extend(dims)
    tensor.raw_data = array.array("f", values).tobytes()


def draw(tensor, dims, rng):
    """Other values, drawn from those it has."""
    count = 1
    for size in dims:
        count *= size
    set_elements(tensor, dims, rng.choices(elements(tensor), k=count))


def take(tensor, axis, indices):
    """Keeps some indices of an axis, in the given order."""
    dims, values = list(tensor.dims), elements(tensor)
    inner = 1
    for size in dims[axis + 1:]:
        inner *= size
    outer = len(values) // (inner * dims[axis])
    result = array.array("f")
    for o in range(outer):
        for i in indices:
            start = (o * dims[axis] + i) * inner
            result.extend(values[start:start + inner])
    dims[axis] = len(indices)
    set_elements(tensor, dims, result)


# -- The same function ------------------------------------------------------------------------------------------------

def commute(graph, rng):
    for node in graph.nodes:
        if node.op_type in ("Add", "Mul", "And", "Or", "Equal") and rng.random() < 0.5:
            a, b = node.input
            del node.input[:]
            node.input.extend([b, a])


def identities(graph, rng):
    for node in rng.sample(graph.nodes, min(20, len(graph.nodes))):
        places = [i for i, name in enumerate(node.input) if name]
        if places:
            i = rng.choice(places)
            node.input[i] = graph.make("Identity", [node.input[i]], before=node)


def casts(graph, rng):
    """To f64 and back: no value changes."""
    floats = [n for n in graph.nodes if n.op_type in ("MatMul", "Gemm", "Softmax", "Sigmoid", "TopK")]
    for node in rng.sample(floats, min(12, len(floats))):
        value = node.output[0]
        users = graph.users(value)
        if users and graph.graph.output[0].name != value:
            wide = graph.make("Cast", [value], after=node, to=DOUBLE)
            back = graph.make("Cast", [wide], after=graph.maker(wide), to=FLOAT)
            graph.replace(value, back, users)


def reorder(graph, rng):
    """Another topological order."""
    made = {value: i for i, node in enumerate(graph.nodes) for value in node.output}
    waiting = [{made[v] for v in node.input if v in made} for node in graph.nodes]
    after = {}
    for i, sources in enumerate(waiting):
        for source in sources:
            after.setdefault(source, []).append(i)
    ready, order = [i for i, sources in enumerate(waiting) if not sources], []
    while ready:
        i = ready.pop(rng.randrange(len(ready)))
        order.append(graph.nodes[i])
        for user in after.get(i, []):
            waiting[user].discard(i)
            if not waiting[user]:
                ready.append(user)
    graph.nodes = order


def rename(graph, rng):
    kept = {value.name for value in [*graph.graph.input, *graph.graph.output]}
    names = {}

    def other(name):
        if not name or name in kept:
            return name
        return names.setdefault(name, "n%08x_%d" % (rng.getrandbits(32), len(names)))

    for node in graph.nodes:
        node.name = "op%08x" % rng.getrandbits(32)
        node.input[:] = [other(name) for name in node.input]
        node.output[:] = [other(name) for name in node.output]
    for tensor in graph.graph.initializer:
        tensor.name = other(tensor.name)
    graph.weights = {tensor.name: tensor for tensor in graph.graph.initializer}


def gemms(graph, rng):
    """Gemm as MatMul and Add, and the reverse where the left side is a matrix."""
    changed = False
    for node in list(graph.nodes):
        weight = graph.weights.get(node.input[1]) if len(node.input) > 1 else None
        if weight is None or len(weight.dims) != 2 or rng.random() < 0.3:
            continue
        if node.op_type == "Gemm" and attribute(node, "transA", 0) == 0:
            b = node.input[1]
            if attribute(node, "transB", 0):
                b = graph.make("Transpose", [b], before=node, perm=[1, 0])
            inputs = list(node.input)
            node.op_type = "MatMul"
            del node.attribute[:]
            node.input[:] = [inputs[0], b]
            if len(inputs) > 2 and inputs[2]:
                result = node.output[0]
                node.output[0] = graph.fresh()
                total = graph.make("Add", [node.output[0], inputs[2]], after=node)
                graph.maker(total).output[0] = result
            changed = True
        elif node.op_type == "MatMul":
            rows = graph.maker(node.input[0])
            shape = graph.constant(rows.input[1]) if rows is not None and rows.op_type == "Reshape" else None
            if shape is None or len(shape) != 2:
                continue
            node.op_type = "Gemm"
            if rng.random() < 0.5:
                node.input[1] = graph.make("Transpose", [node.input[1]], before=node, perm=[1, 0])
                set_attribute(node, "transB", 1)
            changed = True
    return changed


def renumber(graph, rng):
    """Experts in another order, with their weights; the same order in all layers."""
    experts = graph.layers[0]["experts"]
    order = rng.sample(range(experts), experts)
    routers = [graph.router(choice)[1] for choice in graph.choices()]
    if None in routers:
        return False
    turns, stacks = graph.turns(), graph.stacks()
    if not turns and not stacks:
        return False
    for stack in stacks:
        take(stack, 0, order)
    for router in routers:
        take(router, list(router.dims).index(experts), order)
    for layer in turns:
        # What was expert order[e] is chosen as e now.
        for turn, node in zip(range(experts), layer):
            node.input[1] = graph.integers([], [order.index(turn)])


# In the order in which they may follow each other: what looks for a layer's parts comes first.
SAME = [renumber, gemms, commute, casts, identities, rename, reorder]
