# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""A Mixtral-shaped decoder in the form of transformers' exporter: a checked-in export with two small layers, made larger.

The graph stays as it was written, node by node; sizes, which are constants in it, change, and the nodes of the last
layer and of each layer's last expert are copied."""
import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from models import ExternalData, save
from repeat_layer import copy_node, repeat_last_layer

FIXTURE = "test/Models/exports/mixtral-hf-grouped-op20-none/model.onnx"
HIDDEN, WIDTH, LAYERS, EXPERTS, K = 1024, 2048, 4, 8, 2
HEADS, KV_HEADS, VOCABULARY = 16, 4, 8192
HEAD = HIDDEN // HEADS


class Resizer:
    """Sizes of the fixture are told apart by their values, which are all different where it matters."""

    def __init__(self, model):
        self.nodes = list(model.graph.node)
        self.initializers = {i.name: i for i in model.graph.initializer}
        dims = {name: list(i.dims) for name, i in self.initializers.items()}
        hidden = dims["model.norm.weight"][0]
        self.half = dims["model.rotary_emb.inv_freq"][0]
        self.experts = dims["model.layers.0.mlp.gate.weight"][0]
        _, width, _ = dims["transpose_5"]
        keys = dims["val_81"][1]
        self.sizes = {hidden: HIDDEN, width: WIDTH, 2 * width: 2 * WIDTH, self.experts: EXPERTS, keys: HEAD * KV_HEADS,
                      dims["model.embed_tokens.weight"][0]: VOCABULARY, self.half: HEAD // 2}
        assert len(self.sizes) == 7, "sizes of the fixture coincide"
        self.hidden = hidden

    def integers(self, name):
        tensor = self.initializers.get(name)
        return None if tensor is None or tensor.data_type != TensorProto.INT64 else numpy_helper.to_array(tensor)

    def set_size(self, node, at, value):
        """A constant of this use alone: one constant of the export stands for sizes, axes and counts."""
        shape = self.integers(node.input[at]).shape
        name = f"{node.output[0]}_size_{at}"
        self.initializers[name] = numpy_helper.from_array(np.full(shape, value, np.int64), name)
        node.input[at] = name

    def change_sizes(self):
        for node in self.nodes:
            if node.op_type == "Concat" and len(node.input) >= 4 and self.integers(node.input[-1]) is not None:
                if len(node.input) == 5:  # keys and values, repeated: batch, kv_heads, group, length, head
                    self.set_size(node, 1, KV_HEADS)
                    self.set_size(node, 2, HEADS // KV_HEADS)
                elif self.integers(node.input[1]) is not None:  # batch, heads, length, head
                    self.set_size(node, 1, HEADS)
                self.set_size(node, len(node.input) - 1, HEAD)
            elif node.op_type == "Slice" and node.input[0].startswith("transpose"):  # halves, for rotation
                for at in (1, 2):
                    if self.integers(node.input[at]) == [self.half]:
                        self.set_size(node, at, HEAD // 2)
            elif node.op_type == "Clip" and self.integers(node.input[2]) == self.experts - 1:
                self.set_size(node, 2, self.sizes[self.experts] - 1)
        for name, tensor in self.initializers.items():
            values = self.integers(name)
            if values is not None and values.ndim == 1 and self.hidden in values:
                values = np.where(values == self.hidden, HIDDEN, values)
                tensor.CopyFrom(numpy_helper.from_array(values, name))
            elif tensor.data_type == TensorProto.FLOAT and not tensor.dims:
                # The scale of attention, half of it for each factor; the width of a bin, for counts of experts.
                for old, new in ((2 * self.half) ** -0.25, HEAD**-0.25), (1 - 1 / self.experts, 1 - 1 / EXPERTS):
                    if np.isclose(numpy_helper.to_array(tensor), old, rtol=1e-6):
                        tensor.CopyFrom(numpy_helper.from_array(np.float32(new), name))
                        break

    def add_experts(self):
        """Copies of what belongs to the last expert of a layer, which begins at outputs of Split."""
        more = self.sizes[self.experts] - self.experts
        reached, copies = set(), {}
        for at, node in enumerate(self.nodes):
            if node.op_type == "Split" and len(node.output) == self.experts:
                last = node.output[-1]
                reached.add(last)
                node.output.extend(f"{last}_{i}" for i in range(more))
                next(a for a in node.attribute if a.name == "num_outputs").i += more
            elif node.op_type == "Concat" and node.input[-1] in reached:
                last = node.input[-1]
                node.input.extend(f"{last}_{i}" for i in range(more))
            elif reached & set(node.input):
                reached |= set(node.output)
                copies[at] = [copy_node(node, reached, f"_{i}") for i in range(more)]
                if node.op_type == "Range":  # an expert's rows begin where those before end
                    for new, previous in zip(copies[at], [node, *copies[at]]):
                        new.input[0] = previous.input[1]
        self.nodes = [n for at, node in enumerate(self.nodes) for n in [node, *copies.get(at, [])]]

    def make_weight(self, name, tensor, data):
        if name == "model.rotary_emb.inv_freq":
            half = self.sizes[self.half]
            return numpy_helper.from_array((1e6 ** (-np.arange(half) / half)).astype(np.float32), name)
        dims = [self.sizes.get(size, size) for size in tensor.dims]
        if name == "zeros_1":
            return numpy_helper.from_array(np.zeros(dims, np.float32), name)
        if len(dims) == 1:
            return numpy_helper.from_array(np.ones(dims, np.float32), name)
        return data.add(name, dims, 1 if "embed" in name else dims[-1 if "gate" in name else -2] ** -0.5)


def make_decoder(folder, rng, layers=LAYERS):
    """Writes the model; returns its path."""
    model = onnx.load(FIXTURE)
    resizer = Resizer(model)
    resizer.change_sizes()
    resizer.add_experts()
    nodes = repeat_last_layer(resizer.nodes, resizer.initializers, layers)
    data = ExternalData(folder, rng)
    weights = [resizer.make_weight(name, tensor, data)
               if tensor.data_type == TensorProto.FLOAT and tensor.dims else tensor
               for name, tensor in resizer.initializers.items()]
    data.file.close()
    graph = model.graph
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.node.extend(nodes)
    graph.initializer.extend(weights)
    graph.output[0].type.tensor_type.shape.dim[2].dim_value = VOCABULARY
    return save(graph, folder, 20)
