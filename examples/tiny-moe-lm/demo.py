#!/usr/bin/env python3
"""Lets the compiled model of this folder write, and compares it with PyTorch. Needs Python's own library only.

usage: demo.py EXECUTABLE OUT [--no-scores]

EXECUTABLE was compiled with --state auto --expose-routing. Prints the text and what was compared; writes into the folder
OUT the picture experts.svg: which experts each layer used for prompt and text. Fails if a token differs from
expected/greedy.npy, or bits per byte on held-out.txt are not within 1 % of PyTorch's (left out with --no-scores).
"""
import argparse
import ast
import json
import math
import os
import struct
import subprocess
import sys
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
TYPES = {"<f4": "f", "<i4": "i", "<i8": "q"}


def read_npy(path):
    """(shape, numbers) of an .npy file of version 1."""
    with open(path, "rb") as file:
        data = file.read()
    length, = struct.unpack_from("<H", data, 8)
    header = ast.literal_eval(data[10:10 + length].decode())
    values = memoryview(data)[10 + length:]
    return header["shape"], values.cast(TYPES[header["descr"]])


def write_ids(path, rows):
    """A matrix of int64 as an .npy file."""
    shape = (len(rows), len(rows[0]))
    header = repr({"descr": "<i8", "fortran_order": False, "shape": shape})
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack("<%dq" % len(row), *row))


class Model:
    def __init__(self, executable, out):
        self.executable, self.out = os.path.abspath(executable), out

    def run(self, rows, *options):
        """Runs on a batch of equally long texts with an empty cache; returns what was printed and the report."""
        ids, positions = os.path.join(self.out, "ids.npy"), os.path.join(self.out, "positions.npy")
        write_ids(ids, rows)
        write_ids(positions, [list(range(len(rows[0])))] * len(rows))
        done = subprocess.run([self.executable, "--input", "input_ids=" + ids, "--input", "position_ids=" + positions,
                               *options], capture_output=True)
        if done.returncode:
            sys.exit(done.stderr.decode())
        return done.stdout, done.stderr.decode()

    def outputs(self, rows):
        self.run(rows, "--output-dir", self.out)

    def output(self, name):
        return read_npy(os.path.join(self.out, name + ".npy"))


def surprise(model, text, window):
    """Bits per byte: the mean of -log2 p over all bytes but the first of each window."""
    windows = [list(text[i:i + window]) for i in range(0, len(text), window)]
    total, count = 0.0, 0
    for rows in [windows[:-1], windows[-1:]]:
        model.outputs(rows)
        (_, length, vocabulary), logits = model.output("logits")
        for number, row in enumerate(rows):
            for position in range(len(row) - 1):
                start = (number * length + position) * vocabulary
                scores = logits[start:start + vocabulary]
                largest = max(scores)
                total += math.log(sum(math.exp(score - largest) for score in scores))
                total -= scores[row[position + 1]] - largest
                count += 1
    return total / count / math.log(2)


def draw(model, path):
    """The rows of each expert in each layer of the last run, as a picture; returns shares by layer."""
    layers = []
    while os.path.exists(os.path.join(model.out, f"routing.{len(layers)}.npy")):
        offsets = model.output(f"routing.{len(layers)}")[1]
        layers.append([after - before for before, after in zip(offsets, offsets[1:])])
    cell, left, top = 56, 70, 46
    parts = []
    for y, loads in enumerate(layers):
        parts.append(f'<text x="{left - 10}" y="{top + y * cell + 32}" text-anchor="end">layer {y}</text>')
        for x, load in enumerate(loads):
            share = load / sum(loads)
            strength = min(1.0, share * len(loads) / 3)  # three times the even share is full colour
            colour = "#%02x%02x%02x" % tuple(round(255 - strength * (255 - c)) for c in (20, 90, 160))
            ink = "#fff" if strength > 0.6 else "#222"
            parts.append(f'<rect x="{left + x * cell}" y="{top + y * cell}" width="{cell - 2}" height="{cell - 2}" '
                         f'fill="{colour}"><title>layer {y}, expert {x}: {load} rows</title></rect>'
                         f'<text x="{left + x * cell + cell / 2 - 1}" y="{top + y * cell + 32}" text-anchor="middle" '
                         f'fill="{ink}">{share:.0%}</text>')
    for x in range(len(layers[0])):
        parts.append(f'<text x="{left + x * cell + cell / 2 - 1}" y="{top - 10}" text-anchor="middle">expert {x}</text>')
    width, height = left + len(layers[0]) * cell + 10, top + len(layers) * cell + 10
    with open(path, "w") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
                   f'font-family="sans-serif" font-size="12" fill="#222"><rect width="100%" height="100%" fill="#fff"/>'
                   f'<text x="10" y="18" font-size="14">Choices of experts for prompt and text</text>'
                   + "".join(parts) + "</svg>\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("executable")
    parser.add_argument("out")
    parser.add_argument("--no-scores", action="store_true")
    arguments = parser.parse_args()
    os.makedirs(arguments.out, exist_ok=True)
    model = Model(arguments.executable, arguments.out)
    with open(os.path.join(HERE, "expected", "expected.json")) as file:
        expected = json.load(file)
    with open(os.path.join(HERE, "expected", "prompt.txt"), "rb") as file:
        prompt = file.read()
    greedy = list(read_npy(os.path.join(HERE, "expected", "greedy.npy"))[1])

    printed, report = model.run([list(prompt)], "--steps", str(len(greedy)), "--feed", "input_ids=argmax(logits)",
                                "--advance", "position_ids")
    tokens = [int(line) for line in printed.split()]
    print(textwrap.fill((prompt + bytes(tokens)).decode(errors="replace"), 100))
    print(report.strip())
    same = sum(a == b for a, b in zip(tokens, greedy))
    print(f"{same} of {len(greedy)} tokens are PyTorch's; its smallest distance of the two best logits was "
          f"{expected['smallest_margin']:.3f}")
    failed = tokens != greedy

    if not arguments.no_scores:
        with open(os.path.join(HERE, "held-out.txt"), "rb") as file:
            bits = surprise(model, file.read(), expected["window"])
        print(f"{bits:.4f} bits per byte on held-out.txt, PyTorch's {expected['bits_per_byte']:.4f}")
        failed |= abs(bits / expected["bits_per_byte"] - 1) > 0.01

    model.outputs([list(prompt) + tokens])
    picture = os.path.join(arguments.out, "experts.svg")
    draw(model, picture)
    print(f"which experts were used: {picture}")
    sys.exit(1 if failed else 0)


main()
