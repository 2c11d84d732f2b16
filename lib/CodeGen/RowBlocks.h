//===- RowBlocks.h - Cutting ranges of rows into blocks ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWBLOCKS_H
#define MOEC_LIB_CODEGEN_ROWBLOCKS_H

#include "lib/CodeGen/IsaLevel.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// The blocks of one range of n rows: ceil(n / blockRows) of them, as equal as
/// possible, so that a ragged tail costs what it weighs. Packing and product
/// cut alike because both ask here.
class RowBlocks {
public:
  /// Emits the arithmetic for a range of `rows` rows (index, not zero).
  RowBlocks(mlir::ImplicitLocOpBuilder &b, mlir::Value rows, const IsaLevel &level);

  /// Number of blocks (index).
  mlir::Value getCount() const { return count; }
  /// First row of block `block`, from the start of the range; of `count` it is n.
  mlir::Value getStart(mlir::ImplicitLocOpBuilder &b, mlir::Value block) const;
  /// Rows of block `block`.
  mlir::Value getRows(mlir::ImplicitLocOpBuilder &b, mlir::Value block) const;

private:
  mlir::Value count, rowsOfSmall, numLarge;
};

/// One range of a ragged product.
struct RowRange {
  mlir::Value start, rows; // index
};

/// Emits a loop over the ranges [first, end) between neighbours of `ranges` with an `if` that
/// skips empty ones, and calls `body` inside with the range's number; `ranges`
/// may be null: one range of all `count` rows.
void forEachRange(mlir::ImplicitLocOpBuilder &b, mlir::Value ranges, mlir::Value count,
                  mlir::Value first, mlir::Value end,
                  llvm::function_ref<void(mlir::Value index, RowRange range)> body);

/// Emits a loop over the ranges between neighbours of `ranges` that have rows; `ordinal` (index)
/// counts them from 0.
void forEachFilledRange(
    mlir::ImplicitLocOpBuilder &b, mlir::Value ranges,
    llvm::function_ref<void(mlir::Value index, mlir::Value ordinal, RowRange range)> body);

/// Emits how many of the ranges between neighbours of `ranges` have rows (index).
mlir::Value countFilledRanges(mlir::ImplicitLocOpBuilder &b, mlir::Value ranges);

/// The same as forEachRange for the ranges [first, end) of `batch` ranges of one size, which
/// `count` rows are cut into.
void forEachEqualRange(mlir::ImplicitLocOpBuilder &b, mlir::Value batch, mlir::Value count,
                       mlir::Value first, mlir::Value end,
                       llvm::function_ref<void(mlir::Value index, RowRange range)> body);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWBLOCKS_H
