#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares models on a device with the same models on the processor.

usage: device_models.py MOEC DEVICE MODEL...

A model is a folder as in test/Models/exports: model.onnx, tolerance.json, and test_data_set_K with inputs of several
shapes. Each is compiled once for either target; all data sets run with what was compiled. No operator may be left to the
host, and host code may wait for no number of the device's.
"""
import json
import math
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Execution", "python"))
sys.dont_write_bytecode = True
import npy

# What interfaces promise of f32.
EXACT = {"rtol": 1e-4, "atol": 1e-5}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(command)}: exit {done.returncode}: {done.stderr[-600:]}"
    return done.stdout


def largest_excess(folder, device, tolerance):
    """By how much outputs differ beyond the tolerance, at most."""
    names = sorted(os.listdir(folder))
    assert names and names == sorted(os.listdir(device)), (names, os.listdir(device))
    worst = -math.inf
    for name in names:
        expected, got = npy.read(os.path.join(folder, name)), npy.read(os.path.join(device, name))
        assert list(got.shape) == list(expected.shape), (name, got.shape, expected.shape)
        for a, b in zip(npy.unpack(got), npy.unpack(expected)):
            assert math.isfinite(a) or a == b, f"{name}: {a}, expected {b}"
            worst = max(worst, abs(a - b) - tolerance["atol"] - tolerance["rtol"] * abs(b) if a != b else -math.inf)
    return worst


def check(moec, device, case, work):
    model = os.path.join(case, "model.onnx")
    processor, program = os.path.join(work, "processor"), os.path.join(work, "device")
    run(moec, "compile", model, "--target=cpu:native", "-o", processor)
    run(moec, "compile", model, "--target=cuda", "-o", program)
    (work_of_host,) = json.loads(run(program, "--describe", "json"))["entries"]
    assert work_of_host["host_operators"] == 0 and work_of_host["scalar_reads"] == 0, work_of_host
    text = run(moec, "inspect", model)
    inputs = [line.split()[0] for line in text.split("inputs:")[1].split("outputs:")[0].splitlines()[1:] if line.strip()]
    with open(os.path.join(case, "tolerance.json")) as file:
        tolerance = json.load(file)
    if os.path.basename(case).rsplit("-", 1)[1] not in ("bf16", "f16"):
        tolerance = EXACT
    sets = sorted(name for name in os.listdir(case) if name.startswith("test_data_set_"))
    for name in sets:
        given = []
        for number, which in enumerate(inputs):
            given += ["--input", f"{which}={os.path.join(case, name, f'input_{number}.pb')}"]
        outs = [os.path.join(work, name + kind) for kind in (".processor", ".device")]
        run(processor, *given, "--quiet", "--output-dir", outs[0])
        run(program, *given, "--quiet", "--output-dir", outs[1], "--device", device)
        excess = largest_excess(*outs, tolerance)
        assert excess <= 0, f"{case}, {name}: off by {excess} more than {tolerance}"
    print(f"{os.path.basename(case)}: {len(sets)} data sets, {work_of_host['launches']} launches, "
          f"{work_of_host['host_operators']} operators on the host, {work_of_host['scalar_reads']} numbers read, "
          f"{work_of_host['scalar_writes']} written")


def main(arguments):
    for case in arguments[2:]:
        with tempfile.TemporaryDirectory() as work:
            check(arguments[0], arguments[1], case.rstrip("/"), work)


if __name__ == "__main__":
    main(sys.argv[1:])
