#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares compiled models with ONNX Runtime on this machine.

usage: bench.py [--json FILE] [--seconds S] [--threads N] [--build DIR] [--keep] [NAME...]

NAME is decoder, one of the layers of models.py, or compile; all without one. compile has no peer: it measures what
compiling costs, beside the limits that compiling.py states.

Of the others, both peers run in this process, in turn, on the same inputs, which are drawn anew for each repetition,
so that routing is. A cell is one shape; its line has the medians and the minima of both, the ratio of the peer's time
to ours, and how much of the machine's roof we reach: of the time that reading the weights of the chosen experts or
computing the products takes at the bandwidth and the peak that roof.c measures, before and after each model. Outputs
are compared once per cell.

  --json FILE    writes all that is printed, and more digits, as JSON
  --seconds S    the least time for a cell (4)
  --threads N    of each peer (2)
  --build DIR    the tree that holds bin/moec and lib/libmoert.so (build)
  --keep         leave models and artifacts in the build folder

What it needs from PyPI is in requirements.txt and comes into build/bench. `./dev bench` calls this. Exit code: 0, 1 if
outputs differ, 2 for usage, 75 without PyPI.
"""
import argparse
import gc
import hashlib
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, "build")
WORK = os.path.join(BUILD, "bench")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
UNAVAILABLE = 75
PAUSE = 0.005  # between the peers, for threads that spin on


def enter_venv():
    """Goes on in a Python that has requirements.txt."""
    with open(REQUIREMENTS, "rb") as file:
        venv = os.path.join(WORK, "venv-" + hashlib.sha256(file.read()).hexdigest()[:12])
    python, ready = os.path.join(venv, "bin", "python"), os.path.join(venv, "ready")
    if sys.prefix == venv:
        return
    if not os.path.exists(ready):
        shutil.rmtree(venv, ignore_errors=True)
        os.makedirs(WORK, exist_ok=True)
        print("installing ONNX Runtime from PyPI into", os.path.relpath(venv), file=sys.stderr, flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                            "--only-binary=:all:", "--timeout", "20", "--retries", "2", "-r", REQUIREMENTS],
                           check=True)
        except subprocess.CalledProcessError as error:
            print(f"bench: {' '.join(map(str, error.cmd[:4]))} failed; is PyPI reachable?", file=sys.stderr)
            sys.exit(UNAVAILABLE)
        open(ready, "w").close()
    os.execv(python, [python, "-B", os.path.abspath(__file__), *sys.argv[1:]])


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"


def measure_roof(threads):
    """Bytes and floating-point operations per second."""
    program = os.path.join(WORK, "roof")
    source = os.path.join(HERE, "roof.c")
    if not os.path.exists(program) or os.path.getmtime(program) < os.path.getmtime(source):
        subprocess.run(["clang-22", "-O3", "-march=native", "-ffp-contract=fast", "-pthread", source, "-o", program],
                       check=True)
    words = subprocess.run([program, str(threads)], check=True, capture_output=True, text=True).stdout.split()
    return float(words[0]) * 1e9, float(words[1]) * 1e9


class Decoder:
    name = "decoder"
    output = "logits"
    cells = [(1, 1), (1, 128), (3, 7)]

    def make(self, folder, rng):
        from decoder import make_decoder
        return make_decoder(folder, rng)

    def describe(self, cell):
        return f"batch {cell[0]}, length {cell[1]}"

    def inputs(self, cell, rng):
        import numpy as np
        from decoder import VOCABULARY
        return {"input_ids": rng.integers(0, VOCABULARY, cell), "attention_mask": np.ones(cell, np.int64)}

    def cost(self, cell):
        """Bytes of weights and floating-point operations, if tokens choose experts evenly."""
        from decoder import EXPERTS, HEADS, HIDDEN, K, KV_HEADS, LAYERS, VOCABULARY, WIDTH
        tokens = cell[0] * cell[1]
        dense = LAYERS * HIDDEN * (2 * HIDDEN + 2 * HIDDEN * KV_HEADS // HEADS + EXPERTS) + HIDDEN * VOCABULARY
        expert = 3 * HIDDEN * WIDTH
        touched = EXPERTS * (1 - (1 - K / EXPERTS) ** tokens)
        attention = LAYERS * 2 * tokens * cell[1] * HIDDEN
        return 4 * (dense + LAYERS * touched * expert), 2 * (tokens * (dense + LAYERS * K * expert) + attention)


class Layer:
    output = "y"
    cells = [1, 16, 128, 1024]

    def __init__(self, name):
        self.name = name

    def make(self, folder, rng):
        from models import make_layer
        return make_layer(folder, self.name, rng)

    def describe(self, cell):
        return f"{cell} tokens"

    def inputs(self, cell, rng):
        from models import LAYERS
        import numpy as np
        hidden, _, experts, _, _ = LAYERS[self.name]
        return {"x": rng.standard_normal((cell, hidden), dtype=np.float32),
                "router": rng.standard_normal((cell, experts), dtype=np.float32)}

    def cost(self, cell):
        from models import LAYERS
        hidden, width, experts, k, gated = LAYERS[self.name]
        expert = (3 if gated else 2) * hidden * width
        return 4 * expert * experts * (1 - (1 - k / experts) ** cell), 2 * cell * k * expert


def time_call(call):
    begin = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - begin)


class Cell:
    """The times of both peers for one shape."""

    def __init__(self, case, shape, ours, peer, seconds, rng):
        self.ours, self.peer = [], []
        self.difference = None
        begin = time.perf_counter()
        while len(self.ours) < 5 or time.perf_counter() - begin < seconds:
            inputs = case.inputs(shape, rng)
            ours.set_inputs(inputs)
            time.sleep(PAUSE)
            mine = time_call(ours.run)
            time.sleep(PAUSE)
            theirs = time_call(lambda: setattr(self, "expected", peer.run([case.output], inputs)[0]))
            if self.difference is None:  # the first run, which is not timed
                self.difference = self.compare(ours.output(case.output), self.expected)
                continue
            self.ours.append(mine)
            self.peer.append(theirs)

    @staticmethod
    def compare(values, expected):
        """The largest difference as a share of the largest value."""
        if values.shape != expected.shape:
            return float("inf")
        return float(abs(values - expected).max() / abs(expected).max())


def open_peer(path, threads):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Its threads may spin while it runs, and no longer.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run_case(case, arguments, report):
    import numpy as np
    from moert import Model
    folder = os.path.join(WORK, case.name)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    rng = np.random.default_rng(1)
    path = case.make(folder, rng)
    artifact = os.path.join(folder, "model.so")
    compile_ms = time_call(lambda: subprocess.run(
        [os.path.join(arguments.build, "bin", "moec"), "compile", path, "-o", artifact], check=True))
    before = measure_roof(arguments.threads)
    peer = open_peer(path, arguments.threads)
    ours = Model(os.path.join(arguments.build, "lib", "libmoert.so"), artifact, arguments.threads)
    cells = [(shape, Cell(case, shape, ours, peer, arguments.seconds, rng)) for shape in case.cells]
    after = measure_roof(arguments.threads)
    isa = ours.isa
    ours.close()
    del peer, ours
    gc.collect()
    if not arguments.keep:
        shutil.rmtree(folder)
    bandwidth, peak = max(before[0], after[0]), max(before[1], after[1])
    print(f"\n{case.name}: {isa}, {bandwidth * 1e-9:.1f} GB/s, {peak * 1e-9:.0f} GFLOP/s; "
          f"compiled and packed in {compile_ms * 1e-3:.1f} s")
    print(f"{'':24} {'ours ms':>9} {'min':>9} {'peer ms':>9} {'min':>9} {'ratio':>6} {'of min':>6} {'roof':>5} {'diff':>7}")
    for shape, cell in cells:
        size, work = case.cost(shape)
        line = {"model": case.name, "cell": case.describe(shape), "ours_ms": statistics.median(cell.ours),
                "ours_min_ms": min(cell.ours), "peer_ms": statistics.median(cell.peer),
                "peer_min_ms": min(cell.peer), "repetitions": len(cell.ours), "difference": cell.difference,
                "roof_ms": 1e3 * max(size / bandwidth, work / peak)}
        line["ratio"] = line["peer_ms"] / line["ours_ms"]
        line["ratio_of_minima"] = line["peer_min_ms"] / line["ours_min_ms"]
        line["roof_share"] = line["roof_ms"] / line["ours_min_ms"]
        report["cells"].append(line)
        print(f"{line['cell']:24} {line['ours_ms']:9.2f} {line['ours_min_ms']:9.2f} {line['peer_ms']:9.2f} "
              f"{line['peer_min_ms']:9.2f} {line['ratio']:6.2f} {line['ratio_of_minima']:6.2f} "
              f"{100 * line['roof_share']:4.0f}% {line['difference']:7.0e}", flush=True)
    report["models"].append({"name": case.name, "compile_s": compile_ms * 1e-3, "isa": isa,
                             "read_bytes_per_s": bandwidth, "peak_flops": peak})


def main():
    parser = argparse.ArgumentParser(description="compares compiled models with ONNX Runtime")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", default=BUILD, metavar="DIR")
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    enter_venv()
    os.chdir(ROOT)
    from models import LAYERS
    cases = {"decoder": Decoder(), **{name: Layer(name) for name in LAYERS}}
    names = arguments.names or ["compile", *cases]
    for name in names:
        if name not in cases and name != "compile":
            parser.error(f"there is no {name}: compile, {', '.join(cases)}")
    import onnxruntime
    report = {"cpu": processor(), "processors": os.cpu_count(), "threads": arguments.threads,
              "peer": f"ONNX Runtime {onnxruntime.__version__}", "models": [], "cells": []}
    print(f"{report['cpu']}, {report['processors']} processors; {arguments.threads} threads; "
          f"peer: {report['peer']}", flush=True)
    for name in names:
        if name == "compile":
            from compiling import run
            run(arguments, os.path.join(WORK, "compile"), report)
        else:
            run_case(cases[name], arguments, report)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(report, file, indent=1)
            file.write("\n")
    wrong = [line for line in report["cells"] if not line["difference"] < 1e-3]
    for line in wrong:
        print(f"bench: {line['model']}, {line['cell']}: outputs differ by {line['difference']:.1e}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
