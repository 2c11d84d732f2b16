"""transformers' own OnnxExporter, version 5."""
import onnx_ir
import torch
from transformers import GenerationConfig
from transformers.exporters.exporter_onnx import OnnxConfig, OnnxExporter
from transformers.exporters.utils import decompose_for_generation

import cases
import fixture
import models


def export(root, name, model_name, body, opset, form, masked=True, dtype=torch.float32, seed=1, **changes):
    """A fixture. body: "grouped_mm" or "batched_mm"; form: see cases.make; masked: attention_mask is an input."""
    described = models.describe(model_name, **changes)
    model = models.build(described, seed, dtype)
    graph = to_onnx(model, body, opset, form, masked)
    names = [value.name for value in graph.graph.input]
    made, reference = cases.make(model, form, "attention_mask" in names, "position_ids" in names)
    facts = {"exporter": "transformers OnnxExporter", "body": body, "cache": form,
             "versions": fixture.versions("torch", "transformers", "onnx", "onnxscript")}
    fixture.write(root, name, graph, described, made, reference, facts)


def to_onnx(model, body, opset, form, masked):
    """The onnx.ModelProto; the sample is two sequences, the second padded on the right where `masked`."""
    model.set_experts_implementation(body)
    mask = cases.mask_of([5, 3] if masked else [5, 5])
    sample = {"input_ids": cases.draw((2, 5), 0), "attention_mask": mask}
    if form == "none":
        model.config.use_cache = False
        submodel = model
    else:
        components = decompose_for_generation(
            model, sample, multi_token_decode=form == "multi",
            generation_config=GenerationConfig(do_sample=False, use_cache=True))
        submodel, sample = components["prefill" if form == "prefill" else "decode"]
    exported = OnnxExporter().export(submodel, sample, OnnxConfig(dynamic=True, opset_version=opset))
    return onnx_ir.to_proto(exported.program)
