#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Changes the last number of a stored result: spoil-result.py ARCHIVE MEMBER."""
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as archive:
    members = {name: archive.read(name) for name in archive.namelist()}
data = bytearray(members[sys.argv[2]])
data[-1] ^= 0x40  # the highest bit of an exponent
members[sys.argv[2]] = bytes(data)
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for name, content in members.items():
        archive.writestr(name, content)
