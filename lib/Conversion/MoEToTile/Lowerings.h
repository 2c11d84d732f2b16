//===- Lowerings.h - One function per moe op ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Each lowering writes its op's replacement before it and replaces its results;
// on settings without a lowering it emits an error that names them and returns
// failure. Ops are erased by the pass.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_MOETOTILE_LOWERINGS_H
#define MOEC_LIB_CONVERSION_MOETOTILE_LOWERINGS_H

#include "dialects/MoE/IR/MoE.h"
#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/WeightTable/WeightTable.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec {

/// Rows that a dispatch would copy: row r is row source[r] of x.
struct DispatchedRows {
  mlir::Value x, source;
};
using Dispatches = llvm::DenseMap<mlir::Value, DispatchedRows>;

mlir::LogicalResult lowerRoute(moe::RouteOp op);

/// The rows themselves, `count` of them, for readers other than experts.
mlir::Value copyRows(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType type,
                     const DispatchedRows &rows, mlir::Value count);

/// Replaces offsets and positions, and the rows where others than experts read
/// them; records the rows in `dispatches` for those.
mlir::LogicalResult lowerDispatch(moe::DispatchOp op, Dispatches &dispatches);
mlir::LogicalResult lowerExpert(moe::ExpertOp op, const Dispatches &dispatches,
                                WeightTable &weights);
mlir::LogicalResult lowerExpertHidden(moe::ExpertHiddenOp op, const Dispatches &dispatches,
                                      WeightTable &weights);
mlir::LogicalResult lowerGroupedMatmul(moe::GroupedMatmulOp op, const Dispatches &dispatches,
                                       WeightTable &weights);
mlir::LogicalResult lowerCombine(moe::CombineOp op);

/// Makes a loop over rounds of what the body holds, whose ops have been lowered.
mlir::LogicalResult lowerExpertParallel(moe::ExpertParallelOp op, const Dispatches &dispatches);
/// Tells weights that only products between the ends of one exchange read which exchange that is.
void noteOwners(mlir::ModuleOp module);
/// Makes the module's grid its `rt.grid`.
mlir::LogicalResult lowerGrids(mlir::ModuleOp module);

/// An uninitialised tensor of `type`, its dynamic sizes as given in order.
mlir::Value emptyTensor(mlir::ImplicitLocOpBuilder &b, mlir::RankedTensorType type,
                        mlir::ValueRange sizes);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_MOETOTILE_LOWERINGS_H
