//===- SelectRanks.h - One order of the entries of a row ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_SELECTRANKS_H
#define MOEC_LIB_CODEGEN_SELECTRANKS_H

#include "dialects/Tile/IR/Tile.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Emits the rank (i64) of an entry, f32 or narrower, in a column (index): the high half orders
/// entries as f32 does with NaN below everything and -0 equal to +0, the low half breaks ties. All
/// ranks of a row differ, so there is one order.
mlir::Value emitSelectRank(mlir::ImplicitLocOpBuilder &b, mlir::Value entry, mlir::Value column,
                           tile::Tie tie);

/// Emits the column (i64) of a rank.
mlir::Value emitRankedColumn(mlir::ImplicitLocOpBuilder &b, mlir::Value rank, tile::Tie tie);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_SELECTRANKS_H
