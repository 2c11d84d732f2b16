//===- ProductUnits.h - Which tiles of a product there are ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PRODUCTUNITS_H
#define MOEC_LIB_CODEGEN_PRODUCTUNITS_H

#include "lib/CodeGen/ProductTiles.h"

namespace moec::codegen {

/// The tiles of a product, numbered: range by range, within a range by columns, and rows of the
/// same columns one after the other, so that blocks which run together share panels.
///
/// Ranges are known on the device only. Every block counts their tiles for itself at its start: one
/// warp sums them up, 32 ranges at a time, into a table in shared memory.
class ProductUnits {
public:
  /// Emits the table; `shared` is where the tiles of operands end, all dynamic shared memory.
  ProductUnits(LoopBuilder &b, tile::RaggedMatmulOp op, const ProductSizes &sizes,
               const DeviceProductSchedule &schedule, const ProductThread &thread,
               mlir::Value shared);

  /// The number of tiles.
  mlir::Value emitCount();
  /// Tile number `unit`.
  ProductTile emitTile(mlir::Value unit);

private:
  mlir::Value emitRowTiles(mlir::Value rows);
  void emitTable();
  mlir::Value emitShuffle(mlir::Value value, int64_t lanes, bool isUp);
  /// The range that has `unit`.
  mlir::Value emitSearch(mlir::Value unit);
  mlir::Value loadTable(mlir::Value range);
  mlir::Value loadBound(mlir::Value range);

  LoopBuilder &b;
  tile::RaggedMatmulOp op;
  const DeviceProductSchedule &schedule;
  const ProductThread &thread;
  mlir::Value columnTiles;
  mlir::Value rows;     // without `ranges`: of a range
  mlir::Value unitsPer; // without `ranges`: of a range
  mlir::Value numRanges;
  mlir::Value table; // [range + 1]: tiles of earlier ranges
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_PRODUCTUNITS_H
