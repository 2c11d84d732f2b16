# Configuration of the regression tests: `./dev test`, or
#   lit -v build-dev/test            everything
#   lit -v build-dev/test --filter X what matches X
import os
import subprocess
import sys
import lit.formats

config.name = "moec"
config.test_format = lit.formats.ShTest(execute_external=True)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.join(config.moec_source_dir, "test")
config.test_exec_root = os.path.join(config.moec_binary_dir, "test")
# Tools of this build first, then LLVM 22's FileCheck and friends: unversioned ones on PATH may be of another LLVM.
config.environment["PATH"] = os.pathsep.join(
    [os.path.join(config.moec_binary_dir, "bin"), config.llvm_tools_dir, os.environ.get("PATH", "")])
config.substitutions.append(("%python", sys.executable))
config.substitutions.append(("%cc", config.c_compiler))
config.substitutions.append(("%moec_source", config.moec_source_dir))
config.substitutions.append(("%moec_build", config.moec_binary_dir))
if os.path.exists(os.path.join(config.moec_binary_dir, "lib", "libmoert_cli.a")):
    config.available_features.add("moert-cli")
# The transport between ranks that are processes.
if os.path.exists(os.path.join(config.moec_binary_dir, "lib", "libmoert_gloo.so")):
    config.available_features.add("gloo")
# The GPU that code for devices runs on.
config.environment["MOERT_VGPU_LIBRARY"] = os.path.join(config.moec_binary_dir, "lib", "libmoert-vgpu.so")
# Hosts that are network namespaces; without them the script says why.
two_hosts = os.path.join(config.moec_source_dir, "examples", "two-hosts", "two_hosts.py")
try:
    subprocess.run([sys.executable, two_hosts, "--check"], check=True, stdout=sys.stderr)
    config.available_features.add("network-namespaces")
except (OSError, subprocess.CalledProcessError):
    pass
# A sanitizer keeps freed memory, and its library must be the first of a process: not so in Python.
if config.build_type.lower() not in ("asan", "tsan"):
    config.available_features.add("unsanitized")
# Models that tests describe in their own text (test/Import/make_model.py).
config.substitutions.append(("%make_model", "env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%s/test/Import/python /usr/bin/python3 %s/test/Import/make_model.py"
                             % (config.moec_binary_dir, config.moec_source_dir)))
config.substitutions.append(("%make_cases", "env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%s/test/Import/python /usr/bin/python3 %s/test/Driver/make_cases.py"
                             % (config.moec_binary_dir, config.moec_source_dir)))
config.substitutions.append(("%onnx_python", "env PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=%s/test/Import/python /usr/bin/python3"
                             % config.moec_binary_dir))
# Debian's libMLIR is not instrumented: containers that cross the border look poisoned to AddressSanitizer.
config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:" + os.environ.get("ASAN_OPTIONS", "")
