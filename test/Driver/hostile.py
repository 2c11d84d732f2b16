"""usage: hostile.py MOEC WORK: files that are broken, or made to do harm, through `moec compile` and `moec run`.

Each must end within 10 seconds of processor time and 4 GiB of address space (neither is counted under a sanitizer) with
exit code 3 (the file is wrong), 4 (not supported) or 5 (right or wrong, it asks for more than a limit of the reader), as
listed, and one message that names the file, the node where there is one, and the reason. The cases are in the folder
hostile; what is listed with each is a part of the message.

Needs PYTHONPATH as make_model.py.
"""
import collections
import concurrent.futures
import os
import resource
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "Import"), os.path.join(HERE, "hostile")]
import common
import containers, graphs, tensors, paths, places, nodes, bounds  # noqa: E401, F401: they declare cases

CPU_SECONDS = 10
ADDRESS_SPACE = 4 << 30
WALL_SECONDS = 300  # of a machine that does something else as well
IS_SANITIZED = False


def confine():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not IS_SANITIZED:
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))



def run(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=WALL_SECONDS,
                          preexec_fn=confine)
    return done.returncode, done.stderr.decode("utf-8", "replace")


def complaint(code, text, path, wanted, messages):
    """What is wrong with an outcome, or None."""
    lines = [line for line in text.splitlines() if line.startswith("moec: ")]
    if code != wanted:
        return f"exit code {code}, expected {wanted}: {text.strip()[:400]}"
    if len(lines) != 1 or not text.startswith("moec: "):
        return f"expected one message, got: {text.strip()[:400]}"
    if not text.replace("\n", "").isprintable():
        return f"control characters in: {text!r}"
    missing = [part for part in (os.path.basename(path), *messages) if part not in text]
    return f"no {missing} in: {text.strip()[:400]}" if missing else None


def compile_one(moec, work, entry):
    folder = os.path.join(work, "models", entry.name)
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "model.onnx")
    builder = entry.function(path)
    if builder:
        common.write(path, builder.model.SerializeToString())
    result, text = run([moec, "compile", path, "-o", os.path.join(folder, "out.so"), "--quiet", *entry.options])
    if os.path.exists(os.path.join(folder, "out.so")):
        return "has written an artifact"
    return complaint(result, text, path, entry.code, entry.messages)


def weights_cases(good):
    """Names and damaged copies of a weights file."""
    yield "empty", b""
    yield "truncated-in-the-header", good[:20]
    yield "truncated", good[:len(good) // 2]
    yield "truncated-by-a-byte", good[:-1]
    yield "another-magic", b"X" + good[1:]
    yield "of-zeros", bytes(len(good))
    for at in (8, 16, 24, 32, 40, 48):
        yield f"header-byte-{at}", good[:at] + bytes([good[at] ^ 0x55]) + good[at + 1:]
    yield "all-counts-high", good[:8] + b"\xff" * 56 + good[64:]


def weights(moec, work):
    """Damaged weights beside a shared object that is right. Yields names and complaints."""
    library = os.path.join(work, "model.so")
    for path, size in ((os.path.join(work, "valid.onnx"), 8), (os.path.join(work, "other.onnx"), 16)):
        builder = common.model(path)
        builder.weight("w", f"f32[8,{size}]")
        builder.node("MatMul", "x w", "y", name="/matmul")
        builder.outputs(y=f"f32[n,{size}]")
        common.write(path, builder.model.SerializeToString())
    for source, target in (("valid.onnx", library), ("other.onnx", os.path.join(work, "other.so"))):
        subprocess.run([moec, "compile", os.path.join(work, source), "-o", target, "--quiet", "--target=cpu:v2"],
                       check=True)
    subprocess.run([moec, "run", library, "--random", "1", "--bind", "n=2", "--quiet"], check=True)
    with open(library + ".weights", "rb") as file:
        good = file.read()
    with open(os.path.join(work, "other.so.weights"), "rb") as file:
        damaged = [*weights_cases(good), ("of-another-model", file.read())]
    for name, data in damaged:
        path = os.path.join(work, name + ".weights")
        common.write(path, data)
        code, text = run([moec, "run", library, "--weights", path, "--random", "1", "--bind", "n=2", "--quiet"])
        problem = None
        if code != 3:
            problem = f"exit code {code}, expected 3: {text.strip()[:400]}"
        elif len(text.splitlines()) != 1 or name + ".weights" not in text:
            problem = f"expected one message with the name of the file, got: {text.strip()[:400]}"
        yield "weights-" + name, problem


def main(moec, work):
    global IS_SANITIZED
    with open(moec if os.path.sep in moec else shutil.which(moec), "rb") as file:
        IS_SANITIZED = b"__asan_init" in file.read()
    os.makedirs(work, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        problems = list(pool.map(lambda entry: compile_one(moec, work, entry), common.CASES))
    results = [(entry.name, problem) for entry, problem in zip(common.CASES, problems)] + list(weights(moec, work))
    for name, problem in results:
        if problem:
            print(f"{name}: {problem}")
    wrong = sum(problem is not None for _, problem in results)
    print(f"{len(results) - wrong} of {len(results)} files refused")
    models = [entry.code for entry, problem in zip(common.CASES, problems) if not problem]
    print("models by exit code:", ", ".join(f"{code}: {models.count(code)}" for code in (3, 4, 5)))
    groups = collections.Counter(entry.group for entry in common.CASES)
    print(len(groups), "classes of models, the smallest of", min(groups.values()))
    sys.exit(wrong != 0)


main(*sys.argv[1:])
