//===- EmitDeviceScan.cpp - Running sums on a device ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AlongAxis.h"
#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/LoopBuilder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Integers, whose sums have no order: 32 at a time, each added up over the lanes
/// below it, and a carry from one step to the next.
void emitWarpScan(LoopBuilder &b, tile::ScanOp op, const RowTeam &team, ArrayRef<Value> indices) {
  OpBuilder::InsertionGuard guard(b);
  int64_t axis = op.getAxis();
  Type type = cast<MemRefType>(op.getRows().getType()).getElementType();
  Value none = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value size = memref::DimOp::create(b, op.getRows(), axis);
  auto loop = scf::ForOp::create(b, b.index(0), size, b.index(warpSize), none);
  b.setInsertionPointToStart(loop.getBody());
  Value step = b.add(loop.getInductionVar(), team.first), carry = loop.getRegionIterArg(0);
  Value isIn = b.isLess(step, size);
  Value position = op.getReverse() ? b.sub(b.sub(size, 1), step) : step;
  SmallVector<Value> point = at(indices, axis, position);
  Value term = b.choose(
      isIn, TypeRange{type},
      [&]() -> SmallVector<Value> { return {memref::LoadOp::create(b, op.getRows(), point)}; },
      [&]() -> SmallVector<Value> { return {none}; })[0];
  Value sum = term;
  for (int64_t distance = 1; distance < warpSize; distance *= 2) {
    Value other = emitShuffle(b, sum, NVVM::ShflKind::up, distance);
    Value isFirst = b.isLess(team.first, b.index(distance));
    sum = b.add(sum, arith::SelectOp::create(b, isFirst, none, other));
  }
  sum = b.add(carry, sum);
  b.when(isIn, [&] {
    Value result = op.getExclusive() ? b.sub(sum, term) : sum;
    memref::StoreOp::create(b, result, op.getOuts(), point);
  });
  scf::YieldOp::create(b, emitShuffle(b, sum, NVVM::ShflKind::idx, warpSize - 1));
}

} // namespace

void emitDeviceScan(tile::ScanOp op, const RowTeam &team) {
  LoopBuilder b(op.getLoc(), op);
  if (team.kind == TeamKind::Alone)
    return forSomeRows(b, op.getRows(), op.getAxis(), team.first, team.size,
                       [&](ArrayRef<Value> indices) { emitScanChain(b, op, indices); });
  forEachRow(b, op.getRows(), op.getAxis(),
             [&](ArrayRef<Value> indices) { emitWarpScan(b, op, team, indices); });
}

} // namespace moec::codegen
