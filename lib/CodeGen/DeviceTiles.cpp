//===- DeviceTiles.cpp - Kernels of ops on whole matrices ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceTiles.h"

#include "lib/CodeGen/DeviceRanks.h"
#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/KernelFormer.h"
#include "lib/CodeGen/RowGrid.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
namespace {

Value index(ImplicitLocOpBuilder &b, int64_t value) {
  return arith::ConstantIndexOp::create(b, value);
}

LaunchOperands getOperands(Operation *op) {
  LaunchOperands operands;
  for (Value operand : op->getOperands())
    operands.add(operand);
  return operands;
}

/// The number of indices in all dimensions but `axis`.
Value countEntries(ImplicitLocOpBuilder &b, Value memref, int64_t axis = -1) {
  Value count = index(b, 1);
  for (int64_t dim = 0, rank = cast<MemRefType>(memref.getType()).getRank(); dim < rank; ++dim)
    if (dim != axis)
      count = b.createOrFold<arith::MulIOp>(count, b.createOrFold<memref::DimOp>(memref, dim));
  return count;
}

/// Has threads that never meet share the op, about one for each of `count` entries.
void launchAlone(Operation *op, StringRef name, Value count, ImplicitLocOpBuilder &b,
                 DeviceFormer &former) {
  launchRows(b, former, name, TeamKind::Alone, index(b, 1), count, getOperands(op),
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value) { k.clone(*op, mapping); });
}

/// A thread per entry in whole warps, as far as a block goes.
Value emitRankThreads(ImplicitLocOpBuilder &b, Value entries) {
  Value warps = b.createOrFold<arith::CeilDivUIOp>(entries, index(b, warpSize));
  warps = b.createOrFold<arith::MaxUIOp>(warps, index(b, 1));
  warps = b.createOrFold<arith::MinUIOp>(warps, index(b, mostRankThreads / warpSize));
  return b.createOrFold<arith::MulIOp>(warps, index(b, warpSize));
}

/// A block places entries of the op, as many threads as there are of them.
void launchRanks(Operation *op, StringRef name, Value blocks, Value entries,
                 ImplicitLocOpBuilder &b, DeviceFormer &former) {
  DeviceGrid grid;
  grid.gridX = blocks;
  grid.blockX = emitRankThreads(b, entries);
  grid.mostThreads = mostRankThreads;
  former.launch(b, name, TeamKind::Block, grid, getOperands(op),
                [&](ImplicitLocOpBuilder &k, IRMapping &mapping) { k.clone(*op, mapping); });
}

} // namespace

void formDeviceBucket(tile::BucketOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value blocks = b.createOrFold<memref::DimOp>(op.getOffsets(), 0);
  launchRanks(op, "bucket", blocks, countEntries(b, op.getKeys()), b, former);
  op.erase();
}

void formDeviceCompact(tile::CompactOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  launchRanks(op, "compact", index(b, 1), countEntries(b, op.getFlags()), b, former);
  op.erase();
}

void formDeviceScan(tile::ScanOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  int64_t axis = op.getAxis();
  auto type = cast<MemRefType>(op.getRows().getType());
  Value rows = countEntries(b, op.getRows(), axis);
  if (isa<FloatType>(type.getElementType())) {
    launchAlone(op, "scan", rows, b, former);
    op.erase();
    return;
  }
  LaunchOperands operands = getOperands(op);
  SmallVector<Value> extents;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    extents.push_back(b.createOrFold<memref::DimOp>(op.getRows(), dim));
  launchRows(b, former, "scan", TeamKind::Warp, rows, extents[axis], operands,
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value row) {
               Value from = mapping.lookup(op.getRows()), to = mapping.lookup(op.getOuts());
               for (int64_t dim = type.getRank(); dim-- > 0;) {
                 if (dim == axis)
                   continue;
                 Value extent = memref::DimOp::create(k, mapping.lookup(op.getRows()), dim);
                 Value at = arith::RemUIOp::create(k, row, extent);
                 row = arith::DivUIOp::create(k, row, extent);
                 from = subview(k, from, {dim}, at, k.getIndexAttr(1));
                 to = subview(k, to, {dim}, at, k.getIndexAttr(1));
               }
               tile::ScanOp::create(k, Type(), from, to, op.getAxisAttr(), op.getExclusiveAttr(),
                                    op.getReverseAttr());
             });
  op.erase();
}

void formDeviceSort(tile::SortOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  launchAlone(op, "sort", countEntries(b, op.getKeys()), b, former);
  op.erase();
}

void formDeviceScatter(tile::ScatterOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value updates = b.createOrFold<memref::DimOp>(op.getPlaces(), 0);
  Value columns = b.createOrFold<memref::DimOp>(op.getOuts(), 1);
  launchRows(b, former, "scatter", TeamKind::Block, updates, columns, getOperands(op),
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value) { k.clone(*op, mapping); });
  op.erase();
}

} // namespace moec::codegen
