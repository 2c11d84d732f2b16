//===- EmitPackRows.cpp - Rows into blocks for panel kernels - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/RowBlocks.h"
#include "lib/CodeGen/SquareTranspose.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

namespace {
/// Index arithmetic and row accesses of one packing loop.
struct PackRowsEmitter {
  tile::PackRowsOp op;
  const IsaLevel &level;
  ImplicitLocOpBuilder b;
  Value zero, one, depth, summands;

  PackRowsEmitter(tile::PackRowsOp op, const IsaLevel &level)
      : op(op), level(level), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
    depth = op.getDepth();
    summands = memref::DimOp::create(b, op.getRows(), 1);
  }

  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value sub(Value lhs, Value rhs) { return arith::SubIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value atLeastOne(Value value) { return arith::MaxUIOp::create(b, value, one); }

  void emit() {
    auto emitOne = [&](Value, RowRange range) { emitRange(range); };
    if (!op.getBatch())
      return forEachRange(
          b, op.getRanges(), op.getCount(), zero,
          op.getRanges() ? sub(memref::DimOp::create(b, op.getRanges(), 0), one) : one, emitOne);
    Value rows = arith::DivUIOp::create(b, op.getCount(), atLeastOne(op.getBatch()));
    Value divisor = atLeastOne(rows);
    forEachEqualRange(b, op.getBatch(), op.getCount(),
                      arith::DivUIOp::create(b, op.getBegin(), divisor),
                      arith::CeilDivUIOp::create(b, op.getEnd(), divisor), emitOne);
  }

  /// All blocks of a range whose first row belongs to this call.
  void emitRange(RowRange range) {
    RowBlocks blocks(b, range.rows, level);
    auto loop = scf::ForOp::create(b, zero, blocks.getCount(), one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value block = loop.getInductionVar();
    Value first = add(range.start, blocks.getStart(b, block));
    Value isMine = arith::AndIOp::create(
        b, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, first, op.getBegin()),
        arith::CmpIOp::create(b, arith::CmpIPredicate::slt, first, op.getEnd()));
    auto conditional = scf::IfOp::create(b, isMine, /*withElseRegion=*/false);
    b.setInsertionPointToStart(conditional.thenBlock());
    emitBlock(first, blocks.getRows(b, block));
  }

  /// Row number `row` of `rows`, from the start of all ranges.
  Value getSource(Value row) {
    if (!op.getGather())
      return row;
    return arith::IndexCastOp::create(b, b.getIndexType(),
                                      memref::LoadOp::create(b, op.getGather(), ValueRange{row}));
  }

  void emitBlock(Value first, Value rows) {
    Value base = mul(first, depth);
    Value copied = cast<MemRefType>(op.getRows().getType()).isLastDimUnitStride()
                       ? copyVectors(first, rows, base)
                       : zero;
    auto loop = scf::ForOp::create(b, zero, rows, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = getSource(add(first, loop.getInductionVar()));
    Value target = add(base, loop.getInductionVar());
    copyRow(row, target, rows, copied);
    // Summands that only the panel's pairing of k adds.
    fillRow(target, rows);
  }

  /// Copies what whole vectors hold, and returns the first summand that is left. A block of one row
  /// is packed as it stands, most blocks of a step of decoding are such; others are transposed.
  Value copyVectors(Value first, Value rows, Value base) {
    Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, rows, one);
    auto chosen = scf::IfOp::create(b, b.getIndexType(), isOne, /*withElseRegion=*/true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(chosen.thenBlock());
    scf::YieldOp::create(b, copyStraight(first, base));
    b.setInsertionPointToStart(chosen.elseBlock());
    scf::YieldOp::create(b, copySquares(first, rows, base));
    return chosen.getResult(0);
  }

  /// `lanes` summands of a row from `k` on, in f32.
  Value loadSummands(Value row, Value k) {
    auto type = cast<MemRefType>(op.getRows().getType());
    Value vector = vector::LoadOp::create(b, VectorType::get({level.lanes}, type.getElementType()),
                                          op.getRows(), ValueRange{row, k});
    if (type.getElementType().isF32())
      return vector;
    return arith::ExtFOp::create(b, VectorType::get({level.lanes}, b.getF32Type()), vector);
  }

  Value copyStraight(Value first, Value base) {
    Value row = getSource(first), width = index(level.lanes);
    Value end = mul(arith::DivUIOp::create(b, summands, width), width);
    auto loop = scf::ForOp::create(b, zero, end, width);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    vector::StoreOp::create(b, loadSummands(row, k), op.getInto(), ValueRange{add(base, k)});
    return end;
  }

  /// Transposes squares of as many summands as the level has lanes, while whole vectors may be
  /// stored: a vector reaches beyond the rows of its summand, into what later ones overwrite, and
  /// must not reach beyond the block. Returns the first summand that is left.
  Value copySquares(Value first, Value rows, Value base) {
    int64_t lanes = level.lanes;
    auto type = VectorType::get({lanes}, b.getF32Type());
    Value width = index(lanes), last = sub(rows, one);
    SmallVector<Value> sources;
    for (int64_t row = 0; row < level.blockRows; ++row)
      sources.push_back(getSource(add(first, arith::MinUIOp::create(b, index(row), last))));
    Value reach = add(index(lanes - 1), arith::CeilDivUIOp::create(b, width, rows));
    Value room = arith::MinSIOp::create(b, sub(summands, width), sub(depth, reach));
    Value fits = arith::CmpIOp::create(b, arith::CmpIPredicate::sge, room, zero);
    Value squares = add(arith::DivUIOp::create(b, arith::MaxSIOp::create(b, room, zero), width),
                        arith::SelectOp::create(b, fits, one, zero));
    Value end = mul(squares, width);

    auto loop = scf::ForOp::create(b, zero, end, width);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    SmallVector<Value> square;
    for (Value source : sources)
      square.push_back(loadSummands(source, k));
    if (static_cast<int64_t>(square.size()) < lanes)
      square.resize(lanes, ub::PoisonOp::create(b, type));
    for (auto [step, column] : llvm::enumerate(transposeSquare(b, square)))
      vector::StoreOp::create(b, column, op.getInto(),
                              ValueRange{add(base, mul(add(k, index(step)), rows))});
    return end;
  }

  void copyRow(Value row, Value target, Value stride, Value from) {
    auto loop = scf::ForOp::create(b, from, summands, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value k = loop.getInductionVar();
    Value element = memref::LoadOp::create(b, op.getRows(), ValueRange{row, k});
    if (!element.getType().isF32())
      element = arith::ExtFOp::create(b, b.getF32Type(), element);
    memref::StoreOp::create(b, element, op.getInto(), ValueRange{add(target, mul(k, stride))});
  }

  void fillRow(Value target, Value stride) {
    auto loop = scf::ForOp::create(b, summands, depth, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value nothing = arith::ConstantOp::create(b, b.getF32FloatAttr(0));
    memref::StoreOp::create(b, nothing, op.getInto(),
                            ValueRange{add(target, mul(loop.getInductionVar(), stride))});
  }
};
} // namespace

void emitPackRows(tile::PackRowsOp op, const IsaLevel &level) { PackRowsEmitter(op, level).emit(); }

} // namespace moec::codegen
