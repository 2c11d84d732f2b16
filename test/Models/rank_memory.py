#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""How much of the experts each rank has in memory, measured in processes.

usage: rank_memory.py MOEC FOLDER EXPERTS RANKS

Makes a model of two MoE layers of EXPERTS experts, 6 MiB each and random, compiles it for RANKS ranks, and runs it as
as many processes on tokens that need every expert. Then each process looks which pages of the weights file it has
(/proc/self/smaps, /proc/self/pagemap). Exit code 1 unless each rank has all of its experts, which are no more than all
experts of both layers through RANKS and one, and nothing of other experts. Needs the Python classes of
lib/Import/onnx.proto on PYTHONPATH.
"""
import json
import os
import random
import struct
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.join(HERE, "..", "Import"), os.path.join(HERE, "..", "Execution", "python")]
import moert  # noqa: E402
import rank_processes  # noqa: E402
import resident_weights  # noqa: E402

LAYERS, HIDDEN, WIDTH = 2, 512, 1024
EXPERT = 3 * HIDDEN * WIDTH * 4
HUGE_PAGE = 2 << 20


def write_model(path, experts):
    import make_model  # only here: it takes Protocol Buffers
    builder = make_model.Builder(path)
    builder.opset(20, ms=1)
    builder.inputs(x=f"f32[tokens,{HIDDEN}]", router=f"f32[tokens,{experts}]")
    builder.outputs(y=f"f32[tokens,{HIDDEN}]")
    rng = random.Random(1)
    with open(path + ".data", "wb") as data:
        for layer in range(LAYERS):
            for kind, sizes in (("fc1", [experts, 2 * WIDTH, HIDDEN]), ("fc2", [experts, HIDDEN, WIDTH])):
                tensor = builder.model.graph.initializer.add(name=f"{kind}_{layer}", dims=sizes, data_type=1,
                                                             data_location=1)
                length = 4 * sizes[0] * sizes[1] * sizes[2]
                for key, item in (("location", os.path.basename(path) + ".data"), ("offset", data.tell()),
                                  ("length", length)):
                    tensor.external_data.add(key=key, value=str(item))
                # Each byte random but the exponent's, so that all numbers are small.
                noise = bytearray(rng.randbytes(length))
                noise[3::4] = b"\x3c" * (length // 4)
                data.write(noise)
            builder.node("ms.MoE", f"{'x' if layer == 0 else 'h'} router fc1_{layer} _ fc2_{layer}",
                         "y" if layer + 1 == LAYERS else "h", k=2, activation_type="swiglu", swiglu_fusion=1,
                         normalize_routing_weights=1)
    with open(path, "wb") as file:
        file.write(builder.model.SerializeToString())


def run_rank(library, compiled, experts):
    """One rank: each of its tokens chooses the next two experts. Prints what is resident then."""
    scores = [1.0 if expert in (token, (token + 1) % experts) else 0.0
              for token in range(experts) for expert in range(experts)]
    model = moert.Model(moert.load(library), compiled, 1, None, is_rank=True)
    model.run({"x": moert.Tensor(moert.F32, [experts, HIDDEN], struct.pack("<f", 0.5) * experts * HIDDEN),
               "router": moert.Tensor(moert.F32, [experts, experts], struct.pack(f"<{len(scores)}f", *scores))})
    resident, runs = resident_weights.measure(compiled + ".weights")
    print(json.dumps({"resident": resident, "runs": runs}))
    model.close()


def common(runs, ranges):
    """Bytes that runs of pages and ranges of bytes, none of which overlap each other, have in common."""
    page = resident_weights.PAGE
    return sum(max(0, min(last * page, end) - max(first * page, begin))
               for first, last in runs for begin, end in ranges)


def expert_ranges(weights, layers, rank):
    """Bytes of the file that are experts of `rank`: a range for each weight. And those of all experts."""
    own, every = [], []
    # Two weights for each layer, in the order of layers.
    experts = [weight for weight in weights if weight[0].startswith("expert_")]
    for index, (name, start, slabs, stride) in enumerate(experts):
        owners = layers[index // 2]["owners"]
        if slabs % len(owners):
            sys.exit(f"weight {name} has {slabs} slabs for {len(owners)} experts")
        each = slabs // len(owners) * stride
        every.append((start, start + slabs * stride))
        mine = [expert for expert, owner in enumerate(owners) if owner == rank]
        if mine:
            own.append((start + mine[0] * each, start + (mine[-1] + 1) * each))
    return own, every


def main(moec, folder, experts, ranks):
    experts, ranks = int(experts), int(ranks)
    model, compiled = os.path.join(folder, "model.onnx"), os.path.join(folder, "model.so")
    write_model(model, experts)
    subprocess.run([moec, "compile", "--quiet", "--target", "cpu:native", f"--ranks={ranks}", model, "-o", compiled],
                   check=True)
    inspected = subprocess.run([moec, "inspect", model, f"--ranks={ranks}", "--json"], check=True, capture_output=True)
    grid = json.loads(inspected.stdout)["grid"]
    libraries = os.path.join(os.path.dirname(os.path.dirname(moec)), "lib")
    command = [sys.executable, __file__, "--rank", os.path.join(libraries, "libmoert.so"), compiled, str(experts)]
    environments = rank_processes.environments("moert", ranks, libraries)
    said = rank_processes.finish(rank_processes.start([command] * ranks, environments))

    weights = resident_weights.read_directory(compiled + ".weights")
    total = LAYERS * experts * EXPERT
    share = total / ranks + EXPERT
    print(f"{total} bytes of experts, {EXPERT} each; a rank's own are {share:.0f} at most")
    bad = 0
    for rank, line in enumerate(said):
        seen = json.loads(line)
        own, every = expert_ranges(weights, grid["layers"], rank)
        mine = sum(end - begin for begin, end in own)
        have = common(seen["runs"], own)
        others = common(seen["runs"], every) - have
        print(f"rank {rank}: {seen['resident']} bytes resident, {have} of its own experts, {others} of others")
        bad += mine > share or mine != grid["ranks"][rank]["expert_bytes"]
        bad += len(every) != 2 * LAYERS or have != mine or seen["resident"] < have + others
        bad += others > 0
        # What is not of experts: the directory, and pages that a weight shares with something else.
        bad += seen["resident"] - have - others > HUGE_PAGE
    return 1 if bad else 0


if __name__ == "__main__":
    if sys.argv[1] == "--rank":
        run_rank(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        sys.exit(main(*sys.argv[1:]))
