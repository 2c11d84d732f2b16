//===- DeviceAttentionTiles.h - Tiles of attention in shared memory -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_DEVICEATTENTIONTILES_H
#define MOEC_LIB_CODEGEN_DEVICEATTENTIONTILES_H

#include "lib/CodeGen/DeviceAttention.h"
#include "lib/CodeGen/LoopBuilder.h"

namespace moec::codegen {

/// f32 elements from one row of scores in shared memory to the next. Tiles have 16 bytes more than
/// their 64 columns, so that 8 threads that read 16 bytes each of 8 rows meet all banks once.
constexpr int64_t scorePitch = deviceColumns + 4;

/// A buffer of `elements` of a type in the block's shared memory, at a multiple of 16 bytes.
mlir::Value allocateShared(LoopBuilder &b, mlir::gpu::GPUFuncOp kernel, mlir::Type type,
                           int64_t elements);

/// The quotient and the rest of values that are not negative.
mlir::Value divideUnsigned(LoopBuilder &b, mlir::Value value, int64_t by);
mlir::Value remainderUnsigned(LoopBuilder &b, mlir::Value value, int64_t by);

/// What the rows of a block are: those of one batch entry and key head.
struct AttentionPlace {
  mlir::Value thread;         // of the block's
  mlir::Value batch, keyHead; // of all rows
  mlir::Value firstRow, rows; // of the key head's, and how many
};

/// Moves 64 columns of rows to shared memory and multiplies what lies there, with 8 results per
/// thread. Where queries, keys and values are all f16 or all bf16 they stay so, weights are rounded
/// to their type, and matrix instructions multiply; else all are f32, in chains of fused
/// multiply-adds. The types alone decide, so that all rows of a program have one order of sums.
class AttentionTiles {
public:
  /// Results of a thread, per 64 columns.
  static constexpr int64_t results = 8;

  AttentionTiles(LoopBuilder &b, tile::AttentionOp op, mlir::gpu::GPUFuncOp kernel);

  /// The threads' shares of the results; before anything else.
  void setPlace(const AttentionPlace &place);

  /// Where the scores of the block's rows and 64 keys lie: 16 rows, `scorePitch` apart.
  mlir::Value scores() const { return scoreTile; }

  /// Puts what stays the same for all keys in shared memory.
  void emitStart();

  /// Products of the queries with keys [key, key + 64) to `scores`; those from `endKey` on are not
  /// read. Every thread must arrive; the scores are there after the next barrier.
  void emitScores(mlir::Value key, mlir::Value endKey);

  /// `sums` plus the values of those keys, weighted by `scores`, for columns [column, column + 64).
  mlir::SmallVector<mlir::Value> emitWeightedSum(mlir::Value key, mlir::Value endKey,
                                                 mlir::Value column, mlir::ValueRange sums);

  /// The row of the block that result `number` of this thread belongs to, and its column of 64.
  mlir::Value resultRow(int64_t number);
  mlir::Value resultColumn(int64_t number);

  /// The indices of an operand's element.
  mlir::SmallVector<mlir::Value> at(tile::HeadLayout layout, mlir::Value head, mlir::Value position,
                                    mlir::Value column);

private:
  /// A row to be staged; what is not there is zeros.
  struct Source {
    mlir::Value isThere, head, position;
  };
  void stage(mlir::Value memref, tile::HeadLayout layout, int64_t width, int64_t rows,
             mlir::function_ref<Source(mlir::Value row)> source, mlir::Value firstColumn,
             mlir::Value target, mlir::Value start);
  void stageQueries(mlir::Value firstColumn, mlir::Value start);
  Source keySource(mlir::Value key, mlir::Value endKey, mlir::Value row);

  // What is summed up in a thread, from `columns` columns of a chunk of queries that starts at
  // `start` and the keys in the tile, or from the weights of `keys` keys and their values there.
  using Sums = llvm::SmallVector<mlir::Value>;
  Sums addScores(mlir::Value start, mlir::Value columns, mlir::ValueRange sums);
  Sums addValues(mlir::Value keys, mlir::ValueRange sums);
  Sums addScoresByMatrix(mlir::Value start, mlir::Value columns, mlir::ValueRange sums);
  Sums addValuesByMatrix(mlir::Value keys, mlir::ValueRange sums);
  Sums multiply(llvm::ArrayRef<mlir::Value> a, llvm::ArrayRef<mlir::Value> b,
                mlir::ValueRange sums);
  mlir::Value makeFragment(mlir::Value pair);
  mlir::Value loadShared(mlir::Value tile, int64_t width, mlir::Value at);

  LoopBuilder &b;
  tile::AttentionOp op;
  llvm::ArrayRef<int64_t> widths;
  AttentionPlace place;
  int64_t groupSize;
  mlir::Type tileType;
  bool usesMatrixUnits;
  int64_t pitch; // of rows of queries and of the tile
  /// Whether shared memory holds all columns of the queries, else 64.
  bool keepsQueries;
  mlir::Value queryTile, tile, scoreTile;
  mlir::Value headSize, valueSize;
  mlir::Value column, firstResultRow; // of the thread's results
  mlir::Value warpColumn;             // first of its warp's
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_DEVICEATTENTIONTILES_H
