//===- EmitScatter.cpp - Scattered rows and compaction -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/RowOperands.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {

Value emitCombine(ImplicitLocOpBuilder &b, tile::Combine combine, Value old, Value update) {
  bool isFloat = isa<FloatType>(getElementTypeOrSelf(update.getType()));
  switch (combine) {
  case tile::Combine::Replace:
    return update;
  case tile::Combine::Add:
    return isFloat ? arith::AddFOp::create(b, old, update).getResult()
                   : arith::AddIOp::create(b, old, update).getResult();
  case tile::Combine::Mul:
    return isFloat ? arith::MulFOp::create(b, old, update).getResult()
                   : arith::MulIOp::create(b, old, update).getResult();
  case tile::Combine::Min:
    return isFloat ? arith::MinimumFOp::create(b, old, update).getResult()
                   : arith::MinSIOp::create(b, old, update).getResult();
  case tile::Combine::Max:
    return isFloat ? arith::MaximumFOp::create(b, old, update).getResult()
                   : arith::MaxSIOp::create(b, old, update).getResult();
  case tile::Combine::MinU:
    return arith::MinUIOp::create(b, old, update);
  case tile::Combine::MaxU:
    return arith::MaxUIOp::create(b, old, update);
  }
  return update;
}

namespace {

/// Columns of one kind: vectors, then what is left one by one.
struct ScatterEmitter {
  tile::ScatterOp op;
  ImplicitLocOpBuilder b;
  Value zero, one;

  explicit ScatterEmitter(tile::ScatterOp op) : op(op), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
  }

  void loop(Value begin, Value end, Value step, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, begin, end, step);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  void emit() {
    auto type = cast<MemRefType>(op.getOuts().getType());
    bool onVectors = hasContiguousRows(type) &&
                     hasContiguousRows(cast<MemRefType>(op.getUpdates().getType())) &&
                     (type.isDynamicDim(1) || type.getDimSize(1) >= rowLanes);
    auto vector = VectorType::get({rowLanes}, type.getElementType());
    Value rows = memref::DimOp::create(b, op.getPlaces(), 0);
    Value columns = b.createOrFold<memref::DimOp>(op.getOuts(), 1);
    Value lanes = arith::ConstantIndexOp::create(b, rowLanes), whole = zero;
    if (onVectors)
      whole = arith::MulIOp::create(b, arith::DivUIOp::create(b, columns, lanes), lanes);
    loop(zero, rows, one, [&](Value row) {
      Value place = arith::IndexCastOp::create(
          b, b.getIndexType(), memref::LoadOp::create(b, op.getPlaces(), ValueRange{row}));
      if (onVectors)
        loop(zero, whole, lanes, [&](Value column) {
          Value old,
              update = vector::LoadOp::create(b, vector, op.getUpdates(), ValueRange{row, column});
          if (op.getCombine() != tile::Combine::Replace)
            old = vector::LoadOp::create(b, vector, op.getOuts(), ValueRange{place, column});
          vector::StoreOp::create(b, emitCombine(b, op.getCombine(), old, update), op.getOuts(),
                                  ValueRange{place, column});
        });
      loop(whole, columns, one, [&](Value column) {
        Value old, update = memref::LoadOp::create(b, op.getUpdates(), ValueRange{row, column});
        if (op.getCombine() != tile::Combine::Replace)
          old = memref::LoadOp::create(b, op.getOuts(), ValueRange{place, column});
        memref::StoreOp::create(b, emitCombine(b, op.getCombine(), old, update), op.getOuts(),
                                ValueRange{place, column});
      });
    });
  }
};

} // namespace

void emitScatter(tile::ScatterOp op) { ScatterEmitter(op).emit(); }

/// Without branches: every position is written to the next free place, which
/// moves on only where the flag is set. Places are checked, since the positions
/// after the last one that is set find none.
void emitCompact(tile::CompactOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value count = memref::DimOp::create(b, op.getFlags(), 0);
  Value places = memref::DimOp::create(b, op.getOuts(), 0);
  Type element = cast<MemRefType>(op.getOuts().getType()).getElementType();
  auto loop = scf::ForOp::create(b, zero, count, one, ValueRange{zero});
  b.setInsertionPointToStart(loop.getBody());
  Value at = loop.getInductionVar(), next = loop.getRegionIterArg(0);
  Value hasPlace = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, next, places);
  auto conditional = scf::IfOp::create(b, hasPlace, /*withElseRegion=*/false);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(conditional.thenBlock());
    memref::StoreOp::create(b, arith::IndexCastOp::create(b, element, at), op.getOuts(),
                            ValueRange{next});
  }
  Value flag = memref::LoadOp::create(b, op.getFlags(), ValueRange{at});
  Value step = arith::IndexCastUIOp::create(b, b.getIndexType(), flag);
  scf::YieldOp::create(b, arith::AddIOp::create(b, next, step).getResult());
}

} // namespace moec::codegen
