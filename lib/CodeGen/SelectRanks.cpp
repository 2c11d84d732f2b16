//===- SelectRanks.cpp - One order of the entries of a row ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/SelectRanks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace moec::codegen {

static Value constant(ImplicitLocOpBuilder &b, Type type, int64_t value) {
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
}

Value emitSelectRank(ImplicitLocOpBuilder &b, Value entry, Value column, tile::Tie tie) {
  Type i32 = b.getI32Type(), i64 = b.getI64Type(), f32 = b.getF32Type();
  if (entry.getType() != f32)
    entry = arith::ExtFOp::create(b, f32, entry);
  // Adding +0 turns -0 into +0.
  Value plusZero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
  Value bits = arith::BitcastOp::create(b, i32, arith::AddFOp::create(b, entry, plusZero));
  Value sign = arith::ShRSIOp::create(b, bits, constant(b, i32, 31));
  Value flipped =
      arith::XOrIOp::create(b, bits, arith::AndIOp::create(b, sign, constant(b, i32, 0x7fffffff)));
  Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, entry, entry);
  Value order = arith::SelectOp::create(b, isNaN, constant(b, i32, INT32_MIN), flipped);
  Value high =
      arith::ShLIOp::create(b, arith::ExtSIOp::create(b, i64, order), constant(b, i64, 32));
  Value low = arith::IndexCastOp::create(b, i64, column);
  if (tie == tile::Tie::LowerIndex)
    low = arith::SubIOp::create(b, constant(b, i64, UINT32_MAX), low);
  return arith::OrIOp::create(b, high, low);
}

Value emitRankedColumn(ImplicitLocOpBuilder &b, Value rank, tile::Tie tie) {
  Value mask = constant(b, b.getI64Type(), UINT32_MAX);
  Value low = arith::AndIOp::create(b, rank, mask);
  return tie == tile::Tie::LowerIndex ? arith::SubIOp::create(b, mask, low).getResult() : low;
}

} // namespace moec::codegen
