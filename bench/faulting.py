# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How long the ranks of a group take to end when something happens to one of them. The faults are those of the runtime's
own tests, which inject them into groups of threads, of ranks that TCP connects, and of processes, check what each survivor
is told and that the next group computes as before, and print a line for each."""
import os
import re
import statistics
import subprocess
import time

import limits
from report import check

FILTER = "*GroupFault*:*ProcessTest*:*GroupForm*:*GlooOpen*"
LINE = re.compile(r"^fault: (.*) \| (.*) \| (\d+) \| (\d+) \| (\d+)$")
# A fault whose promise is no longer is one that survivors see at once.
AT_ONCE_NS = 200_000_000


def inject(arguments):
    """(kind, transport, ranks, ns, promise in ns) of each fault; ends the bench if a test fails."""
    command = [os.path.join(arguments.build, "unittests", "Runtime", "moertTests"), "--gtest_filter=" + FILTER]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    faults, said, shown = [], [], 0.0
    for line in process.stdout:
        said.append(line)
        if match := LINE.match(line):
            kind, transport, *numbers = match.groups()
            faults.append((kind, transport, *map(int, numbers)))
            if time.monotonic() - shown > 5:
                shown = time.monotonic()
                print(f"  {len(faults)} faults", flush=True)
    if process.wait() != 0:
        raise SystemExit("".join(said[-60:]) + "bench: survivors of a fault did not end as they should")
    return faults


def run(arguments, folder, report):
    before = time.monotonic()
    faults = inject(arguments)
    groups = {}
    for kind, transport, ranks, ns, promise in faults:
        groups.setdefault((kind, transport, promise), []).append((ns, ranks))
    for (kind, transport, promise), found in sorted(groups.items()):
        times = [ns * 1e-6 for ns, _ in found]
        ranks = sorted({ranks for _, ranks in found})
        check(report, f"{kind}, {transport}", max(times), "ms", "<=", promise * 1e-6,
              f"longest of {len(times)}, median {statistics.median(times):.2f}; {', '.join(map(str, ranks))} ranks")
    at_once = [ns * 1e-6 for _, _, _, ns, promise in faults if promise <= AT_ONCE_NS]
    check(report, "faults that were injected", len(faults), "", ">=", limits.FAULTS,
          f"in {time.monotonic() - before:.0f} s; of {len(at_once)} that are seen at once the median took "
          f"{statistics.median(at_once):.2f} ms")
