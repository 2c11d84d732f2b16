# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Mixture-of-experts layers of published models: MLIR, inputs of a known routing, what must be moved and computed."""
import random
import struct
from collections import namedtuple

# hidden size, width of experts, experts, experts per token, router, form of experts. The published models' own sizes.
Layer = namedtuple("Layer", "hidden width experts k router form")
MIXTRAL_ROUTER = "key = #moe.key<logit>, weight = #moe.weight<softmax_selected>"
LAYERS = {
    "qwen3-30b": Layer(2048, 768, 128, 8, MIXTRAL_ROUTER, "swiglu"),
    "olmoe": Layer(2048, 1024, 64, 8, "", "swiglu"),
    "mixtral": Layer(4096, 14336, 8, 2, MIXTRAL_ROUTER, "swiglu"),
    "gpt-oss-20b": Layer(2880, 2880, 32, 4, MIXTRAL_ROUTER, "clamped"),
}
TOKENS = [1, 8, 32, 128, 512, 2048, 8192]
# What a virtual GPU does in seconds: the same layers with fewer and smaller experts.
REDUCED_TOKENS = [1, 17, 64]


def reduced(layer):
    return layer._replace(hidden=layer.hidden // 64, width=max(24, layer.width // 256), experts=min(layer.experts, 16))


def text(layer):
    """The layer in bf16, from hidden states and f32 logits. Weights are of one value; numbers are made where it runs."""
    hidden, width, experts, k, router, form = layer

    def weight(name, *shape):
        type = "tensor<%sxbf16>" % "x".join(map(str, shape))
        return "rt.weight @%s : %s = dense<0.5> : %s" % (name, type, type), type

    shapes = {"w1": (experts, 2 * width, hidden), "w2": (experts, hidden, width)}
    if form == "clamped":
        shapes.update(b1=(experts, 2 * width), b2=(experts, hidden))
        attributes = ("activation = #moe.activation<silu>, gate = #moe.gate<interleaved_gate_even>, alpha = 1.702, "
                      "gate_max = 7.0, up_abs = 7.0, up_offset = 1.0")
    else:
        attributes = "activation = #moe.activation<silu>, gate = #moe.gate<concat_gate_first>"
    weights = {name: weight(name, *shape) for name, shape in shapes.items()}
    gets = ["%%%s = rt.get_weight @%s : %s" % (name, name, type) for name, (_, type) in weights.items()]
    biases = "".join(" %s(%%%s : %s)" % (name, name, weights[name][1]) for name in ("b1", "b2") if name in weights)
    x, ids, scores = "tensor<?x%dxbf16>" % hidden, "tensor<?x%dxi32>" % k, "tensor<?x%dxf32>" % k
    logits, offsets = "tensor<?x%dxf32>" % experts, "tensor<%dxi32>" % (experts + 1)
    lines = gets + [
        "%%ids, %%weights = moe.route %%logits {k = %d%s} : %s -> %s, %s" % (
            k, ", " + router if router else "", logits, ids, scores),
        "%%rows, %%offsets, %%positions = moe.dispatch %%x to %%ids {experts = %d} : %s, %s -> %s, %s, %s" % (
            experts, x, ids, x, offsets, ids),
        "%%h = moe.expert %%rows, %%offsets, %%w1, %%w2%s {%s} : %s, %s, %s, %s -> %s" % (
            biases, attributes, x, offsets, weights["w1"][1], weights["w2"][1], x),
        "%%y = moe.combine %%h at %%positions by %%weights : %s, %s, %s -> %s" % (x, ids, scores, x),
        "return %%y : %s" % x]
    names = 'rt.dim_names = ["tokens", ""]'
    return "%s\nfunc.func @main(%%x: %s {rt.name = \"x\", %s}, %%logits: %s {rt.name = \"logits\", %s}) -> " \
           "(%s {rt.name = \"y\"}) attributes {rt.entry} {\n  %s\n}\n" % (
               "\n".join(line for line, _ in weights.values()), x, names, logits, names, x, "\n  ".join(lines))


def bf16(values):
    bits = struct.unpack("<%dI" % len(values), struct.pack("<%df" % len(values), *values))
    return struct.pack("<%dH" % len(values), *[(b + 0x7FFF + (b >> 16 & 1)) >> 16 for b in bits])


def repeated(block, count):
    """`count` bytes of a block, over and over."""
    return (block * (count // len(block) + 1))[:count]


def inputs(layer, tokens, seed):
    """(x, logits, rows of each expert): bytes, and what a router that takes the largest logits makes of them."""
    rng = random.Random(seed)
    # An odd number of values, so that rows differ.
    x = repeated(bf16([rng.uniform(-1, 1) for _ in range(4099)]), tokens * layer.hidden * 2)
    counts = [0] * layer.experts
    table = []
    for _ in range(tokens):
        row = [0.0] * layer.experts
        for expert in rng.sample(range(layer.experts), layer.k):
            row[expert] = rng.uniform(1, 3)
            counts[expert] += 1
        table += row
    return x, struct.pack("<%df" % len(table), *table), counts


def work(layer, tokens, counts):
    """(bytes, operations) that cannot be saved: weights of experts with rows once, tokens in and out; products."""
    slab = 3 * layer.hidden * layer.width * 2
    if layer.form == "clamped":
        slab += (2 * layer.width + layer.hidden) * 2
    moved = sum(count > 0 for count in counts) * slab + tokens * (2 * layer.hidden * 2 + 4 * layer.experts)
    return moved, sum(counts) * 6 * layer.hidden * layer.width
