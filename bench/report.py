# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What the bench found, as lines for a terminal and as Markdown."""
from machine import describe_line

COLUMNS = [  # title, key, format; a column is left out where no line has its value
    ("model", "model", "{}"), ("cell", "cell", "{}"), ("variant", "variant", "{}"), ("pairs", "pairs", "{}"),
    ("ours ms", "ours_ms", "{:.3f}"), ("min", "ours_min_ms", "{:.3f}"),
    ("peer ms", "peer_ms", "{:.3f}"), ("min", "peer_min_ms", "{:.3f}"),
    ("ratio", "ratio", "{:.2f}"), ("of pairs", "ratio_of_pairs", "{:.2f}"), ("of min", "ratio_of_minima", "{:.2f}"),
    ("beside ms", "beside_ms", "{:.3f}"), ("min", "beside_min_ms", "{:.3f}"), ("ratio", "beside_ratio", "{:.2f}"),
    ("of pairs", "beside_ratio_of_pairs", "{:.2f}"),
    ("roof", "roof_share", "{:.0%}"), ("of min", "roof_share_of_minimum", "{:.0%}"), ("bound", "bound", "{}"),
    ("experts", "experts_hit", "{:.1f}"), ("GB/s", "read_gb_per_s", "{:.1f}"), ("best", "best_gb_per_s", "{:.1f}"),
    ("GFLOP/s", "peak_gflops", "{:.0f}"), ("best", "best_gflops", "{:.0f}"),
    ("diff", "difference", "{:.0e}"), ("limits", "verdict", "{}")]


def used(lines):
    return [column for column in COLUMNS if any(line.get(column[1]) is not None for line in lines)]


def text(column, line):
    value = line.get(column[1])
    return "" if value is None else column[2].format(value)


def is_words(column):
    return column[1] in ("model", "cell", "variant", "bound", "verdict")


def table(lines):
    """Lines of a terminal, all as wide as their columns need."""
    columns = used(lines)
    rows = [[column[0] for column in columns]] + [[text(column, line) for column in columns] for line in lines]
    widths = [max(len(row[at]) for row in rows) for at in range(len(columns))]
    return ["  ".join(word.ljust(width) if is_words(column) else word.rjust(width)
                      for word, width, column in zip(row, widths, columns)).rstrip() for row in rows]


def markdown_table(lines):
    columns = used(lines)
    return ["| " + " | ".join(column[0] for column in columns) + " |",
            "|" + "|".join("---" if is_words(column) else "--:" for column in columns) + "|",
            *("| " + " | ".join(text(column, line) for column in columns) + " |" for line in lines)]


def check(report, what, value, unit, bound, limit, note=""):
    """Adds and prints a measurement beside its limit, None if it has none; bound is "<=" or ">="."""
    passes = limit is None or (value <= limit if bound == "<=" else value >= limit)
    report["checks"].append({"what": what, "value": value, "unit": unit, "bound": bound, "limit": limit,
                             "passes": passes, "verdict": "no limit" if limit is None else "pass" if passes else "FAIL",
                             "note": note})
    print(check_line(report["checks"][-1]), flush=True)


def limit_of(line):
    return "" if line["limit"] is None else f"{line['bound']} {line['limit']}"


def check_line(line):
    return (f"{line['what']:44} {line['value']:9.3f} {line['unit']:5} {limit_of(line):8}  "
            f"{line['verdict']}{'; ' * bool(line['note'])}{line['note']}")


def check_row(line):
    return (f"| {line['what']} | {line['value']:.3f} {line['unit']} | {limit_of(line)} | "
            f"{line['verdict']} | {line['note'] + ' ' * bool(line['note'])}|")


def markdown(report):
    machine = report["machine"]
    lines = [f"# Compiled models beside {report['peer']}: {machine['cpu']}, {machine['processors']} processors", "",
             describe_line(machine) + ".", "",
             f"`{report['command']}`: {report['threads']} threads each, kernels for {report['isa']}; runs in turn, in an order "
             "that changes, inputs and routing drawn anew for each. Ratios are the other's time over ours: of the "
             "medians, of each pair (their median), of the minima. `roof` is the least time for the bytes or the operations "
             "that a run needed over the time it took, by bandwidth and peak measured in the same repetition (the median), "
             "and of our minimum by the best of all."]
    if report["cells"]:
        lines += ["", *markdown_table(report["cells"])]
    if report["models"]:
        lines += ["", "| model | compiled and packed, s |", "|---|--:|",
                  *(f"| {model['name']} | {model['compile_s']:.1f} |" for model in report["models"])]
    if report["checks"]:
        lines += ["", "| what | measured | limit | | |", "|---|--:|--:|---|---|", *map(check_row, report["checks"])]
    if report["warnings"]:
        lines += ["", "Warnings:", "", *(f"- {warning}" for warning in report["warnings"])]
    return "\n".join(lines) + "\n"
