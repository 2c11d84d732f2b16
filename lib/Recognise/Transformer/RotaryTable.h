//===- RotaryTable.h - Tables and halves of rotary embeddings *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_TRANSFORMER_ROTARYTABLE_H
#define MOEC_LIB_RECOGNISE_TRANSFORMER_ROTARYTABLE_H

#include "lib/Recognise/Transformer/AxisView.h"

namespace moec::recognise {

/// Elements start, start + step, … of the last axis of `source`.
struct Piece {
  mlir::Value source;
  int64_t start, step, size;
};

/// The size of the last axis; 0 where it is not known.
int64_t getLastSize(mlir::Value value);

/// What a slice or one result of a split takes, if it is of the last axis alone.
std::optional<Piece> getPiece(mlir::Value value, FunctionShapes &shapes);

/// How the features of a head read the pairs of a table.
enum class Pairing {
  /// One feature per pair.
  Single,
  /// Pairs 0 … n-1, then again 0 … n-1.
  Halves,
  /// Pairs 0, 0, 1, 1, …
  Neighbours
};

/// A table of cosines or sines: element-wise ops of one operand and views, over a tensor of one
/// column per pair.
struct RotaryTable {
  mlir::Value pairs;
  /// From the first after `pairs` to the last before the product.
  llvm::SmallVector<mlir::Operation *> chain;
  /// The axes of `pairs` that are batch and sequence; -1: of size 1, perhaps not there.
  int64_t batch = -1, sequence = -1;
  int64_t rank = 0;
};

/// Reads `table` as batch x 1 x sequence x features. `blame` is the op to which the proof came.
std::optional<RotaryTable> readTable(mlir::Value table, int64_t numPairs, Pairing pairing,
                                     FunctionShapes &shapes, mlir::Operation *&blame);

/// Batch, sequence and pairs.
onnx::Shape getPairShape(const RotaryTable &table, FunctionShapes &shapes);

/// The table as batch x sequence x pairs, made where the whole one ends.
mlir::Value buildPairs(const RotaryTable &table, mlir::Value whole);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_TRANSFORMER_ROTARYTABLE_H
