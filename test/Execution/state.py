#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares a generating loop over bound state with one that carries the caches itself.

usage: state.py UNBOUND BOUND FOLDER

UNBOUND and BOUND are programs compiled from the model of state.test; FOLDER receives files, ids.npy among them.
"""
import ast
import os
import struct
import subprocess
import sys
import zipfile

STEPS = 8
PROMPT = [[3, 1, 4], [1, 5, 9]]
MASK = [[1, 0, 1], [1, 1, 1]]


def write(path, descriptor, shape, data):
    header = "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }" % (
        descriptor, "".join("%d, " % size for size in shape))
    header += " " * (-(len(header) + 11) % 64) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + data)


def write_ids(path, rows):
    flat = [value for row in rows for value in row]
    write(path, "<i8", (len(rows), len(rows[0])), struct.pack("<%dq" % len(flat), *flat))


def read(path):
    """The tensors of an archive: name to (shape, bytes)."""
    tensors = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            raw = archive.read(name)
            size = struct.unpack("<H", raw[8:10])[0]
            header = ast.literal_eval(raw[10:10 + size].decode())
            tensors[name.removesuffix(".npy")] = (header["shape"], raw[10 + size:])
    return tensors


def run(program, folder, **inputs):
    command = [program, "--quiet", "--outputs", folder + "/out.npz"]
    for name, path in inputs.items():
        command += ["--input", name + "=" + path]
    subprocess.run(command, check=True)
    return read(folder + "/out.npz")


def greatest(logits):
    """Per sequence the place of the greatest element in the last row."""
    (batch, rows, columns), data = logits
    values = struct.unpack("<%df" % (batch * rows * columns), data)
    lasts = [values[((b + 1) * rows - 1) * columns:(b + 1) * rows * columns] for b in range(batch)]
    return [last.index(max(last)) for last in lasts]


def carry(program, folder):
    """Tokens of every step and the last logits, the caches being passed from run to run."""
    path = lambda name: os.path.join(folder, name + ".npy")
    ids, mask, first, tokens = PROMPT, [list(row) for row in MASK], 0, []
    caches = {name: ((2, 2, 0, 4), b"") for name in ("past_k", "past_v")}
    for _ in range(STEPS):
        write_ids(path("ids_now"), ids)
        write_ids(path("positions_now"), [[first + i for i in range(len(ids[0]))]] * 2)
        write_ids(path("mask_now"), mask)
        for name, (shape, data) in caches.items():
            write(path(name), "<f4", shape, data)
        out = run(program, folder, ids=path("ids_now"), positions=path("positions_now"), mask=path("mask_now"),
                  past_k=path("past_k"), past_v=path("past_v"))
        caches = {"past_k": out["present_k"], "past_v": out["present_v"]}
        first += len(ids[0])
        ids = [[token] for token in greatest(out["logits"])]
        mask = [row + [1] for row in mask]
        tokens.append([row[0] for row in ids])
    return tokens, out["logits"]


def main(unbound, bound, folder):
    tokens, logits = carry(unbound, folder)
    write_ids(folder + "/ids.npy", PROMPT)
    write_ids(folder + "/mask.npy", MASK)
    result = subprocess.run(
        [bound, "--quiet", "--input", "ids=" + folder + "/ids.npy", "--input", "mask=" + folder + "/mask.npy",
         "--steps", str(STEPS), "--feed", "ids=argmax(logits)", "--advance", "positions", "--advance", "mask",
         "--outputs", folder + "/bound.npz"], check=True, stdout=subprocess.PIPE, text=True)
    got = [[int(token) for token in line.split()] for line in result.stdout.splitlines()]
    print("%d steps of %d sequences: %s tokens, %s logits" % (
        len(got), len(got[0]), "equal" if got == tokens else "DIFFERENT %s %s" % (got, tokens),
        "equal" if read(folder + "/bound.npz")["logits"] == logits else "DIFFERENT"))


if __name__ == "__main__":
    main(*sys.argv[1:])
