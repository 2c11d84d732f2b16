# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The models that are compared, their cells, and what each cell must read and compute at the least.

Work is counted by hand from the published sizes and the routing of each run, not from what the compiler says."""
import os

import numpy as np


class Work:
    """Elements of weights, bytes of everything else, operations, and experts of all layers that had rows."""

    def __init__(self, weights, others, operations, hit=None):
        self.weights, self.others, self.operations, self.hit = weights, others, operations, hit

    def bytes(self, weight_bytes=4):
        return self.weights * weight_bytes + self.others


class Decoder:
    """The whole model; its routing follows from its inputs, so that a second artifact tells it."""
    name, output, exposes_routing, is_kernel = "decoder", "logits", True, False
    cells = [(1, 128), (1, 1), (3, 7)]

    @property
    def layers(self):
        from decoder import LAYERS
        return LAYERS

    def make(self, folder, rng):
        from decoder import make_decoder
        return make_decoder(folder, rng)

    def describe(self, cell):
        return f"{cell[0]}x{cell[1]}"

    def inputs(self, cell, rng):
        from decoder import VOCABULARY
        return {"input_ids": rng.integers(0, VOCABULARY, cell), "attention_mask": np.ones(cell, np.int64)}

    def work(self, cell, inputs, offsets):
        from decoder import EXPERTS, HEADS, HIDDEN, K, KV_HEADS, LAYERS, VOCABULARY, WIDTH
        batch, length = cell
        tokens, keys = batch * length, HIDDEN * KV_HEADS // HEADS
        dense = LAYERS * HIDDEN * (2 * HIDDEN + 2 * keys + EXPERTS) + HIDDEN * VOCABULARY
        expert = 3 * HIDDEN * WIDTH
        hit = int(sum(np.count_nonzero(np.diff(rows)) for rows in offsets))
        # Per layer the stream is read and written once, keys and values are written and read; embeddings, logits.
        activations = tokens * (LAYERS * 2 * (HIDDEN + 2 * keys) + HIDDEN + VOCABULARY)
        attention = LAYERS * 4 * HIDDEN * batch * length * (length + 1) // 2
        return Work(dense + hit * expert, 4 * activations,
                    2 * tokens * (dense + LAYERS * K * expert) + attention, int(hit))


class Layer:
    """One com.microsoft::MoE node."""
    output, exposes_routing, is_kernel = "y", False, False
    cells = [1, 16, 128, 1024]

    def __init__(self, name, experts=None):
        from models import LAYERS
        self.name, self.experts_given = name, experts
        self.hidden, self.width, there, self.k, self.gated = LAYERS[name]
        self.experts = experts or there

    def make(self, folder, rng):
        from models import make_layer
        return make_layer(folder, self.name, rng, self.experts)

    def describe(self, cell):
        return str(cell)

    def sizes(self, cell):
        """For --beside."""
        return [self.name, *map(str, (self.hidden, self.width, self.experts, self.k, int(self.gated), cell))]

    def inputs(self, cell, rng):
        return {"x": rng.standard_normal((cell, self.hidden), dtype=np.float32),
                "router": rng.standard_normal((cell, self.experts), dtype=np.float32)}

    def work(self, cell, inputs, offsets):
        chosen = np.argpartition(inputs["router"], self.experts - self.k, axis=1)[:, self.experts - self.k:]
        expert = (3 if self.gated else 2) * self.hidden * self.width
        hit = len(np.unique(chosen))
        return Work(hit * expert, 4 * cell * (2 * self.hidden + self.experts), 2 * cell * self.k * expert, hit)


def make_cases(quick):
    from kernels import make_kernels
    from models import LAYERS
    # Two experts of the largest model fit into the memory and the time of any machine.
    return {"decoder": Decoder(),
            **{name: Layer(name, 2 if quick and name == "mixtral" else None) for name in LAYERS},
            **make_kernels()}


def stamp(paths):
    """Changes when one of the files does."""
    return "\n".join(f"{path} {os.path.getmtime(path)} {os.path.getsize(path)}" for path in paths)
