//===- ImportLimits.h - What a model file may ask for -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_IMPORTLIMITS_H
#define MOEC_IMPORT_IMPORTLIMITS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace moec {

/// What a file may ask of the reader and the importer before it is refused with
/// ImportError::Resource. The defaults leave a factor of ten to the largest published models and
/// bound time and memory on hostile ones. Each has a row in `limitSpecs`, which says what it
/// counts.
struct ImportLimits {
  uint64_t fileBytes = uint64_t(1) << 42;
  uint64_t parsedBytes = uint64_t(2) << 30;
  uint64_t messageDepth = 96;
  uint64_t nodes = 2'000'000;
  uint64_t operands = 65536;
  uint64_t nameBytes = 65536;
  uint64_t attributeBytes = uint64_t(64) << 20;
  uint64_t tensors = 2'000'000;
  uint64_t tensorBytes = uint64_t(1) << 42;
  uint64_t rank = 64;
  uint64_t externalFiles = 65536;
  uint64_t sparseDenseBytes = uint64_t(256) << 20;
  uint64_t callDepth = 64;
  uint64_t expandedNodes = 1'000'000;
  uint64_t expandedBytes = uint64_t(2) << 30;
  uint64_t graphDepth = 64;
  uint64_t constantBytes = uint64_t(1) << 30;
  uint64_t foldedElements = uint64_t(1) << 23;
  uint64_t textDepth = 1000;
};

/// One limit: how the command line calls it, and what it counts.
struct LimitSpec {
  llvm::StringLiteral name;
  uint64_t ImportLimits::*value;
  /// The greatest value that can be asked for. Depths are walked by recursion.
  uint64_t most;
  llvm::StringLiteral counts;
};

/// All limits, in the order of the help text.
llvm::ArrayRef<LimitSpec> limitSpecs();

/// The row of a limit.
const LimitSpec &limitSpec(uint64_t ImportLimits::*value);

/// "WHAT is more than the limit of N; raise it with --limit NAME=N if the file is trusted", where N
/// is the present value.
std::string describeExcess(const ImportLimits &limits, uint64_t ImportLimits::*value,
                           llvm::StringRef what);

} // namespace moec

#endif // MOEC_IMPORT_IMPORTLIMITS_H
