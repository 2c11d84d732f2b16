"""torch.onnx.export: the dynamo exporter and TorchScript, of models that transformers 5 builds.

Both take batched experts; TorchScript also takes the loop over the experts that the sample hit, and bakes their number.
"""
import io

import onnx
import torch

import cases
import fixture
import models

NAMES = ["input_ids", "attention_mask"]


class Logits(torch.nn.Module):
    """Positional inputs, one output."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.eval()

    def forward(self, input_ids, attention_mask):
        return self.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=False).logits


def sample():
    return cases.draw((2, 5), 0), cases.mask_of([5, 3])


def dynamo(model, opset):
    batch, seq = torch.export.Dim("batch"), torch.export.Dim("seq")
    program = torch.onnx.export(
        Logits(model), sample(), dynamo=True, opset_version=opset, input_names=NAMES, output_names=["logits"],
        dynamic_shapes={name: {0: batch, 1: seq} for name in NAMES}, verbose=False)
    return program.model_proto


def torchscript(model, opset, inputs=None):
    axes = {name: {0: "batch", 1: "seq"} for name in NAMES + ["logits"]}
    out = io.BytesIO()
    torch.onnx.export(Logits(model), inputs or sample(), out, dynamo=False, opset_version=opset, input_names=NAMES,
                      output_names=["logits"], dynamic_axes=axes)
    return onnx.load_from_string(out.getvalue())


def export(root, name, model_name, way, opset, body="batched_mm", seed=1, **changes):
    """A fixture without cache. way: "dynamo" or "torchscript"."""
    described = models.describe(model_name, **changes)
    model = models.build(described, seed)
    model.set_experts_implementation(body)
    with torch.no_grad():
        graph = dynamo(model, opset) if way == "dynamo" else torchscript(model, opset)
    made, reference = cases.make(model, "none", masked=True)
    facts = {"exporter": f"torch.onnx.export, {way}", "body": body, "cache": "none",
             "versions": fixture.versions("torch", "transformers", "onnx", "onnxscript")}
    fixture.write(root, name, graph, described, made, reference, facts)


def export_hit_list(root, name, model_name, opset, shape, seed=1):
    """A file that loops over the experts that its sample hit. Their number is baked: the file is right only for inputs
    that hit as many, so the sample is its only case. shape: of the sample; (1, 2) cannot hit all, (3, 9) should."""
    described = models.describe(model_name)
    model = models.build(described, seed)
    model.set_experts_implementation("eager")
    inputs = cases.draw(shape, 0), torch.ones(shape, dtype=torch.long)
    reference = cases.Reference(model)
    with models.choices() as chosen:
        logits, _ = reference.run(*inputs, None, None)
    with torch.no_grad():
        graph = torchscript(model, opset, inputs)
    facts = {"exporter": "torch.onnx.export, torchscript", "body": "loop over the experts hit", "cache": "none",
             "hit_experts": [len(set(ids.flatten().tolist())) for ids in chosen],
             "versions": fixture.versions("torch", "transformers", "onnx")}
    made = [(dict(zip(NAMES, inputs)), {"logits": logits})]
    fixture.write(root, name, graph, described, made, reference, facts)
