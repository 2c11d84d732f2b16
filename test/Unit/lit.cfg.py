# The GoogleTest programs of unittests/, one lit test per test of theirs.
import os
import lit.formats

config.name = "moec-unit"
config.suffixes = []
config.test_source_root = os.path.join(config.moec_binary_dir, "unittests")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
for variable in ("UBSAN_OPTIONS", "TMPDIR"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]
# Debian's libMLIR is not instrumented: containers that cross the border look poisoned to AddressSanitizer.
config.environment["ASAN_OPTIONS"] = "allow_user_poisoning=0:" + os.environ.get("ASAN_OPTIONS", "")
