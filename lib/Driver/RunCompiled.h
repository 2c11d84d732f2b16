//===- RunCompiled.h - moec run without --interpret -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RUNCOMPILED_H
#define MOEC_LIB_DRIVER_RUNCOMPILED_H

#include "lib/Driver/CommandLine.h"

namespace moec {

/// Compiles the one file of the command line in memory, for this machine unless
/// --target says otherwise, and runs it as its executable would: the options of
/// compiled executables are passed on. A shared object is run as it is. Returns
/// an exit code.
int runCompiled(const ParsedCommandLine &commandLine);

} // namespace moec

#endif // MOEC_LIB_DRIVER_RUNCOMPILED_H
