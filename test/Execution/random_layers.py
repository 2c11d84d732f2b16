#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares compiled random MoE layers with the reference interpreter.

usage: random_layers.py MOEC [--cases N] [--seed S] [--bits M] [--work DIR]

Case i of N has the seed S + i, so `--cases 1 --seed SEED` repeats one. Each is run by the interpreter with sums in f64
and by compiled code. Every M-th case (0: none) is also compiled for all instruction sets, and the bits of its outputs
must depend neither on the number of threads nor on AVX2 or AVX-512 nor, row by row, on the other rows of the batch.
The files of a failed case stay in DIR/SEED. The last line is a summary; the exit code is 0 only if all cases passed.
"""
import argparse
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))
import layers  # noqa: E402
import npy  # noqa: E402

TIMEOUT = 120  # seconds for one command
# Distance of neighbouring numbers around 1.
UNIT = {"bf16": 2.0**-7, "f16": 2.0**-10}


class Failure(Exception):
    pass


def cpu_has(*flags):
    try:
        with open("/proc/cpuinfo") as file:
            line = next((line for line in file if line.startswith("flags")), "")
    except OSError:
        return False
    return set(flags) <= set(line.split())


AVX2 = cpu_has("avx2", "fma", "f16c")
AVX512 = AVX2 and cpu_has("avx512f", "avx512bw", "avx512dq", "avx512vl")


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure("no end after %d s: %s" % (TIMEOUT, " ".join(command)))
    if done.returncode:
        raise Failure("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-2000:]))


def check_close(name, reference, tensor, dtype, depth, factor=1):
    """Compares numbers. Errors grow with the sums behind an element, for which the largest output stands."""
    if tensor.shape != reference.shape:
        raise Failure("%s has the shape %s, expected %s" % (name, tensor.shape, reference.shape))
    expected, got = npy.unpack(reference), npy.unpack(tensor)
    if tensor.dtype == "i32":
        differing = [i for i, (a, b) in enumerate(zip(expected, got)) if a != b]
    else:
        largest = max([1.0] + [abs(v) for v in expected if math.isfinite(v)])
        # f32 outputs of a model that keeps other tensors in 16 bits carry their rounding too.
        unit = UNIT.get(tensor.dtype) or UNIT.get(dtype)
        relative, absolute = (unit, unit * largest) if unit else (1e-4, 1e-5 * largest)
        if name.startswith("weights") and tensor.dtype == "f32":
            relative, absolute = 1e-4, 1e-6
        differing = [i for i, (a, b) in enumerate(zip(expected, got))
                     if not (a == b or (math.isnan(a) and math.isnan(b)) or
                             abs(a - b) <= (relative * abs(a) + absolute) * depth * factor)]
    if differing:
        i = differing[0]
        raise Failure("%s: %d of %d elements differ, first [%s]: expected %r, got %r" % (
            name, len(differing), len(got),
            ", ".join(str(x) for x in divmod(i, tensor.shape[1])), expected[i], got[i]))


class Case:
    def __init__(self, moec, seed, folder):
        self.moec, self.folder = moec, folder
        self.rng = random.Random(seed)
        self.model = layers.build(self.rng)
        os.makedirs(folder, exist_ok=True)
        self.mlir = self.path("layer.mlir")
        with open(self.mlir, "w") as file:
            file.write(self.model.text)

    def path(self, name):
        return os.path.join(self.folder, name)

    def outputs(self, folder, numbered=False):
        return {name: npy.read(os.path.join(folder, ("output_%d.npy" % i if numbered else name + ".npy")))
                for i, name in enumerate(self.model.outputs)}

    def interpret(self):
        command = [self.moec, "run", "--interpret", "--f64", "--output-dir", self.path("interpreted")]
        for i, (name, tensor) in enumerate(self.model.inputs):
            path = self.path(name + ".wide.npy")
            npy.write(path, tensor, widen=True)
            command += ["--input", "%d=%s" % (i, path)]
        call(command + [self.mlir])
        return self.outputs(self.path("interpreted"), numbered=True)

    def run(self, program, tag, inputs=None, options=()):
        """Runs compiled code; `inputs` replaces the tensors of the model."""
        command = [self.moec, "run", "--quiet", "--output-dir", self.path(tag), *options]
        for name, tensor in inputs or self.model.inputs:
            path = self.path("%s.%s.npy" % (name, tag if inputs else "in"))
            npy.write(path, tensor)
            command += ["--input", "%s=%s" % (name, path)]
        call(command + [program])
        return self.outputs(self.path(tag))

    def compare(self):
        reference, compiled = self.interpret(), self.run(self.mlir, "compiled")
        for name in self.model.outputs:
            check_close(name, reference[name], compiled[name], self.model.dtype, self.model.layers)
        return reference

    def check_bits(self, reference):
        program = self.path("layer.so")
        call([self.moec, "compile", "--quiet", self.mlir, "-o", program])
        base = self.run(program, "threads1", options=["--threads", "1"])
        others = [("threads%d" % n, ["--threads", str(n)]) for n in (2, 3)]
        if AVX2:
            others.append(("avx2", ["--isa", "avx2"]))
        if AVX512:
            others.append(("avx512", ["--isa", "avx512"]))
        for tag, options in others:
            self.check_same(base, self.run(program, tag, options=options), tag)
        v2 = self.run(program, "v2", options=["--isa", "v2"])
        for name in self.model.outputs:
            check_close(name + " with v2", reference[name], v2[name], self.model.dtype, self.model.layers)
        if self.model.dynamic and self.model.tokens > 1:
            self.check_rows(program, base)

    def check_same(self, base, other, what):
        for name in self.model.outputs:
            if base[name] != other[name]:
                raise Failure("%s of %s has other bits than with one thread" % (name, what))

    def check_rows(self, program, base):
        """A token's outputs keep their bits without the other tokens and with others."""
        tokens = self.model.tokens
        row = self.rng.randrange(tokens)
        alone = [(name, npy.rows(tensor, [row])) for name, tensor in self.model.inputs]
        place = self.rng.randrange(tokens)
        order = [self.rng.randrange(tokens) for _ in range(tokens)]
        order[place] = row
        among = [(name, npy.rows(tensor, order)) for name, tensor in self.model.inputs]
        for tag, inputs, at in [("alone", alone, 0), ("among-others", among, place)]:
            got = self.run(program, tag, inputs)
            for name in self.model.outputs:
                if npy.rows(base[name], [row]).data != npy.rows(got[name], [at]).data:
                    raise Failure("row %d of %s has other bits %s" % (row, name, tag.replace("-", " ")))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moec")
    parser.add_argument("--cases", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bits", type=int, default=4)
    parser.add_argument("--work")
    options = parser.parse_args()
    work = options.work or tempfile.mkdtemp(prefix="moec-layers-")
    failed = []
    for i in range(options.cases):
        seed = options.seed + i
        folder = os.path.join(work, str(seed))
        shutil.rmtree(folder, ignore_errors=True)
        try:
            case = Case(options.moec, seed, folder)
            reference = case.compare()
            if options.bits and i % options.bits == 0:
                case.check_bits(reference)
            shutil.rmtree(folder)
        except (Failure, OSError, ValueError) as failure:
            failed.append(seed)
            print("seed %d: %s\n  files: %s" % (seed, failure, folder), flush=True)
    if not failed and not options.work:
        os.rmdir(work)
    print("%d passed, %d failed%s" % (options.cases - len(failed), len(failed),
                                      "; seeds " + " ".join(map(str, failed)) if failed else ""))
    return 1 if failed or not options.cases else 0


if __name__ == "__main__":
    sys.exit(main())
