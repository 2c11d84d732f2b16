# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What moving rows between ranks of one process costs: beside OpenMPI's shared memory, and for a layer as a whole."""
import os
import re
import shutil
import statistics
import subprocess
import time

import numpy as np

import limits
from models import make_layer
from moert import Model
from report import check

HERE = os.path.dirname(os.path.abspath(__file__))
# Bytes from each rank to each other one, on the average; the repetitions.
SIZES = [(64, 1000), (1 << 10, 1000), (8 << 10, 1000), (64 << 10, 1000), (256 << 10, 1000), (1 << 20, 400)]
# Each contestant takes so many turns, in a new process each: where the system puts free ranks, two on each of two
# processors or three on one, seldom changes while a process lives, and is most of what few rows take.
BLOCKS = 20
PATIENCE = 120  # seconds for a process
TRIES = 20  # of each setting of OpenMPI, of which the fastest is measured; and before each turn
# Hidden size, width of experts, experts, experts per token, gated: layers that take a few microseconds.
SMALL, SMALL_LAYERS = (256, 256, 8, 2, True), 16
TWO_RANKS, TWO_RANK_TOKENS = "qwen3-30b", (2, 128, 1024)
# With fewer tokens routing decides: of 16 rows for experts, one rank had 9.
EVEN_TOKENS = 128
TURNS = 11
# Where ranks run: as the system puts them, or each on a processor of its own or shared with as many as any other. Only
# the latter is the same for both contestants.
PLACES = {"free": [], "bound": ["bound"]}
MPIRUN = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "4", "--mca", "btl", "vader,self"]
MPI_SETTINGS = {f"yield {idle}, {copy}": ["--mca", "mpi_yield_when_idle", idle, "--mca", "btl_vader_single_copy_mechanism", copy]
                for idle in ("0", "1") for copy in ("none", "cma")}


