#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares random com.microsoft::MoE models: compiled code, the interpreter, ONNX Runtime.

usage: run.py MOEC [--every N] [--seed S...] [--jobs N] [--work DIR] [-- OPTION...]

Each model of cases.json is drawn again from its seed and interpreted with sums in f64; every N-th (1: all) is compiled,
too, with the OPTIONs of `moec run`. Compiled code must agree with the interpreter, and both with the numbers in
expected.zip (see expected.py) wherever ONNX Runtime is right: the readings ort-cuda (the default) and ort-cpu differ in
what wins among equal experts, so that rows with ties at the edge are compared in ort-cpu, which such cases run in
addition. Left out are rows where rounding may choose another expert. The files of a failed case stay in DIR/SEED. Needs
the Python classes of lib/Import/onnx.proto on PYTHONPATH.
"""
import argparse
import collections
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
sys.path.append(os.path.join(HERE, "..", "..", "Execution", "python"))
import npy  # noqa: E402
from lib.Import import onnx_pb2  # noqa: E402
from cases import Case  # noqa: E402
from graph import write_model  # noqa: E402

TIMEOUT = 120  # seconds for one command
# Distance of neighbouring numbers around 1; both bounds grow with the largest output, which stands for the sums
# behind an element, and with the layers that follow one another. A chain in 16 bits may besides have twice the error
# that ONNX Runtime has against a run without rounding.
UNIT = {"bf16": 2.0**-7, "f16": 2.0**-10}


class Failure(Exception):
    pass


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure("no end after %d s: %s" % (TIMEOUT, " ".join(command)))
    if done.returncode:
        raise Failure("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-2000:]))


def rows_of(mask):
    """The numbers of the bits that are set."""
    bits = int(mask or "0", 16)
    return {row for row in range(bits.bit_length()) if bits >> row & 1}


def is_readable_by_cpu(case):
    """The reading ort-cpu has no swiglu with swiglu_fusion 0 and one matrix."""
    return all(node.attributes.get("activation_type") != "swiglu" or node.attributes.get("swiglu_fusion") or
               len(node.inputs) > 6 for node in case.graph.nodes if node.op == "MoE")


class Comparison:
    """One case in its readings. `counts` counts comparisons, `worst` has the largest differences in units allowed."""

    def __init__(self, seed, entry, stored, options):
        self.case, self.entry, self.options = Case(seed), entry, options
        self.folder = os.path.join(options.work, str(seed))
        self.counts, self.worst = collections.Counter(), {}
        if self.case.digest() != entry["digest"]:
            raise Failure("another model than the one that expected.zip has outputs for; run expected.py")
        case = self.case
        self.tokens = set(range(case.tokens)) - rows_of(entry.get("unsure"))
        self.tied = rows_of(entry.get("tied"))
        self.error = entry.get("error")
        dtype = case.dtype if self.error is None else "f32"
        self.stored = npy.unpack(npy.Tensor(dtype, [case.tokens, case.hidden], stored))

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, is_compiled):
        os.makedirs(self.folder, exist_ok=True)
        write_model(self.case.graph, self.path("model.onnx"), onnx_pb2)
        for name, tensor in self.case.graph.inputs.items():
            npy.write(self.path(name + ".npy"), tensor)
            npy.write(self.path(name + ".wide.npy"), tensor, widen=True)
        self.compare("ort-cuda", is_compiled, self.tokens - self.tied)
        if self.tied & self.tokens and is_readable_by_cpu(self.case):
            self.compare("ort-cpu", is_compiled, self.tokens)

    def compare(self, reading, is_compiled, rows):
        """`rows`: those for which ONNX Runtime's numbers are right in this reading."""
        interpreted = self.interpret(reading)
        other = "ONNX Runtime" if "no_ort" not in self.entry else "NumPy"
        if other == "NumPy" and reading == "ort-cpu":
            rows = rows - self.tied  # those numbers are of the default reading
        elif other == "NumPy":
            rows = self.tokens
        self.check(reading, "interpreter", other, self.stored, interpreted, rows)
        if is_compiled:
            compiled = self.compile(reading)
            self.check(reading, "compiled", "interpreter", interpreted, compiled, self.tokens)
            self.check(reading, "compiled", other, self.stored, compiled, rows)

    def interpret(self, reading):
        command = [self.options.moec, "run", "--interpret", "--f64", "--contrib-dialect", reading]
        for i, name in enumerate(self.case.graph.inputs):
            command += ["--input", "%d=%s" % (i, self.path(name + ".wide.npy"))]
        call(command + ["--output-dir", self.path("interpreted"), self.path("model.onnx")])
        return self.read(self.path("interpreted/output_0.npy"))

    def compile(self, reading):
        command = [self.options.moec, "run", "--quiet", "--contrib-dialect", reading, *self.options.options]
        for name in self.case.graph.inputs:
            command += ["--input", "%s=%s" % (name, self.path(name + ".npy"))]
        call(command + ["--output-dir", self.path("compiled"), self.path("model.onnx")])
        return self.read(self.path("compiled/y.npy"))

    def read(self, path):
        tensor, shape = npy.read(path), self.case.lead + [self.case.hidden]
        if tensor.shape != shape:
            raise Failure("%s has the shape %s, expected %s" % (path, tensor.shape, shape))
        return npy.unpack(tensor)

    def check(self, reading, what, than, expected, got, rows):
        case = self.case
        self.counts[reading, what, than] += 1
        self.counts[reading, what, than, "rows"] += len(rows)
        places = [row * case.hidden + i for row in sorted(rows) for i in range(case.hidden)]
        largest = max([1.0] + [abs(expected[i]) for i in places])
        unit = UNIT.get(case.dtype)
        relative, absolute = (unit, unit * largest) if unit else (1e-4, 1e-5 * largest)
        worst = 0.0
        for i in places:
            allowed = (relative * abs(expected[i]) + absolute) * case.layers
            if self.error is not None:
                bound = 2 * self.error + relative * abs(expected[i]) + absolute
                allowed = bound if expected is self.stored else max(allowed, bound)
            difference = abs(got[i] - expected[i]) / allowed
            if not difference <= 1:  # NaN is a difference, too
                raise Failure("%s: %s differs from %s at %s: %r, expected %r" % (
                    reading, what, than, divmod(i, case.hidden), got[i], expected[i]))
            worst = max(worst, difference)
        self.worst[what, than, case.dtype] = max(self.worst.get((what, than, case.dtype), 0), worst)


