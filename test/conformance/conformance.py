#!/usr/bin/env python3
"""Runs ONNX's node test cases through `moec test`.

usage: conformance.py [--update] [--reasons] [DIR|ARCHIVE]

Without an argument the cases are made with PyPI's onnx (requirements.txt), once, in the build folder; else they are
those below DIR, or in a tar archive. Every case named in expected.txt must pass, and none may fail; the others may be
skipped, which is what happens to operators without a lowering. An operator that passes in one case is skipped in
another only for a type or reason that partial.py lists; what they cost is printed.

  --update    makes expected.txt the cases that pass now
  --reasons   counts the reasons of what was skipped

The exit code is 0 if all is as it must be, 1 if not, 2 for usage and 75 if there are no cases because PyPI cannot be
reached. `./dev conformance` calls this; test/suites.py reads build-dev/conformance/summary.json, which it leaves.
"""
import collections
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile

import partial

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), "build-dev")
WORK = os.path.join(BUILD, "conformance")
EXPECTED = os.path.join(HERE, "expected.txt")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")
UNAVAILABLE = 75


class Unavailable(Exception):
    pass


def run(command, **kwargs):
    subprocess.run(command, check=True, **kwargs)


def fingerprint(paths):
    digest = hashlib.sha256()
    for path in paths:
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:12]


def make_venv(key):
    """A Python with the packages of requirements.txt."""
    venv = os.path.join(WORK, "venv-" + key)
    python = os.path.join(venv, "bin", "python")
    ready = os.path.join(venv, "ready")
    if not os.path.exists(ready):
        shutil.rmtree(venv, ignore_errors=True)
        print("installing PyPI's onnx into", os.path.relpath(venv), flush=True)
        try:
            run([sys.executable, "-m", "venv", venv])
            run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--only-binary=:all:",
                 "--timeout", "20", "--retries", "2", "-r", REQUIREMENTS])
        except subprocess.CalledProcessError as error:
            raise Unavailable(f"cannot install PyPI's onnx: {' '.join(error.cmd[:4])} failed") from error
        open(ready, "w").close()
    return python


def once(name, make):
    """The folder `name` in the build folder, made by `make` if it is not there yet."""
    folder = os.path.join(WORK, name)
    if not os.path.exists(folder):
        partial = folder + ".partial"
        shutil.rmtree(partial, ignore_errors=True)
        os.makedirs(partial)
        make(partial)
        os.rename(partial, folder)
    return folder


def generated_cases():
    script = os.path.join(HERE, "make_cases.py")

    def make(folder):
        python = make_venv(fingerprint([REQUIREMENTS]))
        print("making the cases", flush=True)
        run([python, script, folder], env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "ignore"})

    return once("cases-" + fingerprint([REQUIREMENTS, script]), make)


def archived_cases(archive):
    def make(folder):
        with tarfile.open(archive) as tar:
            for member in tar:
                parts = member.name.split("/")
                if member.name.startswith("/") or ".." in parts or not (member.isfile() or member.isdir()):
                    raise ValueError(f"{archive}: {member.name} is no plain file below the archive's folder")
                tar.extract(member, folder, set_attrs=False)

    return once("archive-" + fingerprint([archive]), make)


def read_expected():
    with open(EXPECTED) as file:
        return {line.strip() for line in file if line.strip() and not line.startswith("#")}


def write_expected(passed):
    with open(EXPECTED, "w") as file:
        file.write("# Node cases of ONNX that pass; ./dev conformance --update writes this list. It only grows.\n")
        file.writelines(name + "\n" for name in sorted(passed))


def print_reasons(cases):
    """What was skipped, by reason; names of nodes and numbers do not matter."""
    counts = collections.Counter()
    example = {}
    for case in cases:
        if case["result"] == "skip":
            reason = re.sub(r"node '[^']*'", "node", case.get("reason", ""))[:150]
            counts[reason] += 1
            example.setdefault(reason, os.path.basename(case["path"]))
    for reason, count in counts.most_common():
        print(f"{count:5} {reason}  ({example[reason]})")


def operators(path):
    """The operators of a model, from its graph alone, with the domain unless it is ONNX's own."""
    sys.path.insert(0, os.path.join(BUILD, "test", "Import", "python"))
    from lib.Import import onnx_pb2
    model = onnx_pb2.ModelProto()
    with open(os.path.join(path, "model.onnx"), "rb") as file:
        model.ParseFromString(file.read())
    own = ("", "ai.onnx")
    return {node.op_type if node.domain in own else f"{node.domain}::{node.op_type}" for node in model.graph.node}


def judge_partial(cases):
    """Prints what is skipped in part; returns how many cases are for a reason that is not listed."""
    counts, unlisted = partial.judge(cases, operators)
    for entry in partial.LISTED:
        if counts[entry.name]:
            print(f"{counts[entry.name]:5} skipped in part: {entry.name} ({entry.why})")
    for path, reason in unlisted:
        print(f"FAIL {os.path.basename(path)}: skipped although its operators pass elsewhere: {reason[:200]}")
    return len(unlisted)


def judge(result, update):
    """Compares with expected.txt; returns the names of regressions."""
    state = {os.path.basename(case["path"]): case["result"] for case in result["cases"]}
    passed = {name for name, word in state.items() if word == "pass"}
    if update:
        write_expected(passed)
    expected = read_expected()
    lost = sorted(name for name in expected if state.get(name) == "skip")
    for name in lost:
        print(f"FAIL {name}: passed before, and is skipped now")
    fresh = len(passed - expected)
    if fresh:
        print(f"{fresh} cases pass that test/conformance/expected.txt does not list; "
              "./dev conformance --update lists them")
    return lost


def main(arguments):
    flags = {name: name in arguments for name in ("--update", "--reasons")}
    paths = [argument for argument in arguments if argument not in flags]
    if len(paths) > 1 or any(path.startswith("-") for path in paths):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 2
    os.makedirs(WORK, exist_ok=True)
    if not paths:
        folder = generated_cases()
    elif os.path.isdir(paths[0]):
        folder = paths[0]
    elif os.path.isfile(paths[0]):
        folder = archived_cases(paths[0])
    else:
        print(f"{paths[0]}: no such folder or archive", file=sys.stderr)
        return 2
    report = os.path.join(WORK, "result.json")
    if os.path.exists(report):
        os.remove(report)
    code = subprocess.run([os.path.join(BUILD, "bin", "moec"), "test", "--quiet", "--json", report, folder],
                          stdout=subprocess.PIPE, text=True)
    # All but the last line, which counts without regard to what is expected.
    lines = code.stdout.splitlines()
    print("\n".join(lines[:-1]), end="\n" if lines[1:] else "")
    if code.returncode not in (0, 1):
        return 1
    with open(report) as file:
        result = json.load(file)
    if flags["--reasons"]:
        print_reasons(result["cases"])
    lost = judge(result, flags["--update"])
    wrong = len(lost) + judge_partial([case for case in result["cases"]
                                       if os.path.basename(case["path"]) not in lost])
    summary = {"passed": result["passed"], "failed": result["failed"] + wrong, "skipped": result["skipped"] - wrong}
    with open(os.path.join(WORK, "summary.json"), "w") as file:
        json.dump(summary, file)
    print(f"{summary['passed']} passed, {summary['failed']} failed, {summary['skipped']} skipped "
          f"of {len(result['cases'])} cases")
    return 1 if summary["failed"] else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Unavailable as reason:
        print(f"skipped: {reason}")
        sys.exit(UNAVAILABLE)
