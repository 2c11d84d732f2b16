//===- ProductUnits.cpp - Which tiles of a product there are -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ProductUnits.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

ProductUnits::ProductUnits(LoopBuilder &b, tile::RaggedMatmulOp op, const ProductSizes &sizes,
                           const DeviceProductSchedule &schedule, const ProductThread &thread,
                           Value shared)
    : b(b), op(op), schedule(schedule), thread(thread) {
  columnTiles = b.createOrFold<arith::CeilDivUIOp>(sizes.numPanels, b.index(schedule.panels));
  if (op.getRanges()) {
    Value bounds = b.createOrFold<memref::DimOp>(op.getRanges(), 0);
    numRanges = b.sub(bounds, 1);
    auto type = MemRefType::get({ShapedType::kDynamic}, b.getI32Type(), MemRefLayoutAttrInterface(),
                                cast<MemRefType>(shared.getType()).getMemorySpace());
    int64_t tileBytes = schedule.stages * sizes.types.stageBytes(schedule);
    table = memref::ViewOp::create(b, type, shared, b.index(tileBytes), bounds);
    emitTable();
    return;
  }
  rows = b.createOrFold<memref::DimOp>(op.getOuts(), 0);
  numRanges = op.getBatch() ? op.getBatch() : b.index(1);
  if (op.getBatch())
    rows = arith::DivUIOp::create(b, rows, arith::MaxUIOp::create(b, numRanges, b.index(1)));
  unitsPer = arith::MulIOp::create(b, emitRowTiles(rows), columnTiles);
}

Value ProductUnits::emitRowTiles(Value rows) {
  return b.createOrFold<arith::CeilDivUIOp>(rows, b.index(schedule.rows));
}

Value ProductUnits::loadBound(Value range) {
  Value bound = memref::LoadOp::create(b, op.getRanges(), range);
  return arith::IndexCastOp::create(b, b.getIndexType(), bound);
}

Value ProductUnits::loadTable(Value range) {
  Value count = memref::LoadOp::create(b, table, range);
  return arith::IndexCastOp::create(b, b.getIndexType(), count);
}

/// The value of the lane `lanes` below, or of lane number `lanes`.
Value ProductUnits::emitShuffle(Value value, int64_t lanes, bool isUp) {
  auto i32 = [&](int32_t value) {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(value)).getResult();
  };
  return NVVM::ShflOp::create(b, b.getI32Type(), i32(-1), value, i32(lanes),
                              i32(isUp ? 0 : warpSize - 1),
                              isUp ? NVVM::ShflKind::up : NVVM::ShflKind::idx, UnitAttr());
}

void ProductUnits::emitTable() {
  Value zero = b.index(0), none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  b.when(b.isLess(thread.number, b.index(warpSize)), [&] {
    b.when(b.isEqual(thread.lane, zero), [&] { memref::StoreOp::create(b, none, table, zero); });
    auto loop = scf::ForOp::create(b, zero, numRanges, b.index(warpSize), none);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value range = b.add(loop.getInductionVar(), thread.lane), isRange = b.isLess(range, numRanges);
    Value sum = b.choose(
                     isRange, b.getI32Type(),
                     [&]() -> SmallVector<Value> {
                       Value rows = b.sub(loadBound(b.add(range, 1)), loadBound(range));
                       Value tiles = arith::MulIOp::create(b, emitRowTiles(rows), columnTiles);
                       return {arith::IndexCastOp::create(b, b.getI32Type(), tiles)};
                     },
                     [&]() -> SmallVector<Value> { return {none}; })
                    .front();
    for (int64_t distance = 1; distance < warpSize; distance *= 2) {
      Value below = emitShuffle(sum, distance, /*isUp=*/true);
      Value isFirst = b.isLess(thread.lane, b.index(distance));
      sum = b.add(sum, arith::SelectOp::create(b, isFirst, none, below));
    }
    sum = b.add(sum, loop.getRegionIterArg(0));
    b.when(isRange, [&] { memref::StoreOp::create(b, sum, table, b.add(range, 1)); });
    scf::YieldOp::create(b, emitShuffle(sum, warpSize - 1, /*isUp=*/false));
  });
  gpu::BarrierOp::create(b);
}

Value ProductUnits::emitCount() {
  if (table)
    return loadTable(numRanges);
  return arith::MulIOp::create(b, numRanges, unitsPer);
}

Value ProductUnits::emitSearch(Value unit) {
  // table[from] <= unit < table[to] throughout, so empty ranges are never found.
  Type index = b.getIndexType();
  auto loop = scf::WhileOp::create(
      b, TypeRange{index, index}, ValueRange{b.index(0), numRanges},
      [&](OpBuilder &, Location, ValueRange bounds) {
        Value next = b.add(bounds[0], 1);
        scf::ConditionOp::create(b, b.isLess(next, bounds[1]), bounds);
      },
      [&](OpBuilder &, Location, ValueRange bounds) {
        Value middle = arith::ShRUIOp::create(b, b.add(bounds[0], bounds[1]), b.index(1));
        Value isBelow = b.isLess(unit, loadTable(middle));
        Value from = arith::SelectOp::create(b, isBelow, bounds[0], middle);
        Value to = arith::SelectOp::create(b, isBelow, middle, bounds[1]);
        scf::YieldOp::create(b, ValueRange{from, to});
      });
  return loop.getResult(0);
}

ProductTile ProductUnits::emitTile(Value unit) {
  ProductTile tile;
  Value start, count, inRange;
  if (table) {
    tile.slab = emitSearch(unit);
    start = loadBound(tile.slab);
    count = b.sub(loadBound(b.add(tile.slab, 1)), start);
    inRange = b.sub(unit, loadTable(tile.slab));
  } else if (op.getBatch()) {
    tile.slab = arith::DivUIOp::create(b, unit, unitsPer);
    start = arith::MulIOp::create(b, tile.slab, rows);
    count = rows;
    inRange = arith::RemUIOp::create(b, unit, unitsPer);
  } else {
    tile.slab = start = b.index(0);
    count = rows;
    inRange = unit;
  }
  Value rowTiles = emitRowTiles(count);
  tile.firstPanel = b.mul(arith::DivUIOp::create(b, inRange, rowTiles), schedule.panels);
  Value before = b.mul(arith::RemUIOp::create(b, inRange, rowTiles), schedule.rows);
  tile.firstRow = b.add(start, before);
  tile.numRows = b.min(b.sub(count, before), b.index(schedule.rows));
  return tile;
}

} // namespace moec::codegen
