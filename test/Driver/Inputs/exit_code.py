"""usage: exit_code.py CODE COMMAND...: runs a command and fails unless it exits with that code."""
import subprocess
import sys

code = subprocess.run(sys.argv[2:]).returncode
if code != int(sys.argv[1]):
    sys.exit(f"expected exit code {sys.argv[1]}, got {code}: {' '.join(sys.argv[2:])}")
