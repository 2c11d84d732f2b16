# The GoogleTest programs of unittests/, one lit test per test of theirs.
import os
import lit.formats

config.name = "moec-unit"
config.suffixes = []
config.test_source_root = os.path.join(config.moec_binary_dir, "unittests")
config.test_exec_root = config.test_source_root
config.test_format = lit.formats.GoogleTest(".", "Tests")
for variable in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR"):
    if variable in os.environ:
        config.environment[variable] = os.environ[variable]
