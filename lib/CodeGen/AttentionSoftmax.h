//===- AttentionSoftmax.h - Online softmax of blocks of scores  -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ATTENTIONSOFTMAX_H
#define MOEC_LIB_CODEGEN_ATTENTIONSOFTMAX_H

#include "lib/CodeGen/LoopBuilder.h"

#include "dialects/Tile/IR/Tile.h"

namespace moec::codegen {

/// Keys of a block, and elements from one row of scores, of queries and of sums to
/// the next.
constexpr int64_t attentionBlock = 64;

/// What one unit of attention keeps on its thread's stack. Buffers are memref<?xf32>
/// unless another type is given; rows are those of the unit.
struct AttentionScratch {
  /// [rows][64]: scores of a block of keys, then their exponentials.
  mlir::Value scores;
  /// [columns / 64][rows][64]: sums of values, weighted.
  mlir::Value sums;
  /// [rows][16]: partial sums of exponentials.
  mlir::Value partials;
  /// [rows]: the largest score so far, or -inf.
  mlir::Value maxima;
  /// [rows], memref<?xindex>: head and number of a row's query, first key that it
  /// sees and the one after the last.
  mlir::Value heads, queries, begins, ends;
};

/// Emits the softmax of a unit between its two products.
class AttentionSoftmax {
public:
  AttentionSoftmax(LoopBuilder &b, tile::AttentionRowsOp op, const AttentionScratch &scratch)
      : b(b), op(op), scratch(scratch) {}

  /// Starts `rows` rows with `columns` columns of sums (a multiple of 64).
  void emitStart(mlir::Value rows, mlir::Value columns);

  /// Scales and masks the scores of 64 keys from `firstKey` on, takes exponentials
  /// and adds them up. Where a row's maximum grows, its sums are rescaled.
  void emitBlock(mlir::Value batch, mlir::Value rows, mlir::Value columns, mlir::Value firstKey);

  /// The sum of row `row`'s exponentials, in every lane.
  mlir::Value emitTotal(mlir::Value row);

  /// Where column `column` (a multiple of 16) of row `row`'s sums lies.
  mlir::Value sumAddress(mlir::Value row, mlir::Value column);

private:
  void emitRow(mlir::Value batch, mlir::Value row, mlir::Value columns, mlir::Value firstKey);
  /// 64 elements of the mask, as 4 vectors; those beyond its last size are zero.
  mlir::SmallVector<mlir::Value> loadMask(mlir::Value batch, mlir::Value row, mlir::Value firstKey);
  /// Which lanes of 4 vectors hold keys that the row sees.
  mlir::SmallVector<mlir::Value> findVisible(mlir::Value row, mlir::Value firstKey);

  LoopBuilder &b;
  tile::AttentionRowsOp op;
  const AttentionScratch &scratch;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ATTENTIONSOFTMAX_H
