#!/usr/bin/env python3
"""Runs moec's test suites, each within its time budget, and adds up their counts.

usage: suites.py [SUITE...]      without arguments: all of them

The last line is `N passed, N failed, N skipped`; the exit code is 0 only if nothing failed and no budget was
exceeded. `./dev test` calls this.
"""
import json
import os
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, "build-dev")
LLVM = "/usr/lib/llvm-22/bin"


class Result:
    def __init__(self):
        self.passed = self.failed = self.skipped = 0

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped

    def __str__(self):
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def run(command, budget, **kwargs):
    """Runs a command; returns its exit code, or 124 if it outlived its budget (in seconds)."""
    try:
        return subprocess.run(command, cwd=ROOT, timeout=budget, **kwargs).returncode
    except subprocess.TimeoutExpired:
        print(f"exceeded its budget of {budget} s: {' '.join(command)}", flush=True)
        return 124


def of_preset(preset):
    """The build tree of a preset, as CMakePresets.json names it."""
    return os.path.join(ROOT, f"build-{preset}")


def one(code):
    result = Result()
    result.passed, result.failed = (1, 0) if code == 0 else (0, 1)
    return result


def make(preset, targets, budget):
    """Configures and builds; the exit code."""
    if not os.path.exists(os.path.join(of_preset(preset), "build.ninja")):
        code = run(["cmake", "--preset", preset], budget, stdout=subprocess.DEVNULL)
        if code:
            return code
    return run(["cmake", "--build", "--preset", preset, "--target", *targets, "--", "--quiet"], budget)


def build(budget):
    return one(make("dev", ["all"], budget))


def run_lit(folders, budget, *options):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        code = run([os.path.join(LLVM, "lit"), "-sv", "-j", str(os.cpu_count()), "--output", report.name,
                    *options, *folders], budget)
        try:
            tests = json.load(open(report.name))["tests"]
        except (OSError, ValueError, KeyError):
            return one(code or 1)
    result = Result()
    for test in tests:
        if test["code"] in ("PASS", "XFAIL", "FLAKYPASS"):
            result.passed += 1
        elif test["code"] in ("UNSUPPORTED", "SKIPPED", "EXCLUDED"):
            result.skipped += 1
        else:
            result.failed += 1
    if code and not result.failed:
        result.failed += 1
    return result


# Tests that compile many generated models, each as long as all others together.
RANDOM = "Recognise/variants|Models/contrib-moe-random|Driver/verify-recognition|Execution/random-layers|Execution/fused-bits"

# Tests of code for devices that run hundreds of cases.
DEVICE = "Execution/device-cases|Execution/gpu-folder"


def lit(budget):
    """Regression and unit tests."""
    return run_lit([os.path.join(BUILD, "test")], budget, "--filter-out", RANDOM + "|" + DEVICE)


def random(budget):
    """Perturbed exports, random layers and random models, compiled and compared."""
    return run_lit([os.path.join(BUILD, "test")], budget, "--filter", RANDOM)


def device(budget):
    """Kernels for devices against the interpreter, and `./dev gpu`, on the virtual GPU; one test at a time, since each
    uses all processors."""
    return run_lit([os.path.join(BUILD, "test")], budget, "--filter", DEVICE, "-j", "1")


def sanitized(preset, targets, folders, budget):
    """Tests of a tree that is built with a sanitizer; building counts as one."""
    start = time.monotonic()
    built = one(make(preset, targets, budget))
    if not built.failed:
        print(f"preset {preset} built in {time.monotonic() - start:.0f} s", flush=True)
        left = max(1, budget - (time.monotonic() - start))
        built.add(run_lit([os.path.join(of_preset(preset), "test", folder) for folder in folders], left))
    return built


def asan(budget):
    """Runtime, importer and all unit tests under the address and undefined-behaviour sanitizers."""
    return sanitized("asan", ["unit-tests", "moec", "moe-opt", "onnx-to-mlir", "onnx-python-schema"],
                     ["Unit", "Import", "Dialect", "Driver/hostile.test"], budget)


def tsan(budget):
    """The runtime and the virtual GPU under the thread sanitizer."""
    return sanitized("tsan", ["moertTests", "cudaTests", "vgpuTests", "vgpuDriverTests"], ["Unit"], budget)


