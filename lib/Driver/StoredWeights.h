//===- StoredWeights.h - What products' weights are stored in ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_STOREDWEIGHTS_H
#define MOEC_LIB_DRIVER_STOREDWEIGHTS_H

#include "lib/Driver/Compilation.h"
#include "lib/Emit/RoundingError.h"

#include "llvm/Support/JSON.h"

namespace moec {

/// One packed weight, or all of a kind.
struct StoredWeight {
  /// What the model calls it and the node that reads it; of a kind empty.
  std::string name, node;
  /// experts, matrices or ranked.
  std::string kind;
  /// f32, f16 or bf16.
  std::string type;
  int64_t count = 1;
  int64_t bytesBefore = 0, bytes = 0;
  /// Without elements if nothing is rounded.
  RoundingError error;
};

/// The weights of products as `--weights-dtype` stores them.
struct StoredWeights {
  std::string dtype;
  std::vector<StoredWeight> kinds, weights;
};

/// Schedules a copy of what has been recognised and measures the weights. Returns an exit code.
int summariseWeights(const Compilation &compilation, const CpuOptions &options,
                     StoredWeights &summary);

void printText(llvm::raw_ostream &os, const StoredWeights &summary);
llvm::json::Object toJson(const StoredWeights &summary);

} // namespace moec

#endif // MOEC_LIB_DRIVER_STOREDWEIGHTS_H
