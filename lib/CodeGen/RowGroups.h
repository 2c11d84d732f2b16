//===- RowGroups.h - Structured ops that share a launch ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A softmax is a maximum, exponentials, a sum and quotients: structured ops that
// each depend on the same row of the one before. Launched one by one they pass
// over whole tensors with a barrier after each; as a group, one kernel does all
// of them for a row, which stays in the level-1 cache, before it takes the next.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWGROUPS_H
#define MOEC_LIB_CODEGEN_ROWGROUPS_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/KernelFormer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace moec::codegen {

/// Ops in order and, for each, its loops over rows, outermost first. Rows of all
/// ops correspond. An op is a structured one or a selection, whose only loop over
/// rows is its first.
struct RowGroup {
  struct Member {
    mlir::Operation *op;
    mlir::SmallVector<int64_t> rowDims;

    /// Null for a selection.
    mlir::linalg::LinalgOp getLinalg() const { return mlir::dyn_cast<mlir::linalg::LinalgOp>(op); }
    /// Null for others.
    tile::SelectOp getSelect() const { return mlir::dyn_cast<tile::SelectOp>(op); }
  };
  mlir::SmallVector<Member> members;
};

/// What groups are made of.
enum class GroupKinds {
  Structured,     // structured ops
  WithSelections, // and selections, which then may be alone in a group
};

/// Groups of two or more ops on memrefs of one function. What a member writes
/// belongs to the function alone, and other members touch the same row of it
/// only, so that the order of rows against ops does not matter.
mlir::SmallVector<RowGroup> findRowGroups(mlir::func::FuncOp function,
                                          GroupKinds kinds = GroupKinds::Structured);

/// Replaces structured ops by one launch, whose units are rows.
void formRowGroup(const RowGroup &group, KernelFormer &former);

/// What `memref` is a view of.
mlir::Value getRoot(mlir::Value memref);

/// Whether a root is memory of this function alone.
bool isOwn(mlir::Value root);

/// Whether launches before and after `op` may be exchanged with it.
bool isTransparent(mlir::Operation &op);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWGROUPS_H
