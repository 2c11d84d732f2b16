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

/// The range between entry `at` of `ranges` and the next.
static RowRange loadRange(ImplicitLocOpBuilder &b, Value ranges, Value at) {
  auto load = [&](Value at) -> Value {
    return arith::IndexCastOp::create(b, b.getIndexType(),
                                      memref::LoadOp::create(b, ranges, ValueRange{at}));
  };
  Value start = load(at);
  Value next = arith::AddIOp::create(b, at, arith::ConstantIndexOp::create(b, 1));
  return {start, arith::SubIOp::create(b, load(next), start)};
}

/// Whether (i1) a range has rows.
static Value emitHasRows(ImplicitLocOpBuilder &b, RowRange range) {
  return arith::CmpIOp::create(b, arith::CmpIPredicate::sgt, range.rows,
                               arith::ConstantIndexOp::create(b, 0));
}

void forEachRange(ImplicitLocOpBuilder &b, Value ranges, Value count, Value first, Value end,
                  function_ref<void(Value, RowRange)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  auto loop = scf::ForOp::create(b, first, end, one);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value g = loop.getInductionVar();
  RowRange range = ranges ? loadRange(b, ranges, g) : RowRange{zero, count};
  auto conditional = scf::IfOp::create(b, emitHasRows(b, range), /*withElseRegion=*/false);
  b.setInsertionPointToStart(conditional.thenBlock());
  body(g, range);
}

/// The loop behind forEachFilledRange and countFilledRanges; returns their number.
static Value emitFilledRanges(ImplicitLocOpBuilder &b, Value ranges,
                              function_ref<void(Value, Value, Value, RowRange)> body) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value numRanges = arith::SubIOp::create(b, memref::DimOp::create(b, ranges, 0), one);
  auto loop = scf::ForOp::create(b, zero, numRanges, one, ValueRange{zero});
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value g = loop.getInductionVar(), ordinal = loop.getRegionIterArg(0);
  RowRange range = loadRange(b, ranges, g);
  Value hasRows = emitHasRows(b, range);
  body(hasRows, g, ordinal, range);
  Value counted = arith::AddIOp::create(b, ordinal, arith::SelectOp::create(b, hasRows, one, zero));
  scf::YieldOp::create(b, counted);
  return loop.getResult(0);
}

void forEachFilledRange(ImplicitLocOpBuilder &b, Value ranges,
                        function_ref<void(Value, Value, RowRange)> body) {
  emitFilledRanges(b, ranges, [&](Value hasRows, Value g, Value ordinal, RowRange range) {
    auto conditional = scf::IfOp::create(b, hasRows, /*withElseRegion=*/false);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(conditional.thenBlock());
    body(g, ordinal, range);
  });
}

Value countFilledRanges(ImplicitLocOpBuilder &b, Value ranges) {
  return emitFilledRanges(b, ranges, [](Value, Value, Value, RowRange) {});
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
