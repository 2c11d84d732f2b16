# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Operators that compile in one case and not in another: only for the reasons listed here.

An operator that passes in some case is supported, and a case that is skipped because of it must say one of the reasons
of LISTED. Whatever else is missing is named before a model is compiled, for each model alike.
"""
import collections
import re

Listed = collections.namedtuple("Listed", "name why pattern")

LISTED = [
    Listed("f64 functions", "f64 has arithmetic, products and casts; exp, log and what is built on them are f32",
           r"(elements of|attention of) 'f64'|softmax_precision f64"),
    Listed("8-bit and 4-bit floats", "storage types of quantised weights; nothing here computes in them yet",
           r"'tensor<[^>]*x(f8E\w+|f4E\w+)>'"),
    Listed("4-bit and 2-bit integers", "storage types of quantised weights; nothing here computes in them yet",
           r"'tensor<[^>]*xu?i[24]>'"),
    Listed("strings", "text is the tokeniser's, before the model", r"element type string"),
    Listed("complex numbers", "no model that is compiled here has them", r"element type complex|'tensor<[^>]*xcomplex<"),
    Listed("sequences, optionals, sparse tensors", "no dense tensors, so no buffers",
           r"inputs and outputs that are no dense tensors"),
    # Not types, but what is no function of the inputs, and what is another operator of the same name.
    Listed("dropout in training", "random numbers, and ONNX does not say which; compiled models infer",
           r"Dropout: training_mode that is not the constant false"),
    Listed("operator sets before 7", "other rules of broadcasting; no case of the node tests",
           r"of operator set [1-6] \("),
]


def find_listed(reason):
    """The entry of LISTED that a reason falls under, or None."""
    return next((entry for entry in LISTED if re.search(entry.pattern, reason)), None)


def named_operators(reason):
    """The operators that a reason names, with the domain unless it is ONNX's own."""
    names = re.findall(r"node '[^']*' \(([\w.:]+)\)", reason)
    if reason.startswith("not supported: "):
        names += re.findall(r"(?:^not supported: |; )([\w.]+(?:::\w+)?)", reason)
    return set(names)


def judge(cases, operators):
    """Counts per listed reason, and (case, reason) of what is skipped in part for any other.

    `cases` are dictionaries with path, result and reason; `operators(path)` are those of a case's model.
    """
    supported, counts, unlisted = set(), collections.Counter(), []
    for case in cases:
        if case["result"] == "pass":
            supported |= operators(case["path"])
    for case in cases:
        if case["result"] != "skip":
            continue
        reason = case.get("reason", "")
        if not (named_operators(reason) & supported or operators(case["path"]) <= supported):
            continue
        # A reason that names several nodes is no excuse for those that are not listed.
        parts = re.split(r"; (?=[^;]*node ')", reason)
        listed = [find_listed(part) for part in parts]
        if all(listed):
            counts[listed[0].name] += 1
        else:
            unlisted.append((case["path"], reason))
    return counts, unlisted
