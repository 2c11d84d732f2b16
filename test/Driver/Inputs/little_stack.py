"""usage: little_stack.py MOEC MODEL FOLDER: programs under limits on the stack and on threads."""
import os
import resource
import subprocess
import sys

moec, model, folder = sys.argv[1:]
out = os.path.join(folder, "out")
sizes = ["--random", "1", "--quiet", "--bind", "tokens=300", "--bind", "rows=300", "--threads", "2"]
NOBODY = 54321  # no other process of this user counts against its limit
problems = 0


def expect(code, messages, command, soft, hard, processes=None):
    def confine():
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_STACK, (soft << 10, hard << 10))
        if processes is not None:
            resource.setrlimit(resource.RLIMIT_NPROC, (processes, processes))
            if os.geteuid() == 0:
                os.setgid(NOBODY)
                os.setuid(NOBODY)

    global problems
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, preexec_fn=confine)
    if done.returncode != code or len(done.stderr.splitlines()) != (code != 0) or any(
            message not in done.stderr for message in messages):
        problems += 1
        print(f"{command} with {soft} of {hard} KiB: exit code {done.returncode}: {done.stderr[:400]}")


subprocess.run([moec, "compile", model, "-o", out, "--quiet"], check=True)
programs = {"compiled": [out, *sizes], "run": [moec, "run", model, *sizes]}
for soft, hard in ((64, 64), (32, 32), (64, 8192), (1024, 2048)):
    for command in programs.values():
        expect(0, (), command, soft, hard)
compiling = [moec, "compile", model, "-o", out + ".so", "--quiet"]
for soft, hard in ((128, 128), (64, 8192)):
    expect(0, (), compiling, soft, hard)
for command in programs.values():
    expect(5, ("stack of 64 KiB", "Resource temporarily unavailable", "ulimit -s"), command, 64, 64, processes=1)
if os.geteuid() == 0:  # else other processes of the user count, too
    # One process beside the compiler's, and no thread: the linker works alone.
    os.chmod(folder, 0o777)
    os.environ["TMPDIR"] = folder
    for name in ("out.so", "out.so.weights"):
        os.remove(os.path.join(folder, name))
    expect(0, (), compiling, 8192, 8192, processes=2)
print("problems:", problems)
