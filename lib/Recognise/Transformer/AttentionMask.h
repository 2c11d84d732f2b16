//===- AttentionMask.h - What a mask added to scores says -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_TRANSFORMER_ATTENTIONMASK_H
#define MOEC_LIB_RECOGNISE_TRANSFORMER_ATTENTIONMASK_H

#include "dialects/ONNX/IR/ONNX.h"

namespace moec::recognise {

/// Keys that a query sees, as a graph spells it before softmax.
struct AttentionMask {
  /// True where the key is seen, or false there if `isNegated`; null if only `added` is known.
  mlir::Value keep;
  bool isNegated = false;
  /// What the graph adds to the score of a key that is not seen, or puts in its place.
  double masked = 0;
  /// What the graph adds to the scores, if it adds.
  mlir::Value added;
  /// Data movement between `keep` and `added`, last first.
  llvm::SmallVector<mlir::Operation *> movement;

  /// Whether an unseen key's weight is exactly 0 beside that of any seen key: scores of a
  /// magnitude beyond 2^90 aside.
  bool isExclusive() const { return keep && masked <= -1e30; }
  /// Whether a query that sees no key has weights of NaN.
  bool givesNaN() const { return !keep || (masked < 0 && masked - masked != 0); }
};

/// Reads a tensor that is added to scores.
AttentionMask readAddedMask(mlir::Value added);

/// The mask as booleans, with the movement of the float form.
mlir::Value buildKeep(const AttentionMask &mask, mlir::OpBuilder &b, mlir::Location loc);

/// The mask as a float tensor of this type to be added.
mlir::Value buildAdded(const AttentionMask &mask, mlir::Type elementType, mlir::OpBuilder &b,
                       mlir::Location loc);

/// Whether `condition` is true exactly for the rows of the mask in which no key is seen.
bool selectsMaskedRows(mlir::Value condition, const AttentionMask &mask);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_TRANSFORMER_ATTENTIONMASK_H
