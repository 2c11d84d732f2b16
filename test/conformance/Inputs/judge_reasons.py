#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Judges made-up cases, given on stdin as `OPERATORS RESULT REASON` per line, as conformance.py judges real ones."""
import os
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import partial

cases, models = [], {}
for number, line in enumerate(sys.stdin):
    operators, result, reason = (line.strip() + "  ").split(" ", 2)
    path = f"line {number + 1}"
    models[path] = set(operators.split(","))
    cases.append({"path": path, "result": result, "reason": reason.strip()})
counts, unlisted = partial.judge(cases, models.get)
for name, count in sorted(counts.items()):
    print(count, name)
for path, reason in unlisted:
    print(f"unlisted {path}: {reason}")
