#!/usr/bin/env python3
"""Exports the trained model of this folder and writes what it should answer. For maintainers; see train.py.

usage: export.py WORK

Reads WORK/model. Writes tiny-moe-lm.onnx (one graph for prefill on an empty cache and for decoding), held-out.txt and
expected/: the prompt, 200 greedy tokens, and expected.json with

- smallest_margin: the smallest distance between the two best logits over those tokens,
- smallest_routing_margin: the smallest between the score of the last expert chosen and the next, relative,
- bits_per_byte: on held-out.txt, in windows of `window` bytes that do not overlap, without the first byte of each.

All are PyTorch's in f32; ONNX Runtime must agree.
"""
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import transformers

import text
import train

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "test", "Models", "exports"))
import fixture
import hf_exporter
import models

TOKENS = 200
LEAST_MARGIN, LEAST_ROUTING_MARGIN = 1e-3, 2e-5  # of logits, and relative to the last chosen expert's score
PROMPTS = ["And it came to pass in those days, that ", "And the king said unto ", "Then said Jesus unto ",
           "Now the sons of ", "In the beginning ", "And he went up ", "Hear the word of the LORD, ",
           "And when they heard ", "But I say unto you, ", "Blessed is the man that ", "The wise man ", "O LORD, "]


def greedy(model, prompt):
    """(tokens, smallest difference of the two best logits, smallest relative distance in a choice of experts)."""
    ids, cache, tokens, margin = torch.tensor([list(prompt.encode())]), None, [], float("inf")
    with torch.no_grad(), models.margins() as routing:
        for _ in range(TOKENS):
            out = model(input_ids=ids, past_key_values=cache, use_cache=True, output_router_logits=False)
            values, indices = out.logits[0, -1].sort(descending=True)
            margin = min(margin, (values[0] - values[1]).item())
            tokens.append(indices[0].item())
            ids, cache = indices[None, :1], out.past_key_values
    return tokens, margin, min(routing)


class OnnxModel:
    """The exported file on ONNX Runtime: the cache goes from outputs to inputs of the same name."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path)
        self.outputs = [value.name for value in self.session.get_outputs()]
        self.empty = {}
        for value in self.session.get_inputs():
            if value.name.startswith("input.past"):
                self.empty[value.name] = np.zeros((1, int(value.shape[1]), 0, int(value.shape[3])), np.float32)
        self.past = self.empty

    def restarted(self):
        self.past = self.empty
        return self

    def step(self, ids):
        start = next(iter(self.past.values())).shape[2]
        inputs = {"input_ids": np.array([ids]), "position_ids": np.arange(start, start + len(ids))[None], **self.past}
        results = dict(zip(self.outputs, self.session.run(None, inputs)))
        self.past = {name: results["output" + name[len("input"):]] for name in self.past}
        return results["logits"][0]


def check(path, prompt, tokens, held_out, bits):
    model, ids = OnnxModel(path), list(prompt.encode())
    for token in tokens:
        best = int(model.step(ids)[-1].argmax())
        assert best == token, "ONNX Runtime generates another text"
        ids = [best]
    total, count = 0.0, 0
    for start in range(0, len(held_out), train.CONTEXT):
        ids = list(held_out[start:start + train.CONTEXT])
        logits = model.restarted().step(ids)[:-1].astype(np.float64)
        log_p = logits - np.logaddexp.reduce(logits, -1, keepdims=True)
        total -= log_p[np.arange(len(ids) - 1), ids[1:]].sum()
        count += len(ids) - 1
    assert abs(total / count / np.log(2) - bits) < 1e-4 * bits, (total / count / np.log(2), bits)


def main(work):
    torch.set_num_threads(1)
    model = transformers.MixtralForCausalLM.from_pretrained(os.path.join(work, "model"), dtype=torch.float32).eval()
    model.config.output_router_logits = False
    _, held_out = text.load(os.path.join(work, "text"))
    with models.choices() as chosen:
        bits = train.bits_per_byte(model, torch.tensor(list(held_out)))
    layers = model.config.num_hidden_layers
    for layer in range(layers):
        counts = torch.cat([ids.flatten() for ids in chosen[layer::layers]]).bincount(minlength=8)
        print(f"layer {layer}: percent of choices per expert {(100 * counts / counts.sum()).round().int().tolist()}")
    best = []
    for prompt in PROMPTS:
        tokens, margin, routing = greedy(model, prompt)
        words = len(set(bytes(tokens).split()))
        print(f"--- margin {margin:.1e}, of routing {routing:.1e}, {words} different words")
        print(prompt + bytes(tokens).decode("ascii", "replace"), flush=True)
        if margin > LEAST_MARGIN and routing > LEAST_ROUTING_MARGIN:
            best.append((words, prompt, tokens, margin, routing))
    _, prompt, tokens, margin, routing = max(best)

    path, expected = os.path.join(HERE, "tiny-moe-lm.onnx"), os.path.join(HERE, "expected")
    onnx.save(fixture.strip(hf_exporter.to_onnx(model, "grouped_mm", 20, "multi", masked=False)), path)
    os.makedirs(expected, exist_ok=True)
    for name, content in (("held-out.txt", held_out), ("expected/prompt.txt", prompt.encode())):
        with open(os.path.join(HERE, name), "wb") as file:
            file.write(content)
    np.save(os.path.join(expected, "greedy.npy"), np.array(tokens, np.int64))
    with open(os.path.join(expected, "expected.json"), "w") as file:
        json.dump({"smallest_margin": margin, "smallest_routing_margin": routing, "bits_per_byte": bits,
                   "window": train.CONTEXT}, file, indent=1)
        file.write("\n")
    check(path, prompt, tokens, held_out, bits)
    print(f"{os.path.getsize(path)} bytes, smallest margin {margin:.2e}, {bits:.4f} bits per byte, chose {prompt!r}")


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1])
