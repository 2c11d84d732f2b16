#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Fusion changes no bit: models of products and what follows them, compiled with fusion and with --no-fuse.

usage: fused_bits.py MOEC WORK [COUNT]      COUNT: only the first models

A model has products of one type and of odd sizes, each with another epilogue: bias, activation, gate, residual, scales of
rows, columns and all, conversions, norms, softmax. For f32 the order of operations is that of the file either way. For
f16 and bf16 every operator rounds its result to its type, and fused ones do so in registers. Outputs must be equal in
every bit, whatever the number of rows and threads. Needs PYTHONPATH as make_model.py.
"""
import os
import random
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "Import"))
import make_model  # noqa: E402

TYPES = {"f32": 1, "f16": 10, "bf16": 16}
# Type of the file, --weights-dtype, sizes before each row's last, size of rows, columns of the products.
CASES = [
    ("f32", "file", "n", 17, 33), ("f32", "file", "b,s", 3, 1), ("f32", "file", "5", 1, 64),
    ("f32", "bf16", "n", 31, 47), ("f32", "f16", "b,s", 40, 7),
    ("f16", "file", "n", 17, 33), ("f16", "file", "b,s", 8, 1),
    ("bf16", "file", "n", 33, 17), ("bf16", "file", "b,s", 1, 50),
]
RUNS = [("n=1,b=1,s=1", "1"), ("n=2,b=3,s=5", "2"), ("n=33,b=2,s=14", "3")]


class Graph(make_model.Builder):
    """A model under construction, whose values are of one type."""

    def __init__(self, path, dtype, seed):
        super().__init__(path)
        self.dtype, self.rng, self.count = dtype, random.Random(seed), 0
        self.opset(20)

    def random(self, *sizes):
        count = 1
        for size in sizes:
            count *= size
        values = [self.rng.gauss(0, 1) for _ in range(count)]
        if self.dtype == "bf16":
            raw = b"".join(struct.pack("<f", value)[2:] for value in values)
        else:
            raw = struct.pack(f"<{count}{'f' if self.dtype == 'f32' else 'e'}", *values)
        return self.store(f"{self.dtype}[{','.join(map(str, sizes))}]", raw=raw)

    def store(self, text, elements=None, raw=None):
        self.count += 1
        name = f"c{self.count}"
        self.weight(name, text, elements, raw=raw)
        return name

    def op(self, op, *inputs, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.node(op, " ".join(inputs), name, name=f"/{name}", **attributes)
        return name


def build(g, lead, size, columns):
    """Outputs by name: the last value of every chain."""
    shape = f"{g.dtype}[{lead},{size}]"
    wide = f"{g.dtype}[{lead},{columns}]"
    g.inputs(x=shape, residual=wide, rows=f"{g.dtype}[{lead},1]")
    op = g.op

    def product():
        return op("MatMul", "x", g.random(size, columns))

    def silu(value):
        return op("Mul", value, op("Sigmoid", value))

    last = g.store("i64[1]", [-1])
    mean = op("ReduceMean", op("Mul", "residual", "residual"), last)
    scale = op("Sqrt", op("Add", op("Abs", mean), g.random(1)))
    biased = op("Add", product(), g.random(columns))
    chains = {
        "bias": op("Add", product(), g.random(columns)),
        "relu": op("Relu", op("Add", g.random(columns), product())),
        "silu": silu(product()),
        "gelu": op("Gelu", op("Add", product(), g.random(1, columns))),
        "gate": op("Mul", silu(product()), product()),
        "gate_of_biased": op("Mul", op("Tanh", op("Add", product(), g.random(columns))), biased),
        "residual": op("Add", "residual", product()),
        "bias_and_residual": op("Add", op("Add", product(), g.random(columns)), "residual"),
        "scaled_rows": op("Mul", "rows", op("Add", product(), g.random(columns))),
        "scaled_columns": op("Sub", op("Mul", product(), g.random(columns)), "residual"),
        "scaled": op("Div", op("Mul", product(), g.random()), g.random(1)),
        "computed_rows": op("Add", op("Mul", product(), mean), "rows"),
        "limited": op("Min", op("Max", product(), "residual"), g.random(columns)),
        "norm": op("Div", op("Add", product(), "residual"), scale),
        "softmax": op("Softmax", op("Mul", op("Add", product(), g.random(columns)), "rows"), axis=-1),
        "read_twice": op("Sub", op("Exp", op("Tanh", biased)), op("Abs", biased)),
        "chosen": op("Where", op("Greater", biased, "residual"), product(), "rows"),
        "through_f16": op("Cast", op("Cast", op("Add", product(), "residual"), to=TYPES["f16"]), to=TYPES[g.dtype]),
        "through_bf16": op("Mul", op("Cast", op("Cast", product(), to=TYPES["bf16"]), to=TYPES[g.dtype]), "rows"),
        "second": op("Add", op("MatMul", silu(biased), g.random(columns, columns)), "residual"),
    }
    for name, value in chains.items():
        g.node("Identity", value, "y_" + name, name="/" + name)
    g.outputs(**{"y_" + name: wide for name in chains})
    return ["y_" + name for name in chains]


def call(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"exit code {done.returncode}: {' '.join(command)}\n{done.stderr[-2000:]}")
    return done.stdout


def check(moec, work, number, case):
    """Names of outputs that differ, and how many ops and how many of them were fused."""
    dtype, stored, lead, size, columns = case
    folder = os.path.join(work, str(number))
    os.makedirs(folder)
    model = os.path.join(folder, "model.onnx")
    g = Graph(model, dtype, number)
    names = build(g, lead, size, columns)
    with open(model, "wb") as file:
        file.write(g.model.SerializeToString())
    options = ["--weights-dtype", stored]
    ops = [call(moec, "compile", "--emit=tile", *options, *extra, model, "-o", "-").count("linalg.generic")
           for extra in ([], ["--no-fuse"])]
    libraries = []
    for tag, extra in (("fused", []), ("single", ["--no-fuse"])):
        libraries.append(os.path.join(folder, tag + ".so"))
        call(moec, "compile", "--quiet", "--target=cpu:native", *options, *extra, model, "-o", libraries[-1])
    known = {name for name in ("n", "b", "s") if name in lead.split(",")}
    differing = set()
    for binds, threads in RUNS:
        binds = [text for bind in binds.split(",") if bind[0] in known for text in ("--bind", bind)]
        found = []
        for library in libraries:
            out = library + ".out"
            call(moec, "run", "--quiet", library, "--random", "7", "--threads", threads, *binds, "--output-dir", out)
            found.append([open(os.path.join(out, name + ".npy"), "rb").read() for name in names])
        differing |= {name for name, one, other in zip(names, *found) if one != other}
    return sorted(differing), ops[1], ops[1] - ops[0]


def main(moec, work, count=len(CASES)):
    failed = fused = total = 0
    cases = CASES[:int(count)]
    for number, case in enumerate(cases):
        differing, ops, gone = check(moec, work, number, case)
        total, fused, failed = total + ops, fused + gone, failed + bool(differing)
        if differing:
            print(f"{' '.join(map(str, case))}: other bits in {', '.join(differing)}")
    print(f"{fused} of {total} ops fused")
    print(f"{len(cases) - failed} models with equal bits, {failed} with others")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
