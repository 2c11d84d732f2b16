#!/usr/bin/env python3
# Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Alters the files of a compiled model and tells whether opening each ends as it should.

usage: altered_artifacts.py BUILD FOLDER

FOLDER holds model.so, avx2.so (the same for one level of instructions) and other.so (another model), each with its
weights. Every altered file is opened through the library, whose status and message are expected below, and by the
command line, whose exit code follows from the status; within 5 seconds, 2 GiB, and without a signal.
"""
import os
import resource
import shutil
import socket
import struct
import subprocess
import sys
import tempfile

build, folder = sys.argv[1:]
# Another user, who may not read a file, must reach this folder.
work = tempfile.mkdtemp(dir="/tmp" if os.geteuid() == 0 else None)
os.chmod(work, 0o755)
for tool in ("moert-test-open", "moert-test-run", "moert-test-seal"):
    shutil.copy(os.path.join(build, "bin", tool), work)
for name in ("model.so", "model.so.weights"):
    shutil.copy(os.path.join(folder, name), work)

MODEL = open(os.path.join(work, "model.so"), "rb").read()
WEIGHTS = open(os.path.join(work, "model.so.weights"), "rb").read()
SEAL = 40
EXIT_CODES = {"ok": 0, "not found": 3, "incompatible": 3, "corrupt": 3, "input/output error": 3, "unsupported": 4,
              "out of memory": 5}
count = failed = 0


def limit(user):
    def apply():
        resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
        resource.setrlimit(resource.RLIMIT_CPU, (5, 5))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if user and os.geteuid() == 0:
            os.setuid(user)
    return apply


def execute(arguments, user, environment):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          preexec_fn=limit(user), env=dict(os.environ, MOERT_THREADS="1", **environment))


def expect(what, code, part, model="model.so", weights="model.so.weights", verify="header", user=None, **environment):
    """Opens a model and its weights, given as paths in the work folder."""
    global count, failed
    count += 1
    model, weights = os.path.join(work, model), os.path.join(work, weights)
    problems = []
    for load in ("mmap", "read"):
        done = execute([os.path.join(work, "moert-test-open"), model, weights, load, verify], user, environment)
        text = done.stdout.decode().rstrip("\n")
        if done.returncode or text.split(":")[0] != code or part not in text or "\n" in text:
            problems.append(f"{load}: {text!r}, exit code {done.returncode}")
    done = execute([os.path.join(work, "moert-test-run"), model, "--random", "1", "--quiet", "--weights", weights,
                    *(["--verify-weights"] if verify == "full" else [])], user, environment)
    lines = done.stderr.decode().splitlines()
    if done.returncode != EXIT_CODES[code] or len(lines) != (code != "ok") or (lines and part not in lines[0]):
        problems.append(f"command line: {lines}, exit code {done.returncode}")
    if problems:
        failed += 1
        print(f"{what}: expected {code}: ...{part}...; got " + "; ".join(problems))


def altered(data, *changes):
    """A copy with bytes replaced: (offset, bytes)."""
    copy = bytearray(data)
    for offset, new in changes:
        copy[offset:offset + len(new)] = new
    return bytes(copy)


def flipped(data, offset):
    return altered(data, (offset, bytes([data[offset] ^ 0x10])))


def write(name, data, seals=False):
    path = os.path.join(work, name)
    with open(path, "wb") as file:
        file.write(data)
    if seals:
        subprocess.run([os.path.join(work, "moert-test-seal"), path], check=True)
    return name


def expect_model(what, data, code, part, seals=False, **more):
    expect(what, code, part, model=write("altered.so", data, seals), **more)


def expect_weights(what, data, code, part, digests=False, **more):
    expect(what, code, part, weights=write("altered.weights", data, digests), **more)


# The model's shape: ELF header, program headers, sections.
(phoff, shoff, phnum, shnum) = (struct.unpack_from("<Q", MODEL, 32)[0], struct.unpack_from("<Q", MODEL, 40)[0],
                                struct.unpack_from("<H", MODEL, 56)[0], struct.unpack_from("<H", MODEL, 60)[0])
elf_end = shoff + 64 * shnum
assert elf_end + SEAL == len(MODEL) and MODEL[elf_end:elf_end + 8] == b"MOERTSEL"
sections = [struct.unpack_from("<IIQQQQ", MODEL, shoff + 64 * i) for i in range(shnum)]
names_at = sections[struct.unpack_from("<H", MODEL, 62)[0]][4]


def section_name(section):
    start = names_at + section[0]
    return MODEL[start:MODEL.index(b"\0", start)].decode()


by_name = {section_name(section): section for section in sections}


def symbol(name):
    """Where in the file the object's table lies."""
    dynsym, dynstr = by_name[".dynsym"], by_name[".dynstr"]
    for at in range(dynsym[4], dynsym[4] + dynsym[5], 24):
        start, value = dynstr[4] + struct.unpack_from("<I", MODEL, at)[0], struct.unpack_from("<Q", MODEL, at + 8)[0]
        if MODEL[start:MODEL.index(b"\0", start)].decode() == name:
            return next(s[4] + value - s[3] for s in sections if s[3] <= value < s[3] + s[5] and s[1] != 8)
    raise KeyError(name)


