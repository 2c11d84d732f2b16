//===- DeviceAttention.cpp - Kernels of attention on a device - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttention.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/RowAlignment.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

static int64_t countHeads(Value memref, tile::HeadLayout layout) {
  return cast<MemRefType>(memref.getType()).getDimSize(getHeadDim(layout, 1));
}

int64_t countKeyHeads(tile::AttentionOp op) { return countHeads(op.getKey(), op.getKeyLayout()); }

int64_t getGroupSize(tile::AttentionOp op) {
  return countHeads(op.getQuery(), op.getQueryLayout()) / countKeyHeads(op);
}

/// The most elements, up to 16 bytes, of which every row of `memref` is a whole number, at
/// multiples of as many.
static int64_t chooseWidth(Value memref) {
  auto type = cast<MemRefType>(memref.getType());
  int64_t size = type.getShape().back();
  int64_t width = widestAccess * 8 / type.getElementTypeBitWidth();
  if (ShapedType::isDynamic(size))
    return 1;
  while (width > 1 && (size % width != 0 || !hasAlignedRows(memref, width)))
    width /= 2;
  return width;
}

void formDeviceAttention(tile::AttentionOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  auto size = [&](Value memref, tile::HeadLayout layout, int64_t dim) {
    return b.createOrFold<memref::DimOp>(memref, getHeadDim(layout, dim));
  };
  Value rows = b.createOrFold<arith::MulIOp>(size(op.getQuery(), op.getQueryLayout(), 2),
                                             index(getGroupSize(op)));
  Value tiles = b.createOrFold<arith::CeilDivUIOp>(rows, index(deviceQueryRows));
  Value heads = b.createOrFold<arith::MulIOp>(size(op.getQuery(), op.getQueryLayout(), 0),
                                              index(countKeyHeads(op)));
  DeviceGrid grid;
  grid.gridX = b.createOrFold<arith::MulIOp>(heads, tiles);
  grid.blockX = index(deviceAttentionThreads);
  LaunchOperands operands;
  for (Value operand : op->getOperands())
    operands.add(operand);
  // Views that prove alignment are the host's.
  int64_t widths[] = {chooseWidth(op.getQuery()), chooseWidth(op.getKey()),
                      chooseWidth(op.getValue())};
  former.launch(b, "attention", /*mark=*/std::nullopt, grid, operands,
                [&](ImplicitLocOpBuilder &k, IRMapping &mapping) {
                  Operation *clone = k.clone(*op, mapping);
                  clone->setAttr(widthsAttrName, k.getDenseI64ArrayAttr(widths));
                  Operation *kernel = clone->getParentOp();
                  kernel->setAttr(queryRowsAttrName, k.getI64IntegerAttr(deviceQueryRows));
                  // As many registers as there are: ptxas would rather spill a few than have fewer
                  // blocks on an SM.
                  kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), k.getI32IntegerAttr(1));
                });
  op.erase();
}

} // namespace moec::codegen
