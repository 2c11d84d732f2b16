//===- WeightPacker.h - Weights as a stream of pieces -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WEIGHTPACKER_H
#define MOEC_LIB_EMIT_WEIGHTPACKER_H

#include "dialects/RT/IR/WeightLayout.h"
#include "lib/Emit/WeightReader.h"

#include <optional>

namespace moec {

/// Consecutive bytes of a slab.
struct WeightPiece {
  int64_t slab;
  /// Of a packed weight: panels, and of each the k of [k, k + depth), which is all of them unless
  /// there is only one panel. Of another weight: elements in row-major order.
  int64_t first, count;
  int64_t k, depth;
};

/// The pieces of the value of `expr` in the order of its layout, each of about `pieceBytes`.
class WeightPieces {
public:
  WeightPieces(rt::WeightExprInterface expr, int64_t pieceBytes);

  std::optional<WeightPiece> next();

private:
  rt::WeightLayout layout;
  int64_t last;
  WeightPiece piece;
};

/// Evaluates pieces. Used by one thread.
class WeightPacker {
public:
  explicit WeightPacker(WeightFiles &files) : reader(files) {}

  /// Replaces `bytes` by a piece of the value of `expr`.
  llvm::Error pack(rt::WeightExprInterface expr, const WeightPiece &piece,
                   llvm::SmallVectorImpl<char> &bytes);

private:
  llvm::Error packPanels(rt::PackAttr pack, const WeightPiece &piece,
                         llvm::SmallVectorImpl<char> &bytes);

  WeightReader reader;
  /// Elements of the source on their way to panels.
  llvm::SmallVector<char, 0> stage;
};

/// What the model calls it, if `--narrow-weights` left that in its location, else its symbol.
std::string getWeightName(rt::WeightOp weight);

} // namespace moec

#endif // MOEC_LIB_EMIT_WEIGHTPACKER_H
