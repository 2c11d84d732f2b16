#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a model says on several ranks, compared with what it says on one, to the bit.

usage: ranks.py [--all] [--json FILE] MOEC [NAME|FOLDER...]

Models are compiled for 1, 2, 3, 4 and 8 ranks and for two groups of two, and run as threads of one process: a prompt and
steps that feed back where the model keeps its caches, else the prompt alone. Batches: one that does not divide evenly,
one of the same sequence again and again, so that all tokens go to the same experts, and a single sequence, so that all
ranks but one have nothing. Exchanges are cut into chunks, and have windows of two rows. Models are exports of
test/Models/exports by name, or folders with a model.onnx; without any, one of each family, and with --all more.
"""
import argparse
import concurrent.futures
import json
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPORTS = os.path.join(HERE, "exports")
TINY = os.path.join(ROOT, "examples", "tiny-moe-lm", "tiny-moe-lm.onnx")
# The demo's model, and of each family one with caches, which takes a prompt and goes on; types of half the size.
SAMPLE = """tiny-moe-lm mixtral-hf-grouped-op23-multi qwen2-hf-grouped-op18-multi olmoe-hf-grouped-op20-multi
mixtral-hf-grouped-op20-none-bf16""".split()
MORE = """qwen3-hf-grouped-op20-multi-f16 granite-hf-batched-op20-multi qwen2-hf-batched-op23-multi
qwen3-optimum-loop-op18-multi mixtral-ts-batched-op17-none olmoe-ts-loop-op17-none""".split()
GRIDS = [["--ranks=2"], ["--ranks=3"], ["--ranks=4"], ["--ranks=8"], ["--grid=ep=2,dp=2"]]
PLANS = [[], ["--chunks=1"], ["--chunks=2"], ["--chunks=3"], ["--chunks=7"], ["--window-rows=2"],
         ["--window-rows=3", "--chunks=2"]]
STEPS = 4


class Different(Exception):
    pass


def write_ids(path, rows):
    """A .npy file of i64."""
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack("<%dq" % len(row), *row))


def run(command):
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        raise Different(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.decode()[-400:]}")
    return done.stdout


class Model:
    def __init__(self, moec, name, folder):
        self.moec, self.folder, self.name = moec, folder, name
        self.path = TINY if name == "tiny-moe-lm" else os.path.join(EXPORTS, name, "model.onnx")
        if os.path.isdir(name):
            self.path = os.path.join(name, "model.onnx")
        text = run([moec, "inspect", self.path]).decode()
        self.inputs = [line.split()[0] for line in text.split("outputs:")[0].splitlines()[1:]]
        logits = next(line for line in text.splitlines() if line.startswith("  logits "))
        self.vocabulary = int(logits.rsplit(" ", 1)[1].rstrip("]"))
        self.has_state = any("past" in name for name in self.inputs)
        self.runs = 0

    def compile(self, grid):
        path = os.path.join(self.folder, "model" + "".join(grid).replace("=", "-") + ".so")
        state = ["--state", "auto"] if self.has_state else []
        run([self.moec, "compile", self.path, "-o", path, "--target=cpu:native", *state, *grid])
        return path

    def say(self, library, rows, options):
        """What is printed and written."""
        self.runs += 1
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            ids = os.path.join(out, "ids.npy")
            write_ids(ids, rows)
            command = [self.moec, "run", library, "--input", "input_ids=" + ids, "--quiet", "--output-dir",
                       os.path.join(out, "outputs"), *options]
            others = [name for name in self.inputs if name in ("position_ids", "attention_mask")]
            if self.has_state:
                command += ["--steps", str(STEPS), "--feed", "input_ids=argmax(logits)"]
                command += [word for name in others for word in ("--advance", name)]
            else:
                for name in others:
                    values = range(len(rows[0])) if name == "position_ids" else [1] * len(rows[0])
                    write_ids(os.path.join(out, name + ".npy"), [list(values)] * len(rows))
                    command += ["--input", f"{name}={os.path.join(out, name)}.npy"]
            printed = run(command)
            written = {}
            for name in sorted(os.listdir(os.path.join(out, "outputs"))):
                with open(os.path.join(out, "outputs", name), "rb") as file:
                    written[name] = file.read()
            if not written:
                raise Different("nothing was written")
            return printed, written

    def check(self):
        rng = random.Random(os.path.basename(self.name))
        same = [rng.randrange(self.vocabulary) for _ in range(7)]
        batches = {"uneven": [[rng.randrange(self.vocabulary) for _ in range(7)] for _ in range(5)],
                   "same": [same] * 4, "single": [same]}
        alone = self.compile([])
        expected = {kind: self.say(alone, rows, []) for kind, rows in batches.items()}
        self.runs = 0
        for grid in GRIDS:
            library = self.compile(grid)
            for kind, rows in batches.items():
                for plan in PLANS if kind == "uneven" else PLANS[1::4]:
                    if self.say(library, rows, plan) != expected[kind]:
                        raise Different(f"{' '.join(grid + plan)}, batch '{kind}': other bits")
            os.remove(library)
        return self.runs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--json")
    parser.add_argument("moec")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    names = arguments.names or SAMPLE + (MORE if arguments.all else [])

    def check(name):
        result = {"name": os.path.basename(name), "runs": 0, "failure": None}
        with tempfile.TemporaryDirectory() as folder:
            try:
                result["runs"] = Model(arguments.moec, name, folder).check()
            except Different as error:
                result["failure"] = str(error)
        print(f"{result['name']}: {result['failure'] or str(result['runs']) + ' runs'}", flush=True)
        return result

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, names))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file)
    bad = sum(result["failure"] is not None for result in results)
    print(f"{len(results) - bad} models with the bits of one rank, {bad} not, in {sum(r['runs'] for r in results)} runs")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
