//===- RowBlocks.cpp - Cutting ranges of rows into blocks ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RowBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace moec::codegen {

RowBlocks::RowBlocks(ImplicitLocOpBuilder &b, Value rows, const IsaLevel &level) {
  Value height = arith::ConstantIndexOp::create(b, level.blockRows);
  count = arith::CeilDivUIOp::create(b, rows, height);
  rowsOfSmall = arith::DivUIOp::create(b, rows, count);
  numLarge = arith::RemUIOp::create(b, rows, count);
}

Value RowBlocks::getStart(ImplicitLocOpBuilder &b, Value block) const {
  Value larger = arith::MinUIOp::create(b, block, numLarge);
  return arith::AddIOp::create(b, arith::MulIOp::create(b, block, rowsOfSmall), larger);
}

Value RowBlocks::getRows(ImplicitLocOpBuilder &b, Value block) const {
  Value isLarge = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, block, numLarge);
  Value one = arith::ConstantIndexOp::create(b, 1), zero = arith::ConstantIndexOp::create(b, 0);
  return arith::AddIOp::create(b, rowsOfSmall, arith::SelectOp::create(b, isLarge, one, zero));
}

void forEachRange(ImplicitLocOpBuilder &b, Value ranges, Value count, Value first, Value end,
                  function_ref<void(Value, RowRange)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, first, end, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value g = loop.getInductionVar();
  RowRange range{zero, count};
  if (ranges) {
    auto load = [&](Value at) -> Value {
      return arith::IndexCastOp::create(b, b.getIndexType(),
                                        memref::LoadOp::create(b, ranges, ValueRange{at}));
    };
    range.start = load(g);
    range.rows = arith::SubIOp::create(b, load(arith::AddIOp::create(b, g, one)), range.start);
  }
  Value hasRows = arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, range.rows, zero);
  auto conditional = scf::IfOp::create(b, hasRows, /*withElseRegion=*/false);
  b.setInsertionPointToStart(conditional.thenBlock());
  body(g, range);
}

void forEachEqualRange(ImplicitLocOpBuilder &b, Value batch, Value count, Value first, Value end,
                       function_ref<void(Value, RowRange)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value rows = arith::DivUIOp::create(b, count, arith::MaxUIOp::create(b, batch, one));
  Value hasRows = arith::CmpIOp::create(b, arith::CmpIPredicate::ne, rows, zero);
  auto conditional = scf::IfOp::create(b, hasRows, /*withElseRegion=*/false);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(conditional.thenBlock());
  auto loop = scf::ForOp::create(b, first, end, one);
  b.setInsertionPointToStart(loop.getBody());
  Value g = loop.getInductionVar();
  body(g, {arith::MulIOp::create(b, g, rows), rows});
}

} // namespace moec::codegen
