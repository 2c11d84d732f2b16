//===- RankGroup.h - Ranks that exchange with each other --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Ranks are numbered in row-major order over their grid. Members of a group
// differ along some axes of it only, and are numbered in row-major order along
// these.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_RANKGROUP_H
#define MOEC_DIALECTS_MOE_IR_RANKGROUP_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/SmallVector.h"

namespace mlir::shard {
class GridOp;
} // namespace mlir::shard

namespace moec::moe {

/// Ranks of a grid at most: far beyond any cluster, and products of sizes do not overflow.
constexpr int64_t kMaxRanks = 1 << 20;
/// Experts of a layer that is spread over ranks at most.
constexpr int64_t kMaxExperts = 1 << 20;

/// The grid that `op` names, or null if there is no such grid around it.
mlir::shard::GridOp lookupGrid(mlir::Operation *op, llvm::StringRef name);

/// All ranks of a grid of this shape, which is static.
int64_t getNumRanks(llvm::ArrayRef<int64_t> grid);

/// The members of a group along `axes`.
int64_t getGroupSize(llvm::ArrayRef<int64_t> grid, llvm::ArrayRef<int64_t> axes);

/// The ranks of the group of `rank`, in the order of its members; `rank` is one of them.
llvm::SmallVector<int64_t> getGroup(llvm::ArrayRef<int64_t> grid, llvm::ArrayRef<int64_t> axes,
                                    int64_t rank);

/// Owners of experts in runs of equal length. Where experts do not divide evenly, as many members
/// as are left over, from `first` on and then from 0, own one more.
llvm::SmallVector<int64_t> getEvenOwners(int64_t experts, int64_t members, int64_t first = 0);

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_IR_RANKGROUP_H
