#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Makes the folder that `./dev gpu` needs on a machine with a GPU: artifacts, inputs, results, runtime, scripts.

usage: build.py TREE FOLDER [--reduced] [--kernels NAME,...] [--models N]

TREE is a build tree with moec, libmoert and the virtual GPU. `--reduced` leaves out layers of the published sizes,
whose weights are written once, 3 GB at most at a time, for the few KiB that travel. `--kernels` takes only programs
whose name begins so, `--models` only the first N models.
"""
import argparse
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE = os.path.dirname(os.path.dirname(HERE))
EXECUTION = os.path.join(SOURCE, "test", "Execution")
sys.path += [EXECUTION, os.path.join(EXECUTION, "python")]
import device_cases  # noqa: E402
import device_programs  # noqa: E402
import moe_layers as layers  # noqa: E402
import npy  # noqa: E402
import weights  # noqa: E402

# What says that a folder is one of this command's, which it may replace.
MADE = ".made-by-dev-gpu"
SCRIPTS = [os.path.join(HERE, name) for name in ("run.py", "checks.py", "measure.py", "report.py", "device.py",
                                                 "moe_layers.py", "weights.py", "peers.py")] + \
          [os.path.join(EXECUTION, "python", name) for name in ("moert.py", "npy.py", "closeness.py", "tensor_runs.py")]
LIBRARIES = ["libmoert.so", "libmoert-vgpu.so"]
TARGET = "--target=cuda:sm_80"
# All dtypes, dense and batched experts, prefill and decode with caches as inputs.
MODELS = ["mixtral-hf-grouped-op20-none", "qwen2-hf-grouped-op18-multi", "mixtral-hf-grouped-op20-none-bf16",
          "qwen3-hf-grouped-op20-multi-f16", "mixtral-hf-batched-op23-decode"]
EXACT = {"rtol": 1e-4, "atol": 1e-5}
MOST_BYTES = 64 << 20  # what is easily copied


def call(*command, **kwargs):
    done = subprocess.run(command, capture_output=True, text=True, **kwargs)
    if done.returncode:
        sys.exit("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-2000:]))
    return done.stdout


def make_kernel(moec, number, folder, names):
    """One program with the interpreter's results; its name, None if it was not asked for."""
    program = device_programs.builders()[number]()
    if names and not any(program.name.startswith(name) for name in names):
        return None
    path = os.path.join(folder, program.name + ".zip")
    with tempfile.TemporaryDirectory() as work, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        mlir, compiled = os.path.join(work, "program.mlir"), os.path.join(work, "program.so")
        with open(mlir, "w") as file:
            file.write(program.text())
        call(moec, "compile", "--quiet", TARGET, mlir, "-o", compiled)
        for file in (compiled, compiled + ".weights"):
            if os.path.exists(file):
                archive.write(file, os.path.basename(file))
        tensors = {}
        for i, (_, size) in enumerate(program.cases):
            inputs = program.inputs_for(size)
            results = device_cases.interpret(moec, program, mlir, inputs, os.path.join(work, str(i)))
            tensors.update((("in", name, i), tensor) for name, tensor in inputs)
            tensors.update((("out", name, i), tensor) for name, tensor in results.items())
        archive.writestr("program.json", json.dumps({
            "dtype": program.dtype, "chain": program.chain, "rowwise": program.rowwise,
            "multiplies": program.multiplies, "cases": [label for label, _ in program.cases],
            "prefixes": store(archive, tensors)}))
    return program.name


def store(archive, tensors):
    """Writes tensors by (kind, name, case), those that begin others once; where these are: file to (file, rows)."""
    largest, prefixes = {}, {}
    for kind, name, case in sorted(tensors, key=lambda key: (-len(tensors[key].data), key)):
        tensor, file = tensors[kind, name, case], "%d/%s/%s.npy" % (case, kind, name)
        whole, there = largest.setdefault((kind, name), (tensor, file))
        if there != file and tensor.data == whole.data[:len(tensor.data)] and \
                list(tensor.shape[1:]) == list(whole.shape[1:]):
            prefixes[file] = there, tensor.shape[0]
        else:
            archive.writestr(file, npy.encode(tensor))
    return prefixes


