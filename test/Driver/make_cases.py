#!/usr/bin/env python3
"""Makes the ONNX test-case folders that a test describes.

usage: make_cases.py TEST OUT

Each line of TEST that follows `CASE:` is one data set, and its folder gets the model, whose `MODEL-NAME:` lines are those
of test/Import/make_model.py:

  CASE: FOLDER MODEL K: INPUT; INPUT -> OUTPUT; OUTPUT

A tensor is DTYPE[SIZES] and its elements.
"""
import os
import re
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Import"))
import make_model
from lib.Import import onnx_pb2 as pb


def write_tensor(path, text):
    kind, *elements = text.split()
    code = make_model.DTYPES[kind.split("[")[0]][1]
    values = [float(element) if code in "efd" else int(element) for element in elements]
    tensor = pb.TensorProto()
    make_model.Builder(path).tensor(tensor, kind, values)
    with open(path, "wb") as file:
        file.write(tensor.SerializeToString())


def main(test, out):
    with open(test) as lines:
        found = re.findall(r"^CASE: (\S+) (\S+) (\d+): (.*) -> (.*)$", lines.read(), re.MULTILINE)
    for folder, model, number, inputs, outputs in found:
        data = os.path.join(out, folder, "test_data_set_" + number)
        os.makedirs(data)
        make_model.main(test, os.path.join(out, folder, "model.onnx"), model)
        for prefix, texts in (("input", inputs), ("output", outputs)):
            for index, text in enumerate(filter(None, map(str.strip, texts.split(";")))):
                write_tensor(os.path.join(data, f"{prefix}_{index}.pb"), text)


if __name__ == "__main__":
    main(*sys.argv[1:])
