"""Loops over all experts: optimum's exporter, and TorchScript of transformers 4.57."""
import os
import tempfile

import onnx
import torch

import cases
import fixture
import models


def optimum(root, name, model_name, form, seed=1, **changes):
    """A fixture from optimum's exporter; form "none" or "multi" (prefill on an empty cache, and decoding)."""
    from optimum.exporters.onnx import main_export
    described = models.describe(model_name, **changes)
    model = models.build(described, seed)
    with tempfile.TemporaryDirectory() as folder:
        source, out = os.path.join(folder, "model"), os.path.join(folder, "onnx")
        model.save_pretrained(source)
        task = "text-generation-with-past" if form == "multi" else "text-generation"
        main_export(source, out, task=task, do_validation=False)
        graph = onnx.load(os.path.join(out, "model.onnx"))
    names = [value.name for value in graph.graph.input]
    made, reference = cases.make(model, form, "attention_mask" in names, "position_ids" in names)
    facts = {"exporter": "optimum", "body": "loop over all experts", "cache": form,
             "versions": fixture.versions("torch", "transformers", "optimum-onnx", "onnx")}
    fixture.write(root, name, graph, described, made, reference, facts)


def torchscript(root, name, model_name, opset, seed=1, **changes):
    """A fixture without cache from torch.onnx.export(dynamo=False) of a transformers 4.57 model."""
    import torch_exporter
    from transformers.integrations.executorch import sdpa_mask_without_vmap
    from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS
    described = models.describe(model_name, **changes)
    model = models.build(described, seed)
    with torch.no_grad():
        usual = ALL_MASK_ATTENTION_FUNCTIONS["sdpa"]
        ALL_MASK_ATTENTION_FUNCTIONS.register("sdpa", sdpa_mask_without_vmap)  # vmap cannot be traced
        graph = torch_exporter.torchscript(model, opset)
        ALL_MASK_ATTENTION_FUNCTIONS.register("sdpa", usual)
    made, reference = cases.make(model, "none", masked=True)
    facts = {"exporter": "torch.onnx.export, torchscript", "body": "loop over all experts", "cache": "none",
             "versions": fixture.versions("torch", "transformers", "onnx")}
    fixture.write(root, name, graph, described, made, reference, facts)
