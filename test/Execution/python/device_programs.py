# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Programs whose kernels are compared with the interpreter: MLIR text, sizes to run each at, and inputs for them.

Every program has dynamic numbers of rows, so one artifact runs at all its sizes. Sizes stand around the edges of what
kernels divide rows by: warps' 16, tiles' 64 and 128. Columns and summands are mostly multiples of nothing.
"""
import random
from functools import partial

import layers
import npy

TYPES = ["f32", "bf16", "f16"]
TAILS = [1, 15, 16, 17, 63, 64, 65, 127, 128, 129]


class Program:
    """One function of several inputs and outputs.

    cases: [(label, what `inputs_for` takes)]. chain: roundings that follow one another, for the tolerance.
    rowwise: whether rows of outputs depend on the same rows of inputs only, so that prefixes keep their bits. multiplies:
    whether there are matrix products, whose order of sums is a chip's own in 16 bits.
    """

    def __init__(self, name, dtype, seed):
        self.name, self.dtype, self.rng = "%s-%s" % (name, dtype), dtype, random.Random(seed)
        self.lines, self.arguments, self.results, self.cases = [], [], [], []
        self.makers = {}  # input name -> function of a case's size that gives a tensor
        self.chain, self.rowwise, self.multiplies = 1, False, False
        self.values = 0

    def value(self):
        self.values += 1
        return "%%v%d" % self.values

    def numbers(self, count, scale):
        """Bytes of numbers in (-scale, scale) of the program's type; a table of them repeats, in random order."""
        table = [npy.pack(self.dtype, [self.rng.uniform(-scale, scale)]) for _ in range(997)]
        return b"".join(self.rng.choices(table, k=count))

    def constant(self, shape, scale, dtype=None, data=None):
        dtype = dtype or self.dtype
        data = data or self.numbers(npy.count(shape), scale)
        type = "tensor<%sx%s>" % ("x".join(map(str, shape)), dtype)
        name = self.value()
        self.lines.append('%s = arith.constant dense<"0x%s"> : %s' % (name, data.hex().upper(), type))
        return name, type

    def argument(self, name, dtype, shape, maker, dim="tokens"):
        """An input; None in `shape` is the dynamic size of that name."""
        type = "tensor<%sx%s>" % ("x".join("?" if size is None else str(size) for size in shape), dtype)
        names = ", ".join('"%s"' % (dim if size is None else "") for size in shape)
        named = ", rt.dim_names = [%s]" % names if None in shape else ""
        self.arguments.append('%%%s: %s {rt.name = "%s"%s}' % (name, type, name, named))
        self.makers[name] = maker
        return "%" + name, type

    def rows(self, name, width, most, scale=1, dim="tokens"):
        """An input of the program's type whose smaller versions are prefixes of the largest."""
        whole = npy.Tensor(self.dtype, [most, width], self.numbers(most * width, scale))
        return self.argument(name, self.dtype, [None, width], lambda size: prefix(whole, size), dim)

    def op(self, text, operands, type):
        """`text` has a %s for the names of operands; the types follow."""
        result = self.value()
        self.lines.append("%s = %s : %s -> %s" % (
            result, text % ", ".join(o[0] for o in operands), "(%s)" % ", ".join(o[1] for o in operands), type))
        return result, type

    def result(self, name, value):
        self.results.append((name, *value))

    def sizes(self, sizes):
        self.cases += [(str(size), size) for size in sizes]

    def text(self):
        results = ", ".join('%s {rt.name = "%s"}' % (type, name) for name, _, type in self.results)
        return "func.func @main(%s) -> (%s) attributes {rt.entry} {\n  %s\n  return %s : %s\n}\n" % (
            ", ".join(self.arguments), results, "\n  ".join(self.lines), ", ".join(v for _, v, _ in self.results),
            ", ".join(t for _, _, t in self.results))

    def inputs_for(self, size):
        return [(name, maker(size)) for name, maker in self.makers.items()]

    def matrix(self, width):
        return "tensor<?x%dx%s>" % (width, self.dtype)


