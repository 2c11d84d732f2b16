//===- DeviceAttentionSoftmax.h - Softmax of a block's scores - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEATTENTIONSOFTMAX_H
#define MOEC_LIB_CODEGEN_DEVICEATTENTIONSOFTMAX_H

#include "lib/CodeGen/DeviceAttentionTiles.h"
#include "lib/CodeGen/FloatBuilder.h"

namespace moec::codegen {

/// Emits the online softmax of a block between its two products. 16 threads do a row; thread j mod
/// 16 of them has key j, and the partial sum of its exponentials.
class DeviceAttentionSoftmax {
public:
  DeviceAttentionSoftmax(LoopBuilder &b, tile::AttentionOp op, mlir::gpu::GPUFuncOp kernel)
      : b(b), op(op), m(b, b.getF32Type()),
        factors(allocateShared(b, kernel, b.getF32Type(), deviceQueryRows)) {}

  /// Finds what this thread's rows see.
  void setPlace(const AttentionPlace &place);

  /// The first key, a multiple of 64, of all rows of the block, and the one after the last.
  mlir::Value getFirstKey() const { return firstKey; }
  mlir::Value getEndKey() const { return endKey; }

  /// What this thread knows of its rows before the first key: largest scores, then partial sums.
  mlir::SmallVector<mlir::Value> makeState();

  /// Replaces the `scores` of keys from `key` on by their exponentials. Returns the new state; the
  /// factors to rescale by are there after the next barrier.
  mlir::SmallVector<mlir::Value> emitStep(mlir::Value scores, mlir::Value key,
                                          mlir::ValueRange state);

  /// Puts the sums of all exponentials in place of the factors.
  void emitTotals(mlir::ValueRange state);

  /// The factor, or the total, of a row of the block.
  mlir::Value loadFactor(mlir::Value row);

private:
  /// Threads of a row, and rows of a thread: the block's, so many apart.
  static constexpr int64_t threads = 16, step = deviceAttentionThreads / threads,
                           rowsPerThread = deviceQueryRows / step;

  /// Which query a row is, and which keys it sees: [begin, end), none if the row is not there.
  struct Row {
    mlir::Value number, head, query, begin, end;
  };
  Row findRow(mlir::Value number);
  mlir::Value emitScore(const Row &row, mlir::Value score, mlir::Value key);
  mlir::Value combine(mlir::Value value,
                      mlir::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);
  mlir::Value larger(mlir::Value lhs, mlir::Value rhs);

  LoopBuilder &b;
  tile::AttentionOp op;
  FloatBuilder m;
  mlir::Value factors; // one per row of the block
  AttentionPlace place;
  mlir::Value lane; // of the row's threads
  mlir::SmallVector<Row> rows;
  mlir::Value firstKey, endKey;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEATTENTIONSOFTMAX_H
