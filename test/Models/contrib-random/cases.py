# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random models of com.microsoft::MoE, each drawn from its seed alone by what every Python has."""
import hashlib
import math
import random
import struct

from graph import Graph, Tensor

# dtype: bits of an element, bits of its mantissa, exponent of 1
FORMATS = {"f32": (32, 23, 127), "f16": (16, 10, 15), "bf16": (16, 7, 127)}
NORMS = ("rms", "layer", "spelled")


class Draw:
    """Choices and numbers from getrandbits() alone, which has been the same in every Python 3; digests would tell."""

    def __init__(self, seed):
        self.bits = random.Random(seed).getrandbits

    def below(self, n):
        return self.bits(32) * n >> 32

    def between(self, low, high):
        return low + self.below(high - low + 1)

    def choice(self, items):
        return items[self.below(len(items))]

    def chance(self, percent):
        return self.below(100) < percent

    def reals(self, dtype, count, exponent=0):
        """`count` numbers of either sign and magnitudes in [2^(exponent - 3), 2^(exponent + 1)), all bits random."""
        if not count:
            return b""
        width, mantissa, one = FORMATS[dtype]
        size = width // 8
        # Sign, two bits of exponent, mantissa; then the least exponent is added to each word, without a carry.
        mask = 1 << (width - 1) | (4 << mantissa) - 1
        least = (one + exponent - 3) << mantissa
        words = self.bits(width * count) & int.from_bytes(mask.to_bytes(size, "little") * count, "little")
        words += int.from_bytes(least.to_bytes(size, "little") * count, "little")
        return words.to_bytes(size * count, "little")


def pack(dtype, values):
    """Numbers that the type has exactly."""
    if dtype != "bf16":
        return struct.pack("<%d%s" % (len(values), "f" if dtype == "f32" else "e"), *values)
    wide = struct.pack("<%df" % len(values), *values)
    return b"".join(wide[i + 2:i + 4] for i in range(0, len(wide), 4))


