# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A model of more layers than its export, by copies of the last one. Needs no package: tests use it too."""
import copy

# Of the Mixtral export without caches: the residual stream before its last layer, the first value of that layer, and
# the stream after it.
MIXTRAL = ("add_30", "pow_3", "add_58")


def copy_node(node, renamed, suffix):
    """With `suffix` after its name, its results and those of its operands that are `renamed`."""
    new = copy.deepcopy(node)
    new.name += suffix
    new.input[:] = [name + suffix if name in renamed else name for name in node.input]
    new.output[:] = [name + suffix for name in node.output]
    return new


def repeat_last_layer(nodes, initializers, layers, there=2, names=MIXTRAL):
    """The nodes of a model with `layers` layers, of which `there` are in `nodes`. `initializers`, by name, gets a copy
    for each of them of what the last layer alone uses."""
    before, first, stream = names

    def index_of(output):
        return next(at for at, node in enumerate(nodes) if output in node.output)

    begin, end = index_of(first), index_of(stream) + 1
    layer, rest = nodes[begin:end], nodes[end:]
    elsewhere = {name for node in nodes[:begin] + rest for name in node.input}
    weights = {name for node in layer for name in node.input
               if name in initializers and initializers[name].dims and name not in elsewhere}
    inside = {name for node in layer for name in node.output} | weights
    result, last = nodes[:end], stream
    for number in range(there, layers):
        suffix = f"_layer{number}"
        for name in weights:
            tensor = copy.deepcopy(initializers[name])
            tensor.name += suffix
            initializers[tensor.name] = tensor
        for node in layer:
            new = copy_node(node, inside, suffix)
            new.input[:] = [last if name == before else name for name in new.input]
            result.append(new)
        last = stream + suffix
    for node in rest:
        new = copy.deepcopy(node)
        new.input[:] = [last if name == stream else name for name in node.input]
        result.append(new)
    return result
