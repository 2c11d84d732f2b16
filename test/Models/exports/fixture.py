"""Writes a fixture: model, test cases in ONNX's form, facts."""
import importlib.metadata
import json
import os
import re
import shutil

import onnx
import torch
from onnx import TensorProto, helper

import models
import oracle


def strip(model):
    """Removes what the exporters note about the program that built the graph: stack traces, paths, module names."""
    def clean(graph):
        for node in graph.node:
            del node.metadata_props[:]
            node.ClearField("doc_string")
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
                for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                    clean(inner)
        for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
            del value.metadata_props[:]
            value.ClearField("doc_string")
        del graph.metadata_props[:]
        graph.ClearField("doc_string")
    clean(model.graph)
    for function in model.functions:
        del function.metadata_props[:]
        function.ClearField("doc_string")
    del model.metadata_props[:]
    model.ClearField("doc_string")
    return model


def proto(tensor, name):
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        data = tensor.view(torch.int16).numpy().tobytes()
        return helper.make_tensor(name, TensorProto.BFLOAT16, tensor.shape, data, raw=True)
    return onnx.numpy_helper.from_array(tensor.numpy(), name)


def by_graph_name(values, graph_names):
    """Orders `values` by the graph's names: caches are `...layers.N.keys`, `...N.key`, `present.N.value` and so on."""
    ordered = []
    for name in graph_names:
        part = re.search(r"(\d+)\.(key|value)s?$", name)
        ordered.append(values["cache"][int(part[1])][part[2] == "value"] if part else values[name])
    return ordered


def versions(*packages):
    return {package: importlib.metadata.version(package) for package in packages}


def write(root, name, model, described, made, reference, facts):
    """Writes `root`/`name` from an onnx.ModelProto and the cases of cases.make."""
    folder = os.path.join(root, name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    onnx.save(strip(model), os.path.join(folder, "model.onnx"))
    initializers = {tensor.name for tensor in model.graph.initializer}
    inputs = [value.name for value in model.graph.input if value.name not in initializers]
    outputs = [value.name for value in model.graph.output]
    for number, (given, expected) in enumerate(made):
        data = os.path.join(folder, f"test_data_set_{number}")
        os.makedirs(data)
        for prefix, names, values in (("input", inputs, given), ("output", outputs, expected)):
            for index, (label, tensor) in enumerate(zip(names, by_graph_name(values, names))):
                with open(os.path.join(data, f"{prefix}_{index}.pb"), "wb") as file:
                    file.write(proto(tensor, label).SerializeToString(deterministic=True))
    dtype = reference.dtype
    tolerance = {"rtol": 1e-3, "atol": 1e-4}
    if dtype != torch.float32:
        # Expected values are those of an f64 run: at most twice the framework's own error, and the rounding of both.
        tolerance = {"rtol": torch.finfo(dtype).eps, "atol": float(f"{2 * reference.framework_error:.2g}")}
    layer = {key: described[key] for key in ("experts", "k", "router", "hidden", "width", "shared")}
    facts = {"model": described["name"], **facts, "dtype": str(dtype).split(".")[1],
             "opset": next(o.version for o in model.opset_import if o.domain == ""),
             "moe_layers": [layer] * models.LAYERS}
    for file, content in (("tolerance.json", tolerance), ("fixture.json", facts)):
        with open(os.path.join(folder, file), "w") as out:
            json.dump(content, out, indent=1)
            out.write("\n")
    print(oracle.row(folder), flush=True)
