//===- LayerMatch.h - Whether two layers are the same ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_LAYERMATCH_H
#define MOEC_LIB_CODEGEN_LAYERMATCH_H

#include "mlir/IR/Value.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/SetVector.h"

namespace moec::codegen {

/// A piece of a function with one value in and one value out, besides what it
/// reads and leaves on the side.
struct Layer {
  mlir::Value in, out;
  /// In the order of the block; repeatable ops that it reads are part of it.
  llvm::SetVector<mlir::Operation *> ops;
  /// What it reads from outside: weights, masks, sizes.
  llvm::SetVector<mlir::Value> leaves;
  /// What others read besides `out`, in an order that equal layers share.
  llvm::SmallVector<mlir::Value> sides;
  /// Ops without results, in order.
  llvm::SmallVector<mlir::Operation *> effects;
};

/// Adds repeatable ops and finds what goes in and out. `position` orders ops
/// of the block.
void completeLayer(Layer &layer, const llvm::DenseMap<mlir::Operation *, int64_t> &position);

/// A hash of what `layer` computes of which types, blind to which leaves it reads.
llvm::hash_code hashLayer(const Layer &layer);

/// The leaves of `other` in the order of those of `model`, and likewise its
/// sides, if both compute the same; nothing otherwise.
struct LayerMatch {
  llvm::SmallVector<mlir::Value> leaves, sides;
};
std::optional<LayerMatch> matchLayers(const Layer &model, const Layer &other);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_LAYERMATCH_H
