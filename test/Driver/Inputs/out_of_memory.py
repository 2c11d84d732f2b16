# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""usage: out_of_memory.py SMALL LARGE: moec must end with exit code 5 and one message on LARGE, in the address space
that is enough for SMALL."""
import resource
import subprocess
import sys

MIB = 1 << 20
RESOURCE = 5


def inspect(model, mib):
    def limit():
        resource.setrlimit(resource.RLIMIT_AS, (mib * MIB, mib * MIB))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return subprocess.run(["moec", "inspect", model], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          preexec_fn=limit)


small, large = sys.argv[1:]
enough = next((mib for mib in range(256, 2048, 16) if inspect(small, mib).returncode == 0), None)
if enough is None:
    sys.exit(f"moec cannot inspect {small} in 2 GiB")
done = inspect(large, enough)
print(done.stderr, end="")
if done.returncode != RESOURCE or len(done.stderr.splitlines()) != 1:
    sys.exit(f"exit code {done.returncode} in {enough} MiB")
