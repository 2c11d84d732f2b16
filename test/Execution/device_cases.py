#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares kernels for a device with the reference interpreter: operations x types x schedules x tails.

usage: device_cases.py MOEC LIBMOERT [--device virtual] [--least N] [--jobs N] [--work DIR] [NAME...]

A program (python/device_programs.py) is compiled once for `--target=cuda:sm_80` and runs at all its sizes in one
session; each run is a case, compared with the interpreter, whose sums are in f64, within what is promised of operators.
Where rows do not depend on each other, all runs must agree on the bits of the rows they share. NAME: only programs whose
name starts so. The last line counts cases; the exit code is 0 only if none failed and there were N. Files are kept in DIR.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))
import device_programs  # noqa: E402
import moert  # noqa: E402
import npy  # noqa: E402
from closeness import Failure, check_close, check_prefix  # noqa: E402
from tensor_runs import execute  # noqa: E402

TIMEOUT = 120  # seconds for one command


def call(command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise Failure("no end after %d s: %s" % (TIMEOUT, " ".join(command)))
    if done.returncode:
        raise Failure("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-2000:]))


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
