#!/usr/bin/env python3
"""Runs the fuzzers of build-fuzz from generated seeds.

usage: run.py [--seconds N] [--corpus FOLDER] [TARGET...]

Without options each target runs its number of inputs with a fixed seed, as in suite `fuzz`. With --seconds it runs that
long with a random seed, for which a corpus that is kept from run to run pays: found inputs go to FOLDER/TARGET. What
fails is left in build-fuzz/findings, and `build-fuzz/bin/TARGET FILE` runs it again. The last line is
`N passed, N failed`.
"""
import argparse
import os
import random
import re
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, "build-fuzz")


def onnx_seeds(folder):
    environment = dict(os.environ, PYTHONPATH=os.path.join(BUILD, "test", "Import", "python"),
                       PYTHONDONTWRITEBYTECODE="1")
    subprocess.run(["/usr/bin/python3", os.path.join(HERE, "seeds.py"), folder], env=environment, check=True,
                   stdout=subprocess.DEVNULL)


def random_seeds(folder):
    """For targets that take decisions from bytes: long inputs, which they would be slow to come by."""
    for seed in range(64):
        with open(os.path.join(folder, str(seed)), "wb") as file:
            file.write(random.Random(seed).randbytes(400))


def control_seeds(folder):
    """What ranks say to each other while they meet: frames with a header that passes, and texts."""
    def frame(kind, payload):
        return struct.pack("<IHH", len(payload), kind, 0x4D65) + payload
    hello = frame(1, b"moertcp\n" + struct.pack("<IIIIQ", 1, 1, 0, 4, 0) + bytes(16 + 32 + 8))
    seeds = [b"\2\7" + hello, b"\2\xff" + hello + frame(3, bytes(32)), b"\3\xff" + frame(4, bytes(48)),
             b"\0\0\x13\3\0keyvalue", b"\0\0\x10" + bytes(32) + 4 * (bytes(16) + b"\4\0\1\1"),
             b"\0\0\x14" + bytes(24), b"\1\0[::1]:29500", b"\1\0node[001-004,9]-ib,other"]
    for number, seed in enumerate(seeds):
        with open(os.path.join(folder, str(number)), "wb") as file:
            file.write(seed)


def ptx_seeds(folder):
    """Kernels with what a back end writes, in small."""
    head = ".version 8.0\n.target sm_80\n.address_size 64\n"
    entry = head + ".entry k(.param .u64 a) {\n.reg .pred %p<3>; .reg .b32 %r<5>; .reg .b64 %d<5>; .reg .f32 %f<5>;\n"
    seeds = [
        entry + "ld.param.u64 %d1, [a]; mov.u32 %r1, %tid.x; mad.wide.u32 %d1, %r1, 4, %d1;\n"
        "ld.global.v2.b32 {%r2, %r3}, [%d1+8]; @!%p1 st.global.f32 [%d1], 0f3F800000;\nret;\n}\n",
        entry + "L: setp.lt.and.s32 %p1|%p2, %r1, 9, !%p2; add.s32 %r1, %r1, 1; @%p1 bra L;\n"
        "bar.sync 0; bar.warp.sync -1; mov.b64 {%r1, %r2}, %d1; cvt.rn.f32.s32 %f1, %r1;\n}\n",
        entry + ".shared .align 16 .b8 s[512]; mov.u32 %r1, s;\nldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 "
        "{%r2, %r3}, [%r1];\nmma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 {%f1, %f2, %f3, %f4}, {%r2, %r3}, "
        "{%r4}, {%f1, %f2, %f3, %f4};\nstmatrix.sync.aligned.m8n8.x1.shared.b16 [%r1], {%r3};\n}\n",
        entry + "mma.sync.aligned.m16n8k16.row.col.satfinite.s32.s8.u8.s32 {%r1, %r2, %r3, %r4}, {%r1, %r2}, {%r3}, "
        "{%r1, %r2, %r3, %r4};\nmovmatrix.sync.aligned.m8n8.trans.b16 %r1, %r2;\n}\n",
        entry + "shfl.sync.bfly.b32 %r1|%p1, %r2, 1, 31, -1; vote.sync.ballot.b32 %r2, !%p1, -1; elect.sync %r3|%p2, -1;\n"
        "match.any.sync.b32 %r1, %r2, -1; redux.sync.max.s32 %r1, %r2, -1; activemask.b32 %r3;\n}\n",
        entry + "ld.param.u64 %d1, [a]; atom.acq_rel.gpu.global.cas.b32 %r1, [%d1], 0, 1; fence.acq_rel.gpu;\n"
        "red.global.add.f32 [%d1+4], %f1; ld.acquire.gpu.global.u32 %r2, [%d1]; add.cc.u32 %r1, %r1, %r2;\n"
        "addc.u32 %r2, 0, 0; st.release.gpu.global.u32 [%d1], %r2;\n}\n",
        entry + ".shared .align 16 .b8 s[256]; mov.u32 %r1, s; ld.param.u64 %d1, [a];\n"
        "cp.async.cg.shared.global [%r1], [%d1], 16, 8; cp.async.commit_group; cp.async.wait_group 0;\n"
        "bar.arrive 1, 64; bar.sync 1, 64; st.shared.u32 [%r1], 1;\n}\n",
        head + ".global .align 4 .b8 t[8] = {1, 2};\n.extern .shared .b8 s[];\n" + entry[len(head):] +
        "T: .branchtargets A, B;\nbrx.idx %r1, T;\nA: { .reg .b32 x; mov.b32 x, s; bra B; }\nB: exit;\n}\n",
        head + ".func (.param .b32 q) f(.param .b32 p) {\n.reg .pred %p<2>; .reg .b32 %r<3>; ld.param.b32 %r1, [p];\n"
        "setp.lt.u32 %p1, %r1, 9; @%p1 ret; st.param.b32 [q], %r1; ret;\n}\n"
        ".func g(.param .b32 p) { .param .b32 r; call (r), f, (3); call (r), f, (p); }\n" + entry[len(head):] +
        "@%p1 call.uni (%r2), f, (%r1); call g, (%r2);\n{ .param .b32 x; st.param.b32 [x], %r1; call g, (x); }\n}\n",
        entry + "bar.red.popc.u32 %r1, 0, !%p1; barrier.cta.red.and.aligned.pred %p1, 1, 64, %p2; add.rm.f32 %f1, %f2, %f3;\n"
        "set.lt.u32.f16x2 %r1, %r2, %r3; setp.gt.and.f16x2 %p1|%p2, %r1, %r2, !%p0; fma.rz.f32 %f1, %f2, %f3, %f1;\n}\n"]
    for number, seed in enumerate(seeds):
        with open(os.path.join(folder, str(number)), "w") as file:
            file.write(seed)


