#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What a model says about a token depends on the tokens before it and on nothing else, to the bit.

usage: same_bits.py [--all] [--rounds N] [--seed S] [--levels A,B] [--jobs N] [--json FILE] [NAME|FOLDER...]

Models are exports of test/Models/exports by name, or folders with a model.onnx of that form, NAME@TYPE compiled with
--weights-dtype=TYPE; without any, SAMPLE of all families, bodies of the experts, forms of caches and types; with --all
every export, all levels of instructions, longer sequences and more rounds. A model reads random tokens in many ways. Logits and rows of caches after the same
tokens must be equal whatever

  batch      the other rows of the batch are,
  padding    follows on the right, masked where there is a mask, in rows alone and in batches,
  prefix     follows, so that a prefill says what a shorter one says,
  chunks     chunks the tokens come in,
  decode     in particular one by one, rows alone and in batches,
  prefill    export reads them: one that prefills, or one that decodes,
  state      keeps the caches, the caller or the session (of two exports, unless --all),
  threads    the number of threads is,
  levels     computes, AVX2 or AVX-512; v2, which has no fused multiply-add, agrees with itself.

What the first reading of a token by one thread said, alone in its batch and without padding, is the reference. The
last line sums up; exit code 0: all bits are equal.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(HERE, "..", "Execution", "python"))
sys.dont_write_bytecode = True
import moert  # noqa: E402

EXPORTS = os.path.join(HERE, "exports")
SAMPLE = """
granite-hf-batched-op20-multi granite-hf-grouped-op18-prefill granite-ts-batched-op17-none-k1
mixtral-hf-batched-op20-none-f16 mixtral-hf-batched-op23-decode mixtral-hf-grouped-op20-none-bf16
olmoe-dynamo-batched-op24-none olmoe-hf-grouped-op20-multi olmoe-ts-loop-op17-none
qwen2-hf-batched-op23-multi qwen2-hf-grouped-op20-prefill qwen3-hf-grouped-op20-decode
qwen3-optimum-loop-op18-multi
qwen2-hf-batched-op23-multi@bf16 olmoe-hf-grouped-op20-multi@f16
""".split()
WITH_STATE = {"granite-hf-batched-op20-multi", "mixtral-hf-batched-op23-decode"}  # of the sample
# Exports of one model, in the same arithmetic: how files scale scores before attention differs between operator sets.
PREFILL_OF = {
    "granite-hf-grouped-op23-decode": "granite-hf-batched-op23-prefill",
    "mixtral-hf-grouped-op18-decode": "mixtral-hf-batched-op18-prefill",
    "qwen2-hf-batched-op18-decode": "qwen2-hf-grouped-op20-prefill",
    "qwen3-hf-grouped-op20-decode": "qwen3-hf-batched-op20-prefill",
}
KINDS = "batch padding prefix chunks decode prefill state threads levels".split()
# Tokens of each sequence, with --all 200, too. Attention has blocks of 64 keys, products tiles of up to 14 rows.
LENGTHS = [1, 2, 5, 13, 15, 31, 70]
THREADS = [1, 2, 3]


class Different(Exception):
    pass


