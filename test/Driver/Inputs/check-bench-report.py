"""Writes a made-up report of the bench in each form and reads it back, and asks what the machine can do.

usage: check-bench-report.py BENCH-FOLDER FOLDER-TO-BUILD-IN"""
import json
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, sys.argv[1])
import limits
import machine
import report as reports
import roofline


def cell(model, name, ours, peer, **more):
    return {"model": model, "cell": name, "variant": "f32", "pairs": 15, "ours_ms": ours, "ours_min_ms": ours / 2,
            "peer_ms": peer, "peer_min_ms": peer / 2, "ratio": peer / ours, "roof_share": 0.5, "bytes": 1e6,
            "operations": 2e6, "read_gb_per_s": 20.0, "peak_gflops": 300.0, "misses": [], "verdict": "pass", **more}


report = {"machine": machine.describe(), "threads": 2, "isa": "avx512", "command": "./dev bench a", "peer": "Peer 1.0",
          "models": [{"name": "a", "compile_s": 1.5}], "warnings": ["the machine was busy"], "checks": [],
          "cells": [cell("a", "1", 0.25, 0.5, experts_hit=3.5), cell("b", "16", 8.0, 4.0, verdict="FAIL: peer")]}
reports.check(report, "time", 1.5, "s", "<=", 2)
reports.check(report, "speed", 0.5, "times", ">=", 0.6, "too slow")
print("\n".join(reports.table(report["cells"])))
print(reports.markdown(json.loads(json.dumps(report))))
drawing = ElementTree.fromstring(roofline.roofline(report))
circles = [node for node in drawing.iter("{http://www.w3.org/2000/svg}circle") if len(node)]
print("drawn:", len(circles), "points,", circles[0][0].text)
below = [float(node.get("cy")) for node in circles[:2]]
print("the peer, slower, is", "below" if below[0] > below[1] else "above")

usual = machine.Roof.of([machine.Roof(20e9, 300e9), machine.Roof(10e9, 400e9)], max)
print(f"roof: {usual.milliseconds(20e6, 1):.2f} ms of bytes, {usual.milliseconds(1, 800e6):.2f} ms of operations")
meter = machine.RoofMeter(sys.argv[2], 2)
now = meter.measure()
print("measured:", 1e8 < now.bandwidth < 1e13, 1e9 < now.peak < 1e14)
slow, fast = [2.0] * 15, [1.0] * 15
print("slower:", limits.is_slower(slow, fast), limits.is_slower(fast, slow), limits.is_slower(slow, slow))
# 9 of 15 pairs are lost: equals lose as many with a chance of 30 %; 12, of 2 %.
print("by chance:", *(limits.is_slower([2.0] * lost + [0.5] * (15 - lost), fast) for lost in (9, 12)))
