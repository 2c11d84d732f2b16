//===- DeviceTiles.cpp - Kernels of ops on whole matrices ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceTiles.h"

#include "lib/CodeGen/DeviceRanks.h"
#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
namespace {

LaunchOperands getOperands(Operation *op) {
  LaunchOperands operands;
  for (Value operand : op->getOperands())
    operands.add(operand);
  return operands;
}

/// A thread per entry in whole warps, as far as a block goes.
Value emitRankThreads(ImplicitLocOpBuilder &b, Value entries) {
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  Value warps = b.createOrFold<arith::CeilDivUIOp>(entries, index(warpSize));
  warps = b.createOrFold<arith::MaxUIOp>(warps, index(1));
  warps = b.createOrFold<arith::MinUIOp>(warps, index(mostRankThreads / warpSize));
  return b.createOrFold<arith::MulIOp>(warps, index(warpSize));
}

} // namespace

void formDeviceBucket(tile::BucketOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value entries = b.createOrFold<arith::MulIOp>(b.createOrFold<memref::DimOp>(op.getKeys(), 0),
                                                b.createOrFold<memref::DimOp>(op.getKeys(), 1));
  DeviceGrid grid;
  grid.gridX = b.createOrFold<memref::DimOp>(op.getOffsets(), 0);
  grid.blockX = emitRankThreads(b, entries);
  grid.mostThreads = mostRankThreads;
  former.launch(b, "bucket", TeamKind::Block, grid, getOperands(op),
                [&](ImplicitLocOpBuilder &k, IRMapping &mapping) { k.clone(*op, mapping); });
  op.erase();
}

} // namespace moec::codegen
