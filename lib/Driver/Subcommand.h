//===- Subcommand.h - What moec can do --------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_SUBCOMMAND_H
#define MOEC_LIB_DRIVER_SUBCOMMAND_H

#include "lib/Driver/CommandLine.h"

namespace moec {

/// One verb of the command line; each lives in a file of its own and has a line
/// in the table of Driver.cpp.
struct Subcommand {
  llvm::StringLiteral name;
  llvm::StringLiteral arguments;
  llvm::StringLiteral summary;
  llvm::ArrayRef<OptionSpec> options;
  /// Runs the verb and returns an exit code (ExitCode.h). Messages go to stderr.
  int (*run)(const ParsedCommandLine &commandLine);
};

extern const Subcommand benchSubcommand;
extern const Subcommand compileSubcommand;
extern const Subcommand inspectSubcommand;
extern const Subcommand runSubcommand;
extern const Subcommand testSubcommand;

} // namespace moec

#endif // MOEC_LIB_DRIVER_SUBCOMMAND_H
