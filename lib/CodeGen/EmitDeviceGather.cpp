//===- EmitDeviceGather.cpp - Weighted sums of rows on a device -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/RowAlignment.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;

namespace moec::codegen {
namespace {

struct DeviceGatherEmitter {
  tile::WeightedGatherOp op;
  const RowTeam &team;
  LoopBuilder b;
  Value zero;

  DeviceGatherEmitter(tile::WeightedGatherOp op, const RowTeam &team)
      : op(op), team(team), b(op.getLoc(), op), zero(b.index(0)) {}

  Type elementOf(Value memref) { return cast<MemRefType>(memref.getType()).getElementType(); }

  /// `type` for one column, a vector of it for more.
  static Type typeFor(int64_t width, Type type) {
    return width == 1 ? type : VectorType::get({width}, type);
  }
  Value extend(Value value, Type type) {
    return value.getType() == type ? value : arith::ExtFOp::create(b, type, value).getResult();
  }
  Value round(Value value, Type type) {
    return value.getType() == type ? value : arith::TruncFOp::create(b, type, value).getResult();
  }

  llvm::MaybeAlign getAlignment(Value memref, int64_t width) {
    if (!hasAlignedRows(memref, width))
      return {};
    int64_t bytes = width * elementOf(memref).getIntOrFloatBitWidth() / 8;
    return llvm::Align(std::min(bytes, widestAccess));
  }

  void emit() {
    Value columns = memref::DimOp::create(b, op.getOuts(), 1), whole = zero;
    auto from = [&](int64_t width) { return b.mul(team.first, width); };
    auto forOwn = [&](Value start, Value end, int64_t width) {
      auto loop = scf::ForOp::create(b, start, end, b.mul(team.size, width));
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      emitColumns(loop.getInductionVar(), width);
    };
    if (team.width > 1) {
      whole = b.mul(b.div(columns, team.width), team.width);
      forOwn(from(team.width), whole, team.width);
    }
    forOwn(b.add(whole, team.first), columns, 1);
  }

  void emitColumns(Value column, int64_t width) {
    Type sumType = typeFor(width, b.getF32Type());
    Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(sumType));
    Value choices = memref::DimOp::create(b, op.getPlaces(), 1);
    auto loop = scf::ForOp::create(b, zero, choices, b.index(1), nothing);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(loop.getBody());
      Value choice = loop.getInductionVar(), sum = loop.getRegionIterArg(0);
      Value place = memref::LoadOp::create(b, op.getPlaces(), ValueRange{zero, choice});
      Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
      Value isKept = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, place, none);
      auto next = b.choose(
          isKept, TypeRange{sumType},
          [&]() -> SmallVector<Value> {
            Value row = arith::IndexCastOp::create(b, b.getIndexType(), place);
            return {arith::AddFOp::create(b, sum, emitTerm(choice, row, column, width))};
          },
          [&]() -> SmallVector<Value> { return {sum}; });
      scf::YieldOp::create(b, next);
    }
    Value result = round(loop.getResult(0), typeFor(width, elementOf(op.getOuts())));
    Value at[] = {zero, column};
    if (width == 1)
      memref::StoreOp::create(b, result, op.getOuts(), at);
    else
      vector::StoreOp::create(b, result, op.getOuts(), at, /*nontemporal=*/false,
                              getAlignment(op.getOuts(), width));
  }

  Value emitTerm(Value choice, Value row, Value column, int64_t width) {
    Type f32 = typeFor(width, b.getF32Type());
    Value weight = extend(memref::LoadOp::create(b, op.getWeights(), ValueRange{zero, choice}),
                          b.getF32Type());
    Value at[] = {row, column}, values;
    if (width == 1) {
      values = memref::LoadOp::create(b, op.getRows(), at);
    } else {
      auto stored = VectorType::get({width}, elementOf(op.getRows()));
      values = vector::LoadOp::create(b, stored, op.getRows(), at, /*nontemporal=*/false,
                                      getAlignment(op.getRows(), width));
      weight = vector::BroadcastOp::create(b, f32, weight);
    }
    Value term = arith::MulFOp::create(b, weight, extend(values, f32));
    if (std::optional<Type> type = op.getTerm())
      term = extend(round(term, typeFor(width, *type)), f32);
    return term;
  }
};

} // namespace

void emitDeviceGather(tile::WeightedGatherOp op, const RowTeam &team) {
  DeviceGatherEmitter(op, team).emit();
}

} // namespace moec::codegen
