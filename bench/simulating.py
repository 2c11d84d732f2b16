# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How fast the virtual GPU runs kernels on one core, with all its checks, beside what its tests need to be quick; and
what MoE layers of real sizes cost a GPU by its counters, beside the least that there could be."""
import os
import re
import subprocess

import limits
from report import check

LINE = re.compile(r"^speed: (.*) \| ([0-9.]+) \| (.*)$", re.M)


def run(arguments, folder, report):
    program = os.path.join(arguments.build, "unittests", "Runtime", "vgpuSpeed")
    printed = subprocess.run([program], check=True, stdout=subprocess.PIPE, text=True).stdout
    for what, value, unit in LINE.findall(printed):
        if unit == "ns":
            limit = limits.MATRIX_NS
        elif what.startswith("cp.async"):
            limit = None  # two accesses of four words each, and landing
        else:
            is_access = "loads" in what or "stores" in what
            limit = limits.CHECKED_LANES if is_access else limits.LANE_INSTRUCTIONS
        check(report, f"virtual GPU, one core: {what}", float(value), unit, "<=" if unit == "ns" else ">=", limit)
    print_layers(arguments)


def print_layers(arguments):
    """A sample of tiles runs, at the real depth and width; the limits are asserted by the test that is named here."""
    program = os.path.join(arguments.build, "unittests", "Device", "DeviceTests")
    command = [program, "--gtest_filter=LayerCostTable.*", "--gtest_also_run_disabled_tests"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if line.startswith("|"):
                print(line, end="", flush=True)
    if process.returncode != 0:
        raise SystemExit("layers cannot be measured: run " + " ".join(command))