class Contestant:
    """A program that exchanges rows as often as it is told to."""

    def __init__(self, command, shared=None):
        self.command = command
        self.shared = shared  # a file that processes have in memory, new in each run

    def run(self, size, repetitions):
        """The microseconds of each repetition in a new process, after some that do not count."""
        if self.shared and os.path.exists(self.shared):
            os.remove(self.shared)
        try:
            done = subprocess.run(self.command, input=f"{size} {TRIES}\n{size} {repetitions}\n", stdout=subprocess.PIPE,
                                  text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise SystemExit(f"bench: {' '.join(self.command)} did not end within {PATIENCE} s") from None
        lines = done.stdout.splitlines()
        if done.returncode or len(lines) != 2:
            raise SystemExit(f"bench: {' '.join(self.command)} failed")
        return [int(word) * 1e-3 for word in lines[1].split()]


def build(arguments, folder):
    """The programs of libmoert's ranks and of MPI's."""
    library, ours, mpi = (os.path.join(*parts) for parts in (
        (arguments.build, "lib"), (folder, "exchange_ranks"), (folder, "exchange_mpi")))
    flags = ["-O3", "-march=native", "-pthread"]
    subprocess.run(["clang-22", *flags, "-I", os.path.join(HERE, "..", "runtime", "include"),
                    os.path.join(HERE, "exchange_ranks.c"), "-L", library, "-lmoert", f"-Wl,-rpath,{library}", "-o", ours],
                   check=True)
    subprocess.run(["mpicc", *flags, os.path.join(HERE, "exchange_mpi.c"), "-o", mpi], check=True,
                   env={**os.environ, "OMPI_CC": "clang-22"})
    return ours, mpi


def compare_with_mpi(arguments, folder, report):
    ours, mpi = build(arguments, folder)
    print("\nexchange, 4 ranks: until the last one has read what it received; medians; OpenMPI with its fastest setting")
    for place, options in PLACES.items():
        mine = Contestant([ours, *options])
        shared = os.path.join(folder, "shared")
        theirs = {name: Contestant([*MPIRUN, *setting, mpi, shared, *options], shared)
                  for name, setting in MPI_SETTINGS.items()}
        for size, repetitions in SIZES:
            compare_size(size, repetitions // 10 if arguments.quick else repetitions, place, mine, theirs, report)


def compare_size(size, repetitions, place, mine, theirs, report):
    tries = {name: statistics.median(contestant.run(size, TRIES)) for name, contestant in theirs.items()}
    # Those that may be the fastest.
    chosen = {name: theirs[name] for name, value in tries.items() if value <= 2 * min(tries.values())}
    contestants = {"ours": mine, **chosen}
    times = {name: [] for name in contestants}
    for block in range(BLOCKS):
        order = list(contestants)
        for name in order[block % len(order):] + order[:block % len(order)]:
            times[name] += contestants[name].run(size, repetitions // BLOCKS)
    medians = {name: statistics.median(times[name]) for name in chosen}
    best = min(medians, key=medians.get)
    large, us = size >= limits.LARGE_EXCHANGE, statistics.median(times["ours"])
    others = "".join(f"; {name}: {medians.get(name, tries[name]):.0f}" for name in tries if name != best)
    limit = limits.EXCHANGE_OF_MPI_LARGE if large else limits.EXCHANGE_OF_MPI
    check(report, f"{describe(size)} to each rank, {place}: OpenMPI's time over ours", medians[best] / us, "times", ">=",
          limit if place == "bound" else None,
          f"{us:.1f} us, OpenMPI {medians[best]:.1f} ({best}{others}); {repetitions} each")


def describe(size):
    return f"{size} B" if size < 1024 else f"{size >> 10} KiB" if size < 1 << 20 else f"{size >> 20} MiB"


def compile_layer(arguments, folder, options, **sizes):
    """Artifacts of one layer, one for each of `options`, {name: options of moec}."""
    os.makedirs(folder)
    model = make_layer(folder, sizes.pop("name"), np.random.default_rng(1), **sizes)
    libraries = {name: os.path.join(folder, name + ".so") for name in options}
    for name, given in options.items():
        subprocess.run([os.path.join(arguments.build, "bin", "moec"), "compile", "--quiet", "--target=cpu:native", *given,
                        model, "-o", libraries[name]], check=True)
    return libraries


def median_us(arguments, library, tokens, threads, repetitions):
    """Of a process with random inputs, `threads` of each rank."""
    done = subprocess.run([os.path.join(arguments.build, "bin", "moec"), "run", library, "--random=1",
                           f"--bind=tokens={tokens}", f"--threads={threads}", f"--repeat={repetitions}"],
                          check=True, capture_output=True, text=True)
    return float(re.search(r"median ([0-9.e+-]+) ms", done.stderr).group(1)) * 1e3


def compare_one_rank(arguments, folder, report):
    """What a grid of one rank adds to layers in which little else is to be done; and one of two."""
    libraries = compile_layer(arguments, folder, {"whole": [], "ranks": ["--grid=ep=1"], "two": ["--ranks=2"]},
                              name="small", sizes=SMALL, layers=SMALL_LAYERS)
    two = libraries.pop("two")
    runtime = os.path.join(arguments.build, "lib", "libmoert.so")
    rng = np.random.default_rng(2)
    inputs = {"x": rng.standard_normal((1, SMALL[0]), dtype=np.float32),
              "router": rng.standard_normal((1, SMALL[2]), dtype=np.float32)}
    models = {name: Model(runtime, path, 1) for name, path in libraries.items()}
    times = {name: [] for name in models}
    for model in models.values():
        model.set_inputs(inputs)
    for block in range(40):
        for name in sorted(models, reverse=block % 2 == 1):
            for repetition in range(30 if arguments.quick else 100):
                begin = time.perf_counter_ns()
                models[name].run()
                if repetition >= 10:  # code and weights come into caches before
                    times[name].append(time.perf_counter_ns() - begin)
    same = np.array_equal(*(model.output("y") for model in models.values()))
    for model in models.values():
        model.close()
    if not same:
        raise SystemExit("bench: a layer on one rank computes other bits")
    whole, ranks = (statistics.median(times[name]) * 1e-3 / SMALL_LAYERS for name in ("whole", "ranks"))
    check(report, "a layer for a grid of one rank, 1 token: more than without", ranks - whole, "us", "<=",
          limits.ONE_RANK_US, f"{ranks:.1f} us, without a grid {whole:.1f}; {len(times['whole'])} each; two ranks with a "
          f"token each: {median_us(arguments, two, 2, 1, 2000) / SMALL_LAYERS:.1f} us")


def compare_two_ranks(arguments, folder, report):
    """Two ranks of a thread each beside one rank of two threads."""
    experts = 32 if arguments.quick else None
    libraries = compile_layer(arguments, folder, {"whole": [], "ranks": ["--ranks=2"]}, name=TWO_RANKS, experts=experts)
    threads = {"whole": 2, "ranks": 1}
    for tokens in TWO_RANK_TOKENS:
        times = {name: [] for name in libraries}
        for turn in range(3 if arguments.quick else TURNS):
            for name in sorted(libraries, reverse=turn % 2 == 1):
                times[name].append(1e-3 * median_us(arguments, libraries[name], tokens, threads[name],
                                                    max(5, min(200, 1000 // tokens))))
        whole, ranks = (statistics.median(times[name]) for name in ("whole", "ranks"))
        # Of each turn, since memory is faster in some minutes than in others.
        ratio = statistics.median(whole / ranks for whole, ranks in zip(times["whole"], times["ranks"]))
        check(report, f"{TWO_RANKS}, {tokens} tokens, 2 ranks: speed over that of 2 threads", ratio, "times", ">=",
              limits.TWO_RANKS_SPEED if tokens >= EVEN_TOKENS else None,
              f"{ranks:.2f} ms, 2 threads {whole:.2f} ms; medians of {len(times['whole'])} processes")


def run(arguments, folder, report):
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    compare_with_mpi(arguments, folder, report)
    print("\none rank, and two")
    compare_one_rank(arguments, os.path.join(folder, "one"), report)
    compare_two_ranks(arguments, os.path.join(folder, "two"), report)
    if not arguments.keep:
        shutil.rmtree(folder)
