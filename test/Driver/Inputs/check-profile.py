"""Prints what a profile and its timeline hold: check-profile.py PROFILE.json TRACE.json."""
import json
import sys

profile, trace = (json.load(open(path)) for path in sys.argv[1:])
names = set()
for shape in profile["shapes"]:
    tokens = shape["shapes"].split(",")[0].split("=")[1].split("x")[0]
    for kernel in sorted(shape["kernels"], key=lambda kernel: kernel["name"]):
        assert kernel["ms"] >= 0 and kernel["share"] >= 0 and kernel["gb_per_s"] > 0 and kernel["roof_share"] > 0
        names.add(kernel["name"])
        print(f"{tokens}: {kernel['name']} {kernel['calls']:.0f} calls {kernel['bytes']:.0f} bytes {kernel['flop']:.0f} flop")
runs, inside = {}, 0
events = trace["traceEvents"]
for event in events:
    if "shapes" in event["args"]:
        tokens = event["args"]["shapes"].split(",")[0].split("=")[1].split("x")[0]
        runs[tokens] = runs.get(tokens, 0) + 1
        begin, end = event["ts"], event["ts"] + event["dur"]
        # Times in microseconds lose their last digits.
        inside += sum(other["name"] in names and other["ts"] >= begin - 1 and other["ts"] + other["dur"] <= end + 1
                      for other in events if other is not event)
assert inside == len(events) - sum(runs.values()) > 0
print("trace: " + ", ".join(f"{count} runs of {tokens}" for tokens, count in runs.items()) + ", launches inside")
