#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""moec, but without fusion weights are rounded: a fault for checkers to find."""
import os
import sys

arguments = sys.argv[1:]
if "--no-fuse" in arguments:
    arguments = ["bf16" if argument == "file" else argument for argument in arguments]
os.execvp("moec", ["moec"] + arguments)
