# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Which parts of its weights file this process has in memory."""
import mmap
import os
import re
import struct

PAGE = mmap.PAGESIZE


def read_directory(path):
    """(name, first byte, slabs, bytes from one to the next) of each weight; runtime/lib/Core/WeightsFile.h."""
    with open(path, "rb") as file:
        count, = struct.unpack_from("<I", file.read(128), 12)
        entries = [struct.unpack("<6qiIq", file.read(64)) for _ in range(count)]
        weights = []
        for name_at, _, data_at, slabs, _, stride, _, name_bytes, _ in entries:
            file.seek(name_at)
            weights.append((file.read(name_bytes).decode(), data_at, slabs, stride))
        return weights


def mappings(path):
    """(address, bytes, bytes of the file before, resident bytes) of each mapping of the file: /proc/self/smaps."""
    found = []
    inside = False
    with open("/proc/self/smaps") as file:
        for line in file:
            header = re.match(r"([0-9a-f]+)-([0-9a-f]+) \S+ ([0-9a-f]+) \S+ \d+\s*(.*)", line)
            if header:
                begin, end, offset = (int(number, 16) for number in header.groups()[:3])
                inside = header.group(4) == os.path.realpath(path)
                if inside:
                    found.append([begin, end - begin, offset, 0])
            elif inside and line.startswith("Rss:"):
                found[-1][3] = int(line.split()[1]) * 1024
    return found


def measure(path):
    """Resident bytes of the file's mappings, and runs (first, end) of the pages of the file that they are."""
    pages = set()
    maps = mappings(path)
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        for begin, size, offset, _ in maps:
            file.seek(begin // PAGE * 8)
            entries = file.read(size // PAGE * 8)
            first = offset // PAGE
            pages.update(first + i for i, (entry,) in enumerate(struct.iter_unpack("<Q", entries)) if entry >> 63)
    runs = []
    for page in sorted(pages):
        if runs and runs[-1][1] == page:
            runs[-1][1] += 1
        else:
            runs.append([page, page + 1])
    return sum(rss for _, _, _, rss in maps), runs