def prefix(tensor, count):
    width = len(tensor.data) // tensor.shape[0]
    return npy.Tensor(tensor.dtype, [count] + tensor.shape[1:], tensor.data[:count * width])


# Products of ranges of rows, whose sizes are an input.

RANGES = [[0, 1, 15, 16, 17, 0, 63, 2], [64, 65, 0, 0, 127, 1, 0, 0], [128, 129, 33, 0, 0, 0, 0, 5],
          [0, 0, 0, 0, 0, 0, 0, 1], [0] * 8, [0, 70, 0, 0, 0, 0, 0, 0]]
# 9 columns of large tiles by at most 4 + 8 rows of them: one for each of sm_80's 108 SMs, and half full on average.
TALL = [[129, 1, 0, 127, 64, 63, 65, 100], [600, 0, 0, 0, 0, 1, 16, 15]]


def ranged(p, width, lists):
    """Rows in ranges, and where these begin, as inputs."""
    most = max(map(sum, lists))
    rows = p.rows("rows", width, most, dim="pairs")
    whole = p.makers["rows"]
    p.makers["rows"] = lambda sizes: whole(sum(sizes))
    count = len(lists[0])

    def offsets(sizes):
        ends = [sum(sizes[:i]) for i in range(count + 1)]
        return npy.Tensor("i32", [count + 1], npy.pack("i32", ends))

    p.cases += [("+".join(map(str, sizes)), sizes) for sizes in lists]
    return rows, p.argument("offsets", "i32", [count + 1], offsets)


def grouped(dtype, seed, width, columns, bias, layout, lists):
    p = Program("grouped-%dx%d" % (width, columns), dtype, seed)
    rows, offsets = ranged(p, width, lists)
    experts = len(lists[0])
    w = p.constant([experts] + ([width, columns] if layout else [columns, width]), 2 / width**0.5)
    attributes = " {layout = #moe.layout<in_out>}" if layout else ""
    b = " bias(%s : %s)" % p.constant([experts, columns], 1) if bias else ""
    p.multiplies = True
    y = p.value()
    p.lines.append("%s = moe.grouped_matmul %s, %s, %s%s%s : %s, %s, %s -> %s" % (
        y, rows[0], offsets[0], w[0], b, attributes, rows[1], offsets[1], w[1], p.matrix(columns)))
    p.result("y", (y, p.matrix(columns)))
    return p


FORMS = {
    "swiglu": ("concat_gate_first", "silu", [], "activation = #moe.activation<silu>"),
    "gelu-bias": ("none", "gelu_erf", ["b1", "b2"], "activation = #moe.activation<gelu_erf>"),
    "clamped": ("interleaved_gate_even", "silu", ["b1", "b2"],
                "activation = #moe.activation<silu>, alpha = 1.702, gate_max = 0.75, up_abs = 0.5, up_offset = 1.0"),
    "separate": ("separate", "silu", [], "activation = #moe.activation<silu>"),
    "relu": ("none", "relu", ["b1"], "activation = #moe.activation<relu>"),
}


def write_expert(p, rows, offsets, experts, form, width, inner, in_out=False):
    """moe.expert of one form; its value."""
    gate, _, biases, attributes = FORMS[form]
    columns = inner if gate in ("none", "separate") else 2 * inner
    w1 = p.constant([experts] + ([width, columns] if in_out else [columns, width]), 2 / width**0.5)
    w2 = p.constant([experts, width, inner], 2 / inner**0.5)
    operands = ""
    if "b1" in biases:
        operands += " b1(%s : %s)" % p.constant([experts, columns], 1)
    if "b2" in biases:
        operands += " b2(%s : %s)" % p.constant([experts, width], 1)
    if gate == "separate":
        operands += " up(%s : %s)" % p.constant([experts] + ([width, inner] if in_out else [inner, width]),
                                                2 / width**0.5)
    if gate != "none":
        attributes += ", gate = #moe.gate<%s>" % gate
    if in_out:
        attributes += ", layout1 = #moe.layout<in_out>"
    p.multiplies = True
    y = p.value()
    p.lines.append("%s = moe.expert %s, %s, %s, %s%s {%s} : %s, %s, %s, %s -> %s" % (
        y, rows[0], offsets[0], w1[0], w2[0], operands, attributes, rows[1], offsets[1], w1[1], w2[1],
        p.matrix(width)))
    return y, p.matrix(width)


