#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Checks a GPU against stored results and the virtual GPU, then measures MoE layers beside other programs.

usage: run.py [--device cuda[:N]|virtual] [--reduced] [--seconds N] [--results FOLDER] [--jobs N]

Runs in the folder that `./dev gpu --build` made, and needs that and Python's standard library. With `--device virtual`
the virtual GPU stands for a real one; `--reduced` measures small layers, and lets the language model write little, which
it can. Every check is a line; the last line is `N passed, N failed[, N skipped]`. Each part has its share of the time (480
seconds if not given), and what it does not get to is skipped. Measurements go to FOLDER (results) as gpu.json and gpu.md.

Exit code: 0 if nothing failed, 1 if something did, 2 usage, 5 without a device or driver.
"""
import argparse
import concurrent.futures
import json
import os
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
import device
import moe_layers as layers
import npy
import report

HERE = os.path.dirname(os.path.abspath(__file__))
# Until which part of the time kernels and models are checked; the rest is for measuring.
KERNELS_END, MODELS_END = 0.3, 0.42
PEERS_SHARE = 0.5  # of a layer's time
RESERVE = 10       # seconds that are left at the end
GRACE = 20         # seconds that what began in time may take beyond it
STEPS, REDUCED_STEPS = 200, 16  # of the language model


class Results:
    """Checks as they come, and measurements."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures, self.measured, self.notes = [], [], []

    def check(self, name, failure):
        if failure is None:
            self.passed += 1
            print("PASS %s" % name, flush=True)
        else:
            self.failed += 1
            self.failures.append({"check": name, "failure": failure})
            print("FAIL %s: %s" % (name, failure), flush=True)

    def skip(self, name, reason):
        self.skipped += 1
        print("SKIP %s: %s" % (name, reason), flush=True)

    def note(self, text):
        self.notes.append(text)
        print(text, flush=True)

    def __str__(self):
        skipped = ", %d skipped" % self.skipped if self.skipped else ""
        return "%d passed, %d failed%s" % (self.passed, self.failed, skipped)