def fuzz(budget):
    """Every fuzzer with a fixed seed and number of inputs; see test/fuzz/run.py. Building counts as one."""
    start = time.monotonic()
    result = one(make("fuzz", ["fuzzers", "onnx-python-schema"], budget))
    if result.failed:
        return result
    print(f"preset fuzz built in {time.monotonic() - start:.0f} s", flush=True)
    left = max(1, budget - (time.monotonic() - start))
    result.add(one(run([sys.executable, os.path.join(ROOT, "test", "fuzz", "run.py")], left)))
    return result


def docs(budget):
    """The generated pages in docs/ are those of the definitions."""
    code = run(["cmake", "--build", "--preset", "dev", "--target", "moec-docs", "--", "--quiet"], budget)
    if code == 0:
        code = run(["diff", "-r", "docs/generated", os.path.join(BUILD, "docs/generated")], budget)
        if code:
            print("docs/generated is stale: run ./dev docs and commit the result", flush=True)
    return one(code)


def conformance(budget):
    """ONNX's node cases, each counted; see test/conformance/conformance.py."""
    summary = os.path.join(BUILD, "conformance", "summary.json")
    if os.path.exists(summary):
        os.remove(summary)
    code = run([sys.executable, os.path.join(ROOT, "test", "conformance", "conformance.py")], budget)
    if code == 75:  # without PyPI there are no cases; the script has said so
        result = Result()
        result.skipped = 1
        return result
    try:
        with open(summary) as file:
            counts = json.load(file)
    except (OSError, ValueError):
        return one(code or 1)
    result = Result()
    result.passed, result.failed, result.skipped = counts["passed"], counts["failed"], counts["skipped"]
    return result


def models(budget):
    """Real exports against their framework's outputs."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        code = run([os.path.join(BUILD, "bin", "moec"), "test", "--quiet", "--json", report.name,
                    os.path.join(ROOT, "test", "Models", "exports")], budget)
        try:
            cases = json.load(open(report.name))["cases"]
        except (OSError, ValueError, KeyError):
            return one(code or 1)
    result = Result()
    for case in cases:
        if case["result"] == "pass":
            result.passed += 1
        else:  # every export must compile
            result.failed += 1
            print(f"{case['name']}: {case['result']}", flush=True)
    return result


def compared(budget, script, *arguments):
    """A script of test/Models that compares models with themselves, each counted."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        code = run([sys.executable, os.path.join(ROOT, "test", "Models", script), "--json", report.name, *arguments],
                   budget)
        try:
            models = json.load(open(report.name))
        except (OSError, ValueError):
            return one(code or 1)
    result = Result()
    result.failed = sum(model["failure"] is not None for model in models)
    result.passed = len(models) - result.failed
    if code and not result.failed:
        result.failed = 1
    return result


def bits(budget):
    """Outputs keep their bits whatever is around them; see test/Models/same_bits.py."""
    return compared(budget, "same_bits.py")


def ranks(budget):
    """Models have the same bits on any number of ranks; see test/Models/ranks.py."""
    began = time.monotonic()
    moec = os.path.join(BUILD, "bin", "moec")
    result = compared(budget, "ranks.py", moec)
    # On GPUs: the demo's model, and one in bf16.
    result.add(compared(budget - (time.monotonic() - began), "ranks.py", "--devices", "3", moec, "tiny-moe-lm",
                        "mixtral-hf-grouped-op20-none-bf16"))
    return result


# name: (function, budget in seconds on 2 cores)
SUITES = {"build": (build, 900), "lit": (lit, 900), "random": (random, 300), "device": (device, 300), "docs": (docs, 60),
          "models": (models, 300), "bits": (bits, 240), "ranks": (ranks, 360), "conformance": (conformance, 300),
          "tsan": (tsan, 600), "asan": (asan, 1800), "fuzz": (fuzz, 600)}


def main(names):
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(f"unknown suite: {', '.join(unknown)}; there are {', '.join(SUITES)}", file=sys.stderr)
        return 2
    total = Result()
    for name in ["build"] + [n for n in (names or SUITES) if n != "build"]:
        function, budget = SUITES[name]
        start = time.monotonic()
        result = function(budget)
        total.add(result)
        print(f"suite {name}: {result} in {time.monotonic() - start:.0f} s of {budget} s", flush=True)
        if name == "build" and result.failed:
            break
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
