//===- ExitCode.h - What the process exit codes mean ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_EXITCODE_H
#define MOEC_LIB_DRIVER_EXITCODE_H

namespace moec {

/// Exit codes of moec and of compiled executables; scripts rely on them.
enum ExitCode : int {
  exitSuccess = 0,
  exitWrongResult = 1, // or a failed test
  exitUsage = 2,
  exitBadInput = 3,    // message names file, place and reason
  exitUnsupported = 4, // names everything unsupported at once
  exitResource = 5,    // memory, device, peer; a file that asks for more than ImportLimits allow
  exitInternal = 70,
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_EXITCODE_H