def expert(dtype, seed, form, width, inner, lists, in_out=False):
    p = Program("expert-" + form, dtype, seed)
    rows, offsets = ranged(p, width, lists)
    p.chain = 2
    p.result("y", write_expert(p, rows, offsets, len(lists[0]), form, width, inner, in_out))
    return p


# Routers.

ROUTERS = {  # name: (experts, k, attributes, score that is ranked, other operands)
    "mixtral": (8, 2, "key = #moe.key<logit>, weight = #moe.weight<softmax_selected>", "identity", []),
    "qwen3": (128, 8, "renorm = #moe.renorm<>", "softmax", []),
    "olmoe": (64, 8, "", "softmax", []),
    "switch": (60, 1, "", "softmax", []),
    "deepseek": (256, 8, "score = #moe.score<sigmoid>, renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5",
                 "sigmoid", ["bias"]),
    "llama4": (16, 1, "score = #moe.score<sigmoid>", "sigmoid", []),
    "softplus": (33, 4, "score = #moe.score<sqrt_softplus>, renorm = #moe.renorm<mode = clamp, eps = 0.5>",
                 "sqrt_softplus", ["bias"]),
    "noisy": (20, 3, "noise_site = #moe.noise_site<logits>, weight = #moe.weight<softmax_selected>, "
                     "key = #moe.key<logit>", "identity", ["noise"]),
    "higher": (7, 7, "tie = #moe.tie<higher_index>, weight = #moe.weight<ones>", "softmax", []),
}


def write_router(p, name, most, logits=None, suffix=""):
    """moe.route with its inputs; (ids, weights)."""
    experts, k, attributes, score, others = ROUTERS[name]
    operands, noise, bias = "", None, None
    if "bias" in others:
        bias = [p.rng.randint(-8, 8) / 16 for _ in range(experts)]
        operands = " bias(%s : %s)" % p.constant([experts], 1, "f32", npy.pack("f32", bias))
    if logits is None:
        table, noises = [], []
        while len(table) < most * experts:
            row = [p.rng.randint(-128, 128) * layers.LOGIT_STEP for _ in range(experts)]
            own = [p.rng.randint(-64, 64) * layers.LOGIT_STEP if "noise" in others else 0.0 for _ in range(experts)]
            if layers.Builder.separable(None, row, own, score, bias, None):
                table, noises = table + row, noises + own
        whole = npy.Tensor(p.dtype, [most, experts], npy.pack(p.dtype, table))
        logits = p.argument("logits" + suffix, p.dtype, [None, experts], lambda size: prefix(whole, size))
        if "noise" in others:
            noise = npy.Tensor("f32", [most, experts], npy.pack("f32", noises))
            operands += " noise(%s : %s)" % p.argument("noise", "f32", [None, experts],
                                                       lambda size: prefix(noise, size))
    ids, weights = p.value(), p.value()
    types = "tensor<?x%dxi32>" % k, "tensor<?x%dxf32>" % k
    p.lines.append("%s, %s = moe.route %s%s {k = %d%s} : %s -> %s, %s" % (
        ids, weights, logits[0], operands, k, ", " + attributes if attributes else "", logits[1], *types))
    return (ids, types[0]), (weights, types[1]), experts


def route(dtype, seed, name, sizes):
    p = Program("route-" + name, dtype, seed)
    ids, weights, _ = write_router(p, name, max(sizes))
    p.result("ids", ids)
    p.result("weights", weights)
    p.rowwise = True
    p.sizes(sizes)
    return p


# What brings rows to experts and back.