class Command:
    def __init__(self, options):
        self.options, self.results = options, Results()
        self.begin = time.monotonic()
        self.environment = dict(os.environ, MOERT_VGPU_LIBRARY=os.path.join(HERE, "lib", "libmoert-vgpu.so"))

    def left_until(self, share):
        """Seconds until that part of the time has passed."""
        return self.begin + share * self.options.seconds - time.monotonic()

    def run(self, command, seconds):
        """(lines of stdout, None or why it ended badly)."""
        if seconds <= 0:
            return [], "no time left"
        try:
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=seconds,
                                  env=self.environment)
        except subprocess.TimeoutExpired as late:
            text = late.stdout or b""
            text = text.decode(errors="replace") if isinstance(text, bytes) else text
            return text.splitlines(), "no end after %d s" % seconds
        bad = done.returncode and "exit code %d: %s" % (done.returncode, done.stderr.strip()[-600:])
        return done.stdout.splitlines(), bad or None

    def script(self, name, arguments, seconds):
        """(objects that a script of this folder printed, None or why it ended badly)."""
        lines, bad = self.run([sys.executable, os.path.join(HERE, name), *arguments], seconds)
        return [json.loads(line) for line in lines if line.startswith("{")], bad

    # Kernels and models, several at a time.

    def check_all(self, share, jobs):
        """jobs: (name, function that returns checks as (name, failure)); those that get no turn are skipped."""
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            for (name, _), done in zip(jobs, pool.map(
                    lambda job: job[1](self.left_until(share) + GRACE) if self.left_until(share) > 0 else None, jobs)):
                if done is None:
                    self.results.skip(name, "no time left")
                for check in done or []:
                    self.results.check(*check)

    def check_kernels(self):
        def checker(name):
            def check(seconds):
                objects, bad = self.script("checks.py", [HERE, name, self.options.device], seconds)
                checks = [(entry["check"], entry["failure"]) for entry in objects]
                return checks + ([("kernel " + name, bad)] if bad else [])
            return check

        names = sorted(entry[:-4] for entry in os.listdir(os.path.join(HERE, "kernels")) if entry.endswith(".zip"))
        self.check_all(KERNELS_END, [("kernel " + name, checker(name)) for name in names])

    def check_models(self):
        models = os.path.join(HERE, "models")
        jobs = [("model " + name, lambda seconds, name=name: self.check_model(name, seconds))
                for name in sorted(os.listdir(models)) if os.path.exists(os.path.join(models, name, "model.json"))]
        self.check_all(MODELS_END, jobs + [("model tiny-moe-lm", self.check_demo)])

    def check_model(self, name, seconds):
        """A model's data sets: beside stored outputs, and beside the virtual GPU's."""
        folder = os.path.join(HERE, "models", name)
        with open(os.path.join(folder, "model.json")) as file:
            facts = json.load(file)
        end, checks = time.monotonic() + seconds, []
        for entry in facts["sets"]:
            given = []
            for i, which in enumerate(facts["inputs"]):
                given += ["--input", "%s=%s" % (which, os.path.join(folder, entry, "input_%d.pb" % i))]
            with tempfile.TemporaryDirectory() as work:
                outs = {}
                for where in dict.fromkeys([self.options.device, "virtual"]):
                    outs[where] = os.path.join(work, where.replace(":", "-"))
                    _, bad = self.run([os.path.join(folder, "model"), *given, "--quiet", "--device", where,
                                       "--output-dir", outs[where]], end - time.monotonic())
                    reference = os.path.join(folder, entry, "expected") if where == self.options.device else \
                        outs[self.options.device]
                    kind = "model" if where == self.options.device else "virtual"
                    checks.append(("%s %s, %s" % (kind, name, entry),
                                   bad or differing(reference, outs[where], facts["tolerance"])))
                    if bad:
                        break
        return checks

    def check_demo(self, seconds):
        """The demo's language model writes the bytes that PyTorch writes, its caches on the device."""
        folder = os.path.join(HERE, "models", "tiny-moe-lm")
        steps = REDUCED_STEPS if self.options.reduced else STEPS
        with open(os.path.join(folder, "greedy.npy"), "rb") as file:
            expected = list(struct.unpack("<%dq" % STEPS, file.read()[-8 * STEPS:]))[:steps]
        lines, bad = self.run([os.path.join(folder, "lm"), "--device", self.options.device, "--input",
                               "input_ids=" + os.path.join(folder, "prompt.txt"), "--steps", str(steps), "--feed",
                               "input_ids=argmax(logits)", "--advance", "position_ids"], seconds)
        got = [int(line) for line in lines if line.strip().isdigit()]
        if not bad and got != expected:
            same = next((i for i, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
            bad = "%d tokens of %d as expected, then others" % (same, len(expected))
        return [("model tiny-moe-lm, %d tokens" % steps, bad)]

    # Layers, one at a time.

    def measure(self, facts):
        tokens = layers.REDUCED_TOKENS if self.options.reduced else layers.TOKENS
        names = [name for name in layers.LAYERS if os.path.exists(self.layer_path(name) + ".head")]
        for missing in [name for name in layers.LAYERS if name not in names]:
            self.results.skip("layer " + missing, "not in this folder, which was built with --reduced")
        for i, name in enumerate(names):
            seconds = (self.left_until(1) - RESERVE) / (len(names) - i)
            if seconds <= 0:
                self.results.skip("layer " + name, "no time left")
                continue
            measured = self.measure_layer(name, tokens, seconds)
            if not self.options.reduced and self.options.device.startswith("cuda"):
                self.measure_peers(name, measured, min(seconds * PEERS_SHARE, self.left_until(1) - RESERVE))
            for entry in measured:
                entry["roof_us"], entry["bound"] = device.roof_us(facts, entry["bytes"], entry["operations"])
                print(report.line(entry), flush=True)
            self.results.measured += measured

    def layer_path(self, name):
        return os.path.join(HERE, "layers", name + ("-reduced" if self.options.reduced else ""))

    def measure_layer(self, name, tokens, seconds):
        share = seconds * (1 - PEERS_SHARE)
        objects, bad = self.script("measure.py", [HERE, os.path.basename(self.layer_path(name)), self.options.device,
                                                  ",".join(map(str, tokens)), str(share)], share + GRACE)
        if bad:
            self.results.check("layer " + name, bad)
        measured = []
        for entry in objects:
            if "check" in entry:
                self.results.check(entry["check"], entry["failure"])
            elif "skipped" in entry:
                self.results.skip(*entry["skipped"].split(": "))
            else:
                measured.append(dict(entry, layer=name, peers={}))
        return measured

    def measure_peers(self, name, measured, seconds):
        tokens = [entry["tokens"] for entry in measured]
        if not tokens:
            return
        objects, bad = self.script("peers.py", [name, ",".join(map(str, tokens)), str(seconds - 15)], seconds)
        for entry in objects:
            if "us" in entry:
                next(m for m in measured if m["tokens"] == entry["tokens"])["peers"][entry["peer"]] = entry["us"]
            else:
                self.results.note("no %s for %s: %s" % (entry["peer"], name, entry["reason"]))
        if bad:
            self.results.note("other programs on %s: %s" % (name, bad))

    def main(self):
        facts = device.describe(self.options.device)
        print("device: " + ", ".join("%s %s" % fact for fact in facts.items()), flush=True)
        self.check_kernels()
        self.check_models()
        self.measure(facts)
        seconds = time.monotonic() - self.begin
        report.write(self.options.results, facts, self.results, seconds, self.options)
        print("%.0f s; measurements are in %s" % (seconds, self.options.results))
        print(self.results)
        return 1 if self.results.failed or not self.results.passed else 0


def differing(expected, got, tolerance):
    """None, or how outputs in two folders differ."""
    names = sorted(os.listdir(expected))
    if not names or names != sorted(os.listdir(got)):
        return "outputs %s, expected %s" % (os.listdir(got), names)
    for name in names:
        a, b = npy.read(os.path.join(expected, name)), npy.read(os.path.join(got, name))
        if list(a.shape) != list(b.shape):
            return "%s has the shape %s, expected %s" % (name, b.shape, a.shape)
        for x, y in zip(npy.unpack(a), npy.unpack(b)):
            if x != y and not abs(x - y) <= tolerance["atol"] + tolerance["rtol"] * abs(x):
                return "%s: %r, expected %r" % (name, y, x)
    return None


def parse():
    parser = argparse.ArgumentParser(prog="./dev gpu", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--reduced", action="store_true")
    parser.add_argument("--seconds", type=float, default=480)
    parser.add_argument("--results", default=os.path.join(HERE, "results"))
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args()
    kind, _, number = options.device.partition(":")
    if kind not in ("cuda", "virtual") or (number and not (kind == "cuda" and number.isdigit())):
        parser.error("no device '%s'; there are cuda, cuda:NUMBER and virtual" % options.device)
    if options.jobs < 1 or options.seconds <= RESERVE:
        parser.error("--jobs and --seconds must be more than 0 and %d" % RESERVE)
    return options


if __name__ == "__main__":
    try:
        sys.exit(Command(parse()).main())
    except device.NoDevice as reason:
        print("./dev gpu: %s" % reason, file=sys.stderr)
        sys.exit(5)
