//===- EmitScan.cpp - Running sums ------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AlongAxis.h"
#include "lib/CodeGen/Emitters.h"

using namespace mlir;

namespace moec::codegen {

void emitScanChain(ImplicitLocOpBuilder &b, tile::ScanOp op, ArrayRef<Value> indices) {
  OpBuilder::InsertionGuard guard(b);
  int64_t axis = op.getAxis();
  Type element = getElementTypeOrSelf(op.getRows().getType()), type = element;
  bool isFloat = isa<FloatType>(element);
  if (element.isF16() || element.isBF16())
    type = b.getF32Type();
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value size = memref::DimOp::create(b, op.getRows(), axis);
  Value last = arith::SubIOp::create(b, size, one);
  Value start = arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
  auto loop = scf::ForOp::create(b, zero, size, one, ValueRange{start});
  b.setInsertionPointToStart(loop.getBody());
  Value position = loop.getInductionVar(), before = loop.getRegionIterArg(0);
  if (op.getReverse())
    position = arith::SubIOp::create(b, last, position);
  SmallVector<Value> point = at(indices, axis, position);
  Value term = memref::LoadOp::create(b, op.getRows(), point);
  if (type != element)
    term = arith::ExtFOp::create(b, type, term);
  Value sum = isFloat ? arith::AddFOp::create(b, before, term).getResult()
                      : arith::AddIOp::create(b, before, term).getResult();
  Value result = op.getExclusive() ? before : sum;
  if (type != element)
    result = arith::TruncFOp::create(b, element, result);
  memref::StoreOp::create(b, result, op.getOuts(), point);
  scf::YieldOp::create(b, sum);
}

void emitScan(tile::ScanOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  forEachRow(b, op.getRows(), op.getAxis(),
             [&](ArrayRef<Value> indices) { emitScanChain(b, op, indices); });
}

} // namespace moec::codegen
