//===- EmitPackRows.cpp - Rows into blocks for panel kernels - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/RowBlocks.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

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
    depth = arith::ConstantIndexOp::create(b, op.getDepth());
    summands = memref::DimOp::create(b, op.getRows(), 1);
  }

  Value add(Value lhs, Value rhs) { return arith::AddIOp::create(b, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulIOp::create(b, lhs, rhs); }

  void emit() {
    forEachRange(b, op.getRanges(), op.getCount(),
                 [&](Value, RowRange range) { emitRange(range); });
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

  void emitBlock(Value first, Value rows) {
    Value base = mul(first, depth);
    auto loop = scf::ForOp::create(b, zero, rows, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value row = add(first, loop.getInductionVar());
    if (op.getGather())
      row = arith::IndexCastOp::create(b, b.getIndexType(),
                                       memref::LoadOp::create(b, op.getGather(), ValueRange{row}));
    Value target = add(base, loop.getInductionVar());
    copyRow(row, target, rows);
    // Summands that only the panel's pairing of k adds.
    if (cast<MemRefType>(op.getRows().getType()).getDimSize(1) !=
        static_cast<int64_t>(op.getDepth()))
      fillRow(target, rows);
  }

  void copyRow(Value row, Value target, Value stride) {
    auto loop = scf::ForOp::create(b, zero, summands, one);
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
