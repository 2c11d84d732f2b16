#!/usr/bin/env python3
"""Trains the model of this folder. For maintainers; needs the packages of requirements.txt and Debian's apt-get.

usage: train.py WORK [--steps N] [--decay N] [--threads N] [--balance WEIGHT] [--resume]

Writes WORK/checkpoint.pt every 50 steps and WORK/model (transformers' format) at the end. The learning rate is
constant after the warm-up and falls to zero in the last `decay` steps. Every step draws its batch from its own seed, so
that a run that was interrupted and resumed is the run that was not. The term that balances the experts is one per layer
of weight --balance instead of transformers' own, which is over all layers together and leaves experts of a layer idle.
"""
import argparse
import os
import time

import torch
import transformers

import text

CONTEXT, BATCH, RATE, WARM_UP = 256, 8, 3e-3, 100


def build():
    config = transformers.MixtralConfig(
        vocab_size=256, hidden_size=128, intermediate_size=128, num_hidden_layers=4, num_attention_heads=4,
        num_key_value_heads=2, head_dim=32, num_local_experts=8, num_experts_per_tok=2, max_position_embeddings=4096,
        rope_theta=10000.0, sliding_window=None, router_aux_loss_coef=0.01, output_router_logits=True,
        bos_token_id=None, eos_token_id=None, pad_token_id=None, tie_word_embeddings=False, initializer_range=0.05)
    torch.manual_seed(20)
    return transformers.MixtralForCausalLM(config)


def bits_per_byte(model, data, window=CONTEXT):
    """Mean of -log2 p over every byte of `data` but the first of each window; windows do not overlap."""
    total, count = 0.0, 0
    with torch.no_grad():
        for start in range(0, len(data) - 1, window):
            ids = data[None, start:start + window]
            if ids.shape[1] < 2:
                break
            logits = model(input_ids=ids, output_router_logits=False, use_cache=False).logits
            log_p = torch.log_softmax(logits[0, :-1].double(), -1)
            total -= log_p.gather(1, ids[0, 1:, None]).sum().item()
            count += ids.shape[1] - 1
    return total / count / 0.6931471805599453


def imbalance(router_logits, k):
    """Switch Transformer's balancing term, mean over layers: 1 when every expert gets its share."""
    terms = []
    for logits in router_logits:
        share = torch.softmax(logits.float(), -1)
        chosen = torch.zeros_like(share).scatter(-1, share.topk(k, -1).indices, 1.0 / k)
        terms.append(share.shape[-1] * (chosen.mean(0) * share.mean(0)).sum())
    return torch.stack(terms).mean()


def batch_of(data, step):
    generator = torch.Generator().manual_seed(step)
    starts = torch.randint(0, len(data) - CONTEXT, (BATCH,), generator=generator)
    return torch.stack([data[s:s + CONTEXT] for s in starts])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--decay", type=int, default=800)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--balance", type=float, default=0.02)
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train, held_out = text.load(os.path.join(arguments.work, "text"))
    train = torch.frombuffer(bytearray(train), dtype=torch.uint8).long()
    held_out = torch.frombuffer(bytearray(held_out), dtype=torch.uint8).long()

    model = build()
    model.set_experts_implementation("eager")
    model.router_aux_loss_coef = 0.0
    count = sum(p.numel() for p in model.parameters())
    print(f"{count} parameters, {len(train)} bytes, {len(held_out)} held out", flush=True)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.05}, {"params": vectors, "weight_decay": 0.0}], lr=RATE,
        betas=(0.9, 0.95), foreach=True)
    checkpoint, first = os.path.join(arguments.work, "checkpoint.pt"), 0
    if arguments.resume:
        state = torch.load(checkpoint)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    began = time.time()
    for step in range(first, arguments.steps):
        factor = min(1.0, (step + 1) / WARM_UP, (arguments.steps - step) / max(arguments.decay, 1))
        for group in optimizer.param_groups:
            group["lr"] = RATE * factor
        ids = batch_of(train, step)
        out = model(input_ids=ids, labels=ids, use_cache=False)
        loss = out.loss + arguments.balance * imbalance(out.router_logits, model.config.num_experts_per_tok)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 20 == 0:
            print(f"step {step} loss {loss.item():.4f} {time.time() - began:.0f} s", flush=True)
        if (step + 1) % 50 == 0:
            torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}, checkpoint)
    model.save_pretrained(os.path.join(arguments.work, "model"))
    print(f"bits per byte on {len(held_out)} bytes of held-out text: {bits_per_byte(model.eval(), held_out):.4f}")


if __name__ == "__main__":
    main()
