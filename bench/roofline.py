# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The cells of a report under the machine's roof, as SVG: operations per byte against operations per second."""
import math
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 860, 520, 70, 30, 170, 50
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#5d6d7e", "#148f77", "#7b241c")


def decades(low, high):
    return range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)


def roofline(report):
    cells = [line for line in report["cells"] if line["operations"] > 0]
    if not cells:
        return None
    bandwidth, peak = (max(line[key] for line in cells) for key in ("read_gb_per_s", "peak_gflops"))
    speeds = [line["operations"] / line[key] * 1e-6 for line in cells for key in ("ours_ms", "peer_ms")]
    across = [line["operations"] / line["bytes"] for line in cells] + [peak / bandwidth * 4]
    xs, ys = decades(min(across), max(across)), decades(min(speeds), peak)

    def x(value):
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log10(value) - xs[0]) / (xs[-1] - xs[0])

    def y(value):
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - ys[0]) / (ys[-1] - ys[0])

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" '
           'font-size="12">', f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']

    def line(x1, y1, x2, y2, colour="#ddd", width=1):
        out.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
                   f'stroke-width="{width}"/>')

    def words(at, down, what, anchor="middle", colour="black"):
        out.append(f'<text x="{at:.1f}" y="{down:.1f}" text-anchor="{anchor}" fill="{colour}">{escape(what)}</text>')

    for power in xs:
        line(x(10**power), TOP, x(10**power), HEIGHT - BOTTOM)
        words(x(10**power), HEIGHT - BOTTOM + 16, f"{10.0**power:g}")
    for power in ys:
        line(LEFT, y(10**power), WIDTH - RIGHT, y(10**power))
        words(LEFT - 6, y(10**power) + 4, f"{10.0**power:g}", "end")
    words((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, "operations per byte")
    words(LEFT, TOP - 12, "GFLOP/s; filled: ours, hollow: the peer; medians", "start")
    ridge, first = peak / bandwidth, max(10.0**xs[0], 10.0**ys[0] / bandwidth)
    line(x(first), y(first * bandwidth), x(ridge), y(peak), "black", 2)
    line(x(ridge), y(peak), x(10**xs[-1]), y(peak), "black", 2)
    words(x(ridge) + 4, y(peak) - 6, f"{bandwidth:.0f} GB/s, {peak:.0f} GFLOP/s", "start")
    models = list(dict.fromkeys(cell["model"] for cell in cells))
    for cell in cells:
        colour = COLOURS[models.index(cell["model"]) % len(COLOURS)]
        for key, fill in (("peer_ms", "white"), ("ours_ms", colour)):
            speed = cell["operations"] / cell[key] * 1e-6
            what = f"{cell['model']} {cell['cell']}, {key[:-3]}: {cell[key]:.3f} ms, {speed:.1f} GFLOP/s"
            out.append(f'<circle cx="{x(cell["operations"] / cell["bytes"]):.1f}" cy="{y(speed):.1f}" r="4.5" '
                       f'fill="{fill}" stroke="{colour}" stroke-width="1.5"><title>{escape(what)}</title></circle>')
    for at, model in enumerate(models):
        colour = COLOURS[at % len(COLOURS)]
        out.append(f'<circle cx="{WIDTH - RIGHT + 20}" cy="{TOP + 20 * at + 8}" r="4.5" fill="{colour}"/>')
        words(WIDTH - RIGHT + 32, TOP + 20 * at + 12, model, "start", colour)
    out.append("</svg>")
    return "\n".join(out) + "\n"
