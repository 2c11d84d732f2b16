// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stack for programs that were started with little of it (`ulimit -s`).
#ifndef MOERT_LIB_CLI_STACK_H
#define MOERT_LIB_CLI_STACK_H

#include <cstddef>

namespace moert::cli {

/// What systems give a program by default; kernels and the compiler's recursions are bounded so
/// that they fit.
constexpr size_t kProgramStackBytes = size_t(8) << 20;

/// Runs `body` with kProgramStackBytes of stack and returns its result: here if the limit allows or
/// can be raised, on a thread otherwise. Threads that are started later have as much by default. If
/// the limit is too low and there is no thread to be had, says so in the name of `program` and
/// returns 5.
int runWithStack(const char *program, int (*body)(void *), void *argument);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_STACK_H
