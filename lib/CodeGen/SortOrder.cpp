//===- SortOrder.cpp - The order of a sort -------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/SortOrder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {

Value loadSortKey(ImplicitLocOpBuilder &b, tile::SortOp op, ValueRange point) {
  Value key = memref::LoadOp::create(b, op.getKeys(), point);
  if (key.getType().isF16() || key.getType().isBF16())
    key = arith::ExtFOp::create(b, b.getF32Type(), key);
  return key;
}

static Value isLess(ImplicitLocOpBuilder &b, tile::SortOp op, Value x, Value y) {
  if (!isa<FloatType>(x.getType()))
    return arith::CmpIOp::create(
        b, op.getUnsignedKeys() ? arith::CmpIPredicate::ult : arith::CmpIPredicate::slt, x, y);
  // NaN comes last: above every number, or below.
  Value number = op.getDescending() ? y : x;
  Value isNumber = arith::CmpFOp::create(b, arith::CmpFPredicate::ORD, number, number);
  return arith::AndIOp::create(b, isNumber,
                               arith::CmpFOp::create(b, arith::CmpFPredicate::ULT, x, y));
}

Value emitPrecedes(ImplicitLocOpBuilder &b, tile::SortOp op, SortElement x, SortElement y) {
  Value less = isLess(b, op, x.key, y.key), greater = isLess(b, op, y.key, x.key);
  Value before = op.getDescending() ? greater : less, after = op.getDescending() ? less : greater;
  Value isLower = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, x.position, y.position);
  Value no = arith::ConstantOp::create(b, b.getBoolAttr(false));
  return arith::OrIOp::create(b, before, arith::SelectOp::create(b, after, no, isLower));
}

} // namespace moec::codegen
