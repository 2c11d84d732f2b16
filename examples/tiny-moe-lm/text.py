"""The text of the model: the King James Bible of Debian's package bible-kjv-text, one verse a line.

The package `bible-kjv` has the program that decodes it. Both are unpacked, not installed.
"""
import glob
import os
import re
import subprocess

HELD_OUT = "Ruth"  # Ruth: no other book tells the same story in the same words


def fetch(folder):
    """Downloads both packages into `folder` with apt-get unless they are there; returns the program's lines."""
    root = os.path.join(folder, "root")
    program = os.path.join(root, "usr", "bin", "bible")
    if not os.path.exists(program):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["apt-get", "download", "-q", "bible-kjv", "bible-kjv-text"], cwd=folder, check=True)
        for package in glob.glob(os.path.join(folder, "*.deb")):
            subprocess.run(["dpkg", "-x", package, root], check=True)
    command = [program, "-f", "-p", os.path.join(root, "usr", "lib"), "ge1:1-re22:21"]
    run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, text=True)
    return run.stdout.splitlines()


def load(folder):
    """(training text, held-out text) in bytes. `Ge1:1 In the beginning ...` gives the verse without its place."""
    train, held_out = [], []
    for line in fetch(folder):
        place = re.match(r"([0-9]*[A-Za-z]+)[0-9]+:[0-9]+ (.*)", line)
        if place:
            (held_out if place[1] == HELD_OUT else train).append(place[2].strip() + "\n")
    return "".join(train).encode("ascii"), "".join(held_out).encode("ascii")