def cpu_levels():
    with open("/proc/cpuinfo") as file:
        flags = set(next((line for line in file if line.startswith("flags")), "").split())
    levels = ["v2"]
    if {"avx2", "fma", "f16c"} <= flags:
        levels.append("avx2")
        if {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= flags:
            levels.append("avx512")
    return levels


# What a run reads: of each row (sequence, count) `count` tokens after the `past` first, in `width` columns.
Reading = collections.namedtuple("Reading", "kind past width rows")


class Model:
    """The inputs and outputs of an export, by what they are for."""

    def __init__(self, compiled):
        self.ids, self.mask, self.positions, self.pasts = None, None, None, []
        for value in compiled.inputs:
            if value.name == "input_ids":
                self.ids = value
            elif value.name == "attention_mask":
                self.mask = value
            elif value.name == "position_ids":
                self.positions = value
            elif len(value.sizes) == 4 and value.dtype != moert.I64:
                self.pasts.append(value)
            else:
                raise Different(f"what input {value.name} is for is not known")
        self.logits, *self.presents = compiled.outputs
        self.vocabulary = self.logits.sizes[2]
        self.one = self.ids.sizes[1] == 1  # one token per run
        if self.pasts and not compiled.states and [v.sizes for v in self.pasts] != [v.sizes for v in self.presents]:
            raise Different("inputs and outputs of caches are not pairs")

    def inputs(self, reading, sequences, known, rng):
        """What lies beyond the rows' tokens is drawn: nothing may depend on it."""
        batch, total = len(reading.rows), reading.past + reading.width
        ids, mask, positions = [], [], []
        for sequence, count in reading.rows:
            tokens = sequences[sequence][reading.past:reading.past + count]
            padding = reading.width - count
            ids += tokens + [rng.randrange(self.vocabulary) for _ in range(padding)]
            mask += [1] * (total - padding) + [0] * padding
            positions += range(reading.past, total)
        inputs = {self.ids.name: integers([batch, reading.width], ids)}
        if self.mask:
            inputs[self.mask.name] = integers([batch, total], mask)
        if self.positions:
            inputs[self.positions.name] = integers([batch, reading.width], positions)
        for index, value in enumerate(self.pasts):
            heads = value.sizes[1]
            rows = [[known[sequence, place][1 + index] for place in range(reading.past)]
                    for sequence, _ in reading.rows]
            data = b"".join(piece[head] for pieces in rows for head in range(heads) for piece in pieces)
            inputs[value.name] = moert.Tensor(value.dtype, [batch, heads, reading.past, value.sizes[3]], data)
        return inputs

    def pieces(self, outputs, row, past, column):
        """Bytes that belong to a token: of logits, then of each cache by heads."""
        logits = outputs[self.logits.name]
        size = logits.shape[2] * moert.ELEMENT_BYTES[logits.dtype]
        start = (row * logits.shape[1] + column) * size
        pieces = [logits.data[start:start + size]]
        for value in self.presents:
            cache = outputs[value.name]
            _, heads, length, width = cache.shape
            size = width * moert.ELEMENT_BYTES[cache.dtype]
            starts = [((row * heads + head) * length + past + column) * size for head in range(heads)]
            pieces.append(tuple(cache.data[start:start + size] for start in starts))
        return pieces


def integers(shape, values):
    return moert.Tensor(moert.I64, shape, b"".join(value.to_bytes(8, "little") for value in values))


class Check:
    """One model: what is known of each token, and how often it was said again."""

    def __init__(self, options, folder, work):
        self.folder, _, self.stored = folder.partition("@")
        self.options, self.work = options, work
        self.name = os.path.basename(folder)
        self.counts = collections.Counter()
        self.rng = random.Random(f"{options.seed} {self.name}")
        self.api = moert.load(options.library)
        self.lengths = LENGTHS + [200] * options.all

    def compile(self, tag, *arguments, folder=None, levels=None):
        path = os.path.join(self.work, tag + ".so")
        model = os.path.join(folder or self.folder, "model.onnx")
        subprocess.run([self.options.moec, "compile", "--quiet", model, "-o", path,
                        "--weights-dtype", self.stored or "file", "--target", "cpu:" + ",".join(levels or self.options.levels), *arguments], check=True)
        return path

    def run(self):
        path = self.compile("model")
        for level in reversed(self.options.levels):  # the highest says what is right
            if level == self.options.levels[-1] or level == "v2":
                self.known = {}
                base = self.open(path, 1, level)
                self.model = Model(base)
                self.vary(base, references(self.model, self.sequences()), "reference")
                readings = draw_readings(self.model, self.lengths, self.rng, self.options.rounds)
                self.vary(base, readings, None)
                base.close()
                threads = THREADS[1:]
            else:
                threads = THREADS
            for count in threads:
                other = self.open(path, count, level)
                # In another order: memory that runs leave behind is not what it was.
                shuffled = self.rng.sample(readings, len(readings))
                self.vary(other, shuffled, "threads" if threads != THREADS else "levels")
                other.close()
            if level == self.options.levels[-1]:
                if self.model.pasts and self.uses_state():
                    self.check_state(level)
                if self.name in PREFILL_OF:
                    self.check_prefill(level)

    def sequences(self):
        if not hasattr(self, "tokens"):
            self.tokens = [[self.rng.randrange(self.model.vocabulary) for _ in range(length)]
                           for length in self.lengths]
        return self.tokens

    def uses_state(self):
        return self.options.all or self.name in WITH_STATE

    def open(self, path, threads, level, **dims):
        return moert.Model(self.api, path, threads, level, dims)

    def vary(self, compiled, readings, kind):
        for reading in readings:
            outputs = compiled.run(self.model.inputs(reading, self.tokens, self.known, self.rng))
            self.note(reading, outputs, self.model, kind or reading.kind)

    def note(self, reading, outputs, model, kind):
        """Compares what was said of each token with what is known, which a reference adds to."""
        for row, (sequence, count) in enumerate(reading.rows):
            for column in range(count):
                place = sequence, reading.past + column
                pieces = model.pieces(outputs, row, reading.past, column)
                if kind == "reference":
                    self.known[place] = pieces
                    continue
                self.counts[kind] += 1
                for index, (got, expected) in enumerate(zip(pieces, self.known[place])):
                    if got != expected:
                        value = ([model.logits] + model.presents)[index].name
                        raise Different(f"{kind}: {value} of row {row}, column {column} has other bits in {reading}")

    def check_prefill(self, level):
        """Another export, which reads sequences at once."""
        path = self.compile("prefill", folder=os.path.join(EXPORTS, PREFILL_OF[self.name]), levels=[level])
        other = self.open(path, 2, level)
        model = Model(other)
        for reading in references(model, self.tokens):
            outputs = other.run(model.inputs(reading, self.tokens, self.known, self.rng))
            self.note(reading, outputs, model, "prefill")
        other.close()

    def check_state(self, level):
        """Caches in the session: runs follow each other."""
        path = self.compile("state", "--state", "auto", levels=[level])
        batch_name = self.model.ids.dims[0]
        for size in (1, 3):
            bound = self.open(path, 1 + size % 3, level, **{batch_name: size})
            model = Model(bound)
            for _ in range(self.options.rounds):
                sequences = [self.rng.randrange(len(self.lengths)) for _ in range(size)]
                length = min(self.lengths[sequence] for sequence in sequences)
                bound.forget()
                for past, count in cut(self.rng, length, model.one):
                    reading = Reading("state", past, count, [(sequence, count) for sequence in sequences])
                    self.note(reading, bound.run(model.inputs(reading, self.tokens, self.known, self.rng)), model,
                              "state")
            bound.close()


def references(model, sequences):
    for sequence, tokens in enumerate(sequences):
        if model.one:
            yield from (Reading("reference", past, 1, [(sequence, 1)]) for past in range(len(tokens)))
        else:
            yield Reading("reference", 0, len(tokens), [(sequence, len(tokens))])


def cut(rng, length, one):
    """A sequence in chunks, the last few tokens one by one."""
    past = 0
    while past < length:
        rest = length - past
        count = 1 if one or rest < 4 else rng.randint(1, rest - 2)
        yield past, count
        past += count


def draw_readings(model, lengths, rng, rounds):
    """All but the references: random choices of rows, counts and padding."""
    sequences = range(len(lengths))
    readings = []

    def draw_rows(size, past, most):
        """Rows that have tokens after `past`."""
        able = [sequence for sequence in sequences if lengths[sequence] > past]
        drawn = [rng.choice(able) for _ in range(size)]
        return [(sequence, rng.randint(1, min(most, lengths[sequence] - past))) for sequence in drawn]

    for _ in range(rounds):
        if not model.one:
            for sequence in sequences:
                length = lengths[sequence]
                count = rng.randint(1, length)
                readings.append(Reading("prefix", 0, count, [(sequence, count)]))
                for width in (length + 1, length + rng.randint(2, 9), length + rng.randint(10, 90), 64, 65):
                    if width > length:
                        readings.append(Reading("padding", 0, width, [(sequence, length)]))
            for size in (2, 3, 5, 8):
                rows = draw_rows(size, 0, 31)
                width = max(count for _, count in rows)
                readings.append(Reading("padding", 0, width + rng.choice([0, 1, 7]), rows))
                count = rng.choice([1, 2, 5, 13])
                able = [sequence for sequence in sequences if lengths[sequence] >= count]
                readings.append(Reading("batch", 0, count, [(rng.choice(able), count) for _ in range(size)]))
            readings.append(Reading("batch", 0, 1, draw_rows(37, 0, 1)))
        if model.pasts:
            for size in (1, 1, 2, 3, 5, 17):
                for past in (1, rng.randint(2, 12), rng.randint(13, 30), rng.randint(31, 68), 64):
                    if model.one and size == 1:  # the reference
                        continue
                    readings.append(Reading("decode", past, 1, draw_rows(size, past, 1)))
                    if not model.one:
                        rows = draw_rows(size, past, 20)
                        width = max(count for _, count in rows)
                        extra = rng.choice([0, 0, 1, 9])
                        readings.append(Reading("chunks", past, width + extra, rows))
            if model.one:
                readings.append(Reading("batch", 0, 1, draw_rows(5, 0, 1)))
    return readings


def check(options, folder):
    with tempfile.TemporaryDirectory() as work:
        case = Check(options, folder, work)
        try:
            case.run()
        except (Different, moert.Error, subprocess.CalledProcessError) as failure:
            return case.name, dict(case.counts), str(failure)
        return case.name, dict(case.counts), None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME|FOLDER")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--levels")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--build", default=os.path.join(ROOT, "build-dev"), metavar="DIR")
    options = parser.parse_args()
    options.moec = os.path.join(options.build, "bin", "moec")
    options.library = os.path.join(options.build, "lib", "libmoert.so")
    options.rounds = options.rounds or (4 if options.all else 1)
    there = cpu_levels()
    options.levels = options.levels.split(",") if options.levels else there if options.all else there[1:] or there
    every = sorted(name for name in os.listdir(EXPORTS) if os.path.isfile(os.path.join(EXPORTS, name, "model.onnx")))
    folders = [name if os.path.isdir(name.partition("@")[0]) else os.path.join(EXPORTS, name)
               for name in options.names or (every if options.all else SAMPLE)]
    for folder in folders:
        if not os.path.isfile(os.path.join(folder.partition("@")[0], "model.onnx")):
            parser.error(f"{folder}: no model.onnx")
    print(f"levels {', '.join(options.levels)}; threads {', '.join(map(str, THREADS))}; seed {options.seed}")
    print(f"{'tokens compared':40}" + "".join(f"{kind:>9}" for kind in KINDS))
    failed, total, results = 0, collections.Counter(), []
    with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
        for name, counts, failure in pool.map(check, [options] * len(folders), folders):
            print(f"{name:40}" + "".join(f"{counts.get(kind, 0):9}" for kind in KINDS), flush=True)
            if failure:
                print(f"  {failure}", flush=True)
                failed += 1
            total.update(counts)
            results.append({"name": name, "counts": counts, "failure": failure})
    print(f"{'sum':40}" + "".join(f"{total[kind]:9}" for kind in KINDS))
    print(f"{len(folders) - failed} models with equal bits, {failed} not")
    if options.json:
        with open(options.json, "w") as file:
            json.dump(results, file, indent=1)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
