"""Test cases of a model: inputs of several sizes, with right padding, with caches, and PyTorch's outputs."""
import copy

import torch
import transformers

import models

# (lengths of the sequences, padded to the longest) without a cache or with one that is empty.
PROMPTS = [[5, 3], [1], [7, 2, 5], [11]]
# (lengths of the prompts, new tokens): a step of decoding each, several new tokens where the file allows them.
STEPS = [([5, 3], [1, 1, 1]), ([1], [1]), ([3, 8, 6], [1])]
CHUNKS = [([], [5]), ([4], [1, 1]), ([5, 3], [3, 1]), ([2], [6])]
LEAST_MARGIN = {torch.float32: 2.0 ** -7, torch.float16: 2.0 ** -6, torch.bfloat16: 2.0 ** -5}


def mask_of(lengths):
    return (torch.arange(max(lengths))[None] < torch.tensor(lengths)[:, None]).long()


def positions_of(mask, new):
    return (mask.cumsum(-1) - 1).clamp(min=0)[:, -new:]


def draw(shape, seed):
    return torch.randint(0, models.VOCABULARY, shape, generator=torch.Generator().manual_seed(seed))


class Reference:
    """PyTorch's eager run of a model, in the model's dtype for f32 and in f64 for 16-bit weights."""

    def __init__(self, model):
        self.dtype = model.dtype
        self.own = copy.deepcopy(model)
        self.exact = self.own if self.dtype == torch.float32 else copy.deepcopy(model).double()
        for each in (self.own, self.exact):
            if hasattr(each, "set_experts_implementation"):
                each.set_experts_implementation("eager")
        self.framework_error = 0.0

    def run(self, ids, mask, positions, past):
        """Outputs of one forward: logits and the cache as a list of (keys, values). `past` is such a list or None."""
        def forward(model, dtype):
            cache = None
            if past is not None:
                cache = transformers.DynamicCache()
                for layer, (keys, values) in enumerate(past):
                    if keys.shape[2]:
                        cache.update(keys.to(dtype), values.to(dtype), layer)
            with torch.no_grad():
                out = model(input_ids=ids, attention_mask=mask, position_ids=positions, past_key_values=cache,
                            use_cache=past is not None)
            return out.logits, [] if past is None else cache_tensors(out.past_key_values)
        logits, cache = forward(self.exact, self.exact.dtype)
        if self.own is not self.exact:
            own, _ = forward(self.own, self.dtype)
            self.framework_error = max(self.framework_error, (own.double() - logits).abs().max().item())
        return logits.to(self.dtype), [(k.to(self.dtype), v.to(self.dtype)) for k, v in cache]


def cache_tensors(cache):
    if hasattr(cache, "layers"):
        return [(layer.keys, layer.values) for layer in cache.layers]
    return list(zip(cache.key_cache, cache.value_cache))


def empty_cache(model, batch):
    config = model.config
    size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    shape = (batch, config.num_key_value_heads, 0, size)
    return [(torch.zeros(shape, dtype=model.dtype), torch.zeros(shape, dtype=model.dtype))
            for _ in range(config.num_hidden_layers)]


def make(model, form, masked, positions=False):
    """Cases and the reference that made them. A case is (inputs, outputs) by the names of `transformers`' arguments.

    form: "none", "prefill" (cache out), "decode" (cache in and out, one token), "multi" (the same, any number of
    tokens). masked, positions: attention_mask, position_ids are inputs. Tokens are redrawn until no choice of experts
    is near a tie.
    """
    reference = Reference(model)
    if form in ("none", "prefill"):
        plan = [([], [max(lengths)], lengths) for lengths in PROMPTS]
    else:
        plan = [(past, new, past or [max(new)]) for past, new in (STEPS if form == "decode" else CHUNKS)]
    cases, seed = [], 0
    for past_lengths, chunks, lengths in plan:
        while True:
            seed += 1
            assert seed < 20000, f"{model.config.model_type}: every draw has a near tie"
            accepted_error = reference.framework_error
            with models.margins() as found:
                made = sequence(model, reference, form, masked, positions, past_lengths, chunks, lengths, seed)
            if min(found) > LEAST_MARGIN[model.dtype]:
                break
            reference.framework_error = accepted_error  # a choice near a tie may fall differently in 16 bits
        cases += made
    return cases, reference


def sequence(model, reference, form, masked, with_positions, past_lengths, chunks, lengths, seed):
    if not masked:
        lengths = [max(lengths)] * len(lengths)
    batch, cases = len(lengths), []
    cached = form != "none"
    cache = empty_cache(model, batch) if cached else None
    mask = mask_of(lengths) if past_lengths or form in ("none", "prefill") else torch.ones(batch, 0, dtype=torch.long)
    if past_lengths:
        width = max(past_lengths)
        _, cache = reference.run(draw((batch, width), seed), mask, positions_of(mask, width), cache)
    for number, new in enumerate(chunks):
        if past_lengths or form == "multi":
            mask = torch.cat([mask, torch.ones(batch, new, dtype=torch.long)], 1)
        ids = draw((batch, new), 1000 * seed + number)
        positions = positions_of(mask, new) if with_positions else None
        inputs = {"input_ids": ids}
        if masked:
            inputs["attention_mask"] = mask
        if positions is not None:
            inputs["position_ids"] = positions
        if form in ("decode", "multi"):
            inputs["cache"] = cache
        logits, cache = reference.run(ids, mask if masked else None, positions, cache)
        outputs = {"logits": logits}
        if cached:
            outputs["cache"] = cache
        cases.append((inputs, outputs))
    return cases