def main():
    arguments, extra = sys.argv[1:], []
    if "--" in arguments:
        at = arguments.index("--")
        arguments, extra = arguments[:at], arguments[at + 1:]
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moec")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--seed", nargs="*")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work")
    options = parser.parse_args(arguments)
    options.options = extra or ["--target=cpu:native"]
    is_temporary = not options.work
    work = options.work = options.work or tempfile.mkdtemp(prefix="moec-contrib-")
    with open(os.path.join(HERE, "cases.json")) as file:
        index = json.load(file)
    seeds = options.seed or list(index)
    archive = zipfile.ZipFile(os.path.join(HERE, "expected.zip"))
    stored = {seed: archive.read(seed) for seed in seeds}

    def one(numbered):
        i, seed = numbered
        folder = os.path.join(work, seed)
        shutil.rmtree(folder, ignore_errors=True)
        try:
            comparison = Comparison(int(seed), index[seed], stored[seed], options)
            comparison.run(i % options.every == 0)
            shutil.rmtree(folder)
            return comparison
        except (Failure, OSError, ValueError) as failure:
            print("seed %s: %s\n  files: %s" % (seed, failure, folder), flush=True)
            return None

    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        done = list(pool.map(one, enumerate(seeds)))
    counts, worst = collections.Counter(), {}
    for comparison in filter(None, done):
        counts.update(comparison.counts)
        for key, value in comparison.worst.items():
            worst[key] = max(worst.get(key, 0), value)
    for key in sorted(key for key in counts if len(key) == 3):
        print("%s: %s like %s: %d cases, %d rows" % (*key, counts[key], counts[key + ("rows",)]))
    for key in sorted(worst):
        print("largest difference of %s and %s in %s: %.2f of what is allowed" % (*key, worst[key]))
    failed = [seed for seed, comparison in zip(seeds, done) if comparison is None]
    if not failed and is_temporary:
        os.rmdir(work)
    print("%d passed, %d failed%s" % (len(seeds) - len(failed), len(failed),
                                      "; seeds " + " ".join(failed) if failed else ""))
    return 1 if failed or not seeds else 0


if __name__ == "__main__":
    sys.exit(main())
