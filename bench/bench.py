#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares compiled models with ONNX Runtime on this machine.

usage: bench.py [OPTION...] [NAME[:CELL]...]

NAME is decoder, one of the layers of models.py, kernels (or one of them), compile, start, overlap, exchange, faults or vgpu;
all without one. CELL is one shape of the model, as the table writes it. Those last six measure beside limits.

Contestants run in this process, one at a time, on the same inputs, which are drawn anew for each repetition, so that
routing is; the order changes from one repetition to the next. Medians count. The machine's bandwidth and peak are
measured in each repetition, too. limits.py says what passes.

  --pairs N         the least number of repetitions of a cell (15; 5 with --quick, 3 of slow cells)
  --seconds S       the least time for a cell (4; 0.5 with --quick)
  --quick           mixtral with two experts, fewer repetitions
  --variant NAME    compile and run this variant of ours: f32 or bf16; may be given several times (f32)
  --beside COMMAND  run another program's layer, too; see README.md
  --json FILE       write all that is printed, and more digits, as JSON
  --markdown FILE   write the tables as Markdown
  --svg FILE        draw the cells under the machine's roof
  --threads N       of each contestant (2)
  --build DIR       the tree that holds bin/moec and lib/libmoert.so (build)
  --keep            leave models and artifacts in the build folder, and use those that are there
  --loaded          measure even if other programs are running

