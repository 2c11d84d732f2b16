//===- ImportFlags.h - How models are read, from the command line -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_IMPORTFLAGS_H
#define MOEC_LIB_DRIVER_IMPORTFLAGS_H

#include "lib/Driver/CommandLine.h"
#include "lib/Import/ImportOptions.h"

namespace moec {

/// How a model is read, by every command that takes one.
struct ReadOptions {
  ImportOptions import;
  /// Weights are read into memory instead of mapped.
  bool readWeights = false;
};

/// The options that parseReadOptions reads.
extern const OptionSpec limitOption, externalDataDirOption, allowNewerIROption,
    verifyChecksumsOption, readWeightsOption;

/// Returns nullopt after a message on stderr.
std::optional<ReadOptions> parseReadOptions(const ParsedCommandLine &commandLine);

/// All limits with their defaults, in the form of the help text.
std::string describeLimits();

} // namespace moec

#endif // MOEC_LIB_DRIVER_IMPORTFLAGS_H
