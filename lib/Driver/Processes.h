//===- Processes.h - Work in processes of its own ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_PROCESSES_H
#define MOEC_LIB_DRIVER_PROCESSES_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <optional>
#include <string>

namespace moec {

/// How a piece of work ended.
struct ProcessResult {
  /// What the work returned, if it came to that.
  std::optional<int> code;
  /// The signal that ended it otherwise, unless its time was over.
  int signal = 0;
  /// What it wrote to stdout and stderr, at most 64 KiB.
  std::string output;
  double seconds = 0;
};

/// How many run at once, and for how long.
struct ProcessLimits {
  unsigned jobs = 1;
  double seconds = 60;
};

/// Calls work(0) to work(count - 1), each in a fork of this process, so that a crash or a hang
/// costs one piece only, and reports to `done` in this process as they end, in any order. This
/// process must have one thread. Returns 0, or the errno with which no process could be made; what
/// has started by then is still reported.
int runInProcesses(size_t count, const ProcessLimits &limits, llvm::function_ref<int(size_t)> work,
                   llvm::function_ref<void(size_t, ProcessResult)> done);

} // namespace moec

#endif // MOEC_LIB_DRIVER_PROCESSES_H
