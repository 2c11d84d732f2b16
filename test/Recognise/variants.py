#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recognition of exported models that are written in another way, and of models that are none.

usage: variants.py MOEC EXPORTS [--variants N] [--run M] [--misses P] [--only NAME] [--work DIR] [--write DIR]

Variant i has the seed i: a model of EXPORTS that is perturbed in two to five ways (perturb.py). All of its layers must be
recognised. A near miss (near_misses.py) must lose the layer that it spoils. Of both, M and P (-1: all) spread over the
list are also compiled and run with and without recognition, and the outputs compared; of variants that compute the same
as their model, also with its expected outputs. --write keeps the models with their inputs, for an oracle of one's own.
The last line is a summary; the exit code is 0 only if all went well.
"""
import argparse
import concurrent.futures
import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Execution", "python"))
import near_misses  # noqa: E402
import npy  # noqa: E402
import perturb  # noqa: E402

MODELS = ["qwen3-hf-grouped-op20-none", "qwen2-hf-batched-op20-none", "qwen3-optimum-loop-op18-none",
          "granite-hf-grouped-op20-none", "mixtral-ts-batched-op17-none", "olmoe-hf-grouped-op20-none",
          "olmoe-dynamo-batched-op24-none", "granite-hf-batched-op20-none"]
RELATIVE, ABSOLUTE = 1e-3, 2e-5


class Failure(Exception):
    pass


def call(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise Failure("exit code %d: %s\n%s" % (done.returncode, " ".join(command), done.stderr[-1500:]))
    return done


def load(exports, name):
    folder = os.path.join(exports, name)
    with open(os.path.join(folder, "fixture.json")) as file:
        fixture = json.load(file)
    return perturb.Graph(os.path.join(folder, "model.onnx"), fixture)


class Case:
    """A model to be made in a folder."""

    def __init__(self, args, name, model):
        self.args, self.name, self.model = args, name, model
        self.folder = os.path.join(args.work, name)
        self.path = os.path.join(self.folder, "model.onnx")
        self.expected = None

    def save(self, graph):
        data = os.path.join(self.args.exports, self.model, "test_data_set_0")
        shutil.copytree(data, os.path.join(self.folder, "test_data_set_0"))
        self.inputs = [value.name for value in graph.graph.input]
        self.output = graph.graph.output[0].name
        if not self.same:
            os.remove(os.path.join(self.folder, "test_data_set_0", "output_0.pb"))
        graph.save(self.path)

    def layers(self):
        moe = os.path.join(self.folder, "moe.mlir")
        call([self.args.moec, "compile", "--quiet", "--emit", "moe", self.path, "-o", moe])
        with open(moe) as file:
            return sum("moe.combine" in line for line in file)

    def run(self, *options):
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            command = [self.args.moec, "run", self.path, "--quiet", "--output-dir", out, "--target", "cpu:native"]
            for i, name in enumerate(self.inputs):
                command += ["--input", f"{name}={self.folder}/test_data_set_0/input_{i}.pb"]
            call([*command, *options])
            return npy.unpack(npy.read(os.path.join(out, self.output + ".npy")))

    def compare(self):
        found, plain = self.run(), self.run("--no-recognise")
        check_close("the form that is not recognised", found, plain)
        if self.same:
            tensor = perturb.pb.TensorProto()
            with open(os.path.join(self.folder, "test_data_set_0", "output_0.pb"), "rb") as file:
                tensor.ParseFromString(file.read())
            check_close("the expected output", found, perturb.elements(tensor))


def check_close(what, got, expected):
    if len(got) != len(expected):
        raise Failure("%d elements, %s has %d" % (len(got), what, len(expected)))
    for i, (a, b) in enumerate(zip(got, expected)):
        # What both forms make of a number that is none is the same.
        if not (abs(a - b) <= ABSOLUTE + RELATIVE * abs(b) or (math.isnan(a) and math.isnan(b))):
            raise Failure("element %d is %r, of %s %r" % (i, a, what, b))


class Variant(Case):
    def __init__(self, args, seed):
        super().__init__(args, f"variant-{seed:03d}", MODELS[seed % len(MODELS)])
        self.seed = seed

    def make(self):
        rng = random.Random(self.seed)
        graph = load(self.args.exports, self.model)
        chosen = rng.sample(perturb.SAME, rng.randrange(2, 5))
        # Every third has other weights or sizes; names and order come last.
        other = rng.sample(perturb.OTHER, len(perturb.OTHER)) if self.seed % 3 == 0 else []
        self.steps, self.same = [], True
        for step in other:
            if step(graph, rng) is not False:
                self.same = False
                self.steps.append(step.__name__)
                break
        for step in sorted(chosen, key=lambda s: perturb.SAME.index(s)):
            if step(graph, rng) is not False:
                self.steps.append(step.__name__)
        self.total = len(graph.layers)
        self.save(graph)

    def check(self):
        found = self.layers()
        if found != self.total:
            raise Failure(f"{found} of {self.total} layers recognised")


class Miss(Case):
    def __init__(self, args, model, step, layer):
        super().__init__(args, f"miss-{step.__name__}-{model}", model)
        self.step, self.layer, self.same = step, layer, False
        self.steps = [step.__name__]

    def make(self):
        graph = load(self.args.exports, self.model)
        if self.step(graph, self.layer) is False:
            return False
        self.total = len(graph.layers)
        self.save(graph)

    def check(self):
        found = self.layers()
        if found != self.total - 1:
            raise Failure(f"{found} of {self.total} layers recognised, where one is none")


def spread(count, items):
    """`count` indices of a list, as far apart as can be; all for -1."""
    if count < 0 or count >= items:
        return set(range(items))
    return {i * items // count for i in range(count)}


def check(case, runs):
    shutil.rmtree(case.folder, ignore_errors=True)
    os.makedirs(case.folder)
    try:
        if case.make() is False:
            shutil.rmtree(case.folder)
            return None
        case.check()
        if runs:
            case.compare()
        if not case.args.write:
            shutil.rmtree(case.folder)
        return True
    except (Failure, subprocess.TimeoutExpired) as failure:
        print(f"FAIL {case.name} ({case.model}: {', '.join(case.steps)}): {failure}")
        return False


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("moec")
    parser.add_argument("exports")
    parser.add_argument("--variants", type=int, default=112)
    parser.add_argument("--run", type=int, default=-1)
    parser.add_argument("--misses", type=int, default=-1)
    parser.add_argument("--only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work")
    parser.add_argument("--write")
    args = parser.parse_args()
    args.work = args.write or args.work or tempfile.mkdtemp(prefix="variants-")
    variants = [Variant(args, seed) for seed in range(args.variants)]
    misses = [Miss(args, model, step, i % 2) for model in MODELS for i, step in enumerate(near_misses.ALL)]
    todo = []
    for cases, count in ((variants, args.run), (misses, args.misses)):
        chosen = spread(count, len(cases))
        todo += [(case, i in chosen) for i, case in enumerate(cases)]
    if args.only:
        todo = [(case, True) for case, _ in todo if args.only in case.name]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda item: check(*item), todo))
    made = [(case, runs, result) for (case, runs), result in zip(todo, results) if result is not None]
    failed = [case.name for case, _, result in made if not result]
    print("%d variants, %d near misses, %d compiled and run, %d failed" % (
        sum(isinstance(case, Variant) for case, _, _ in made), sum(isinstance(case, Miss) for case, _, _ in made),
        sum(runs for _, runs, _ in made), len(failed)))
    if failed:
        print("failed: " + " ".join(failed))
    elif not args.write:
        shutil.rmtree(args.work, ignore_errors=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
