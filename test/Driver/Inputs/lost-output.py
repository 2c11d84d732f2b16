"""usage: lost-output.py MOEC MODEL FOLDER: outputs that cannot be written, and what is left behind."""
import os
import resource
import select
import signal
import stat
import subprocess
import sys
import time

moec, model, folder = sys.argv[1:]
sizes = ["--random", "1", "--bind", "tokens=300", "--bind", "rows=300"]
out = os.path.join(folder, "out")
problems = 0


def check(what, right, detail=""):
    global problems
    if not right:
        problems += 1
        print(f"{what}: {detail}")


def expect(code, messages, command, **kwargs):
    """One of the messages, in a line."""
    if isinstance(messages, str):
        messages = [messages]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, **kwargs)
    lines = done.stderr.splitlines()
    check(" ".join(command[1:]), done.returncode == code and len(lines) == 1 and any(text in done.stderr for text in messages),
          f"exit code {done.returncode}, expected {code}: {done.stderr[:400]}")


def limit_files(size):
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def contents():
    return {name: os.stat(os.path.join(folder, name)).st_mtime_ns for name in sorted(os.listdir(folder))}


def read(path):
    with open(path, "rb") as file:
        return file.read()


subprocess.run([moec, "compile", model, "-o", out, "--quiet"], check=True)
check("files", sorted(contents()) == ["out", "out.weights"], contents())
check("mode", os.stat(out).st_mode & stat.S_IXUSR, oct(os.stat(out).st_mode))
printing = {"run": [out, *sizes], "help": [out, "--help"], "version": [out, "--version"],
            "compiler's run": [moec, "run", model, *sizes], "inspect": [moec, "inspect", model],
            "compiler's help": [moec, "run", "--help"], "text": [moec, "compile", "--emit=moe", model, "-o", "-"]}
for command in printing.values():
    with open("/dev/full", "w") as full:
        expect(5, "cannot write to standard output", command, stdout=full)
    expect(5, "cannot write to standard output", command, preexec_fn=lambda: os.close(1))
expect(5, "/dev/full", [moec, "compile", "--emit=moe", model, "-o", "/dev/full"])

# Limits on files are errors, and no half file stays.
before = contents()
archive = os.path.join(folder, "outputs.npz")
expect(5, "outputs.npz': File too large", [out, *sizes, "--quiet", "--outputs", archive], preexec_fn=limit_files(1024))
# Of an executable with the runtime in it, either the weights or what the linker writes is too large.
expect(5, ["File too large", "File size limit exceeded"], [moec, "compile", model, "-o", out, "--quiet"],
       preexec_fn=limit_files(500 << 10))
for size in (16 << 10, 500 << 10):  # less than the code takes, and than the weights take
    expect(5, "File too large", [moec, "compile", model, "-o", out + ".so", "--quiet"], preexec_fn=limit_files(size))
# A link that fails leaves the executable and its weights as they were, and so does a folder in the way.
nothing = dict(os.environ, TMPDIR=os.path.join(folder, "none"))
expect(5, "none': No such file or directory; set TMPDIR", [moec, "compile", model, "-o", out, "--quiet"], env=nothing)
check("left over", contents() == before, contents())
os.mkdir(os.path.join(folder, "folder"))
expect(5, "it is a folder", [moec, "compile", model, "-o", os.path.join(folder, "folder"), "--quiet"])
expect(5, "it is no regular file", [moec, "compile", model, "-o", "/dev/null", "--quiet"])
os.rmdir(os.path.join(folder, "folder"))
check("left over", contents() == before, contents())

# A model and the files that it reads are not replaced.
copy = os.path.join(folder, "copy.onnx")
for output, extra in ((copy, []), (copy, ["--emit=moe"])):
    with open(copy, "wb") as file:
        file.write(read(model))
    done = subprocess.run([moec, "compile", copy, "-o", output, *extra], capture_output=True, text=True)
    check("model", done.returncode == 2 and "would replace the model" in done.stderr, done.stderr)
    check("model", read(copy) == read(model), "was changed")
os.remove(copy)

# Killed at any time, a compilation leaves nothing; those of one name at a time leave one pair.
temporary = os.path.join(folder, "tmp")
os.mkdir(temporary)
environment = dict(os.environ, TMPDIR=temporary)
before = contents()
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    for delay in (0.05, 0.25, 0.45):
        process = subprocess.Popen([moec, "compile", model, "-o", os.path.join(folder, "killed.so")], env=environment,
                                   stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        os.killpg(process.pid, number)
        process.wait()
        for name in ("killed.so", "killed.so.weights"):
            if process.returncode == 0:
                os.remove(os.path.join(folder, name))
        check(f"signal {number} after {delay} s", list(contents()) == list(before) and not os.listdir(temporary),
              f"{list(contents())} {os.listdir(temporary)}")
# Ended alone, while its linker goes on: the linker leaves nothing either.
process = subprocess.Popen([moec, "compile", model, "-o", os.path.join(folder, "killed.so"), "--quiet"],
                           env=environment)
linker = None
while linker is None and process.poll() is None:
    with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
        linker = next((int(child) for child in file.read().split()), None)
check("linker", linker is not None, "was not seen")
if linker is not None:
    handle = os.pidfd_open(linker)
    process.terminate()
    check("linker", process.wait() == -signal.SIGTERM, process.returncode)
    select.select([handle], [], [], 60)
    check("linker", list(contents()) == list(before) and not os.listdir(temporary),
          f"{list(contents())} {os.listdir(temporary)}")
os.rmdir(temporary)
several = [subprocess.Popen([moec, "compile", model, "-o", os.path.join(folder, "one.so"), "--quiet"])
           for _ in range(4)]
check("at once", [process.wait() for process in several] == [0] * 4, "failed")
check("at once", list(contents()) == ["one.so", "one.so.weights", "out", "out.weights"], contents())
done = subprocess.run([moec, "run", os.path.join(folder, "one.so"), *sizes, "--quiet"])
check("at once", done.returncode == 0, "does not run")
print("problems:", problems)