def artifacts():
    expect("as it is", "ok", "")
    for length in (4, 16, 63, 64, 100, phoff + 56 * phnum - 1, len(MODEL) // 4, len(MODEL) // 2, len(MODEL) * 3 // 4,
                   shoff - 1, shoff + 1, elf_end - 1, elf_end + 1, len(MODEL) - 20, len(MODEL) - 1):
        expect_model(f"cut to {length}", MODEL[:length], "corrupt", "is truncated")
    expect_model("cut to nothing", b"", "corrupt", "is empty")
    expect_model("cut to 1", MODEL[:1], "incompatible", "is not a shared object")
    expect_model("seal cut off", MODEL[:elf_end], "incompatible", "does not end in moec's seal")
    expect_model("grown", MODEL + bytes(1), "incompatible", "does not end in moec's seal")
    expect_model("twice", MODEL + MODEL, "corrupt", "is altered")
    expect_model("text", b"not a model at all\n" * 10, "incompatible", "is not a shared object")
    expect("weights as model", "incompatible", "is not a shared object", model="model.so.weights")
    for what, offset, new, code, part in (
            ("class", 4, b"\1", "incompatible", "for this machine"),
            ("byte order", 5, b"\2", "incompatible", "for this machine"),
            ("ELF version", 6, b"\2", "corrupt", "is altered"),
            ("ABI", 7, b"\x40", "corrupt", "is altered"),
            ("relocatable", 16, b"\1\0", "incompatible", "for this machine"),
            ("executable", 16, b"\2\0", "incompatible", "for this machine"),
            ("AArch64", 18, b"\xb7\0", "incompatible", "for this machine"),
            ("i386", 18, b"\3\0", "incompatible", "for this machine"),
            ("RISC-V", 18, b"\xf3\0", "incompatible", "for this machine"),
            ("entry", 24, b"\1", "corrupt", "is altered"),
            ("program headers' place", 39, b"\x80", "corrupt", "is truncated"),
            ("section headers' place", 47, b"\x80", "corrupt", "is truncated"),
            ("flags", 48, b"\1", "corrupt", "is altered"),
            ("program header's size", 54, b"\x20\0", "incompatible", "for this machine"),
            ("program headers' number", 56, b"\xff\xff", "corrupt", "is "),
            ("section headers' number", 60, b"\xff\xff", "corrupt", "is truncated")):
        expect_model(f"header: {what}", altered(MODEL, (offset, new)), code, part)
    loads = [i for i in range(phnum) if struct.unpack_from("<I", MODEL, phoff + 56 * i)[0] == 1]
    for i in loads[:2]:
        for what, field in (("offset", 8), ("file size", 32)):
            expect_model(f"segment {i}: {what}", altered(MODEL, (phoff + 56 * i + field + 6, b"\x7f")), "corrupt",
                         "is truncated")
        for what, field in (("type", 0), ("rights", 4), ("address", 16), ("memory size", 40), ("alignment", 48)):
            expect_model(f"segment {i}: {what}", flipped(MODEL, phoff + 56 * i + field), "corrupt", "is altered")
    for name, section in by_name.items():
        if section[1] != 8 and section[5]:  # has bytes in the file
            expect_model(f"section {name}", flipped(MODEL, section[4] + section[5] // 2), "corrupt", "is altered")
    expect_model("seal's magic", flipped(MODEL, elf_end), "incompatible", "does not end in moec's seal")
    for what, offset in (("version", 8), ("reserved", 12), ("length", 16), ("digest", 24), ("digest's end", 39)):
        expect_model(f"seal's {what}", flipped(MODEL, elf_end + offset), "corrupt", "is altered")


def tables():
    """Altered before it was sealed: the tables are checked too."""
    bare, table = MODEL[:elf_end], symbol("moert_artifact_v1")
    size = struct.unpack_from("<I", bare, table + 4)[0]
    expect_model("sealed anew", bare, "ok", "", seals=True)
    for version in (0, 2, 100):
        expect_model(f"version {version}", altered(bare, (table, struct.pack("<I", version))), "incompatible",
                     f"ABI version {version}", seals=True)
    expect_model("newer table", altered(bare, (table + 4, struct.pack("<I", size + 8))), "incompatible",
                 "for a newer runtime", seals=True)
    expect_model("short table", altered(bare, (table + 4, struct.pack("<I", 40))), "corrupt", "too short", seals=True)
    expect_model("no entries", altered(bare, (table + 32, bytes(4))), "corrupt", "no entry", seals=True)
    expect_model("another build", flipped(bare, table + 8), "incompatible", "another build of the model", seals=True)
    expect("no symbol", "incompatible", "has no symbol moert_artifact_v1",
           model=os.path.join(build, "lib", "moert-test-empty.so"))
    expect("another level", "incompatible", "is not built for level v2", model=os.path.join(folder, "avx2.so"),
           weights=os.path.join(folder, "avx2.so.weights"), MOERT_ISA="v2")


def no_files(kind):
    """What is there instead of a file."""
    def check(what, code, part, name, **more):
        expect(f"{kind}: {what}", code, part, **{kind: name}, **more)
    check("missing", "not found", "No such file", "missing")
    check("below a file", "not found", "Not a directory", "model.so/x")
    check("folder", "input/output error", "is not a regular file", ".")
    if not os.path.exists(os.path.join(work, "fifo")):
        os.mkfifo(os.path.join(work, "fifo"))
        os.symlink("loop", os.path.join(work, "loop"))
        socket.socket(socket.AF_UNIX).bind(os.path.join(work, "socket"))
        write("unreadable", MODEL if kind == "model" else WEIGHTS)
        os.chmod(os.path.join(work, "unreadable"), 0)
    check("pipe", "input/output error", "is not a regular file", "fifo")
    check("socket", "input/output error", "No such device", "socket")
    check("device", "input/output error", "is not a regular file", "/dev/zero")
    check("link to itself", "input/output error", "Too many levels", "loop")
    check("long name", "input/output error", "File name too long", "x" * 300)
    check("unreadable", "input/output error", "Permission denied", "unreadable", user=65534)


def weights():
    directory_end = struct.unpack_from("<q", WEIGHTS, 40)[0]
    expect_weights("empty", b"", "corrupt", "is truncated")
    for length in (1, 64, 127):
        expect_weights(f"cut to {length}", WEIGHTS[:length], "corrupt", "do not hold a header")
    for length in (128, 200, directory_end, len(WEIGHTS) // 2, len(WEIGHTS) - 4096, len(WEIGHTS) - 1):
        expect_weights(f"cut to {length}", WEIGHTS[:length], "corrupt", "is truncated")
    for more in (1, 4096):
        expect_weights(f"grown by {more}", WEIGHTS + bytes(more), "corrupt", f"{more} bytes after its end")
    expect("of another model", "incompatible", "another build of the model",
           weights=os.path.join(folder, "other.so.weights"))
    expect("a model", "corrupt", "is not a weights file", weights="model.so")
    header = (("version", 8, "incompatible", "format version"), ("number", 12, "corrupt", "header"),
              ("build id", 16, "corrupt", "header"), ("length", 32, "corrupt", "header"),
              ("data's place", 40, "corrupt", "header"), ("reserved", 48, "corrupt", "header"),
              ("directory's checksum", 96, "corrupt", "header"), ("checksum", 112, "corrupt", "header"))
    expect_weights("header: magic", flipped(WEIGHTS, 0), "corrupt", "is not a weights file")
    for what, offset, code, part in header:
        expect_weights(f"header: {what}", flipped(WEIGHTS, offset), code, part)
    for what, offset, code, part in (
            ("number", 12, "incompatible", "the code expects"), ("build id", 16, "incompatible", "another build"),
            ("length", 32, "corrupt", "bytes"), ("negative length", 39, "corrupt", "bytes"),
            ("data's place", 41, "incompatible", "the code expects")):
        new = b"\x80" if what == "negative length" else bytes([WEIGHTS[offset] ^ 0x10])
        expect_weights(f"header with a good checksum: {what}", altered(WEIGHTS, (offset, new)), code, part,
                       digests=True)
    record = (("name's place", 0), ("checksums' place", 8), ("data's place", 17), ("slabs", 24), ("slab's size", 32),
              ("slabs' distance", 41), ("type", 48), ("name's length", 52), ("reserved", 56))
    for what, offset in record:
        expect_weights(f"record: {what}", flipped(WEIGHTS, 128 + offset), "corrupt", "checksum of its directory")
        expect_weights(f"record with a good checksum: {what}", flipped(WEIGHTS, 128 + offset), "incompatible",
                       "another weight in place 0", digests=True)
    # The second weight in the place of the first.
    expect_weights("overlapping", altered(WEIGHTS, (128 + 64 + 16, WEIGHTS[128 + 16:128 + 24])), "incompatible",
                   "another weight in place 1", digests=True)
    name = struct.unpack_from("<q", WEIGHTS, 128)[0]
    expect_weights("name", flipped(WEIGHTS, name), "corrupt", "checksum of its directory")
    expect_weights("name with a good checksum", flipped(WEIGHTS, name), "incompatible", "another weight in place 0",
                   digests=True)
    data = struct.unpack_from("<q", WEIGHTS, 128 + 16)[0]
    expect_weights("data, not verified", flipped(WEIGHTS, data), "ok", "")
    expect_weights("data", flipped(WEIGHTS, data), "corrupt", "checksum of slab 0 of weight", verify="full")
    checksums = struct.unpack_from("<q", WEIGHTS, 128 + 8)[0]
    expect_weights("checksum of data", flipped(WEIGHTS, checksums), "corrupt", "checksum of slab 0", verify="full",
                   digests=True)


try:
    artifacts()
    tables()
    no_files("model")
    no_files("weights")
    weights()
finally:
    shutil.rmtree(work)
print(f"{count} files, {count - failed} as expected")
sys.exit(failed != 0)