# name: (what writes seeds into a folder, inputs of a run with the fixed seed, libFuzzer's options)
TARGETS = {
    "OnnxReaderFuzzer": (onnx_seeds, 25000, ["-max_len=4096"]),
    "OnnxImporterFuzzer": (onnx_seeds, 20000, ["-max_len=4096"]),
    "ArtifactFuzzer": (random_seeds, 60000, ["-max_len=512"]),
    "ApiFuzzer": (random_seeds, 30000, ["-max_len=400"]),
    "ControlFuzzer": (control_seeds, 200000, ["-max_len=512"]),
    "PtxFuzzer": (ptx_seeds, 100000, ["-max_len=1024"]),
}


def run(target, options, work):
    seeds, runs, arguments = TARGETS[target]
    folders = [os.path.join(work, target), os.path.join(work, seeds.__name__)]
    if not os.path.isdir(folders[1]):
        os.makedirs(folders[1])
        seeds(folders[1])
    if options.corpus:
        folders[0] = os.path.join(options.corpus, target)
    findings = os.path.join(BUILD, "findings", target, "")
    for folder in (folders[0], findings):
        os.makedirs(folder, exist_ok=True)
    length = [f"-max_total_time={options.seconds}"] if options.seconds else ["-seed=1", f"-runs={runs}"]
    done = subprocess.run([os.path.join(BUILD, "bin", target), "-timeout=30", "-rss_limit_mb=2048",
                           "-print_final_stats=1", f"-artifact_prefix={findings}", *length, *arguments, *folders],
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
    text = done.stderr.decode("utf-8", "replace")
    coverage = re.findall(r"cov: (\d+) ft: (\d+)", text)
    executed = re.search(r"stat::number_of_executed_units: *(\d+)", text)
    print(f"{target}: {executed.group(1) if executed else '?'} inputs, "
          f"coverage {coverage[-1][0] if coverage else '?'} edges, exit code {done.returncode}", flush=True)
    if done.returncode:
        print(text[-4000:])
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--corpus")
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    options = parser.parse_args()
    unknown = [target for target in options.targets if target not in TARGETS]
    if unknown:
        parser.error(f"unknown target: {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    with tempfile.TemporaryDirectory() as work:
        passed = [run(target, options, work) for target in options.targets or TARGETS]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
