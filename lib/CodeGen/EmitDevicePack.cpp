//===- EmitDevicePack.cpp - Panels that a device makes -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/DeviceProductSchedule.h"
#include "lib/CodeGen/LoopBuilder.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace moec::codegen {

void emitDevicePack(tile::PackOp op) {
  LoopBuilder b(op.getLoc(), op);
  Type element = getElementTypeOrSelf(op.getSource().getType());
  auto divide = [&](Value value, Value by) {
    return arith::DivUIOp::create(b, value, by).getResult();
  };
  auto rest = [&](Value value, Value by) {
    return arith::RemUIOp::create(b, value, by).getResult();
  };
  bool isTransposed = op.getTransposed();
  Value depth = b.createOrFold<memref::DimOp>(op.getSource(), isTransposed ? 2 : 1);
  Value columns = b.createOrFold<memref::DimOp>(op.getSource(), isTransposed ? 1 : 2);
  Value group = b.index(element.isBF16() ? 2 : 1), width = b.index(productPanelColumns);
  Value groups = b.createOrFold<arith::CeilDivUIOp>(depth, group);
  Value panels = b.createOrFold<arith::CeilDivUIOp>(columns, width);
  Value block = gpu::BlockIdOp::create(b, gpu::Dimension::x);
  Value threads = gpu::BlockDimOp::create(b, gpu::Dimension::x);
  Value first = b.add(arith::MulIOp::create(b, block, threads),
                      gpu::ThreadIdOp::create(b, gpu::Dimension::x));
  Value step = arith::MulIOp::create(b, threads, gpu::GridDimOp::create(b, gpu::Dimension::x));
  Value elements = b.createOrFold<memref::DimOp>(op.getOuts(), 0);
  auto loop = scf::ForOp::create(b, first, elements, step);
  b.setInsertionPointToStart(loop.getBody());
  // [slab][panel][group of summands][column][summand of the group]
  Value at = loop.getInductionVar();
  Value inGroup = rest(at, group), left = divide(at, group);
  Value column = rest(left, width);
  left = divide(left, width);
  Value k = b.add(arith::MulIOp::create(b, rest(left, groups), group), inGroup);
  left = divide(left, groups);
  column = b.add(b.mul(rest(left, panels), productPanelColumns), column);
  Value slab = divide(left, panels);
  Value isThere = arith::AndIOp::create(b, b.isLess(k, depth), b.isLess(column, columns));
  Value value =
      b.choose(
           isThere, element,
           [&]() -> SmallVector<Value> {
             SmallVector<Value> place{slab, isTransposed ? column : k, isTransposed ? k : column};
             return {memref::LoadOp::create(b, op.getSource(), place)};
           },
           [&]() -> SmallVector<Value> {
             return {arith::ConstantOp::create(b, b.getZeroAttr(element))};
           })
          .front();
  memref::StoreOp::create(b, value, op.getOuts(), at);
}

} // namespace moec::codegen
