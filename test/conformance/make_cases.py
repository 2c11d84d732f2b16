#!/usr/bin/env python3
"""Writes ONNX's node test cases as folders with model.onnx and test_data_set_0. Needs the packages of requirements.txt.

usage: make_cases.py OUT

ONNX draws each case's numbers anew from a fixed seed; what is drawn at import is fixed here. A case whose tolerances
are not ONNX's usual ones gets a tolerance.json.
"""
import json
import os
import random
import sys

import numpy
from onnx import TensorProto, numpy_helper

USUAL = (1e-3, 1e-7)


def serialise(value, info):
    if isinstance(value, TensorProto):
        return value.SerializeToString()
    convert = {"map_type": numpy_helper.from_dict, "sequence_type": numpy_helper.from_list,
               "optional_type": numpy_helper.from_optional, "tensor_type": numpy_helper.from_array}
    return convert[info.type.WhichOneof("value")](value, info.name).SerializeToString()


def write(path, contents):
    with open(path, "wb") as file:
        file.write(contents)


def write_case(case, folder):
    os.makedirs(folder)
    write(os.path.join(folder, "model.onnx"), case.model.SerializeToString())
    if (case.rtol, case.atol) != USUAL:
        write(os.path.join(folder, "tolerance.json"), json.dumps({"rtol": case.rtol, "atol": case.atol}).encode())
    for number, (inputs, outputs) in enumerate(case.data_sets):
        data = os.path.join(folder, f"test_data_set_{number}")
        os.makedirs(data)
        for prefix, values, infos in (("input", inputs, case.model.graph.input),
                                      ("output", outputs, case.model.graph.output)):
            for index, value in enumerate(values):
                write(os.path.join(data, f"{prefix}_{index}.pb"), serialise(value, infos[index]))


def main(out):
    random.seed(0)
    numpy.random.seed(0)
    from onnx.backend.test.loader import load_model_tests
    for case in load_model_tests(kind="node"):
        write_case(case, os.path.join(out, case.name))


if __name__ == "__main__":
    main(*sys.argv[1:])