def write_dispatch(p, x, ids, experts):
    rows, offsets, positions = p.value(), p.value(), p.value()
    types = x[1], "tensor<%dxi32>" % (experts + 1), ids[1]
    p.lines.append("%s, %s, %s = moe.dispatch %s to %s {experts = %d} : %s, %s -> %s, %s, %s" % (
        rows, offsets, positions, x[0], ids[0], experts, x[1], ids[1], *types))
    return (rows, types[0]), (offsets, types[1]), (positions, types[2])


def dispatch(dtype, seed, experts, k, width, used, sizes):
    """Some experts get no row, and some choices are none."""
    p = Program("dispatch-%d" % experts, dtype, seed)
    most = max(sizes)
    choices = [p.rng.choice(used) for _ in range(most * k)]
    whole = npy.Tensor("i32", [most, k], npy.pack("i32", choices))
    x = p.rows("x", width, most)
    ids = p.argument("ids", "i32", [None, k], lambda size: prefix(whole, size))
    for name, value in zip(("rows", "offsets", "positions"), write_dispatch(p, x, ids, experts)):
        p.result(name, value)
    p.sizes(sizes)
    return p


def combine(dtype, seed, k, width, term, sizes):
    p = Program("combine-%d" % k, dtype, seed)
    most = max(sizes)
    places = [p.rng.choice([-1, i]) if i % 5 == 0 else i for i in p.rng.sample(range(most * k), most * k)]
    whole = npy.Tensor("i32", [most, k], npy.pack("i32", places))
    weigh = npy.Tensor("f32", [most, k], npy.pack("f32", [p.rng.uniform(0, 1) for _ in range(most * k)]))
    rows = npy.Tensor(dtype, [most * k, width], p.numbers(most * k * width, 1))
    y = p.argument("rows", dtype, [None, width], lambda size: rows, dim="pairs")
    positions = p.argument("positions", "i32", [None, k], lambda size: prefix(whole, size))
    weights = p.argument("weights", "f32", [None, k], lambda size: prefix(weigh, size))
    result = p.value()
    p.lines.append("%s = moe.combine %s at %s by %s%s : %s, %s, %s -> %s" % (
        result, y[0], positions[0], weights[0], " {term_type = %s}" % dtype if term else "", y[1], positions[1],
        weights[1], p.matrix(width)))
    p.result("y", (result, p.matrix(width)))
    p.rowwise, p.chain = True, k if term else 1
    p.sizes(sizes)
    return p


def layer(dtype, seed, router, form, width, inner, sizes):
    """A whole layer with a residual, from logits."""
    p = Program("layer-" + router, dtype, seed)
    most = max(sizes)
    x = p.rows("x", width, most)
    ids, weights, experts = write_router(p, router, most)
    rows, offsets, positions = write_dispatch(p, x, ids, experts)
    y = write_expert(p, rows, offsets, experts, form, width, inner)
    out = p.value()
    p.lines.append("%s = moe.combine %s at %s by %s : %s, %s, %s -> %s" % (
        out, y[0], positions[0], weights[0], y[1], positions[1], weights[1], x[1]))
    p.result("y", p.op("onnx.binary add %s", [(out, x[1]), x], x[1]))
    p.rowwise, p.chain = True, 3
    p.sizes(sizes)
    return p


# What stands around layers.

def dense(dtype, seed, width, columns, extras, sizes):
    p = Program("dense-%dx%d" % (width, columns), dtype, seed)
    most = max(sizes)
    x = p.rows("x", width, most)
    p.multiplies = True
    y = p.op("onnx.matmul %s", [x, p.constant([width, columns], 2 / width**0.5)], p.matrix(columns))
    if "bias" in extras:
        y = p.op("onnx.binary add %s", [y, p.constant([columns], 1)], y[1])
        p.chain += 1
    if "residual" in extras:
        y = p.op("onnx.binary add %s", [y, p.rows("residual", columns, most)], y[1])
        p.chain += 1
    p.result("y", y)
    p.rowwise = True
    p.sizes(sizes)
    return p


