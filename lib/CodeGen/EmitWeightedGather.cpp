//===- EmitWeightedGather.cpp - Sums of gathered rows --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/FirstLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Columns at once, at every level; LLVM splits them where registers are narrower.
constexpr int64_t lanes = 16;

struct WeightedGatherEmitter {
  tile::WeightedGatherOp op;
  ImplicitLocOpBuilder b;
  Value zero, one;

  explicit WeightedGatherEmitter(tile::WeightedGatherOp op) : op(op), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
  }

  static Type vectorOf(Type type) { return VectorType::get({lanes}, type); }

  Value extend(Value value, Type type) {
    if (value.getType() == type)
      return value;
    return arith::ExtFOp::create(b, type, value);
  }
  Value round(Value value, Type type) {
    if (value.getType() == type)
      return value;
    return arith::TruncFOp::create(b, type, value);
  }

  void emit() {
    Value rows = memref::DimOp::create(b, op.getOuts(), 0);
    Value columns = memref::DimOp::create(b, op.getOuts(), 1);
    Value step = arith::ConstantIndexOp::create(b, lanes);
    Value whole = arith::MulIOp::create(b, arith::DivUIOp::create(b, columns, step), step);
    auto overRows = scf::ForOp::create(b, zero, rows, one);
    b.setInsertionPointToStart(overRows.getBody());
    Value row = overRows.getInductionVar();
    emitColumns(row, zero, whole, step);
    Value rest = arith::SubIOp::create(b, columns, whole);
    Value hasRest = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rest, zero);
    auto tail = scf::IfOp::create(b, hasRest, /*withElseRegion=*/false);
    b.setInsertionPointToStart(tail.thenBlock());
    emitColumn(row, whole, rest);
  }

  void emitColumns(Value row, Value from, Value to, Value step) {
    auto loop = scf::ForOp::create(b, from, to, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    emitColumn(row, loop.getInductionVar(), /*valid=*/Value());
  }

  /// 16 columns of one row, or the first `valid` of them.
  void emitColumn(Value row, Value column, Value valid) {
    Type sumType = vectorOf(b.getF32Type());
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(sumType));
    Value choices = memref::DimOp::create(b, op.getPlaces(), 1);
    auto loop = scf::ForOp::create(b, zero, choices, one, ValueRange{nothing});
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value choice = loop.getInductionVar(), sum = loop.getRegionIterArg(0);
      Value place = memref::LoadOp::create(b, op.getPlaces(), ValueRange{row, choice});
      Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
      Value isKept = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, place, none);
      auto kept = scf::IfOp::create(b, TypeRange{sumType}, isKept, /*withElseRegion=*/true);
      {
        OpBuilder::InsertionGuard inner(b);
        b.setInsertionPointToStart(kept.thenBlock());
        Value at = arith::IndexCastOp::create(b, b.getIndexType(), place);
        scf::YieldOp::create(
            b, arith::AddFOp::create(b, sum, emitTerm(row, choice, at, column, valid)).getResult());
        b.setInsertionPointToStart(kept.elseBlock());
        scf::YieldOp::create(b, sum);
      }
      scf::YieldOp::create(b, kept.getResult(0));
    }
    Value result = round(loop.getResult(0),
                         vectorOf(cast<MemRefType>(op.getOuts().getType()).getElementType()));
    if (valid)
      storeFirstLanes(b, result, op.getOuts(), {row, column}, valid);
    else
      vector::StoreOp::create(b, result, op.getOuts(), ValueRange{row, column});
  }

  Value emitTerm(Value row, Value choice, Value place, Value column, Value valid) {
    Type f32 = vectorOf(b.getF32Type());
    Value weight =
        extend(memref::LoadOp::create(b, op.getWeights(), ValueRange{row, choice}), b.getF32Type());
    auto stored =
        VectorType::get({lanes}, cast<MemRefType>(op.getRows().getType()).getElementType());
    Value at[] = {place, column};
    Value values;
    if (valid)
      values = loadFirstLanes(b, stored, op.getRows(), at, valid);
    else
      values = vector::LoadOp::create(b, stored, op.getRows(), at);
    Value term =
        arith::MulFOp::create(b, vector::BroadcastOp::create(b, f32, weight), extend(values, f32));
    if (std::optional<Type> type = op.getTerm())
      term = extend(round(term, vectorOf(*type)), f32);
    return term;
  }
};
} // namespace

void emitWeightedGather(tile::WeightedGatherOp op) { WeightedGatherEmitter(op).emit(); }

} // namespace moec::codegen
