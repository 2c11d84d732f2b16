//===- EmitSelect.cpp - Row-wise top-k ------------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Ranks (entry, column) pairs by one signed 64-bit number: the high half orders
/// entries as f32 does with NaN below everything and -0 equal to +0, the low
/// half breaks ties. All ranks of a row differ, so a choice is the largest rank
/// below the choice before it, and k columns are always found.
struct SelectEmitter {
  tile::SelectOp op;
  ImplicitLocOpBuilder b;
  Value zero, one, columns;
  Type i32, i64;

  explicit SelectEmitter(tile::SelectOp op) : op(op), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
    columns = memref::DimOp::create(b, op.getKeys(), 1);
    i32 = b.getI32Type();
    i64 = b.getI64Type();
  }

  Value constant(Type type, int64_t value) {
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
  }

  /// An integer that orders as the f32 `value` does.
  Value orderOf(Value value) {
    if (!value.getType().isF32())
      value = arith::ExtFOp::create(b, b.getF32Type(), value);
    Value plusZero = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    value = arith::AddFOp::create(b, value, plusZero);
    Value bits = arith::BitcastOp::create(b, i32, value);
    Value sign = arith::ShRSIOp::create(b, bits, constant(i32, 31));
    Value flipped =
        arith::XOrIOp::create(b, bits, arith::AndIOp::create(b, sign, constant(i32, 0x7fffffff)));
    Value isNaN = arith::CmpFOp::create(b, arith::CmpFPredicate::UNO, value, value);
    return arith::SelectOp::create(b, isNaN, constant(i32, INT32_MIN), flipped);
  }

  Value rankOf(Value row, Value column) {
    Value order = orderOf(memref::LoadOp::create(b, op.getKeys(), ValueRange{row, column}));
    Value high = arith::ShLIOp::create(b, arith::ExtSIOp::create(b, i64, order), constant(i64, 32));
    Value low = arith::IndexCastOp::create(b, i64, column);
    if (op.getTie() == tile::Tie::LowerIndex)
      low = arith::SubIOp::create(b, constant(i64, UINT32_MAX), low);
    return arith::OrIOp::create(b, high, low);
  }

  Value columnOf(Value rank) {
    Value low = arith::AndIOp::create(b, rank, constant(i64, UINT32_MAX));
    if (op.getTie() == tile::Tie::LowerIndex)
      low = arith::SubIOp::create(b, constant(i64, UINT32_MAX), low);
    return low;
  }

  void emit() {
    Value rows = memref::DimOp::create(b, op.getKeys(), 0);
    Value k = memref::DimOp::create(b, op.getIds(), 1);
    auto overRows = scf::ForOp::create(b, zero, rows, one);
    b.setInsertionPointToStart(overRows.getBody());
    Value row = overRows.getInductionVar();
    auto overChoices = scf::ForOp::create(b, zero, k, one, ValueRange{constant(i64, INT64_MAX)});
    b.setInsertionPointToStart(overChoices.getBody());
    Value before = overChoices.getRegionIterArg(0);
    Value best = emitLargestBelow(row, before);
    Value column = columnOf(best), choice = overChoices.getInductionVar();
    memref::StoreOp::create(b, arith::TruncIOp::create(b, i32, column), op.getIds(),
                            ValueRange{row, choice});
    Value at = arith::IndexCastOp::create(b, b.getIndexType(), column);
    Value source = op.getSource() ? op.getSource() : op.getKeys();
    memref::StoreOp::create(b, memref::LoadOp::create(b, source, ValueRange{row, at}),
                            op.getValues(), ValueRange{row, choice});
    scf::YieldOp::create(b, best);
  }

  Value emitLargestBelow(Value row, Value before) {
    auto loop = scf::ForOp::create(b, zero, columns, one, ValueRange{constant(i64, INT64_MIN)});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value best = loop.getRegionIterArg(0);
    Value rank = rankOf(row, loop.getInductionVar());
    Value isOpen = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rank, before);
    Value larger = arith::MaxSIOp::create(b, rank, best);
    scf::YieldOp::create(b, arith::SelectOp::create(b, isOpen, larger, best).getResult());
    return loop.getResult(0);
  }
};
} // namespace

void emitSelect(tile::SelectOp op) { SelectEmitter(op).emit(); }

} // namespace moec::codegen
