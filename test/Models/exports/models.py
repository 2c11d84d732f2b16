"""The tiny models of the fixtures: configurations, weights, and how wide the choice of experts is."""
import contextlib

import torch
import transformers

VOCABULARY, LAYERS = 99, 2

# Class names, what `moec inspect` should find, and what differs between the configurations. Sizes are no powers of two.
MODELS = {
    "mixtral": dict(
        config="MixtralConfig", model="MixtralForCausalLM", experts=5, k=2, hidden=36, width=20, shared=None,
        router="softmax, top-k, renormalised",
        options=lambda m: dict(num_local_experts=m["experts"], intermediate_size=m["width"], sliding_window=None)),
    "qwen2_moe": dict(
        config="Qwen2MoeConfig", model="Qwen2MoeForCausalLM", experts=6, k=3, hidden=36, width=20, shared=28,
        router="softmax, top-k",
        options=lambda m: dict(num_experts=m["experts"], moe_intermediate_size=m["width"], intermediate_size=44,
                               shared_expert_intermediate_size=m["shared"], norm_topk_prob=False,
                               decoder_sparse_step=1)),
    "qwen3_moe": dict(
        config="Qwen3MoeConfig", model="Qwen3MoeForCausalLM", experts=7, k=2, hidden=36, width=20, shared=None,
        router="softmax, top-k, renormalised",
        options=lambda m: dict(num_experts=m["experts"], moe_intermediate_size=m["width"], intermediate_size=44,
                               norm_topk_prob=True, decoder_sparse_step=1, head_dim=10)),
    "olmoe": dict(
        config="OlmoeConfig", model="OlmoeForCausalLM", experts=9, k=3, hidden=36, width=12, shared=None,
        router="softmax, top-k",
        options=lambda m: dict(num_experts=m["experts"], intermediate_size=m["width"], norm_topk_prob=False)),
    "granitemoe": dict(
        config="GraniteMoeConfig", model="GraniteMoeForCausalLM", experts=6, k=2, hidden=36, width=20, shared=None,
        router="top-k, softmax of the chosen",
        options=lambda m: dict(num_local_experts=m["experts"], intermediate_size=m["width"], embedding_multiplier=1.5,
                               attention_multiplier=0.4, residual_multiplier=0.7, logits_scaling=1.3)),
}


def describe(name, **changes):
    """The row of MODELS with `changes`, for example of k or of sizes."""
    return {**MODELS[name], "name": name, **changes}


def build(described, seed, dtype=torch.float32):
    """The model in eval mode, all weights drawn from `seed`; router logits have a deviation of about 2."""
    heads = 4 if described["hidden"] % 16 == 8 or described["name"] == "qwen3_moe" else 6
    config = getattr(transformers, described["config"])(
        vocab_size=VOCABULARY, hidden_size=described["hidden"], num_hidden_layers=LAYERS, num_attention_heads=heads,
        num_key_value_heads=2, num_experts_per_tok=described["k"], max_position_embeddings=64, bos_token_id=None,
        eos_token_id=None, pad_token_id=None, tie_word_embeddings=False, **described["options"](described))
    with torch.device("meta"):
        shapes = {name: p.shape for name, p in getattr(transformers, described["model"])(config).named_parameters()}
    model = getattr(transformers, described["model"])(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            value = torch.randn(shapes[name], generator=generator)
            if parameter.ndim == 1:
                value = 0.2 * value + ("norm" in name)
            elif "embed" not in name:
                router = name.endswith(("gate.weight", "router.weight", "router.layer.weight"))
                value = value * (2.0 if router else 1.0) / parameter.shape[-1] ** 0.5
            parameter.copy_(value)
    model.generation_config.eos_token_id = None
    return model.to(dtype)


@contextlib.contextmanager
def watch_top_k(note):
    """Calls note(scores, k, result) for every top-k inside the block."""
    function, method = torch.topk, torch.Tensor.topk

    def watch(original):
        def topk(scores, k, *args, **kwargs):
            result = original(scores, k, *args, **kwargs)
            note(scores, k, result)
            return result
        return topk

    torch.topk, torch.Tensor.topk = watch(function), watch(method)
    try:
        yield
    finally:
        torch.topk, torch.Tensor.topk = function, method


@contextlib.contextmanager
def margins():
    """Collects, for every top-k inside the block, the smallest (s_k - s_{k+1}) / |s_k| over its rows."""
    found = []

    def note(scores, k, _):
        best = scores.double().sort(-1, descending=True)[0]
        found.append(((best[..., k - 1] - best[..., k]) / best[..., k - 1].abs()).min().item())

    with watch_top_k(note):
        yield found


@contextlib.contextmanager
def choices():
    """Collects the experts that every top-k inside the block chose."""
    found = []
    with watch_top_k(lambda scores, k, result: found.append(result[1])):
        yield found
