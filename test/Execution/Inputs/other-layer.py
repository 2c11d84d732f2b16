#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""moec, but compiled code is that of a layer with another activation than the file's: a fault for checkers to find."""
import os
import re
import sys

arguments = sys.argv[1:]
if "--interpret" not in arguments:
    for i, argument in enumerate(arguments):
        if argument.endswith(".mlir"):
            with open(argument) as file:
                text = file.read()
            text = re.sub(r", alpha = [0-9.]+", "", text)
            text = re.sub(r"#moe.activation<(\w+)>", lambda match: "#moe.activation<%s>" % (
                "relu" if match[1] == "identity" else "identity"), text)
            arguments[i] = argument[:-5] + ".other.mlir"
            with open(arguments[i], "w") as file:
                file.write(text)
os.execvp("moec", ["moec"] + arguments)
