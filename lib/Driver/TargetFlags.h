//===- TargetFlags.h - What code is made for ------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_TARGETFLAGS_H
#define MOEC_LIB_DRIVER_TARGETFLAGS_H

#include "lib/Driver/CommandLine.h"
#include "moec/Pipelines.h"

#include <optional>

namespace moec {

/// Options of every command that compiles, about what the code is for.
extern const OptionSpec targetOption, weightsTypeOption, noFuseOption, tf32Option;

/// Where commands that run what they compile do so.
extern const OptionSpec deviceOption;

/// A processor, or a GPU if there is one.
struct Target {
  CpuOptions cpu;
  std::optional<NvptxOptions> gpu;
};

/// Reads --target: `cpu` (all levels), `cpu:native` (this machine's) or
/// `cpu:LEVEL[,LEVEL...]`, `cuda` (sm_80) or `cuda:CHIP`; `byDefault` applies without it. Reads
/// --weights-dtype, --no-fuse and --tf32, too. Returns nullopt after a message on stderr.
std::optional<Target> parseAnyTarget(const ParsedCommandLine &commandLine,
                                     llvm::StringRef byDefault);

/// The same for commands that run what they compile, by default for this machine's processor, with
/// --device for a GPU.
std::optional<Target> parseRunTarget(const ParsedCommandLine &commandLine);

/// The same where only the processor counts.
std::optional<CpuOptions> parseTarget(const ParsedCommandLine &commandLine,
                                      llvm::StringRef byDefault);

/// Code for this machine alone.
CpuOptions nativeCpu();

} // namespace moec

#endif // MOEC_LIB_DRIVER_TARGETFLAGS_H
