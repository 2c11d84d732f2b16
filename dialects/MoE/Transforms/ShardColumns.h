//===- ShardColumns.h - Columns of experts on ranks -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_TRANSFORMS_SHARDCOLUMNS_H
#define MOEC_DIALECTS_MOE_TRANSFORMS_SHARDCOLUMNS_H

#include "dialects/MoE/IR/MoE.h"

namespace moec::moe {

/// How the experts of a layer are spread.
struct ColumnPlacement {
  /// A symbol, and the axes of it along which ranks exchange: those of experts, then of parts.
  mlir::FlatSymbolRefAttr grid;
  llvm::SmallVector<int64_t> axes;
  /// Members along each of them.
  int64_t ep, tp;
  /// The member along the first that has each expert.
  llvm::SmallVector<int64_t> owners;
};

/// Whether all products of the rows of `dispatch` can be computed in `tp` parts of their columns,
/// each on another rank; an error says why not. `hasProducts` tells whether there are some.
mlir::LogicalResult checkColumns(DispatchOp dispatch, int64_t tp, bool &hasProducts);

/// Gives each of these products a pair of exchanges, between which `tp` members of a group compute
/// a part of its columns each. A `moe.expert` is two products.
void shardColumns(DispatchOp dispatch, const ColumnPlacement &placement);

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_TRANSFORMS_SHARDCOLUMNS_H
