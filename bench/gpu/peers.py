#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Times what this machine's Python has for the same layers: PyTorch's loop over experts and grouped products, vLLM.

usage: peers.py LAYER TOKENS[,TOKENS...] SECONDS

Prints a line of JSON for each measurement, {"tokens", "peer", "us"}, or {"peer", "reason"} for a peer that cannot run.
Times are medians between two events of a stream, around routing, experts and combination, as those of ours are.
"""
import functools
import json
import statistics
import sys
import time

sys.dont_write_bytecode = True
import moe_layers as layers


def tell(**fields):
    print(json.dumps(fields), flush=True)


class Weights:
    def __init__(self, torch, layer):
        def normal(*shape, scale):
            return torch.empty(shape, dtype=torch.bfloat16, device="cuda").normal_(0, scale)

        self.w1 = normal(layer.experts, 2 * layer.width, layer.hidden, scale=layer.hidden**-0.5)
        self.w2 = normal(layer.experts, layer.hidden, layer.width, scale=layer.width**-0.5)
        self.b1 = self.b2 = None
        if layer.form == "clamped":
            self.b1 = normal(layer.experts, 2 * layer.width, scale=0.1)
            self.b2 = normal(layer.experts, layer.hidden, scale=0.1)


def activate(torch, layer, h):
    if layer.form == "clamped":
        gate, up = h[..., ::2].clamp(max=7.0), h[..., 1::2].clamp(-7.0, 7.0)
        return gate * torch.sigmoid(1.702 * gate) * (up + 1)
    gate, up = h.chunk(2, dim=-1)
    return torch.nn.functional.silu(gate) * up


def route(torch, layer, logits):
    if layer.router:
        values, ids = torch.topk(logits, layer.k)
        return torch.softmax(values, dim=-1), ids
    return torch.topk(torch.softmax(logits, dim=-1), layer.k)


def make_loop(torch, layer, w):
    """As transformers' layers: for each expert that has tokens, two products and a sum by index."""
    def run(x, logits):
        weights, ids = route(torch, layer, logits)
        out = torch.zeros_like(x)
        for expert in ids.unique().tolist():
            tokens, choices = torch.where(ids == expert)
            h = x[tokens] @ w.w1[expert].t()
            h = activate(torch, layer, h + w.b1[expert] if w.b1 is not None else h)
            y = h @ w.w2[expert].t()
            y = y + w.b2[expert] if w.b2 is not None else y
            out.index_add_(0, tokens, (y * weights[tokens, choices, None]).to(x.dtype))
        return out
    return run


def make_grouped(torch, layer, w):
    """Rows sorted by expert, PyTorch's grouped product, sums by index."""
    grouped = getattr(torch.nn.functional, "grouped_mm", None) or torch._grouped_mm

    def run(x, logits):
        weights, ids = route(torch, layer, logits)
        flat = ids.flatten()
        order = torch.argsort(flat, stable=True)
        experts = flat[order]
        offsets = torch.cumsum(torch.bincount(flat, minlength=layer.experts), 0).to(torch.int32)
        tokens = order // layer.k
        h = grouped(x[tokens], w.w1.transpose(-2, -1), offs=offsets)
        h = activate(torch, layer, h + w.b1[experts] if w.b1 is not None else h)
        y = grouped(h, w.w2.transpose(-2, -1), offs=offsets)
        y = y + w.b2[experts] if w.b2 is not None else y
        out = torch.zeros_like(x)
        return out.index_add_(0, tokens, (y * weights.flatten()[order, None]).to(x.dtype))
    return run


def make_vllm(torch, layer, w):
    from vllm.model_executor.layers.fused_moe import fused_experts
    if w.b1 is not None:
        raise NotImplementedError("biases")

    def run(x, logits):
        weights, ids = route(torch, layer, logits)
        return fused_experts(x, w.w1, w.w2, weights.float(), ids.to(torch.int32))
    return run


PEERS = {"torch loop": make_loop, "torch grouped_mm": make_grouped, "vLLM fused_moe": make_vllm}


def measure(torch, run, make_inputs, until):
    """Median microseconds; inputs change from run to run, as ours do."""
    sets = [make_inputs(seed) for seed in range(4)]
    for given in sets:
        run(*given)
    torch.cuda.synchronize()
    times = []
    while len(times) < 30 and (len(times) < 3 or time.monotonic() < until):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run(*sets[len(times) % 4])
        end.record()
        end.synchronize()
        times.append(begin.elapsed_time(end) * 1e3)
    return statistics.median(times)


def main(name, tokens, seconds):
    try:
        import torch
        if not torch.cuda.is_available():
            raise RuntimeError("PyTorch sees no GPU")
    except Exception as error:  # whatever an installation may be missing
        return tell(peer="torch", reason="%s: %s" % (type(error).__name__, error))
    layer, end = layers.LAYERS[name], time.monotonic() + seconds
    torch.set_grad_enabled(False)
    weights = Weights(torch, layer)

    @functools.lru_cache(maxsize=None)
    def make_inputs(count, seed):
        x, logits, _ = layers.inputs(layer, count, seed)
        return (torch.frombuffer(bytearray(x), dtype=torch.bfloat16).view(count, -1).cuda(),
                torch.frombuffer(bytearray(logits), dtype=torch.float32).view(count, -1).cuda())

    left = len(PEERS) * len(tokens)
    for peer, make in PEERS.items():
        try:
            run = make(torch, layer, weights)
            for count in tokens:
                now = time.monotonic()
                if now > end:
                    raise TimeoutError("no time left")
                tell(tokens=count, peer=peer,
                     us=measure(torch, run, functools.partial(make_inputs, count), now + max(0.1, (end - now) / left)))
                left -= 1
        except Exception as error:  # a peer that fails is not ours to fix
            tell(peer=peer, reason="%s: %s" % (type(error).__name__, str(error).splitlines()[:1]))


if __name__ == "__main__":
    main(sys.argv[1], [int(count) for count in sys.argv[2].split(",")], float(sys.argv[3]))
