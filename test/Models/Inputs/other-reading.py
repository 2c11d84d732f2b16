#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""moec, but compiled code is that of the other reading of com.microsoft::MoE: a fault for checkers to find."""
import os
import sys

OTHER = {"ort-cuda": "ort-cpu", "ort-cpu": "ort-cuda"}
arguments = sys.argv[1:]
if "--interpret" not in arguments:
    arguments = [OTHER.get(argument, argument) for argument in arguments]
os.execvp("moec", ["moec"] + arguments)