class Case:
    """A graph and what it is about. `kind` is "layer" or "chain"; `name` tells the main choices."""

    def __init__(self, seed):
        self.seed = seed
        self.draw = Draw(seed)
        draw = self.draw
        self.graph = Graph()
        self.kind = "chain" if seed % 3 == 0 else "layer"
        self.dtype = draw.choice(["f32", "f32", "f32", "f16", "bf16", "bf16"])
        self.tokens = draw.choice([0, 1, 2, 3, 16, 17, 33, 64, 130, draw.between(0, 130), draw.between(4, 40),
                                   draw.between(4, 40)])
        self.experts = draw.choice([1, 2, 4, 8, 16, 64, draw.between(1, 64), draw.between(3, 20)])
        self.k = min(self.experts, draw.choice([1, 2, 2, 4, 8, draw.between(1, 8)]))
        if draw.chance(10) and self.experts <= 8:
            self.k = self.experts
        if self.kind == "chain" and self.dtype != "f32":
            # In 16 bits rounding decides between many experts on most rows.
            self.experts, self.tokens = min(self.experts, 8), min(self.tokens, 40)
            self.k = min(self.k, self.experts)
        self.hidden = draw.choice([8, 16, 32, draw.between(1, 40)])
        self.inner = draw.choice([8, 16, 32, draw.between(1, 40)])
        while self.tokens * self.hidden > 2600:
            self.hidden //= 2
        while self.experts * self.hidden * self.inner > 40000:
            self.inner //= 2
        self.rank = draw.choice([2, 2, 3])
        self.lead = self.leading_sizes()
        self.rows = [size if draw.chance(35) else name for size, name in zip(self.lead, ("batch", "sequence"))]
        if 0 in self.rows and any(isinstance(size, str) for size in self.rows):
            self.rows = ["batch", "sequence"]  # a size of 0 in the file has others in the file beside it
        if draw.chance(10):
            self.rows = [None] * len(self.lead)
        self.weight_form = draw.choice(["plain", "plain", "plain", "external", "transposed"])
        self.graph.external = self.weight_form == "external"
        self.layers = 0
        if self.kind == "layer":
            self.build_layer()
        else:
            self.build_chain()

    def leading_sizes(self):
        """The sizes before the hidden one."""
        if self.rank == 2:
            return [self.tokens]
        if not self.tokens:
            return self.draw.choice([[0, 5], [3, 0]])
        divisors = [d for d in range(1, self.tokens + 1) if self.tokens % d == 0]
        first = self.draw.choice(divisors)
        return [first, self.tokens // first]

    @property
    def name(self):
        return "%03d-%s-%s" % (self.seed, self.kind, self.dtype)

    def input(self, name, shape, dims, data):
        self.graph.inputs[name] = Tensor(self.dtype, shape, data)
        self.graph.dims[name] = dims
        return name

    def output(self, name):
        self.graph.outputs.append((name, self.dtype))
        self.graph.dims[name] = self.rows + [self.hidden]

    def x(self):
        shape = self.lead + [self.hidden]
        return self.input("x", shape, self.rows + [self.hidden],
                          self.draw.reals(self.dtype, self.tokens * self.hidden))

    def build_layer(self):
        draw, count = self.draw, self.tokens * self.experts
        x = self.x()
        self.logits = draw.choice(["random", "grid", "grid", "narrow", "equal", "wide", "masked"])
        if self.logits == "random":
            data = draw.reals(self.dtype, count)
        else:
            # Multiples of 1/32: equal ones are common, and others differ by more than rounding.
            steps = {"grid": 128, "narrow": 4, "equal": 0, "wide": 4, "masked": 64}[self.logits]
            values = [draw.between(-steps, steps) * (16 if self.logits == "wide" else 1 / 32) for _ in range(count)]
            if self.logits == "masked":
                values = [-math.inf if i % self.experts and draw.chance(30) else v for i, v in enumerate(values)]
            data = pack(self.dtype, values)
        # Its rows are counted on their own in half of the files.
        rows = self.tokens if None not in self.rows and all(isinstance(r, int) for r in self.rows) else (
            self.rows[0] if self.rank == 2 and draw.chance(50) else "rows")
        router = self.input("router", [self.tokens, self.experts], [rows, self.experts], data)
        self.moe(x, router, "y")
        self.output("y")

    def build_chain(self):
        draw, graph = self.draw, self.graph
        h = self.x()
        count = draw.choice([1, 2, 2, 3])
        self.logits = draw.choice(["random", "random", "tied"])
        shared = None
        for i in range(count):
            n = self.norm(draw.choice(NORMS), h, i)
            data = draw.reals(self.dtype, self.hidden * self.experts, -int(math.log2(self.hidden) / 2))
            if self.logits == "tied":
                data = self.repeat_columns(data)
            weight = graph.weight("router%d" % i, self.dtype, [self.hidden, self.experts], data)
            router = graph.node("MatMul", [n, weight], "logits%d" % i)
            if self.rank == 3:
                shape = graph.weight("shape%d" % i, "i64", [2], struct.pack("<2q", -1, self.experts))
                router = graph.node("Reshape", [router, shape], "flat%d" % i)
            # Layers may share their experts.
            if shared and draw.chance(25):
                graph.node("MoE", [n, router] + shared.inputs[2:], "moe%d" % i, **shared.attributes)
                self.layers += 1
            else:
                shared = self.moe(n, router, "moe%d" % i)
            last = i == count - 1
            h = graph.node("Add", [h, "moe%d" % i] if draw.chance(50) else ["moe%d" % i, h], "y" if last else "h%d" % i)
        self.output("y")

    def repeat_columns(self, data):
        """A router whose experts come in twins of equal logits."""
        size = FORMATS[self.dtype][0] // 8
        row = size * self.experts
        twin = [self.draw.below(self.experts) if self.draw.chance(50) else e for e in range(self.experts)]
        return b"".join(data[r * row + size * e:r * row + size * (e + 1)] for r in range(self.hidden) for e in twin)

    def norm(self, kind, x, i):
        draw, graph, dtype = self.draw, self.graph, self.dtype
        one = lambda name: graph.weight("%s%d" % (name, i), dtype, [self.hidden], draw.reals(dtype, self.hidden))
        epsilon = draw.choice([1e-5, 1e-6])
        out = "normed%d" % i
        if kind == "rms":
            return graph.node("RMSNormalization", [x, one("scale")], out, axis=-1, epsilon=epsilon)
        if kind == "layer":
            inputs = [x, one("scale")] + ([one("shift")] if draw.chance(60) else [])
            return graph.node("LayerNormalization", inputs, out, axis=-1, epsilon=epsilon)
        # As exporters spell the root mean square out, in f32.
        scalar = lambda name, v: graph.weight("%s%d" % (name, i), "f32", [], struct.pack("<f", v))
        axes = graph.weight("axes%d" % i, "i64", [1], struct.pack("<q", -1))
        wide = graph.node("Cast", [x], "wide%d" % i, to=1) if dtype != "f32" else x
        square = graph.node("Pow", [wide, scalar("two", 2.0)], "square%d" % i)
        mean = graph.node("ReduceMean", [square, axes], "mean%d" % i, keepdims=1)
        moved = graph.node("Add", [mean, scalar("epsilon", epsilon)], "moved%d" % i)
        root = graph.node("Sqrt", [moved], "root%d" % i)
        quotient = graph.node("Div", [wide, root], "quotient%d" % i)
        if dtype != "f32":
            quotient = graph.node("Cast", [quotient], "narrow%d" % i, to={"f16": 10, "bf16": 16}[dtype])
        return graph.node("Mul", [one("scale"), quotient], out)

    def matrix(self, name, rows, columns):
        """Weights [experts, rows, columns]; as the input of a Transpose on demand."""
        draw, graph, shape = self.draw, self.graph, [self.experts, rows, columns]
        data = draw.reals(self.dtype, self.experts * rows * columns, -int(math.log2(max(1, columns)) / 2))
        if self.weight_form != "transposed":
            return graph.weight(name, self.dtype, shape, data)
        graph.weight(name + "_t", self.dtype, [self.experts, columns, rows], data)
        return graph.node("Transpose", [name + "_t"], name, perm=[0, 2, 1])

    def moe(self, x, router, out):
        """Adds a layer; returns its node."""
        draw, attributes, i = self.draw, {}, self.layers
        self.layers += 1
        activation = draw.choice([None, "relu", "gelu", "silu", "identity", "swiglu", "swiglu", "swiglu"])
        fusion, has_fc3 = None, activation != "swiglu" and draw.chance(25)
        if activation == "swiglu":
            fusion = draw.choice([1, 1, 1, 2, 2, 0, 0, None])
            has_fc3 = not fusion and draw.chance(75)
            if draw.chance(50):
                attributes["swiglu_limit"] = draw.choice([0.0, 0.5, 1.5, 7.0])
        if draw.chance(60 if fusion is not None else 10):
            attributes["activation_alpha"] = draw.choice([1.0, 1.702, 0.5])
            attributes["activation_beta"] = draw.choice([0.0, 1.0, 1.0, -0.25])
        if activation:
            attributes["activation_type"] = activation
        if fusion is not None:
            attributes["swiglu_fusion"] = fusion
        if self.k != 1 or draw.chance(50):
            attributes["k"] = self.k
        normalize = draw.choice([None, 0, 1, 1, 1, 2])
        if normalize is not None:
            attributes["normalize_routing_weights"] = normalize
        rows = self.inner if activation != "swiglu" or has_fc3 else 2 * self.inner
        bias = lambda name, size: "" if draw.chance(50) else self.graph.weight(
            "%s%d" % (name, i), self.dtype, [self.experts, size], draw.reals(self.dtype, self.experts * size, -1))
        inputs = [x, router, self.matrix("fc1_%d" % i, rows, self.hidden), bias("fc1_bias", rows),
                  self.matrix("fc2_%d" % i, self.hidden, self.inner), bias("fc2_bias", self.hidden)]
        if has_fc3:
            inputs += [self.matrix("fc3_%d" % i, self.inner, self.hidden), bias("fc3_bias", self.inner)]
        while inputs[-1] == "":
            inputs.pop()
        self.graph.node("MoE", inputs, out, **attributes)
        return self.graph.nodes[-1]

    def digest(self):
        """Changes with anything that a model or its inputs contain."""
        graph, state = self.graph, hashlib.sha256()
        for part in (graph.inputs, graph.weights, graph.nodes, graph.outputs, graph.dims, graph.external):
            state.update(repr(part).encode())
        return state.hexdigest()[:12]
