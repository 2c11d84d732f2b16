//===- SmallSizes.h - Small numbers for symbolic sizes ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_SMALLSIZES_H
#define MOEC_LIB_RECOGNISE_MOE_SMALLSIZES_H

#include "dialects/ONNX/IR/SymbolicSize.h"

#include <optional>
#include <vector>

namespace moec::recognise {

/// Layers are run with as many tokens at most.
constexpr int64_t maxSmallTokens = 64;

/// Values of some sizes under one choice of their symbols.
struct SmallSizes {
  int64_t tokens = 0;
  /// Of shapes, then of the others.
  std::vector<int64_t> values;
};

/// Chooses numbers for the symbols of all sizes given, for up to seven numbers of tokens, the
/// smallest first, and evaluates `shapes`, whose sizes are then at least 1, and `others`. Of the
/// choices for a number of tokens that with the smallest greatest symbol is taken. Absent if there
/// are too many symbols, or if no choice gives every size a value; empty if none has
/// `maxSmallTokens` tokens at most.
std::optional<std::vector<SmallSizes>> findSmallSizes(const onnx::SizeTable &table,
                                                      const onnx::Size &tokens,
                                                      llvm::ArrayRef<onnx::Size> shapes,
                                                      llvm::ArrayRef<onnx::Size> others);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_SMALLSIZES_H