def make_model(moec, name, folder):
    """A model, its inputs, and what the processor makes of them (other tests compare that with PyTorch's)."""
    source, target = os.path.join(SOURCE, "test", "Models", "exports", name), os.path.join(folder, name)
    os.makedirs(target)
    model = os.path.join(source, "model.onnx")
    call(moec, "compile", "--quiet", TARGET, model, "-o", os.path.join(target, "model"))
    with open(os.path.join(source, "tolerance.json")) as file:
        tolerance = json.load(file)
    if not name.endswith(("bf16", "f16")):
        tolerance = EXACT
    described = json.loads(call(moec, "inspect", "--json", model))
    inputs = [value["name"] for value in described["inputs"]]
    sets = sorted(entry for entry in os.listdir(source) if entry.startswith("test_data_set_"))
    with tempfile.TemporaryDirectory() as work:
        processor = os.path.join(work, "processor")
        call(moec, "compile", "--quiet", "--target=cpu:native", model, "-o", processor)
        for entry in sets:
            os.makedirs(os.path.join(target, entry))
            given = []
            for i, which in enumerate(inputs):
                shutil.copy(os.path.join(source, entry, "input_%d.pb" % i), os.path.join(target, entry))
                given += ["--input", "%s=%s" % (which, os.path.join(target, entry, "input_%d.pb" % i))]
            call(processor, *given, "--quiet", "--output-dir", os.path.join(target, entry, "expected"))
    with open(os.path.join(target, "model.json"), "w") as file:
        json.dump({"inputs": inputs, "sets": sets, "tolerance": tolerance}, file)


def make_demo(moec, folder):
    """The demo's language model, and the 200 bytes that PyTorch generates."""
    example = os.path.join(SOURCE, "examples", "tiny-moe-lm")
    target = os.path.join(folder, "tiny-moe-lm")
    os.makedirs(target)
    call(moec, "compile", "--quiet", TARGET, os.path.join(example, "tiny-moe-lm.onnx"), "--state", "auto", "--max",
         "s10=222", "-o", os.path.join(target, "lm"))
    for name in ("prompt.txt", "greedy.npy"):
        shutil.copy(os.path.join(example, "expected", name), target)


def make_layer(moec, name, layer, folder):
    """A layer's code, and its weights file without the weights."""
    path = os.path.join(folder, name)
    with tempfile.TemporaryDirectory(dir=folder) as work:
        mlir, compiled = os.path.join(work, "layer.mlir"), os.path.join(work, "layer.so")
        with open(mlir, "w") as file:
            file.write(layers.text(layer))
        call(moec, "compile", "--quiet", TARGET, mlir, "-o", compiled)
        shutil.move(compiled, path + ".so")
        with open(path + ".head", "wb") as file:
            file.write(weights.head(compiled + ".weights"))


def size_of(folder):
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree")
    parser.add_argument("folder")
    parser.add_argument("--reduced", action="store_true")
    parser.add_argument("--kernels", type=lambda text: text.split(","), default=[])
    parser.add_argument("--models", type=int, default=len(MODELS))
    options = parser.parse_args()
    moec, folder = os.path.join(options.tree, "bin", "moec"), options.folder
    if os.path.exists(folder) and os.listdir(folder) and not os.path.exists(os.path.join(folder, MADE)):
        sys.exit("%s is not empty, and no folder of this command" % folder)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    open(os.path.join(folder, MADE), "w").close()
    for name in ("lib", "kernels", "models", "layers"):
        os.makedirs(os.path.join(folder, name))
    for path in SCRIPTS:
        shutil.copy(path, folder)
    for name in LIBRARIES:
        shutil.copy(os.path.realpath(os.path.join(options.tree, "lib", name)), os.path.join(folder, "lib", name))
    with concurrent.futures.ProcessPoolExecutor() as pool:
        jobs = [pool.submit(make_kernel, moec, i, os.path.join(folder, "kernels"), options.kernels)
                for i in range(len(device_programs.builders()))]
        jobs += [pool.submit(make_model, moec, name, os.path.join(folder, "models"))
                 for name in MODELS[:options.models]]
        jobs.append(pool.submit(make_demo, moec, os.path.join(folder, "models")))
        jobs += [pool.submit(make_layer, moec, name + "-reduced", layers.reduced(layer), os.path.join(folder, "layers"))
                 for name, layer in layers.LAYERS.items()]
        for job in jobs:
            job.result()
    if not options.reduced:
        for name, layer in layers.LAYERS.items():  # one at a time: their weights are large
            make_layer(moec, name, layer, os.path.join(folder, "layers"))
    total = size_of(folder)
    print("%s: %.1f MiB" % (folder, total / 2**20))
    if total > MOST_BYTES:
        sys.exit("more than %d MiB" % (MOST_BYTES >> 20))


if __name__ == "__main__":
    main()
