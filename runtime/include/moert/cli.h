/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The command line of compiled executables, in libmoert_cli.a. */
#ifndef MOERT_CLI_H
#define MOERT_CLI_H

#include "moert/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What `main` of a compiled executable does: reads inputs, runs the first entry, writes outputs.
 * `--help` lists the options.
 *
 * `artifact` is the one of this program, whose weights lie beside the program's file; with null the
 * first argument that is no option is the path of a shared object to load. argv[0] names the
 * program in messages. Writes to stdout and stderr. One call at a time per process.
 *
 * Returns the exit code: 0 success, 2 usage, 3 bad input file, 4 unsupported, 5 resource, 70
 * internal error.
 */
int moert_main(const struct moert_artifact_v1 *artifact, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* MOERT_CLI_H */
