#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the PTX of this folder: python3 generate.py [name...]. The tests run what is checked in; compilers of other
versions write other PTX, so each file names the one that wrote it."""

import os
import re
import subprocess
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
TARGET = "sm_80"
NVCC = ["nvcc", "-ptx", f"-arch={TARGET}"]
CLANG = ["clang-22", "-x", "cuda", "--cuda-device-only", "-nocudainc", "-nocudalib", "-Wno-unknown-cuda-version",
         f"--cuda-gpu-arch={TARGET}", "-S", "-O2"]
MLIR = ["mlir-opt-22", f"--gpu-lower-to-nvvm-pipeline=cubin-chip={TARGET} cubin-features=+ptx80 cubin-format=isa"]

# PTX: (source, command)
FILES = {
    "bag": ("bag.cu", CLANG),
    "blelloch": ("blelloch.cu", CLANG),
    "calls": ("calls.cu", NVCC + ["-rdc=true", "-fmad=false"]),
    "compact": ("compact.cu", NVCC),
    "halves": ("halves.cu", NVCC),
    "histogram": ("histogram.cu", NVCC),
    "layernorm": ("layernorm.cu", NVCC + ["-use_fast_math"]),
    "lock": ("lock.cu", NVCC),
    "lookback": ("lookback.cu", NVCC),
    "machine": ("machine.cu", CLANG),
    "matmul": ("matmul.cu", NVCC),
    "pipeline": ("pipeline.cu", NVCC),
    "reduce": ("reduce.cu", NVCC),
    "reduce-O0": ("reduce.cu", NVCC + ["-Xcicc", "-O0"]),
    "rows": ("rows.mlir", MLIR),
    "softmax": ("softmax.cu", NVCC),
    "softmax-fast": ("softmax.cu", NVCC + ["-use_fast_math"]),
    "sort": ("sort.cu", NVCC),
    "tensor": ("tensor.cu", NVCC),
    "tiles": ("tiles.cu", NVCC),
    "transpose": ("transpose.cu", NVCC),
    "variables": ("variables.cu", NVCC),
    "votes": ("votes.cu", NVCC),
    "wide": ("wide.cu", NVCC),
}


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=FOLDER, universal_newlines=True).stdout


def version_of(tool):
    return re.search(r"^.*(?:version|release) \d.*$", run([tool, "--version"]), re.MULTILINE).group(0).strip()


def text_in(binary):
    """The PTX in a gpu.binary, as MLIR prints strings."""
    text = re.search(r'assembly = "((?:[^"\\]|\\.)*)"', binary).group(1)
    return re.sub(r"\\([0-9A-F]{2}|.)", lambda m: chr(int(m.group(1), 16)) if len(m.group(1)) == 2 else m.group(1), text)


def generate(name):
    source, command = FILES[name]
    if command is MLIR:
        ptx = text_in(run(command + [source]))
    else:
        ptx = run(command + [source, "-o", "/dev/stdout" if command is not CLANG else "-"])
    # What the compiler says of itself, and comments on each statement, are not needed.
    lines = [line.rstrip() for line in ptx.replace("\0", "").splitlines() if not line.startswith("//")]
    body = re.sub(r"\n{2,}", "\n", "\n".join(lines)).strip()
    words = " ".join(f"'{word}'" if " " in word else word for word in command)
    head = (f"// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n// From {source} by generate.py: {words}\n"
            f"// {version_of(command[0])}\n")
    with open(os.path.join(FOLDER, name + ".ptx"), "w") as file:
        file.write(head + body + "\n")


if __name__ == "__main__":
    for name in sys.argv[1:] or FILES:
        generate(name)
