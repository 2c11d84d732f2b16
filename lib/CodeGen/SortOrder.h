//===- SortOrder.h - The order of a sort ---------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_SORTORDER_H
#define MOEC_LIB_CODEGEN_SORTORDER_H

#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// An element to be sorted. Positions are integers or indices.
struct SortElement {
  mlir::Value key, position;
};

/// The key at a point of the op's keys, f32 for narrow floats.
mlir::Value loadSortKey(mlir::ImplicitLocOpBuilder &b, tile::SortOp op, mlir::ValueRange point);

/// Whether x comes before y. Positions differ and break ties, so the order is total.
mlir::Value emitPrecedes(mlir::ImplicitLocOpBuilder &b, tile::SortOp op, SortElement x,
                         SortElement y);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_SORTORDER_H
