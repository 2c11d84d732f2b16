//===- WeightLayout.h - How a weight lies in memory -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// One definition for the packer that writes weights, the tables that describe
// them, and the emitters that read them.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_IR_WEIGHTLAYOUT_H
#define MOEC_DIALECTS_RT_IR_WEIGHTLAYOUT_H

#include "dialects/RT/IR/RT.h"

namespace moec::rt {

/// Slabs start at multiples of this many bytes.
inline constexpr int64_t kSlabAlignment = 4096;
/// Columns of a packed panel, both operands of a pair together.
inline constexpr int64_t kPanelColumns = 32;

/// A weight in memory: `numSlabs` slabs of `slabBytes`, each `slabStride` bytes after the one
/// before. A weight that is not packed is one slab, row-major.
struct WeightLayout {
  int64_t numSlabs;
  int64_t slabBytes;
  int64_t slabStride;
  mlir::Type elementType;
  /// Of a packed weight: panels per slab, and K rounded up to the group of consecutive k that lie
  /// next to each other (2 for bf16, 1 otherwise). 0 for weights that are not packed.
  int64_t panels;
  int64_t paddedK;
  int64_t kGroup;
};

/// The layout of the value of `expr`.
WeightLayout getWeightLayout(WeightExprInterface expr);

} // namespace moec::rt

#endif // MOEC_DIALECTS_RT_IR_WEIGHTLAYOUT_H
