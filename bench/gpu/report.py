# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What `./dev gpu` measured, as lines, JSON and a Markdown table."""
import json
import os

HEADER = """# Mixture-of-experts layers on %s

%s

bf16, whole layers from logits: choice of experts, dispatch, both products of each expert, combination. Times are
medians in microseconds between two events of the stream, before the first and after the last kernel, with inputs and
outputs in the device's memory; they contain what the host takes to launch. The share of the roof is the least time that
the bytes of the chosen experts' weights and of the tokens, or the products, take at the chip's own bandwidth and peak,
over the median. Ratios are the best other program's median over ours: above 1 ours is faster.

| layer | tokens | us | least us | request us | share of roof | bound | best other | its us | ratio |
|---|---|---|---|---|---|---|---|---|---|
"""


def best(entry):
    """(name, us) of the fastest other program; (None, None)."""
    return min(entry["peers"].items(), key=lambda peer: peer[1], default=(None, None))


def cells(entry):
    name, us = best(entry)
    roof = entry.get("roof_us")
    return [entry["layer"], str(entry["tokens"]), "%.1f" % entry["us"], "%.1f" % entry["least_us"],
            "%.1f" % entry["host_us"], "%.2f" % (roof / entry["us"]) if roof else "-", entry.get("bound") or "-",
            name or "-", "%.1f" % us if us else "-", "%.2f" % (us / entry["us"]) if us else "-"]


def line(entry):
    layer, tokens, us, _, _, share, bound, name, other, ratio = cells(entry)
    beside = ", %s us by %s, ratio %s" % (other, name, ratio) if name != "-" else ""
    of_roof = ", %s of the roof (%s)" % (share, bound) if share != "-" else ""
    return "%s, %s tokens: %s us%s%s" % (layer, tokens, us, of_roof, beside)


def write(folder, facts, results, seconds, options):
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "gpu.json"), "w") as file:
        json.dump({"device": facts, "reduced": options.reduced, "seconds": round(seconds, 1), "passed": results.passed,
                   "failed": results.failed, "skipped": results.skipped, "failures": results.failures,
                   "notes": results.notes, "layers": results.measured}, file, indent=1)
    words = [", ".join("%s %s" % fact for fact in list(facts.items())[1:]) + "." if len(facts) > 1 else ""]
    words.append("%s in %.0f s." % (results, seconds))
    if options.reduced:
        words.append("Layers are reduced ones, to try the command: their times say nothing.")
    with open(os.path.join(folder, "gpu.md"), "w") as file:
        file.write(HEADER % (facts["name"], "\n".join(word for word in words if word)))
        for entry in results.measured:
            file.write("| " + " | ".join(cells(entry)) + " |\n")
        for text in results.notes:
            file.write("\n%s\n" % text)