What it needs from PyPI is in requirements.txt and comes into build/bench. `./dev bench` calls this. Exit code: 0; 1 if
outputs differ or a limit is missed; 2 for usage; 3 if the machine is busy; 75 without PyPI.
"""
import argparse
import gc
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time

import limits
import machine as machines
import report as reports

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
BUILD = os.path.join(ROOT, "build")
WORK = os.path.join(BUILD, "bench")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
FAILED, BUSY, UNAVAILABLE = 1, 3, 75
QUICK_PAIRS, QUICK_SECONDS = 3, 8  # with --quick a cell ends after so many of both
# Before a run that is timed and short, the contestant runs on other inputs for as long: one token after another.
SETTLE_MS, SHORT_MS = 1, 20

# What is compiled: options of moec, bytes of an element of weights, the largest difference from the peer, and of which
# rows. Where two experts score nearly alike, rounded weights may choose the other one: then a few tokens, and those that
# attend to them, get quite other numbers, and none of the rest does.
VARIANTS = {"f32": ([], 4, limits.DIFFERENCE, "all"),
            "bf16": (["--weights-dtype=bf16"], 2, limits.ROUNDED_DIFFERENCE, "median")}


def enter_venv():
    """Goes on in a Python that has requirements.txt."""
    with open(REQUIREMENTS, "rb") as file:
        venv = os.path.join(WORK, "venv-" + hashlib.sha256(file.read()).hexdigest()[:12])
    python, ready = os.path.join(venv, "bin", "python"), os.path.join(venv, "ready")
    if sys.prefix == venv:
        return
    if not os.path.exists(ready):
        shutil.rmtree(venv, ignore_errors=True)
        os.makedirs(WORK, exist_ok=True)
        print("installing ONNX Runtime from PyPI into", os.path.relpath(venv), file=sys.stderr, flush=True)
        try:
            subprocess.run([sys.executable, "-m", "venv", venv], check=True)
            subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                            "--only-binary=:all:", "--timeout", "20", "--retries", "2", "-r", REQUIREMENTS],
                           check=True)
        except subprocess.CalledProcessError as error:
            print(f"bench: {' '.join(map(str, error.cmd[:4]))} failed; is PyPI reachable?", file=sys.stderr)
            sys.exit(UNAVAILABLE)
        open(ready, "w").close()
    os.execv(python, [python, "-B", os.path.abspath(__file__), *sys.argv[1:]])


def warn(report, text):
    report["warnings"].append(text)
    print(f"bench: WARNING: {text}", file=sys.stderr, flush=True)


def difference(values, expected, of):
    """The largest one of all rows, or of the median row, as a share of the largest value."""
    if values.shape != expected.shape or not (abs(values - expected) < float("inf")).all():
        return float("inf")
    rows = sorted(abs(values - expected).reshape(-1, values.shape[-1]).max(axis=1))
    return float((rows[-1] if of == "all" else rows[len(rows) // 2]) / max(abs(expected).max(), 1e-30))


class Files:
    """The model and the artifacts of a case, in a folder of their own."""

    def __init__(self, case, arguments):
        self.case, self.arguments = case, arguments
        self.folder = os.path.join(WORK, case.name)
        self.moec = os.path.join(arguments.build, "bin", "moec")
        self.compile_s = None

    def once(self, name, sources, what, make):
        """What `make` made last time, if it is kept and was made of the same sources."""
        from cases import stamp
        path, now = os.path.join(self.folder, name + ".stamp"), f"{what}\n{stamp(sources)}"
        if self.arguments.keep and machines.read(path) == now:
            return
        make()
        with open(path, "w") as file:
            file.write(now)

    def make_model(self):
        import numpy as np

        def make():
            shutil.rmtree(self.folder, ignore_errors=True)
            os.makedirs(self.folder)
            self.case.make(self.folder, np.random.default_rng(1))

        sources = [os.path.join(HERE, name) for name in ("models.py", "decoder.py", "kernels.py")]
        self.once("model", sources, getattr(self.case, "experts", ""), make)
        return os.path.join(self.folder, "model.onnx")

    def compile(self, name, options):
        model, path = os.path.join(self.folder, "model.onnx"), os.path.join(self.folder, name + ".so")

        def make():
            begin = time.perf_counter()
            for file in (path, path + ".weights"):
                if os.path.exists(file):
                    os.remove(file)
            subprocess.run([self.moec, "compile", "--quiet", *options, model, "-o", path], check=True)
            self.compile_s = self.compile_s or time.perf_counter() - begin

        self.once(name, [model, self.moec], options, make)
        return path

    def remove(self):
        if not self.arguments.keep:
            shutil.rmtree(self.folder, ignore_errors=True)


class Cell:
    """The times of all contestants for one shape, and what each repetition had to do."""

    def __init__(self, case, shape, contestants, meter, router, arguments, rng):
        self.times = {contestant.name: [] for contestant in contestants}
        self.differences, self.works, self.roofs = {}, [], []
        for contestant in contestants:
            contestant.begin(case, shape)
        drawn, round_, begin = [], 0, None
        while begin is None or self.goes_on(len(drawn), time.perf_counter() - begin, arguments):
            others, inputs = case.inputs(shape, rng), case.inputs(shape, rng)
            times = {}
            for contestant in self.order([*contestants, meter], round_):
                if contestant is meter:
                    roof = meter.measure()
                    continue
                self.settle(contestant, others, case.output)
                times[contestant.name] = contestant.run(inputs, case.output)
            if begin is None:  # the first run of each, which is not timed
                self.compare(case, contestants)
                begin = time.perf_counter()
                continue
            round_ += 1
            drawn.append(inputs)
            self.roofs.append(roof)
            for name, value in times.items():
                self.times[name].append(value)
        for inputs in drawn:
            offsets = []
            if router:
                router.run(inputs, case.output)
                offsets = [router.output(name) for name in router.routing]
            self.works.append(case.work(shape, inputs, offsets))

    def settle(self, contestant, others, output):
        """Memory is slow for a while after it has slept, and caches hold what another contestant left."""
        if self.times[contestant.name] and self.times[contestant.name][-1] > SHORT_MS:
            return
        end = time.perf_counter() + 1e-3 * SETTLE_MS
        while True:
            contestant.run(others, output)
            if time.perf_counter() >= end:
                return

    @staticmethod
    def goes_on(repetitions, seconds, arguments):
        if arguments.quick and repetitions >= QUICK_PAIRS and seconds > QUICK_SECONDS:
            return False
        return repetitions < arguments.pairs or seconds < arguments.seconds

    @staticmethod
    def order(contestants, round_):
        """Each is first, and each follows each, as often as any other."""
        turned = contestants[round_ % len(contestants):] + contestants[:round_ % len(contestants)]
        return turned if round_ // len(contestants) % 2 == 0 else turned[::-1]

    def compare(self, case, contestants):
        expected = next(c for c in contestants if c.name == "peer").output(case.output)
        for contestant in contestants:
            if contestant.name in VARIANTS:
                self.differences[contestant.name] = difference(contestant.output(case.output), expected,
                                                               VARIANTS[contestant.name][3])

    def line(self, case, shape, variant):
        """A line of the report; each run beside the roof of its repetition."""
        ours, peer, beside = self.times[variant], self.times["peer"], self.times.get("beside")
        _, weight_bytes, allowed, _ = VARIANTS[variant]
        sizes = [work.bytes(weight_bytes) for work in self.works]
        least = [roof.milliseconds(size, work.operations)
                 for roof, size, work in zip(self.roofs, sizes, self.works)]
        roof, best = machines.Roof.of(self.roofs, statistics.median), machines.Roof.of(self.roofs, max)
        at = ours.index(min(ours))
        size, operations = statistics.median(sizes), statistics.median(work.operations for work in self.works)
        line = {"model": case.name, "cell": case.describe(shape), "variant": variant, "pairs": len(ours),
                "difference": self.differences[variant], "roof_ms": statistics.median(least), "roof_all_ms": least,
                "roof_share": statistics.median(l / o for l, o in zip(least, ours)),
                "roof_share_of_minimum": best.milliseconds(sizes[at], self.works[at].operations) / ours[at],
                "bytes": size, "operations": operations,
                "bound": "bytes" if size / roof.bandwidth > operations / roof.peak else "flops",
                "read_gb_per_s": roof.bandwidth * 1e-9, "peak_gflops": roof.peak * 1e-9,
                "best_gb_per_s": best.bandwidth * 1e-9, "best_gflops": best.peak * 1e-9}
        if self.works[0].hit is not None:
            line["experts_hit"] = statistics.mean(work.hit for work in self.works)
        for name, times, ratio, prefix in (("ours", ours, None, None), ("peer", peer, "ratio", ""),
                                           ("beside", beside, "beside_ratio", "beside_")):
            if times is None:
                continue
            line[f"{name}_ms"], line[f"{name}_min_ms"] = statistics.median(times), min(times)
            line[f"{name}_all_ms"] = times
            if ratio:
                line[ratio] = line[f"{name}_ms"] / line["ours_ms"]
                line[f"{prefix}ratio_of_pairs"] = statistics.median(b / a for a, b in zip(ours, times))
                line[f"{prefix}ratio_of_minima"] = min(times) / min(ours)
        line["misses"] = [what for what, fine in (
            ("output", line["difference"] <= allowed), ("peer", not limits.is_slower(ours, peer)),
            ("beside", beside is None or not limits.is_slower(ours, beside))) if not fine]
        line["verdict"] = "pass" if not line["misses"] else "FAIL: " + ", ".join(line["misses"])
        return line


def open_contestants(case, files, arguments):
    """Those of a case, the one that tells routing if it is needed, and the level of the kernels."""
    from contestants import Beside, OnnxRuntime, Ours
    library = os.path.join(arguments.build, "lib", "libmoert.so")
    model = files.make_model()
    contestants = [Ours(name, library, files.compile(name, VARIANTS[name][0]), arguments.threads)
                   for name in arguments.variant]
    isa, router = contestants[0].isa, None
    if case.exposes_routing:
        router = Ours("routing", library, files.compile("routing", ["--expose-routing"]), arguments.threads)
        router.routing = [f"routing.{layer}" for layer in range(case.layers)]
    contestants.append(OnnxRuntime(model, arguments.threads))
    if arguments.beside and hasattr(case, "sizes"):
        contestants.append(Beside(arguments.beside))
    return contestants, router, isa


def run_case(case, shapes, arguments, meter, report):
    import numpy as np
    rng = np.random.default_rng(2)
    files = Files(case, arguments)
    contestants, router, isa = open_contestants(case, files, arguments)
    report["isa"] = isa
    lines = []
    if not case.is_kernel:  # every expert has been used once, so that no cell waits for a disk
        everything = case.inputs(max(case.cells, key=np.prod), rng)
        for contestant in contestants:
            if contestant.name != "beside":
                contestant.run(everything, case.output)
    for shape in shapes:
        watch = machines.Watch()
        cell = Cell(case, shape, contestants, meter, router, arguments, rng)
        others, host = watch.shares([c.process.pid for c in contestants if getattr(c, "process", None)])
        for variant in arguments.variant:
            lines.append(cell.line(case, shape, variant))
            lines[-1].update(other_programs=others, host=host)
        if others + host > limits.FOREIGN_SHARE:
            warn(report, f"{case.name} {case.describe(shape)}: other programs took {others:.0%} of the machine, the host "
                         f"{host:.0%}; do not trust these times")
    for contestant in contestants + ([router] if router else []):
        contestant.close()
    del contestants, router
    gc.collect()
    files.remove()
    report["cells"] += lines
    if files.compile_s:
        report["models"].append({"name": case.name, "compile_s": files.compile_s})
        print(f"\n{case.name}: compiled and packed in {files.compile_s:.1f} s")
    print("\n".join(reports.table(lines)), flush=True)


def parse_arguments():
    parser = argparse.ArgumentParser(description="compares compiled models with ONNX Runtime",
                                     usage="bench.py [OPTION...] [NAME[:CELL]...]",
                                     epilog="what the options mean: bench/README.md, and the head of bench.py")
    parser.add_argument("names", nargs="*", metavar="NAME[:CELL]")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--variant", action="append", choices=list(VARIANTS))
    parser.add_argument("--beside", metavar="COMMAND")
    for name in ("json", "markdown", "svg"):
        parser.add_argument("--" + name, metavar="FILE")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--build", default=BUILD, metavar="DIR")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--loaded", action="store_true")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)
    arguments.variant = list(dict.fromkeys(arguments.variant or ["f32"]))
    arguments.pairs = max(1, arguments.pairs or (5 if arguments.quick else 15))
    arguments.seconds = arguments.seconds if arguments.seconds is not None else 0.5 if arguments.quick else 4
    return parser, arguments


# Measurements without a peer.
MODULES = {"compile": "compiling", "start": "starting", "overlap": "overlapping", "exchange": "exchanging",
           "faults": "faulting", "vgpu": "simulating"}


def choose(parser, names, cases):
    """What to run: (case or name of a measurement without a peer, its shapes)."""
    chosen = []
    for name in names or [*MODULES, *cases]:
        name, _, wanted = name.partition(":")
        if name in MODULES:
            chosen.append((name, []))
            continue
        found = [name] if name in cases else [n for n, case in cases.items() if name == "kernels" and case.is_kernel]
        if not found:
            parser.error(f"there is no {name}: {', '.join(MODULES)}, kernels, {', '.join(cases)}")
        for at in found:
            case = cases[at]
            shapes = [shape for shape in case.cells if wanted in ("", case.describe(shape))]
            if not shapes:
                parser.error(f"{at} has no cell {wanted}: {', '.join(map(case.describe, case.cells))}")
            chosen.append((case, shapes))
    return chosen


def write(path, text):
    with open(path, "w") as file:
        file.write(text)


def main():
    parser, arguments = parse_arguments()
    outputs = {name: getattr(arguments, name) and os.path.abspath(getattr(arguments, name))
               for name in ("json", "markdown", "svg")}
    enter_venv()
    os.chdir(ROOT)
    from cases import make_cases
    chosen = choose(parser, arguments.names, make_cases(arguments.quick))
    import onnxruntime
    report = {"machine": machines.describe(), "threads": arguments.threads, "isa": None,
              "command": " ".join(["./dev bench", *sys.argv[1:]]), "peer": f"ONNX Runtime {onnxruntime.__version__}",
              "warnings": [], "models": [], "cells": [], "checks": []}
    print(f"{machines.describe_line(report['machine'])}\n{arguments.threads} threads; peer: {report['peer']}", flush=True)
    watch = machines.Watch()
    time.sleep(1)
    others, host = watch.shares()
    if others + host > limits.BUSY_SHARE:
        warn(report, f"other programs take {others:.0%} of the machine, the host {host:.0%}")
        if not arguments.loaded:
            print("bench: the machine is busy; --loaded measures anyway", file=sys.stderr)
            sys.exit(BUSY)
    meter = None
    for case, shapes in chosen:
        if isinstance(case, str):
            module = __import__(MODULES[case])
            module.run(arguments, os.path.join(WORK, case), report)
        else:
            meter = meter or machines.RoofMeter(WORK, arguments.threads)
            run_case(case, shapes, arguments, meter, report)
        # Written as it grows, so that what was measured is kept if a later model fails.
        if outputs["json"]:
            write(outputs["json"], json.dumps(report, indent=1) + "\n")
        if outputs["markdown"]:
            write(outputs["markdown"], reports.markdown(report))
        if outputs["svg"] and report["cells"]:
            from roofline import roofline
            write(outputs["svg"], roofline(report))
    missed = [line for line in report["cells"] if line["misses"]]
    for line in missed:
        print(f"bench: {line['model']} {line['cell']} {line['variant']}: {line['verdict']}", file=sys.stderr)
    failed = [check for check in report["checks"] if not check["passes"]]
    for check in failed:
        print("bench: " + reports.check_line(check), file=sys.stderr)
    sys.exit(FAILED if missed or failed else 0)


if __name__ == "__main__":
    main()
