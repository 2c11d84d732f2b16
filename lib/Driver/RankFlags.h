//===- RankFlags.h - Which ranks run a model --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_RANKFLAGS_H
#define MOEC_LIB_DRIVER_RANKFLAGS_H

#include "lib/Driver/CommandLine.h"

#include "moec/Pipelines.h"

#include <optional>

namespace moec {

extern const OptionSpec ranksOption, gridOption, spareBytesOption, windowRowsOption, chunksOption;

/// Reads --ranks, --grid, --spare-bytes, --window-rows and --chunks. Returns nullopt after a
/// message on stderr.
std::optional<RankOptions> parseRanks(const ParsedCommandLine &commandLine);

} // namespace moec

#endif // MOEC_LIB_DRIVER_RANKFLAGS_H
