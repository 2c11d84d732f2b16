# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Exported MoE models with one step changed so that one layer is none, while the file stays valid.

A near miss is a function of a Graph and the number of the layer to spoil. It returns False if the graph has no place
for it.
"""
from perturb import attribute, set_attribute


def softmax_axis(graph, layer):
    choice = graph.choices()[layer]
    node = graph.maker(choice.input[0])
    while node.op_type in ("Cast", "Reshape"):
        node = graph.maker(node.input[0])
    if node.op_type != "Softmax":
        node = next(n for n in graph.users(choice.output[0]) if n.op_type == "Softmax")
    set_attribute(node, "axis", 0)


def expert_twice_by_id(graph, layer):
    """Who chooses the last expert gets the one before."""
    choice = graph.choices()[layer]
    last = graph.integers([], [graph.layers[layer]["experts"] - 2])
    users = graph.users(choice.output[1])
    graph.replace(choice.output[1], graph.make("Min", [choice.output[1], last], after=choice), users)


def shifted_ids(graph, layer):
    choice = graph.choices()[layer]
    one, experts = graph.integers([], [1]), graph.integers([], [graph.layers[layer]["experts"]])
    users = graph.users(choice.output[1])
    more = graph.make("Add", [choice.output[1], one], after=choice)
    graph.replace(choice.output[1], graph.make("Mod", [more, experts], after=graph.maker(more)), users)


def ids_of_another_layer(graph, layer):
    first, second = graph.choices()[:2]
    graph.replace(second.output[1], first.output[1])


def weights_of_another_layer(graph, layer):
    first, second = graph.choices()[:2]
    graph.replace(second.output[0], first.output[0])


def squared_weights(graph, layer):
    choice = graph.choices()[layer]
    users = graph.users(choice.output[0])
    graph.replace(choice.output[0], graph.make("Mul", [choice.output[0]] * 2, after=choice), users)


def moved_weights(graph, layer):
    choice = graph.choices()[layer]
    value = next((n.output[0] for n in graph.users(choice.output[0]) if n.op_type == "Softmax"), choice.output[0])
    users = graph.users(value)
    graph.replace(value, graph.make("Add", [value, graph.number(0.125)], after=graph.maker(value)), users)


def smallest(graph, layer):
    set_attribute(graph.choices()[layer], "largest", 0)


def other_activation(graph, layer):
    choice = graph.choices()[layer]
    next(n for n in graph.after(choice) if n.op_type == "Sigmoid" and
         any(m.op_type == "Mul" for m in graph.users(n.output[0]))).op_type = "Tanh"


def largest_as_sum(graph, layer):
    """Divided by the largest of the chosen weights in place of their sum."""
    choice = graph.choices()[layer]
    total = next((n for n in graph.users(choice.output[0]) if n.op_type == "ReduceSum"), None)
    if total is None:
        return False
    largest = graph.make("TopK", [choice.output[0], graph.integers([1], [1])], after=choice, axis=-1)
    graph.maker(largest).output.append(graph.fresh())
    graph.replace(total.output[0], largest)


def largest_of_choices(graph, layer):
    node = next((n for n in graph.after(graph.choices()[layer])
                 if n.op_type == "ReduceSum" and attribute(n, "keepdims", 1) == 0), None)
    # Before 18, axes of ReduceMax are an attribute.
    if node is None or graph.turns() or graph.model.opset_import[0].version < 18:
        return False
    node.op_type = "ReduceMax"


# -- Grouped products ------------------------------------------------------------------------------------------------

def grouped(graph, layer):
    """The nodes of a layer whose rows are sorted, and its sort; nothing for others."""
    nodes = graph.after(graph.choices()[layer])
    sort = next((n for n in nodes if n.op_type == "TopK" and not attribute(n, "largest", 1)), None)
    return (nodes, sort) if sort is not None else (None, None)


def not_inverse(graph, layer):
    nodes, sort = grouped(graph, layer)
    if sort is None:
        return False
    inverse = next(n for n in nodes if n.op_type == "ScatterND")
    graph.replace(inverse.output[0], sort.output[1])


def descending(graph, layer):
    _, sort = grouped(graph, layer)
    if sort is None:
        return False
    set_attribute(sort, "largest", 1)


def groups_swapped(graph, layer):
    """Two groups take the rows of each other."""
    made = products(graph, layer)
    if not made:
        return False
    move_before(graph, made[2].input[0], made[1])
    made[1].input[0], made[2].input[0] = made[2].input[0], made[1].input[0]


def move_before(graph, value, node):
    """Makes a value, and what it needs, known before a node."""
    maker = graph.maker(value)
    if maker is None or graph.nodes.index(maker) < graph.nodes.index(node):
        return
    graph.nodes.remove(maker)
    graph.nodes.insert(graph.nodes.index(node), maker)
    for needed in maker.input:
        move_before(graph, needed, maker)


def products(graph, layer):
    """Products of sorted rows with a matrix of the stack, in order."""
    nodes, sort = grouped(graph, layer)
    if sort is None:
        return []
    concat = next(n for n in nodes if n.op_type == "Concat" and
                  (graph.maker(n.input[0]) or n).op_type in ("MatMul", "Gemm"))
    return [graph.maker(value) for value in concat.input]


def matrices_swapped(graph, layer):
    made = products(graph, layer)
    if not made:
        return False
    move_before(graph, made[2].input[1], made[1])
    made[1].input[1], made[2].input[1] = made[2].input[1], made[1].input[1]


def matrix_twice(graph, layer):
    made = products(graph, layer)
    if not made:
        return False
    made[2].input[1] = made[1].input[1]


# -- Loops ------------------------------------------------------------------------------------------------------------

def loop_expert_twice(graph, layer):
    if not graph.scatters(layer):
        return False
    turns = graph.turns()[layer]
    turns[2].input[1] = turns[1].input[1]


def loop_expert_missing(graph, layer):
    scatters = graph.scatters(layer)
    if not scatters:
        return False
    last = next(n for n in graph.users(scatters[-1].output[0]) if n.op_type == "Add")
    rest = next(v for v in last.input if v != scatters[-1].output[0])
    graph.replace(last.output[0], rest)


def loop_scatter_onto_sum(graph, layer):
    """Rows of an expert replace what others gave the token."""
    scatters = graph.scatters(layer)
    if not scatters:
        return False
    add = next(n for n in graph.users(scatters[2].output[0]) if n.op_type == "Add")
    scatters[2].input[0] = next(v for v in add.input if v != scatters[2].output[0])
    graph.replace(add.output[0], scatters[2].output[0])


def loop_matrix_of_another(graph, layer):
    scatters = graph.scatters(layer)
    if not scatters:
        return False
    gates = [graph.maker(n.input[0]) for n in graph.after(graph.choices()[layer]) if n.op_type == "Sigmoid"]
    gates[1].input[1] = gates[0].input[1]


def loop_choices_reversed(graph, layer):
    """The mask of one expert counts choices from the last: its members get the weights of other choices."""
    if not graph.scatters(layer):
        return False
    row = graph.turns()[layer][1].output[0]
    users = graph.users(row)
    ends = [graph.integers([1], [value]) for value in (-1, -1000, 0, -1)]
    graph.replace(row, graph.make("Slice", [row, *ends], before=users[0]), users)


ALL = [softmax_axis, expert_twice_by_id, shifted_ids, ids_of_another_layer, weights_of_another_layer, squared_weights,
       moved_weights, smallest, other_activation, largest_as_sum, largest_of_choices, not_inverse, descending,
       groups_swapped, matrices_swapped, matrix_twice, loop_expert_twice, loop_expert_missing, loop_scatter_onto_sum,
       loop_matrix_of_another, loop_choices_reversed]