def norm(dtype, seed, kind, width, sizes):
    p = Program("%s-%d" % (kind, width), dtype, seed)
    x = p.rows("x", width, max(sizes), 3)
    operands = [x, p.constant([width], 1)]
    if kind == "layer_norm":
        operands.append(p.constant([width], 1))
    p.result("y", p.op("onnx.%s %%s {axis = 1 : i64, epsilon = 1.0e-05 : f32, stash = f32}" % kind, operands, x[1]))
    p.rowwise, p.chain = True, 3  # the quotient and the product with the scale are rounded, too
    p.sizes(sizes)
    return p


def block(dtype, seed, sizes):
    """Norm, router product, layer, residual: what a decoder has between two attentions."""
    width, inner = 48, 56
    p = Program("block", dtype, seed)
    x = p.rows("x", width, max(sizes), 2)
    normed = p.op("onnx.rms_norm %s {axis = 1 : i64, epsilon = 1.0e-05 : f32, stash = f32}",
                  [x, p.constant([width], 1)], x[1])
    ids, weights, experts = write_router(p, "mixtral", max(sizes))
    rows, offsets, positions = write_dispatch(p, normed, ids, experts)
    y = write_expert(p, rows, offsets, experts, "separate", width, inner)
    out = p.value()
    p.lines.append("%s = moe.combine %s at %s by %s : %s, %s, %s -> %s" % (
        out, y[0], positions[0], weights[0], y[1], positions[1], weights[1], x[1]))
    p.result("y", p.op("onnx.binary add %s", [(out, x[1]), x], x[1]))
    p.rowwise, p.chain = True, 6
    p.sizes(sizes)
    return p


def builders():
    """Functions that make one program each. Types go round where a program does not run in each."""
    made = []
    few, ranges = [1, 16, 65], RANGES
    for i, dtype in enumerate(TYPES):
        other = TYPES[(i + 1) % 3]
        made += [
            partial(grouped, dtype, 1 + i, [40, 72, 33][i], 100, True, i == 1, ranges[:4]),
            partial(grouped, dtype, 4 + i, 24, 1100, False, False, TALL),
            partial(expert, dtype, 7 + i, ["swiglu", "gelu-bias", "clamped"][i], 72, 88, ranges[:3] + ranges[4:5]),
            partial(expert, dtype, 10 + i, ["clamped", "swiglu", "gelu-bias"][i], 50, 37, ranges[3:6], in_out=True),
            partial(expert, dtype, 13 + i, ["relu", "separate", "swiglu"][i], 64, 64, ranges[1:3]),
            partial(dense, dtype, 16 + i, 100, 200, ["bias", "residual"], TAILS),
            partial(dense, dtype, 19 + i, 31, 13700, [], [64, 1, 63, 65]),
            partial(norm, dtype, 22 + i, ["rms_norm", "layer_norm", "rms_norm"][i], [100, 513, 4100][i], [1, 17, 129]),
            partial(norm, other, 25 + i, ["layer_norm", "rms_norm", "layer_norm"][i], [31, 768, 1024][i], [1, 17, 129]),
            partial(dispatch, dtype, 28 + i, [5, 64, 200][i], [2, 8, 1][i], [33, 64, 1][i],
                    [[0, 1, 3], list(range(64)), [-1, 7, 150, 199]][i], [1, 15, 64, 129]),
            partial(combine, dtype, 31 + i, [2, 8, 1][i], [33, 64, 100][i], dtype == "bf16", [1, 17, 127]),
            partial(layer, dtype, 34 + i, "mixtral", "separate", 64, 72, TAILS),
            partial(layer, dtype, 37 + i, ["qwen3", "olmoe", "switch"][i], "swiglu", 40, 24, [1, 17, 129]),
            partial(layer, dtype, 40 + i, ["deepseek", "softplus", "llama4"][i], ["swiglu", "clamped", "gelu-bias"][i],
                    24, 16, [1, 64, 129]),
            partial(block, dtype, 43 + i, [1, 16, 127]),
        ]
    for i, name in enumerate(ROUTERS):
        made.append(partial(route, TYPES[i % 3], 50 + i, name, few + [17, 129]))
    return made
