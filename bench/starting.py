# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What stands between a model and its first token: packing, the memory of compiling, the start of the executable."""
import os
import shutil
import statistics
import subprocess
import time

import numpy as np

import limits
from decoder import LAYERS, make_decoder
from report import check

BLOCK = 1 << 20


def copy(source, target):
    """The seconds that reading and writing all bytes takes."""
    begin = time.perf_counter()
    with open(source, "rb", buffering=0) as read, open(target, "wb", buffering=0) as write:
        while block := read.read(BLOCK):
            write.write(block)
    return time.perf_counter() - begin


def anonymous_mib(process):
    """Memory of a process that is not of files, now."""
    try:
        with open(f"/proc/{process}/status") as file:
            return next((int(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon")), 0)
    except OSError:
        return 0


class Compilation:
    """One run of moec in a folder of its own: the most memory it had, and the seconds that packing took, which is as
    long as there is a part of a weights file under another name."""

    def __init__(self, moec, model, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.program = os.path.join(folder, "program")
        self.most_mib, self.begin, self.end = 0, None, None
        process = subprocess.Popen([moec, "compile", "--quiet", model, "-o", self.program])
        while process.poll() is None:
            self.look(folder, anonymous_mib(process.pid))
            time.sleep(0.002)
        if process.returncode:
            raise SystemExit(f"bench: {moec} could not compile {model}")
        self.end = self.end or time.perf_counter()
        self.packing_s = self.end - (self.begin or self.end)
        self.bytes = os.path.getsize(self.program + ".weights")

    def look(self, folder, mib):
        self.most_mib = max(self.most_mib, mib)
        names = [name for name in os.listdir(folder) if ".weights" in name]
        if names and self.begin is None:
            self.begin = time.perf_counter()
        if "program.weights" in names and self.end is None:
            self.end = time.perf_counter()


def first_output(program):
    """Seconds from the start of a program to the first byte that it prints, which follows its first run."""
    begin = time.perf_counter()
    process = subprocess.Popen([program, "--random", "1", "--threads", "2"], stdout=subprocess.PIPE)
    process.stdout.read(1)
    seconds = time.perf_counter() - begin
    process.stdout.read()
    process.stdout.close()
    if process.wait():
        raise SystemExit(f"bench: {program} failed")
    return seconds


def run(arguments, folder, report):
    shutil.rmtree(folder, ignore_errors=True)
    moec, rng = os.path.join(arguments.build, "bin", "moec"), np.random.default_rng(1)
    rounds = 1 if arguments.quick else 3

    def make(name, layers):
        os.makedirs(os.path.join(folder, name))
        return make_decoder(os.path.join(folder, name), rng, layers=layers)

    print("\nstart", flush=True)
    model, target = make("model", LAYERS), os.path.join(folder, "compiled")
    speeds, shares, most = [], [], 0
    for _ in range(rounds):
        compiled = Compilation(moec, model, target)
        data = os.path.join(folder, "model", "model.data")
        copying = os.path.getsize(data) / copy(data, os.path.join(folder, "copy"))
        os.remove(os.path.join(folder, "copy"))
        speeds.append(compiled.bytes / compiled.packing_s)
        shares.append(speeds[-1] / copying)
        most = max(most, compiled.most_mib)
    check(report, "packing, over copying the same bytes", statistics.median(shares), "times", ">=",
          limits.PACKING_SHARE, f"{statistics.median(speeds) * 1e-9:.2f} GB/s")
    check(report, "anonymous memory of compiling the decoder", most, "MiB", "<=", limits.COMPILE_ANONYMOUS_MIB)
    first_output(compiled.program)  # its weights are then in the page cache
    starts = [first_output(compiled.program) for _ in range(5)]
    check(report, "first token of the decoder after exec", statistics.median(starts), "s", "<=", limits.FIRST_TOKEN_S,
          f"median of 5, least {min(starts):.3f} s")
    shutil.rmtree(os.path.join(folder, "model"))
    deeper = Compilation(moec, make("deeper", 2 * LAYERS), target)
    check(report, "anonymous memory, twice as deep", deeper.most_mib, "MiB", "<=", limits.COMPILE_ANONYMOUS_MIB)
    if not arguments.keep:
        shutil.rmtree(folder)
