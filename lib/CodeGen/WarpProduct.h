//===- WarpProduct.h - What a warp of a product computes ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_WARPPRODUCT_H
#define MOEC_LIB_CODEGEN_WARPPRODUCT_H

#include "lib/CodeGen/ProductTiles.h"

namespace moec::codegen {

/// The sums of a warp: `warpRows` rows of `warpPanels` panels of 32 columns.
///
/// A thread has, of rows quad + 8 * i, the columns 4 * inQuad + {0, .. 3} and those 16 further on:
/// of a panel that pairs gate and up, both operands of 4 results. That is how the result of
/// `mma.sync` lies if column j of matrix i, of 8 columns, stands for column 4 * (j / 2) + i, plus
/// 16 for odd j, of the panel.
class WarpProduct {
public:
  WarpProduct(LoopBuilder &b, ProductTiles &tiles, const DeviceProductSchedule &schedule);

  /// Sums as loops carry them.
  llvm::SmallVector<mlir::Value> emitZero();
  /// Emits the sums with the summands of one step. `rows` are those of the warp that there are;
  /// null: all. Others have any sums.
  llvm::SmallVector<mlir::Value> emitStep(mlir::Value stage, mlir::ValueRange sums,
                                          mlir::Value rows);
  /// The columns 4 * inQuad + {0, .. 3} + 16 * half of panel `panel` and row quad + 8 * `eight`, in
  /// f32.
  mlir::Value emitColumns(mlir::ValueRange sums, int64_t panel, int64_t eight, int64_t half);

  /// Rows whose sums are skipped if none of them is there.
  static constexpr int64_t blockRows = 16;

private:
  using Values = llvm::SmallVector<mlir::Value>;

  /// What the columns of one panel are multiplied by: fragments of each matrix instruction of a
  /// step, or the summands of a vector of multiply-adds.
  using PanelColumns = llvm::SmallVector<Values>;

  /// Sums of `blockRows` rows of a panel: of each of 4 matrices the four that a thread has, or two
  /// vectors for each of two rows.
  int64_t perPanel() const { return usesMma ? 16 : 4; }
  /// The same of all panels, one after the other.
  int64_t perBlock() const { return perPanel() * schedule.warpPanels; }
  Values emitMma(mlir::Value stage, int64_t row, mlir::ArrayRef<PanelColumns> columns,
                 mlir::ValueRange sums);
  Values emitMultiplyAdds(mlir::Value stage, int64_t row, mlir::Value k,
                          mlir::ArrayRef<Values> columns, mlir::ValueRange sums);
  /// `body` if the block of rows is there.
  Values guard(mlir::Value rows, int64_t row, mlir::ValueRange sums,
               mlir::function_ref<Values()> body);

  LoopBuilder &b;
  ProductTiles &tiles;
  const DeviceProductSchedule &schedule;
  ProductTypes types;
  bool usesMma;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_WARPPRODUCT_H
