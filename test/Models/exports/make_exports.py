#!/usr/bin/env python3
"""Writes the fixtures of test/Models/exports and test/Models/exports-declined; see the README there.

usage: make_exports.py current|transformers-4.57|optimum [NAME...]

For maintainers; tests read what is checked in. Each argument has its own virtual environment, of requirements.txt,
requirements-457.txt or requirements-optimum.txt. Without names, all fixtures of that environment are written, and a
line printed for each, as oracle.py does.
"""
import functools
import os
import sys
import traceback

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
DECLINED = os.path.join(os.path.dirname(HERE), "exports-declined")
MODELS = ["mixtral", "qwen2_moe", "qwen3_moe", "olmoe", "granitemoe"]


def short(model):
    return {"qwen2_moe": "qwen2", "qwen3_moe": "qwen3", "granitemoe": "granite"}.get(model, model)


def current():
    import hf_exporter
    import torch_exporter
    fixtures = {}

    def hf(model, body, opset, form, suffix="", **more):
        name = f"{short(model)}-hf-{body}-op{opset}-{form}{suffix}"
        fixtures[name] = functools.partial(hf_exporter.export, HERE, name, model, f"{body}_mm", opset, form, **more)

    # Every model with every body, then every body, opset and form of cache, the models in turn.
    for model in MODELS:
        for body in ("grouped", "batched"):
            hf(model, body, 20, "none")
    turn = 0
    for form in ("none", "prefill", "decode", "multi"):
        for opset in (18, 20, 23):
            for body in ("grouped", "batched"):
                if (opset, form) != (20, "none"):
                    # A mask that is all ones is dropped by generate(): the file has no such input.
                    hf(MODELS[turn % 5], body, opset, form, masked=turn % 3 != 0)
                    turn += 1
    # Rows of 16-bit weights are multiples of 16 bytes, or torch's own kernels refuse.
    eights = dict(hidden=40, width=24)
    hf("mixtral", "grouped", 20, "none", "-bf16", dtype=torch.bfloat16, **eights)
    hf("mixtral", "batched", 20, "none", "-f16", dtype=torch.float16, **eights)
    hf("qwen3_moe", "batched", 20, "multi", "-bf16", dtype=torch.bfloat16, **eights)
    hf("qwen3_moe", "grouped", 20, "multi", "-f16", dtype=torch.float16, **eights)

    ways = [("dynamo", "dynamo", (18, 20, 23, 24, 20)), ("torchscript", "ts", (17, 18, 17, 18, 17))]
    for way, label, opsets in ways:
        for model, opset in zip(MODELS, opsets):
            one = (model, way) in (("granitemoe", "torchscript"), ("qwen2_moe", "dynamo"))
            name = f"{short(model)}-{label}-batched-op{opset}-none{'-k1' if one else ''}"
            more = dict(k=1) if one else {}
            if way == "torchscript":
                more["width"] = 12  # the graphs are large
            fixtures[name] = functools.partial(torch_exporter.export, HERE, name, model, way, opset, **more)
    for label, shape in (("all-hit", (3, 9)), ("some-hit", (1, 2))):
        name = f"mixtral-ts-eager-op18-{label}"
        fixtures[name] = functools.partial(torch_exporter.export_hit_list, DECLINED, name, "mixtral", 18, shape)
    return fixtures


def transformers_457():
    import loops
    name = "olmoe-ts-loop-op17-none"
    return {name: functools.partial(loops.torchscript, HERE, name, "olmoe", 17)}


def optimum():
    import loops
    return {name: functools.partial(loops.optimum, HERE, name, "qwen3_moe", form)
            for form in ("none", "multi") for name in [f"qwen3-optimum-loop-op18-{form}"]}


def main(arguments):
    environments = {"current": current, "transformers-4.57": transformers_457, "optimum": optimum}
    if not arguments or arguments[0] not in environments:
        sys.exit(__doc__)
    torch.set_num_threads(1)
    fixtures = environments[arguments[0]]()
    failed = [name for name in arguments[1:] if name not in fixtures]
    if failed:
        sys.exit(f"no fixture {', '.join(failed)} in {arguments[0]}")
    for name in arguments[1:] or fixtures:
        try:
            fixtures[name]()
        except Exception:
            traceback.print_exc()
            failed.append(name)
    sys.exit(f"failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
