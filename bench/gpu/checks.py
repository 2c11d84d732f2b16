#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks the kernels of one program on a device, in a process of their own: a kernel that fails takes its process's
context along.

usage: checks.py FOLDER NAME DEVICE

Prints a line of JSON for each check, {"check", "failure"}: results beside those stored, with the bits of rows that runs
share, and beside the virtual GPU's.
"""
import json
import os
import sys
import tempfile
import zipfile

sys.dont_write_bytecode = True
import moert
import npy
from closeness import Failure, check_close, check_prefix
from tensor_runs import execute


class Program:
    def __init__(self, folder, name, work):
        self.archive = zipfile.ZipFile(os.path.join(folder, "kernels", name + ".zip"))
        for file in self.archive.namelist():
            if file.startswith("program.so"):
                self.archive.extract(file, work)
        self.path = os.path.join(work, "program.so")
        self.facts = json.loads(self.archive.read("program.json"))
        self.api = moert.load(os.path.join(folder, "lib", "libmoert.so"))

    def tensors(self, case, kind):
        """Those of a case by name; many are the first rows of another case's."""
        begin, prefixes, found = "%d/%s/" % (case, kind), self.facts["prefixes"], {}
        for file in [*self.archive.namelist(), *prefixes]:
            if file.startswith(begin):
                there, rows = prefixes.get(file, (file, None))
                tensor = npy.decode(self.archive.read(there), there)
                found[file[len(begin):-len(".npy")]] = tensor if rows is None else npy.rows(tensor, range(rows))
        return found

    def open(self, device):
        return moert.Model(self.api, self.path, 1, None, device=device)

    def compare(self, expected, outputs):
        for name, tensor in expected.items():
            check_close(name, tensor, outputs[name], self.facts["dtype"], self.facts["chain"])

    def compare_devices(self, virtual, outputs):
        """Equal bits, but for matrix instructions, whose order of sums only the chip knows."""
        if self.facts["multiplies"] and self.facts["dtype"] != "f32":
            return self.compare(virtual, outputs)
        for name, tensor in virtual.items():
            if tensor != outputs[name]:
                differing = sum(a != b for a, b in zip(tensor.data, outputs[name].data))
                raise Failure("%s: %d bytes differ from the virtual GPU's" % (name, differing))


def tell(what, attempt, *arguments):
    """Runs a check and prints how it went; what it returned, None if it failed."""
    failure = result = None
    try:
        result = attempt(*arguments)
    except (Failure, moert.Error, OSError) as error:
        failure = str(error)
    print(json.dumps({"check": what, "failure": failure}), flush=True)
    return None if failure else result


def check(program, name, device):
    models, kept = {}, {}

    def run(where, case):
        if where not in models:
            models[where] = program.open(where)
        return execute(models[where], program.tensors(case, "in").items())

    def check_stored(case, label):
        outputs = run(device, case)
        program.compare(program.tensors(case, "out"), outputs)
        if program.facts["rowwise"]:
            check_prefix(kept, outputs, label)
        return outputs

    for case, label in enumerate(program.facts["cases"]):
        outputs = tell("kernel %s at %s" % (name, label), check_stored, case, label)
        if outputs is not None:
            tell("virtual %s at %s" % (name, label),
                 lambda: program.compare_devices(run("virtual", case), outputs))


def main(folder, name, device):
    with tempfile.TemporaryDirectory() as work:
        check(Program(folder, name, work), name, device)


if __name__ == "__main__":
    main(*sys.argv[1:])
