#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Recognition of exported models that are written in another way, and of models that are none.

usage: variants.py MOEC EXPORTS [--quick] [--only NAME] [--jobs N] [--work DIR]
       variants.py MOEC EXPORTS --write DIR [--only NAME]

A variant is a model of EXPORTS with other weights or sizes (sizes.py) or another spelling of the same function
(perturb.py), then perturbed in one to three more ways, all from a seed that is its name. All its layers must be
recognised with their sizes, and compiled it must compute what it computes with --no-recognise and what ONNX Runtime
computed (expected/NAME.pb, written once by expected.py). A near miss (near_misses.py) must lose the layer that it
spoils and compute what it computes with --no-recognise.

--quick recognises everything, but compiles only a part: of each kind of perturbation variants of two or three families,
compared with ONNX Runtime's outputs, and a few of these and of the near misses also with --no-recognise.

Needs Debian's python3-protobuf and no network. --write makes models and inputs only, for expected.py. The last line is
a summary; the exit code is 0 only if all went well.
"""
import argparse
import concurrent.futures
import hashlib
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
import sizes  # noqa: E402

# Of each family, every body that exporters make of it; all in float32 and of operator sets that ONNX Runtime has.
FAMILIES = {
    "qwen3": ["qwen3-hf-grouped-op20-none", "qwen3-optimum-loop-op18-none", "qwen3-hf-batched-op20-none"],
    "qwen2": ["qwen2-hf-batched-op20-none", "qwen2-hf-grouped-op20-none"],
    "granite": ["granite-hf-grouped-op20-none", "granite-hf-batched-op20-none"],
    "mixtral": ["mixtral-ts-batched-op17-none", "mixtral-dynamo-batched-op18-none", "mixtral-hf-grouped-op18-none"],
    "olmoe": ["olmoe-hf-grouped-op20-none", "olmoe-dynamo-batched-op24-none", "olmoe-ts-loop-op17-none"],
}
MODELS = [model for models in FAMILIES.values() for model in models]
KINDS = perturb.SAME + sizes.ALL
# Test cases of a model with more than one token.
CASES = [0, 2, 3]
# One of each body.
QUICK_MISSES = ["miss-softmax_axis-granite-hf-batched-op20-none", "miss-not_inverse-qwen3-hf-grouped-op20-none",
                "miss-loop_expert_twice-qwen3-optimum-loop-op18-none"]
EXPECTED = os.path.join(HERE, "expected")
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

    def __init__(self, args, name, model, case=0):
        self.args, self.name, self.model, self.case = args, name, model, case
        self.folder = os.path.join(args.work, name)
        self.path = os.path.join(self.folder, "model.onnx")

    def save(self, graph):
        data = os.path.join(self.args.exports, self.model, f"test_data_set_{self.case}")
        self.inputs = [value.name for value in graph.graph.input]
        self.output = graph.graph.output[0].name
        for i in range(len(self.inputs)):
            shutil.copy(os.path.join(data, f"input_{i}.pb"), self.folder)
        self.layers = graph.layers
        graph.save(self.path)

    def run(self, *options):
        with tempfile.TemporaryDirectory(dir=self.folder) as out:
            command = [self.args.moec, "run", self.path, "--quiet", "--output-dir", out, "--target", "cpu:native"]
            for i, name in enumerate(self.inputs):
                command += ["--input", f"{name}={self.folder}/input_{i}.pb"]
            call([*command, *options])
            return npy.unpack(npy.read(os.path.join(out, self.output + ".npy")))

    def compare(self, found):
        check_close("the form that is not recognised", found, self.run("--no-recognise"), self.may_be_none)


def check_close(what, got, expected, may_be_none=False):
    if len(got) != len(expected):
        raise Failure("%d elements, %s has %d" % (len(got), what, len(expected)))
    for i, (a, b) in enumerate(zip(got, expected)):
        if not (abs(a - b) <= ABSOLUTE + RELATIVE * abs(b) or (may_be_none and math.isnan(a) and math.isnan(b))):
            raise Failure("element %d is %r, of %s %r" % (i, a, what, b))


class Variant(Case):
    may_be_none = False

    def __init__(self, args, model, kind, draws):
        name = f"{kind.__name__}-{model}"
        self.rng = random.Random(f"{name} {draws.get(name, 0)}")
        super().__init__(args, name, model, self.rng.choice(CASES))
        self.kind = kind

    def make(self):
        graph, rng = load(self.args.exports, self.model), self.rng
        more = rng.sample([step for step in perturb.SAME if step is not self.kind], rng.randrange(1, 4))
        # What changes weights and sizes looks for a layer's parts, as others do in their order.
        steps = sorted([self.kind, *more], key=lambda step: (step in perturb.SAME and 1 + perturb.SAME.index(step)))
        self.steps = []
        for step in steps:
            if step(graph, rng) is not False:
                self.steps.append(step.__name__)
            elif step is self.kind:
                return False
        self.save(graph)
        return True

    def check(self):
        """Recognised is each layer with its sizes and its router."""
        report = json.loads(call([self.args.moec, "inspect", "--json", self.path]).stdout)
        keys = ("experts", "k", "hidden", "width", "router")
        found = [{key: layer.get(key) for key in keys} for layer in report["moe_layers"]]
        made = [{key: layer[key] for key in keys} for layer in self.layers]
        if found != made:
            raise Failure(f"recognised {found}, not {made}")

    def expected(self):
        tensor = perturb.pb.TensorProto()
        with open(os.path.join(EXPECTED, self.name + ".pb"), "rb") as file:
            tensor.ParseFromString(file.read())
        with open(self.path, "rb") as file:
            if tensor.doc_string != hashlib.sha256(file.read()).hexdigest():
                raise Failure("expected outputs are those of another model: see expected.py")
        return perturb.elements(tensor)


class Miss(Case):
    # Divided by zero, say; what both forms make of a number that is none is the same.
    may_be_none = True

    def __init__(self, args, model, step, layer):
        super().__init__(args, f"miss-{step.__name__}-{model}", model)
        self.step, self.layer = step, layer
        self.steps = [step.__name__]

    def make(self):
        graph = load(self.args.exports, self.model)
        if self.step(graph, self.layer) is False:
            return False
        self.save(graph)
        return True

    def check(self):
        """In what is compiled, not one layer more or less."""
        moe = os.path.join(self.folder, "moe.mlir")
        call([self.args.moec, "compile", "--quiet", "--emit", "moe", self.path, "-o", moe])
        with open(moe) as file:
            found = sum("moe.combine" in line for line in file)
        if found != len(self.layers) - 1:
            raise Failure(f"{found} of {len(self.layers)} layers recognised, where one is none")


def is_quick(case):
    """Whether --quick compiles a variant: of each kind every other family, of each family one body after the other."""
    kind = KINDS.index(case.kind)
    turn, bodies = next((i, models) for i, models in enumerate(FAMILIES.values()) if case.model in models)
    return (kind + turn) % 2 == 0 and bodies[(kind // 2) % len(bodies)] == case.model


def check(case, expected, plain):
    """What was done of "recognised", "expected" and "plain", or None if there is no such case."""
    shutil.rmtree(case.folder, ignore_errors=True)
    os.makedirs(case.folder)
    done = []
    try:
        if not case.make():
            shutil.rmtree(case.folder)
            return None
        if case.args.write:
            return done
        case.check()
        done.append("recognised")
        found = case.run() if expected or plain else None
        if expected:
            check_close("ONNX Runtime's output", found, case.expected())
            done.append("expected")
        if plain:
            case.compare(found)
            done.append("plain")
        shutil.rmtree(case.folder)
    except (Failure, OSError, subprocess.TimeoutExpired) as failure:
        print(f"FAIL {case.name} ({case.model}: {', '.join(case.steps)}): {failure}", flush=True)
        done.append("failed")
    return done


def plan(args):
    """(case, is it compared with ONNX Runtime, is it compared with --no-recognise) of all."""
    with open(os.path.join(EXPECTED, "draws.json")) as file:
        draws = json.load(file)
    variants = [Variant(args, model, kind, draws) for model in MODELS for kind in KINDS]
    misses = [Miss(args, model, step, i % 2) for model in MODELS for i, step in enumerate(near_misses.ALL)]
    if args.write:
        return [(case, False, False) for case in variants]
    if not args.quick:
        return [(case, True, True) for case in variants] + [(case, False, True) for case in misses]
    plain = [case for case in variants if is_quick(case)][::11] + [case for case in misses if case.name in QUICK_MISSES]
    return [(case, is_quick(case), case in plain) for case in variants] + \
        [(case, False, case in plain) for case in misses]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("moec")
    parser.add_argument("exports")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work")
    parser.add_argument("--write")
    args = parser.parse_args()
    args.work = args.write or args.work or tempfile.mkdtemp(prefix="variants-")
    todo = plan(args)
    if args.only:
        todo = [(case, True, True) for case, _, _ in todo if args.only in case.name]
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        results = list(pool.map(lambda item: check(*item), todo))
    made = [(case, done) for (case, _, _), done in zip(todo, results) if done is not None]
    failed = [case.name for case, done in made if "failed" in done]

    def count(kind, step):
        return sum(isinstance(case, kind) and step in done for case, done in made)

    if args.write:
        print(f"{len(made)} models written")
    else:
        print("%d variants recognised, %d equal to ONNX Runtime, %d to --no-recognise; %d near misses declined, "
              "%d equal to --no-recognise; %d failed" % (
                  count(Variant, "recognised"), count(Variant, "expected"), count(Variant, "plain"),
                  count(Miss, "recognised"), count(Miss, "plain"), len(failed)))
    if failed:
        print("failed: " + " ".join(failed))
    elif not args.write:
        shutil.rmtree(args.work, ignore_errors=True)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
