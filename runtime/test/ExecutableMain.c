/* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception */
/* The main of a compiled executable, and of a program that runs shared objects. */
#include "moert/cli.h"

#ifdef MOERT_TEST_EMBEDDED
extern const struct moert_artifact_v1 moert_artifact_v1;
#define ARTIFACT &moert_artifact_v1
#else
#define ARTIFACT NULL
#endif

int main(int argc, char **argv) { return moert_main(ARTIFACT, argc, argv); }
