# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Random mixture-of-experts layers as MLIR text, and inputs for them."""
import math
from collections import namedtuple

import npy

# text: the module. inputs, outputs: [(name, ...)] in order; inputs hold tensors. layers: how many follow one another.
Model = namedtuple("Model", "text inputs outputs tokens dynamic layers dtype")

GATES = ["none", "separate", "concat_gate_first", "concat_up_first", "interleaved_gate_even"]
ACTIVATIONS = ["relu", "gelu_erf", "gelu_tanh", "silu", "identity"]
# Logits are multiples of this, so that different ones differ by more than any rounding and equal ones are common.
LOGIT_STEP = 1 / 32
# Keys closer than this may come in another order in another precision.
KEY_GAP = 4e-6


def score(kind, row):
    """Scores of a token's logits in f64."""
    if kind == "softmax":
        top = max(row)
        e = [math.exp(z - top) for z in row]
        return [v / sum(e) for v in e]
    if kind == "sigmoid":
        return [0.0 if z == -math.inf else 1 / (1 + math.exp(-z)) for z in row]
    if kind == "sqrt_softplus":
        return [0.0 if z == -math.inf else math.sqrt(math.log1p(math.exp(z))) for z in row]
    return row


class Builder:
    """Writes one model with the random numbers of `rng`."""

    def __init__(self, rng):
        self.rng = rng
        self.lines = []
        self.inputs = []  # (name, tensor)
        self.results = []  # (name, value, type)
        self.next = 0
        self.dtype = rng.choice(["f32", "f32", "bf16", "f16"])
        self.tokens = rng.choice([0, 1, 2, 3, 15, 16, 17, 33, 64, 130, rng.randint(0, 130), rng.randint(4, 40)])
        self.dynamic = rng.random() < 0.6
        self.t = "?" if self.dynamic else str(self.tokens)

    def chance(self, p):
        return self.rng.random() < p

    def value(self):
        self.next += 1
        return "%%v%d" % self.next

    def size(self):
        return self.rng.choice([self.rng.randint(5, 70), self.rng.randint(1, 24), 16, 32, 64])

    def constant(self, shape, scale, dtype=None):
        """A constant of values in (-scale, scale); returns (value, type)."""
        dtype = dtype or self.dtype
        table = [npy.pack(dtype, [self.rng.uniform(-scale, scale)]) for _ in range(61)]
        data = b"".join(self.rng.choices(table, k=npy.count(shape)))
        type = "tensor<%sx%s>" % ("x".join(map(str, shape)), dtype)
        name = self.value()
        self.lines.append('%s = arith.constant dense<"0x%s"> : %s' % (name, data.hex().upper(), type))
        return name, type

    def input(self, name, dtype, width, values):
        self.inputs.append((name, npy.Tensor(dtype, [self.tokens, width], npy.pack(dtype, values))))
        return "%" + name, "tensor<%sx%dx%s>" % (self.t, width, dtype)

    def grid(self, n, limit):
        steps = int(limit / LOGIT_STEP)
        return [self.rng.randint(-steps, steps) * LOGIT_STEP for _ in range(n)]

    def router(self, suffix, experts, k):
        """Returns ids and weights as (value, type)."""
        rng, attributes, operands = self.rng, ["k = %d" % k], ""
        # Narrow logits are full of ties.
        limit = rng.choice([4, 4, 0.125, 0])
        kind = rng.choice(["softmax", "softmax", "sigmoid", "sigmoid", "sqrt_softplus", "identity"])
        key = rng.choice(["score", "score", "logit"])
        weight = rng.choice(["score", "score", "softmax_selected", "ones"])
        masked = self.chance(0.15) and kind != "identity" and weight != "ones"
        bias = [rng.randint(-8, 8) / 16 for _ in range(experts)] if self.chance(0.35) else None
        noise = self.grid(self.tokens * experts, 2) if self.chance(0.2) else None
        site = rng.choice(["logits", "select_only"])
        logits = []
        for token in range(self.tokens):
            own = noise[token * experts:(token + 1) * experts] if noise else [0.0] * experts
            while True:
                row = self.grid(experts, limit)
                if masked:
                    row = [-math.inf if self.chance(0.3) and e else z for e, z in enumerate(row)]
                if self.separable(row, own, kind if key == "score" else "identity", bias,
                                  site if noise else None):
                    break
                limit = 4  # a narrow range may have no other rows
            logits += row
        dtype = rng.choice(["f32", self.dtype])
        z, type = self.input("logits" + suffix, dtype, experts, logits)
        for name, default, choice in [("score", "softmax", kind), ("key", "score", key), ("weight", "score", weight)]:
            if choice != default:
                attributes.append("%s = #moe.%s<%s>" % (name, name, choice))
        if bias:
            data = npy.pack("f32", bias).hex().upper()
            b = self.value()
            self.lines.append('%s = arith.constant dense<"0x%s"> : tensor<%dxf32>' % (b, data, experts))
            operands += " bias(%s : tensor<%dxf32>)" % (b, experts)
        if noise:
            operands += " noise(%s : %s)" % self.input("noise" + suffix, "f32", experts, noise)
            attributes.append("noise_site = #moe.noise_site<%s>" % site)
        if self.chance(0.2):
            attributes.append("tie = #moe.tie<higher_index>")
        renorm = rng.choice(["", "", "<>", "<mode = add, eps = 1.0e-9>", "<mode = clamp, eps = 0.5>",
                             "<mode = add, eps = 1.0e-20, multiple_only = true>"])
        if renorm:
            attributes.append("renorm = #moe.renorm" + renorm)
        if self.chance(0.3):
            attributes.append("scale = 2.5")
            if self.chance(0.3):
                attributes.append("scale_if_renorm = false")
        ids, weights = self.value(), self.value()
        ids_type = "tensor<%sx%dxi32>" % (self.t, k)
        weights_type = "tensor<%sx%dx%s>" % (self.t, k, rng.choice(["f32", self.dtype]))
        self.lines.append("%s, %s = moe.route %s%s {%s} : %s -> %s, %s" % (
            ids, weights, z, operands, ", ".join(attributes), type, ids_type, weights_type))
        if self.chance(0.5):
            self.results += [("ids" + suffix, ids, ids_type), ("weights" + suffix, weights, weights_type)]
        return (ids, ids_type), (weights, weights_type)

    def separable(self, row, noise, kind, bias, site):
        """Whether keys that are not equal by construction differ by more than rounding."""
        if not bias and site != "select_only":
            return True
        z = [a + b for a, b in zip(row, noise)] if site == "logits" else row
        later = noise if site == "select_only" else [0.0] * len(row)
        bias = bias or [0.0] * len(row)
        keys = sorted((s + n + b, (l, n, b)) for s, l, n, b in zip(score(kind, z), z, later, bias))
        for (low, a), (high, b) in zip(keys, keys[1:]):
            # Masked experts score exactly 0, so their keys are as exact as noise and bias.
            exact = a == b or a[0] == b[0] == -math.inf
            if high - low <= KEY_GAP and not exact and high != -math.inf:
                return False
        return True

    def experts(self, rows, offsets, experts, width, inner, outputs, shape):
        """Writes moe.expert; returns its (value, type)."""
        rng = self.rng
        gate, activation = rng.choice(GATES), rng.choice(ACTIVATIONS)
        attributes = ["activation = #moe.activation<%s>" % activation]
        if gate != "none":
            attributes.append("gate = #moe.gate<%s>" % gate)
        in_out = [self.chance(0.4), self.chance(0.4)]
        for i in range(2):
            if in_out[i]:
                attributes.append("layout%d = #moe.layout<in_out>" % (i + 1))
        columns = inner if gate in ("none", "separate") else 2 * inner

        def matrix(out, ins, transposed):
            return self.constant([experts] + ([ins, out] if transposed else [out, ins]), 2 / math.sqrt(ins))

        w1 = matrix(columns, width, in_out[0])
        w2 = matrix(outputs, inner, in_out[1])
        operands = ""
        if self.chance(0.5):
            operands += " b1(%s : %s)" % self.constant([experts, columns], 1)
        if self.chance(0.5):
            operands += " b2(%s : %s)" % self.constant([experts, outputs], 1)
        if gate == "separate":
            operands += " up(%s : %s)" % matrix(inner, width, in_out[0])
            if self.chance(0.5):
                operands += " up_bias(%s : %s)" % self.constant([experts, inner], 1)
        if activation == "silu" and self.chance(0.5):
            attributes.append("alpha = 1.702")
        if gate != "none":
            for text in ["gate_max = 0.75", "up_abs = 0.5", "up_offset = 1.0"]:
                if self.chance(0.35):
                    attributes.append(text)
        y = self.value()
        type = "tensor<%sx%dx%s>" % (shape, outputs, self.dtype)
        self.lines.append("%s = moe.expert %s, %s, %s, %s%s {%s} : %s, %s, %s, %s -> %s" % (
            y, rows[0], offsets[0], w1[0], w2[0], operands, ", ".join(attributes), rows[1], offsets[1], w1[1], w2[1],
            type))
        return y, type

    def layer(self, suffix, x, width):
        """One layer on `x`; returns (value, type) and its width."""
        rng = self.rng
        experts = rng.choice([1, 2, 4, 8, rng.randint(1, 64), 64])
        k = min(experts, rng.choice([1, 2, 2, 4, 8, rng.randint(1, 8)]))
        inner, outputs = self.size(), rng.choice([width, self.size()])
        # A million weights take seconds to write and parse; what matters is that shapes are ragged.
        while experts * inner * (2 * width + outputs) > 250000:
            inner, outputs = max(1, inner // 2), max(1, outputs * 2 // 3)
        ids, weights = self.router(suffix, experts, k)
        pairs = "?" if self.dynamic else str(self.tokens * k)
        rows = self.value(), "tensor<%sx%dx%s>" % (pairs, width, self.dtype)
        offsets = self.value(), "tensor<%dxi32>" % (experts + 1)
        positions = self.value(), ids[1]
        self.lines.append("%s, %s, %s = moe.dispatch %s to %s {experts = %d} : %s, %s -> %s, %s, %s" % (
            rows[0], offsets[0], positions[0], x[0], ids[0], experts, x[1], ids[1], rows[1], offsets[1], positions[1]))
        y = self.experts(rows, offsets, experts, width, inner, outputs, pairs)
        term = " {term_type = %s}" % self.dtype if self.dtype != "f32" and self.chance(0.3) else ""
        out = self.value(), "tensor<%sx%dx%s>" % (self.t, outputs, self.dtype)
        self.lines.append("%s = moe.combine %s at %s by %s%s : %s, %s, %s -> %s" % (
            out[0], y[0], positions[0], weights[0], term, y[1], positions[1], weights[1], out[1]))
        return out, outputs


def build(rng):
    """A model of one layer, or of two in a row."""
    b = Builder(rng)
    width = b.size()
    value = b.input("x", b.dtype, width, [rng.uniform(-1, 1) for _ in range(b.tokens * width)])
    layers = rng.choice([1, 1, 1, 2])
    for i in range(layers):
        value, width = b.layer("" if i == 0 else "2", value, width)
    b.results.append(("y", *value))
    names = ', rt.dim_names = ["tokens", ""]'
    arguments = ", ".join('%%%s: tensor<%sx%dx%s> {rt.name = "%s"%s}' % (
        name, b.t, tensor.shape[1], tensor.dtype, name, names if b.dynamic else "") for name, tensor in b.inputs)
    results = ", ".join('%s {rt.name = "%s"}' % (type, name) for name, _, type in b.results)
    text = "func.func @main(%s) -> (%s) attributes {rt.entry} {\n  %s\n  return %s : %s\n}\n" % (
        arguments, results, "\n  ".join(b.lines), ", ".join(v for _, v, _ in b.results),
        ", ".join(t for _, _, t in b.results))
    return Model(text, b.inputs, [name for name, _, _ in b.results], b.tokens, b.dynamic, layers, b.dtype)
