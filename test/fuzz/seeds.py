"""usage: seeds.py FOLDER: small models for fuzzers of the importer to start from.

They are the models of test/Import/*.test, one per CASE, and those of test/Driver/hostile of at most 4096 bytes.
Needs PYTHONPATH as make_model.py.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TEST, "Import"), os.path.join(TEST, "Driver", "hostile")]
import common
import containers, graphs, tensors, paths, nodes, bounds  # noqa: E401, F401: they declare cases

LARGEST = 4096


def keep(folder, name, data):
    if data and len(data) <= LARGEST:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(data)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        model = os.path.join(work, "model.onnx")
        for test in sorted(glob.glob(os.path.join(TEST, "Import", "*.test"))):
            with open(test) as file:
                cases = re.findall(r"%make_model %s %t\S* ?([\w-]*)", file.read())
            for case in sorted(set(cases)):
                command = [sys.executable, os.path.join(TEST, "Import", "make_model.py"), test, model]
                subprocess.run(command + ([case] if case else []), check=True)
                with open(model, "rb") as file:
                    keep(folder, f"{os.path.basename(test)}-{case}", file.read())
        for entry in common.CASES:
            path = os.path.join(work, entry.name, "model.onnx")
            os.makedirs(os.path.dirname(path))
            builder = entry.function(path)
            if builder:
                keep(folder, entry.name, builder.model.SerializeToString())
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    keep(folder, entry.name, file.read())
    print(len(os.listdir(folder)), "seeds")


main(*sys.argv[1:])
