# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the machine is, can do, and does beside the bench."""
import ctypes
import os
import platform
import re
import resource
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
# Those that decide which kernels run.
FLAGS = ("sse4_2", "avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512vl", "avx512_vnni", "avx512_bf16", "avx512_fp16",
         "amx_tile", "amx_bf16")


def read(path, default=""):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return default


def caches():
    """Of the first processor: name and size."""
    base, result = "/sys/devices/system/cpu/cpu0/cache", {}
    for index in sorted(os.listdir(base)) if os.path.isdir(base) else []:
        if index.startswith("index"):
            kind = {"Data": "d", "Instruction": "i"}.get(read(f"{base}/{index}/type"), "")
            result[f"L{read(f'{base}/{index}/level')}{kind}"] = read(f"{base}/{index}/size")
    return result


def describe():
    """All that a reader of the results needs to know of the machine."""
    info = read("/proc/cpuinfo")

    def field(name):
        found = re.search(rf"^{name}\s*:\s*(.*)$", info, re.M)
        return found.group(1) if found else "unknown"

    there = set(field("flags").split())
    total = re.search(r"MemTotal:\s*(\d+)", read("/proc/meminfo"))
    return {"cpu": field("model name"), "family": field("cpu family"), "model": field("model"),
            "processors": os.cpu_count(), "flags": [flag for flag in FLAGS if flag in there], "caches": caches(),
            "memory_gib": round(int(total.group(1)) / 2**20, 1) if total else None, "kernel": platform.release(),
            "governor": read("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "unknown"),
            "load_average": os.getloadavg()[0]}


def describe_line(machine):
    sizes = ", ".join(f"{name} {size}" for name, size in machine["caches"].items())
    return (f"{machine['cpu']} (family {machine['family']}, model {machine['model']}), {machine['processors']} "
            f"processors, {' '.join(machine['flags'])}; {sizes}; {machine['memory_gib']} GiB; Linux {machine['kernel']}, "
            f"governor {machine['governor']}, load average {machine['load_average']:.2f}")


class Roof:
    """Bytes read and floating-point operations per second."""

    def __init__(self, bandwidth, peak):
        self.bandwidth, self.peak = bandwidth, peak

    def milliseconds(self, size, operations):
        return 1e3 * max(size / self.bandwidth, operations / self.peak)

    @staticmethod
    def of(roofs, choose):
        return Roof(choose(roof.bandwidth for roof in roofs), choose(roof.peak for roof in roofs))


class RoofMeter:
    """roof.c: takes its turn in each repetition of a cell, as contestants do."""

    def __init__(self, folder, threads):
        library, source = os.path.join(folder, "libroof.so"), os.path.join(HERE, "roof.c")
        if not os.path.exists(library) or os.path.getmtime(library) < os.path.getmtime(source):
            os.makedirs(folder, exist_ok=True)
            subprocess.run(["clang-22", "-O3", "-march=native", "-ffp-contract=fast", "-fPIC", "-shared", "-pthread",
                            source, "-o", library], check=True)
        self.library = ctypes.CDLL(library)
        if self.library.prepareRoof(threads):
            raise SystemExit(f"bench: no memory to measure the bandwidth of {threads} threads")

    def measure(self):
        """What the machine can do at this moment."""
        bandwidth, peak = ctypes.c_double(), ctypes.c_double()
        self.library.measureRoof(ctypes.byref(bandwidth), ctypes.byref(peak))
        if bandwidth.value <= 0 or peak.value <= 0:
            raise SystemExit("bench: no thread could be started to measure what the machine can do")
        return Roof(bandwidth.value, peak.value)


class Watch:
    """How much of the machine's time, since it was made, went to others: programs that are not ours, and the host."""

    def __init__(self):
        self.begin = self.now()

    @staticmethod
    def now(children=()):
        tick = os.sysconf("SC_CLK_TCK")
        user, nice, system, _, _, irq, soft, steal = [int(word) / tick for word in
                                                      read("/proc/stat").splitlines()[0].split()[1:9]]
        own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        for process in children:
            fields = read(f"/proc/{process}/stat").rpartition(")")[2].split()
            own += (int(fields[11]) + int(fields[12])) / tick if fields else 0
        return time.monotonic(), user + nice + system + irq + soft, own, steal

    def shares(self, children=()):
        """Of other programs, and of the host; children run on since the start."""
        elapsed, busy, own, steal = [after - before for before, after in zip(self.begin, self.now(children))]
        whole = max(elapsed, 1e-3) * (os.cpu_count() or 1)
        return max(0.0, busy - own) / whole, steal / whole
