# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exported MoE models of the same form with other weights and sizes.

As in perturb.py, a function of a Graph and a random generator returns False if the graph has no place for it. Weights
are drawn from the values that they had, so that their scale stays. Widths and numbers of experts are no powers of two.
"""

from perturb import FLOAT, attribute, draw, set_attribute, set_elements


def weights(graph, rng):
    """Other matrices of the same sizes."""
    for tensor in graph.graph.initializer:
        if tensor.data_type == FLOAT and len(tensor.dims) > 1:
            draw(tensor, list(tensor.dims), rng)


def resize(tensor, axis, size, rng):
    dims = list(tensor.dims)
    dims[axis] = size
    draw(tensor, dims, rng)


def pick(rng, sizes, *taken):
    """One of `sizes` that is no power of two."""
    return rng.choice([size for size in sizes if size & (size - 1) and size not in taken])


def change(graph, **sizes):
    for layer in graph.layers:
        layer.update(sizes)


def width(graph, rng):
    """The width of experts."""
    old, rows = graph.layers[0]["width"], graph.layers[0]["hidden"]
    # Of equal sizes, one would be taken for the other.
    new = pick(rng, range(3, 46), old, rows, rows // 2)
    for stack in graph.stacks():
        both = 2 * old in stack.dims[1:]
        resize(stack, list(stack.dims).index((1 + both) * old, 1), (1 + both) * new, rng)
    for node in graph.nodes if graph.turns() else []:
        # Of a body in a loop: gate, up on the same rows, down on their product.
        gate = graph.maker(node.input[0]) if node.op_type == "Sigmoid" else None
        if gate is None or gate.op_type != "MatMul":
            continue
        up = next(n for n in graph.users(gate.input[0]) if n.op_type == "MatMul" and n is not gate)
        product = graph.users(up.output[0])[0]
        down = next(n for n in graph.users(product.output[0]) if n.op_type == "MatMul")
        for matrix, axis in ((gate, 1), (up, 1), (down, 0)):
            resize(graph.weights[matrix.input[1]], axis, new, rng)
    change(graph, width=new)


def hidden(graph, rng):
    """The width of the residual stream; attention's heads stay as they are."""
    old, experts = graph.layers[0]["hidden"], graph.layers[0]["width"]
    new = pick(rng, range(17, 54), old, experts, 2 * experts)
    makers = {node.input[1]: graph.maker(node.input[0]) for node in graph.nodes if node.op_type in ("MatMul", "Gemm")}
    for tensor in graph.graph.initializer:
        axes = [axis for axis, size in enumerate(tensor.dims) if size == old]
        if tensor.data_type != FLOAT or not axes or len(tensor.dims) == 1 and "self_attn" in tensor.name:
            continue
        if len(axes) == 2:
            # Between the stream and heads of the same width: those come out of a reshape.
            axes = axes[1:] if makers[tensor.name].op_type == "Reshape" else axes[:1]
        resize(tensor, axes[0], new, rng)
    for node in graph.nodes:
        # A shape is constant, or joined of parts. What joins heads comes behind a transpose.
        users = {"Reshape": lambda: [node], "Concat": lambda: graph.users(node.output[0])}.get(node.op_type, list)()
        if any(n.op_type == "Reshape" and graph.maker(n.input[0]).op_type != "Transpose" for n in users):
            swap(graph, node, lambda shape: old in shape, lambda shape: [new if n == old else n for n in shape])
    change(graph, hidden=new)


def swap(graph, node, where, by, shape_of=lambda values: [len(values)]):
    """Other integers in place of constants that a node reads; others may read the same constant."""
    for i, name in enumerate(node.input):
        values = graph.constant(name)
        if values is not None and where(values):
            node.input[i] = graph.integers(shape_of(by(values)), by(values))


def is_grouped(graph):
    return any(node.op_type == "CumSum" for node in graph.nodes)


def chosen(graph, rng):
    """How many experts a token chooses."""
    old, layer = graph.layers[0]["k"], graph.layers[0]
    new = rng.choice([k for k in range(1, layer["experts"]) if k != old])
    for choice in graph.choices():
        choice.input[1] = graph.integers([1], [new])
    for node in graph.nodes:
        if node.op_type in ("Tile", "Expand"):
            swap(graph, node, lambda shape: shape == [1, old, 1], lambda shape: [1, new, 1])
        elif node.op_type == "Reshape":
            rows = [-1, old, layer["hidden"]]
            swap(graph, node, lambda shape: shape == rows, lambda shape: [-1, new, layer["hidden"]])
        elif node.op_type in ("Mul", "Div", "Mod") and is_grouped(graph):
            # Pairs to tokens and back.
            swap(graph, node, lambda values: values == [old], lambda values: [new], lambda values: [])
    change(graph, k=new)


def experts(graph, rng):
    """The number of experts. Bodies that name each one only lose some."""
    old, k = graph.layers[0]["experts"], graph.layers[0]["k"]
    routers = [graph.router(choice)[1] for choice in graph.choices()]
    if None in routers:
        return False
    named = is_grouped(graph) or graph.turns()
    new = pick(rng, range(k + 1, old if named else 14), old)
    for tensor in graph.stacks():
        resize(tensor, 0, new, rng)
    for router in routers:
        resize(router, list(router.dims).index(old), new, rng)
    if is_grouped(graph):
        fewer_groups(graph, old, new)
    elif named:
        fewer_turns(graph, new)
    change(graph, experts=new)


def fewer_groups(graph, old, new):
    for node in list(graph.nodes):
        if node.op_type == "Split" and attribute(node, "num_outputs", 0) == old:
            set_attribute(node, "num_outputs", new)
            del node.output[new:]
        elif node.op_type == "Concat" and len(node.input) == old and graph.maker(node.input[0]).op_type == "MatMul":
            del node.input[new:]
        elif node.op_type == "ScatterElements":
            set_elements(graph.weights[node.input[0]], [new], [0.0] * new)
        elif node.op_type == "Clip":
            # Bins of the histogram: an id by the width of a bin, cut to whole numbers.
            node.input[2] = graph.integers([], [new - 1])
            graph.maker(graph.maker(node.input[0]).input[0]).input[1] = graph.number((new - 1) / new)
    prune(graph)


def fewer_turns(graph, new):
    for layer in range(len(graph.layers)):
        for scatter in reversed(graph.scatters(layer)[new:]):
            add = next(n for n in graph.users(scatter.output[0]) if n.op_type == "Add")
            graph.replace(add.output[0], next(v for v in add.input if v != scatter.output[0]))
    for node in graph.nodes:
        if node.op_type == "OneHot":
            node.input[1] = graph.integers([1], [new])
    prune(graph)


def prune(graph):
    """Removes what nothing reads."""
    kept = {value.name for value in graph.graph.output}
    for node in reversed(list(graph.nodes)):
        if kept.isdisjoint(node.output):
            graph.nodes.remove(node)
        else:
            kept.update(node.input)
    for tensor in [t for t in graph.graph.initializer if t.name not in kept]:
        graph.graph.initializer.remove(tensor)
        del graph.weights[tensor.name]


def all_sizes(graph, rng):
    for step in (width, hidden, experts, chosen):
        if step(graph, rng) is False:
            return False


ALL = [weights, hidden, width, experts, chosen, all_sizes]
