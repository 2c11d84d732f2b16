"""usage: limits_page.py PAGE: whether the page's table has the limits and defaults of `moec inspect --help`."""
import re
import subprocess
import sys

text = subprocess.run(["moec", "inspect", "--help"], capture_output=True, text=True, check=True).stdout
told = re.findall(r"^  ([a-z-]+)=(\d+) ", text.split("\nlimits on", 1)[1], re.MULTILINE)
with open(sys.argv[1]) as file:
    written = re.findall(r"^\| `([a-z-]+)` \| ([\d,]+) \|", file.read(), re.MULTILINE)
written = [(name, number.replace(",", "")) for name, number in written]
if not told or told != written:
    sys.exit(f"{sys.argv[1]} has {written}, moec has {told}")
