//===- RunTestCase.h - One test case in this process ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RUNTESTCASE_H
#define MOEC_LIB_DRIVER_RUNTESTCASE_H

#include "lib/Driver/Compilation.h"
#include "lib/Driver/TestCases.h"

namespace moec {

/// Compiles the case's model once, runs every data set and compares the outputs. Inputs and outputs
/// are matched by position. `flags` beat the case's tolerance.json. Returns an exit code, after a
/// message on stderr if it is none of success: exitWrongResult where an output differs.
/// `device`: where code for GPUs runs.
int runTestCase(const TestCase &testCase, Compilation &compilation, const Target &target,
                const std::string &device, const RecogniseOptions &recognise,
                const Tolerance &flags);

} // namespace moec

#endif // MOEC_LIB_DRIVER_RUNTESTCASE_H
