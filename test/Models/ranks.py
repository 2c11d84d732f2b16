#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a model says on several ranks, compared with what it says on one, to the bit.

usage: ranks.py [--all] [--json FILE] [--devices COUNT] MOEC [NAME|FOLDER...]

Models are compiled for 1, 2, 3, 4 and 8 ranks, for two groups of two and for two pairs that share experts: a prompt and
steps that feed back where the model keeps its caches, else the prompt alone. Exchanges are cut into chunks, and have
windows of two rows.

Threads of one process share out a batch: one that does not divide evenly, one of the same token again and again, so
that all rows go to the same experts, and a single sequence, so that all ranks but one have nothing.

Processes, with the variables of every launcher, each have a batch of their own, of other sizes and of none, or of the
same token; what each says is compared with what the model for one rank says of that batch. They take a part of the
plans in turn, and all of them with --all.

With --devices models are code for GPUs, and rank r runs on virtual GPU r modulo COUNT: ranks that share one, and more GPUs
than ranks. Of the plans one is taken in turn, and processes have the uneven batch only, unless --all is given.

Models are exports of test/Models/exports by name, or folders with a model.onnx; without any, one of each family, and
with --all more.
"""
import argparse
import ast
import concurrent.futures
import json
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import rank_processes  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
EXPORTS = os.path.join(HERE, "exports")
TINY = os.path.join(ROOT, "examples", "tiny-moe-lm", "tiny-moe-lm.onnx")
# The demo's model, and of each family one with caches, which takes a prompt and goes on; types of half the size.
SAMPLE = """tiny-moe-lm mixtral-hf-grouped-op23-multi qwen2-hf-grouped-op18-multi olmoe-hf-grouped-op20-multi
mixtral-hf-grouped-op20-none-bf16""".split()
MORE = """qwen3-hf-grouped-op20-multi-f16 granite-hf-batched-op20-multi qwen2-hf-batched-op23-multi
qwen3-optimum-loop-op18-multi mixtral-ts-batched-op17-none olmoe-ts-loop-op17-none""".split()
# How many ranks there are, and how that is said.
GRIDS = [(1, "--ranks=1"), (2, "--ranks=2"), (3, "--ranks=3"), (4, "--ranks=4"), (8, "--ranks=8"),
         (4, "--grid=ep=2,dp=2"), (4, "--grid=ep=2,tp=2")]
PLANS = [[], ["--chunks=1"], ["--chunks=2"], ["--chunks=3"], ["--chunks=7"], ["--window-rows=2"],
         ["--window-rows=3", "--chunks=2"]]
STEPS = 4
# Sequences of the ranks that are processes, and how long they are.
SEQUENCES, LENGTHS = [3, 0, 1, 2, 0, 0, 4, 1], [7, 5, 9, 7, 1, 7, 3, 2]


class Different(Exception):
    pass


def write_ids(path, rows, length):
    """A .npy file of i64."""
    header = "{'descr': '<i8', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), length)
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack("<%dq" % len(row), *row))


def read_files(folder):
    written = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as file:
            written[name] = file.read()
    if not written:
        raise Different("nothing was written")
    return written


def shape_of(npy):
    """The sizes of a .npy file, and how many bytes follow them."""
    length, = struct.unpack_from("<H", npy, 8)
    return ast.literal_eval(npy[10:10 + length].decode())["shape"], len(npy) - 10 - length


def run(command):
    done = subprocess.run(command, capture_output=True)
    if done.returncode:
        raise Different(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.decode()[-400:]}")
    return done.stdout


class Model:
    def __init__(self, moec, name, folder, devices):
        self.devices = devices
        self.moec, self.folder, self.name = os.path.abspath(shutil.which(moec) or moec), folder, name
        self.path = TINY if name == "tiny-moe-lm" else os.path.join(EXPORTS, name, "model.onnx")
        if os.path.isdir(name):
            self.path = os.path.join(name, "model.onnx")
        text = run([moec, "inspect", self.path]).decode()
        self.inputs = [line.split()[0] for line in text.split("outputs:")[0].splitlines()[1:]]
        logits = next(line for line in text.splitlines() if line.startswith("  logits "))
        self.vocabulary = int(logits.rsplit(" ", 1)[1].rstrip("]"))
        self.has_state = any("past" in name for name in self.inputs)
        self.runs = {"threads": 0, "processes": 0}

    def compile(self, *grid):
        path = os.path.join(self.folder, "model" + "".join(grid).replace("=", "-") + ".so")
        state = ["--state", "auto"] if self.has_state else []
        target = "cuda:sm_80" if self.devices else "cpu:native"
        run([self.moec, "compile", self.path, "-o", path, f"--target={target}", *state, *grid])
        return path

    def command(self, library, rows, length, options, out):
        """Runs the model on a batch, and writes what it needs and gives to the folder `out`."""
        def inputs(name, values):
            path = os.path.join(out, name + ".npy")
            write_ids(path, values, length)
            return ["--input", f"{name}={path}"]

        command = [self.moec, "run", library, *inputs("input_ids", rows), "--quiet", "--output-dir",
                   os.path.join(out, "outputs"), *options]
        if self.devices:
            command += ["--device", f"virtual:{self.devices}"]
        others = [name for name in self.inputs if name in ("position_ids", "attention_mask")]
        if self.has_state:
            command += ["--steps", str(STEPS), "--feed", "input_ids=argmax(logits)"]
            return command + [word for name in others for word in ("--advance", name)]
        for name in others:
            command += inputs(name, [list(range(length)) if name == "position_ids" else [1] * length] * len(rows))
        return command

    def say(self, library, rows, options):
        """What is printed and written."""
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            printed = run(self.command(library, rows, len(rows[0]), options, out))
            return printed, read_files(os.path.join(out, "outputs"))

    def say_apart(self, library, batches, options, launcher):
        """What each rank prints and writes as a process of its own."""
        plugins = os.path.join(os.path.dirname(os.path.dirname(self.moec)), "lib")
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            outs = [os.path.join(folder, str(rank)) for rank in range(len(batches))]
            for out in outs:
                os.mkdir(out)
            commands = [self.command(library, *batch, options, out) for batch, out in zip(batches, outs)]
            environments = rank_processes.environments(launcher, len(batches), plugins)
            if self.devices:
                library_of_gpu = {"MOERT_VGPU_LIBRARY": os.path.join(plugins, "libmoert-vgpu.so")}
                environments = [{**environment, **library_of_gpu} for environment in environments]
            printed = rank_processes.finish(rank_processes.start(commands, environments))
            return [(text, read_files(os.path.join(out, "outputs"))) for text, out in zip(printed, outs)]

    def expect(self, alone, rows, length):
        """What a process says of its batch."""
        if rows:
            return self.say(alone, rows, [])
        # Nobody generates from nothing on one rank: as many steps, and of each output as much of it as of one sequence.
        printed, written = self.say(alone, [[0] * length], [])
        return b"\n" * printed.count(b"\n"), {name: (0, *shape_of(file)[0][1:]) for name, file in written.items()}

    @staticmethod
    def agrees(expected, said, rows):
        if not rows:
            said = said[0], {name: shape_of(file)[0] for name, file in said[1].items() if shape_of(file)[1] == 0}
        return expected == said

    def check(self, number, every):
        rng = random.Random(os.path.basename(self.name))

        def sequence(length):
            return [rng.randrange(self.vocabulary) for _ in range(length)]

        same = sequence(1) * 7
        shared = {"uneven": [sequence(7) for _ in range(5)], "same": [same] * 4, "single": [sequence(7)]}
        own = {"uneven": [([sequence(length) for _ in range(count)], length)
                          for count, length in zip(SEQUENCES, LENGTHS)],
               "same": [([same] * (2 - rank % 2), 7) for rank in range(len(SEQUENCES))],
               "single": [([sequence(7)] * (rank == 0), 7) for rank in range(len(SEQUENCES))]}
        alone = self.compile()
        expected = {kind: self.say(alone, rows, []) for kind, rows in shared.items()}
        expected_own = {kind: [self.expect(alone, *batch) for batch in batches] for kind, batches in own.items()}
        for turn, (ranks, grid) in enumerate(GRIDS, number):
            library = self.compile(grid)
            takes_turns = self.devices and not every
            for place, (kind, rows) in enumerate(shared.items()):
                plans = PLANS if kind == "uneven" else PLANS[1::4]
                for plan in [PLANS[(turn + place) % len(PLANS)]] if takes_turns else plans:
                    self.runs["threads"] += 1
                    if self.say(library, rows, plan) != expected[kind]:
                        raise Different(f"{' '.join([grid] + plan)}, batch '{kind}': other bits")
            for place, kind in enumerate(list(own)[:1] if takes_turns else own):
                batches = own[kind][:ranks]
                for plan in PLANS if every else [PLANS[(turn + 3 * place) % len(PLANS)]]:
                    launcher = rank_processes.LAUNCHERS[self.runs["processes"] % len(rank_processes.LAUNCHERS)]
                    self.runs["processes"] += 1
                    where = f"{' '.join([grid] + plan)}, processes of {launcher}, batch '{kind}'"
                    try:
                        said = self.say_apart(library, batches, plan, launcher)
                    except rank_processes.Failed as error:
                        raise Different(f"{where}: {error}") from None
                    for rank, (one, other, (rows, _)) in enumerate(zip(expected_own[kind], said, batches)):
                        if not self.agrees(one, other, rows):
                            raise Different(f"{where}: other bits on rank {rank}")
            os.remove(library)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--devices", type=int, default=0)
    parser.add_argument("--json")
    parser.add_argument("moec")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    if arguments.devices:
        folder = os.path.dirname(os.path.dirname(os.path.abspath(shutil.which(arguments.moec) or arguments.moec)))
        os.environ.setdefault("MOERT_VGPU_LIBRARY", os.path.join(folder, "lib", "libmoert-vgpu.so"))
    names = arguments.names or SAMPLE + (MORE if arguments.all else [])

    def check(numbered):
        number, name = numbered
        result = {"name": os.path.basename(name), "threads": 0, "processes": 0, "failure": None}
        with tempfile.TemporaryDirectory() as folder:
            model = None
            try:
                model = Model(arguments.moec, name, folder, arguments.devices)
                model.check(number, arguments.all)
            except Different as error:
                result["failure"] = str(error)
            if model:
                result |= model.runs
        counts = f"{result['threads']} runs as threads, {result['processes']} as processes"
        print(f"{result['name']}: {result['failure'] or counts}", flush=True)
        return result

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(check, enumerate(names)))
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(results, file)
    bad = sum(result["failure"] is not None for result in results)
    threads, processes = (sum(result[key] for result in results) for key in ("threads", "processes"))
    print(f"{len(results) - bad} models with the bits of one rank, {bad} not, in {threads} runs as threads and "
          f"{processes} as processes")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
