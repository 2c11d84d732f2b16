# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""What runs a cell: each takes inputs, runs once, and tells how many milliseconds that took."""
import shlex
import subprocess
import time

from moert import Model


class Ours:
    """One variant of our artifact: the runs of all cells in one session."""

    def __init__(self, name, library, path, threads):
        self.name, self.model = name, Model(library, path, threads)
        self.isa = self.model.isa

    def begin(self, case, shape):
        pass

    def run(self, inputs, output):
        self.model.set_inputs(inputs)  # as the peer's are part of its session
        begin = time.perf_counter()
        self.model.run()
        return 1e3 * (time.perf_counter() - begin)

    def output(self, name):
        return self.model.output(name)

    def close(self):
        self.model.close()


class OnnxRuntime:
    name = "peer"

    def __init__(self, path, threads):
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # Its threads may spin while it runs, and no longer.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.result = None

    def begin(self, case, shape):
        pass

    def run(self, inputs, output):
        begin = time.perf_counter()
        self.result = self.session.run([output], inputs)[0]
        return 1e3 * (time.perf_counter() - begin)

    def output(self, name):
        return self.result

    def close(self):
        self.session = None


class Beside:
    """Another program that computes the same layer: it is started with the sizes of a cell, reads a line from stdin
    for each run, and prints how many milliseconds that run took."""
    name = "beside"

    def __init__(self, command):
        self.command, self.process = shlex.split(command), None

    def begin(self, case, shape):
        self.close()
        self.process = subprocess.Popen([*self.command, *case.sizes(shape)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def run(self, inputs, output):
        try:
            print("run", file=self.process.stdin, flush=True)
        except BrokenPipeError:
            pass  # it has ended; the missing line tells
        line = self.process.stdout.readline()
        try:
            return float(line)
        except ValueError:
            raise SystemExit(f"bench: {' '.join(self.process.args)} printed {line!r} where milliseconds are expected")

    def output(self, name):
        return None

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.stdout.close()
            self.process.wait()
            self.process = None
