#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares kernels for a device with the reference interpreter: operations x types x schedules x tails.

usage: device_cases.py MOEC LIBMOERT [--device virtual] [--least N] [--jobs N] [--work DIR] [NAME...]

A program (python/device_programs.py) is compiled once for `--target=cuda:sm_80` and runs at all its sizes in one session;
each run is a case, compared with the interpreter, whose sums are in f64, within what is promised of operators. Where rows
do not depend on each other, all runs must agree on the bits of the rows they share. NAME: only programs whose name starts
so. The last line counts cases; the exit code is 0 only if none failed and there were N. Files of programs that failed stay
in DIR.
"""
import argparse
import concurrent.futures
import math
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))
import device_programs  # noqa: E402
import moert  # noqa: E402
import npy  # noqa: E402

TIMEOUT = 120  # seconds for one command
NUMBERS = {"f32": moert.F32, "f16": moert.F16, "bf16": moert.BF16, "i32": moert.I32}
NAMES = {number: name for name, number in NUMBERS.items()}
# Half the distance of neighbouring numbers around 2 is that around 1: one unit of a type's own rounding.
UNIT = {"bf16": 2.0**-8, "f16": 2.0**-11}


class Failure(Exception):
    pass


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure("no end after %d s: %s" % (TIMEOUT, " ".join(command)))
    if done.returncode:
        raise Failure("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-2000:]))


def check_close(name, expected, got, dtype, chain):
    """f32 within rtol 1e-4, atol 1e-5; 16 bits within a unit for each rounding of the program's chain, of the element or,
    where later steps may cancel, of the largest one."""
    if list(got.shape) != list(expected.shape):
        raise Failure("%s has the shape %s, expected %s" % (name, got.shape, expected.shape))
    a, b = npy.unpack(expected), npy.unpack(got)
    if got.dtype == "i32":
        wrong = [i for i, (x, y) in enumerate(zip(a, b)) if x != y]
    else:
        largest = max([1.0] + [abs(x) for x in a])
        unit = UNIT.get(got.dtype)
        if unit:
            # The neighbour of a number may be two halves of a unit away.
            rtol, atol = 2 * unit, 2 * unit * largest * (chain - 1) + 1e-5
        elif dtype != "f32":  # results in f32 of a router in 16 bits: its inputs are exact
            rtol, atol = 1e-4, 1e-5
        else:
            rtol, atol = 1e-4, 1e-5 * largest
        wrong = [i for i, (x, y) in enumerate(zip(a, b)) if not abs(x - y) <= rtol * abs(x) + atol]
    if wrong:
        i = wrong[0]
        place = i if len(got.shape) == 1 else divmod(i, got.shape[1])
        raise Failure("%s: %d of %d elements differ, first %s: expected %r, got %r" % (
            name, len(wrong), len(b), place, a[i], b[i]))


def interpret(moec, program, mlir, inputs, folder):
    os.makedirs(folder, exist_ok=True)
    command = [moec, "run", "--interpret", "--f64", "--output-dir", folder]
    for i, (name, tensor) in enumerate(inputs):
        path = os.path.join(folder, name + ".npy")
        npy.write(path, tensor, widen=True)
        command += ["--input", "%d=%s" % (i, path)]
    call(command + [mlir])
    return {name: npy.read(os.path.join(folder, "output_%d.npy" % i))
            for i, (name, _, _) in enumerate(program.results)}


def execute(model, inputs):
    outputs = model.run({name: moert.Tensor(NUMBERS[t.dtype], list(t.shape), t.data) for name, t in inputs})
    return {name: npy.Tensor(NAMES[t.dtype], t.shape, t.data) for name, t in outputs.items()}


def check_prefix(kept, outputs, label):
    """Rows that two runs share have the same bits; `kept` has the longest outputs so far, by name."""
    for name, tensor in outputs.items():
        longest, by = kept.setdefault(name, (tensor, label))
        shared = min(len(longest.data), len(tensor.data))
        if longest.data[:shared] != tensor.data[:shared]:
            raise Failure("%s: rows that it shares with the run at %s have other bits" % (name, by))
        if len(tensor.data) > len(longest.data):
            kept[name] = tensor, label


def check(options, index, work):
    """All cases of one program: (name, [(label, failure or None)]); None if it was not asked for."""
    program = device_programs.builders()[index]()
    if options.names and not any(program.name.startswith(name) for name in options.names):
        return None
    folder = os.path.join(work, program.name)
    os.makedirs(folder, exist_ok=True)
    mlir, compiled = os.path.join(folder, "program.mlir"), os.path.join(folder, "program.so")
    with open(mlir, "w") as file:
        file.write(program.text())
    try:
        call([options.moec, "compile", "--quiet", "--target=cuda:sm_80", mlir, "-o", compiled])
        model = moert.Model(moert.load(options.libmoert), compiled, 1, None, device=options.device)
    except (Failure, moert.Error) as failure:
        return program.name, [(label, str(failure)) for label, _ in program.cases]
    results, kept = [], {}
    for number, (label, size) in enumerate(program.cases):
        try:
            inputs = program.inputs_for(size)
            outputs = execute(model, inputs)
            expected = interpret(options.moec, program, mlir, inputs, os.path.join(folder, str(number)))
            for name, _, _ in program.results:
                check_close(name, expected[name], outputs[name], program.dtype, program.chain)
            if program.rowwise:
                check_prefix(kept, outputs, label)
            results.append((label, None))
        except (Failure, moert.Error, OSError) as failure:
            results.append((label, str(failure)))
    model.close()
    return program.name, results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("moec")
    parser.add_argument("libmoert")
    parser.add_argument("names", nargs="*")
    parser.add_argument("--device", default="virtual")
    parser.add_argument("--least", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work")
    options = parser.parse_intermixed_args()
    passed, failed = 0, 0
    with tempfile.TemporaryDirectory() as temporary, \
            concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(check, options, i, options.work or temporary)
                for i in range(len(device_programs.builders()))]
        for job in jobs:
            if not job.result():
                continue
            name, results = job.result()
            bad = [(label, failure) for label, failure in results if failure]
            print("%s: %d of %d" % (name, len(results) - len(bad), len(results)), flush=True)
            for label, failure in bad:
                print("  at %s: %s" % (label, failure), flush=True)
            passed, failed = passed + len(results) - len(bad), failed + len(bad)
    enough = passed + failed >= options.least
    if not enough:
        print("fewer than %d cases" % options.least)
    print("%d cases: %d passed, %d failed" % (passed + failed, passed, failed))
    return 0 if enough and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
