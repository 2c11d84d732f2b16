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

BLOCK = 1 << 20  # as programs that copy files do


def copy(source, target):
    """The seconds that reading and writing all bytes takes, and those until they are on the disk."""
    begin = time.perf_counter()
    with open(source, "rb", buffering=0) as read, open(target, "wb", buffering=0) as write:
        while block := read.read(BLOCK):
            write.write(block)
    written = time.perf_counter()
    return written - begin, flush(target) + written - begin


def flush(path):
    """The seconds until what was written is on the disk."""
    begin, file = time.perf_counter(), os.open(path, os.O_RDWR)
    os.fsync(file)
    os.close(file)
    return time.perf_counter() - begin


def anonymous_mib(process):
    """Memory of a process that is not of files, now."""
    try:
        with open(f"/proc/{process}/status") as file:
            return next((int(line.split()[1]) / 1024 for line in file if line.startswith("RssAnon")), 0)
    except OSError:
        return 0


class Compilation:
    """One run of moec in a folder of its own: the most memory it had, and the seconds that packing took, which is from
    the weights file having a size, under another name, to its own name."""

    def __init__(self, moec, model, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        self.program = os.path.join(folder, "program")
        self.most_mib, self.begin, self.end = 0, None, None
        started = time.perf_counter()
        process = subprocess.Popen([moec, "compile", "--quiet", model, "-o", self.program])
        while process.poll() is None:
            self.look(folder, anonymous_mib(process.pid))
            time.sleep(0.002)
        if process.returncode:
            raise SystemExit(f"bench: {moec} could not compile {model}")
        self.end = self.end or time.perf_counter()
        self.packing_s = self.end - (self.begin or self.end)
        self.before_s = (self.begin or self.end) - started
        self.disk_s = self.packing_s + flush(self.program + ".weights")
        self.bytes = os.path.getsize(self.program + ".weights")

    @staticmethod
    def size(path):
        """0 if it has got another name meanwhile."""
        try:
            return os.path.getsize(path)
        except OSError:
            return 0

    def look(self, folder, mib):
        self.most_mib = max(self.most_mib, mib)
        names = [name for name in os.listdir(folder) if ".weights" in name]
        if self.begin is None and any(self.size(os.path.join(folder, name)) for name in names):
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
    data, copied = os.path.join(folder, "model", "model.data"), os.path.join(folder, "copy")
    rates, most = [], 0
    for round_ in range(rounds + 1):
        compiled = Compilation(moec, model, target)
        most = max(most, compiled.most_mib)
        # New pages cost more than writing them where a host has to give them: both writers have their own pages of the
        # round before, given back as long before they write. The first round is not timed.
        if os.path.exists(copied):
            os.remove(copied)
        time.sleep(compiled.before_s)
        written, on_disk = (os.path.getsize(data) / seconds for seconds in copy(data, copied))
        if round_:
            rates.append((compiled.bytes / compiled.disk_s, on_disk, compiled.bytes / compiled.packing_s, written))
    os.remove(copied)
    speed, _, packing, writing = (1e-9 * statistics.median(column) for column in zip(*rates))
    check(report, "packing, over copying the same bytes", statistics.median(rate[0] / rate[1] for rate in rates), "times",
          ">=", limits.PACKING_SHARE, f"{speed:.2f} GB/s to the disk; to memory {packing:.2f}, copying {writing:.2f}")
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
