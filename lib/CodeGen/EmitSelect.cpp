//===- EmitSelect.cpp - Row-wise top-k ------------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/LoopBuilder.h"
#include "lib/CodeGen/RowOperands.h"
#include "lib/CodeGen/SelectRanks.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// One pass over the row keeps the best columns so far as a heap in place of the
/// result, the worst of them at its root, so no other memory is needed. Vectors of
/// entries are compared with the root's; few have an entry that is better.
struct SelectEmitter {
  tile::SelectOp op;
  LoopBuilder b;
  Value zero, columns, k, row;
  Type i32, i64, f32;

  explicit SelectEmitter(tile::SelectOp op) : op(op), b(op.getLoc(), op) {
    zero = b.index(0);
    columns = memref::DimOp::create(b, op.getKeys(), 1);
    k = b.min(memref::DimOp::create(b, op.getIds(), 1), columns);
    i32 = b.getI32Type();
    i64 = b.getI64Type();
    f32 = b.getF32Type();
  }

  /// The worst of the best columns so far: its rank and its entry.
  struct Root {
    Value rank, entry;
  };

  MemRefType keysType() { return cast<MemRefType>(op.getKeys().getType()); }
  bool prefersLower() { return op.getTie() == tile::Tie::LowerIndex; }

  Value constant(Type type, int64_t value) {
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
  }

  //===--------------------------------------------------------------------===//
  // Entries and columns
  //===--------------------------------------------------------------------===//

  Value getColumn(Value slot) {
    Value column = memref::LoadOp::create(b, op.getIds(), ValueRange{row, slot});
    return arith::IndexCastOp::create(b, b.getIndexType(), column);
  }

  void putColumn(Value column, Value slot) {
    memref::StoreOp::create(b, arith::IndexCastOp::create(b, i32, column), op.getIds(),
                            ValueRange{row, slot});
  }

  Value getEntry(Value column) {
    Value entry = memref::LoadOp::create(b, op.getKeys(), ValueRange{row, column});
    return entry.getType().isF32() ? entry : arith::ExtFOp::create(b, f32, entry);
  }

  Value rankOf(Value entry, Value column) { return emitSelectRank(b, entry, column, op.getTie()); }

  Value rankOf(Value column) { return rankOf(getEntry(column), column); }

  //===--------------------------------------------------------------------===//
  // The heap
  //===--------------------------------------------------------------------===//

  scf::WhileOp loopWhile(ValueRange init, function_ref<Value(ValueRange)> condition,
                         function_ref<SmallVector<Value>(ValueRange)> body) {
    auto loop = scf::WhileOp::create(b, init.getTypes(), init);
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Location> locations(init.size(), b.getLoc());
    Block *before = b.createBlock(&loop.getBefore(), {}, init.getTypes(), locations);
    scf::ConditionOp::create(b, condition(before->getArguments()), before->getArguments());
    Block *after = b.createBlock(&loop.getAfter(), {}, init.getTypes(), locations);
    scf::YieldOp::create(b, body(after->getArguments()));
    return loop;
  }

  /// Puts `column` of `rank` where `top` is, or below, so that no child in [0, end)
  /// ranks below its parent; the rank of what is at `top` then.
  Value sink(Value top, Value column, Value rank, Value end) {
    Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
    auto leftOf = [&](Value slot) { return b.add(b.add(slot, slot), 1); };
    auto loop = loopWhile(
        ValueRange{top, yes, rank},
        [&](ValueRange at) -> Value {
          return arith::AndIOp::create(b, at[1], b.isLess(leftOf(at[0]), end));
        },
        [&](ValueRange at) -> SmallVector<Value> {
          // Without a right child the left one stands for it.
          Value left = leftOf(at[0]), right = b.min(b.add(left, 1), b.sub(end, 1));
          Value leftColumn = getColumn(left), rightColumn = getColumn(right);
          Value leftRank = rankOf(leftColumn), rightRank = rankOf(rightColumn);
          Value isRight = b.isLess(rightRank, leftRank);
          Value child = arith::SelectOp::create(b, isRight, right, left);
          Value childColumn = arith::SelectOp::create(b, isRight, rightColumn, leftColumn);
          Value lowest = b.min(b.min(leftRank, rightRank), rank);
          Value isOut = b.isLess(lowest, rank);
          putColumn(arith::SelectOp::create(b, isOut, childColumn, column), at[0]);
          return {arith::SelectOp::create(b, isOut, child, at[0]), isOut,
                  arith::SelectOp::create(b, b.isEqual(at[0], top), lowest, at[2])};
        });
    putColumn(column, loop.getResult(0));
    return loop.getResult(2);
  }

  /// The first k columns, as a heap.
  Root emitFirst() {
    b.loop(zero, k, 1, [&](Value slot) { putColumn(slot, slot); });
    Value half = b.div(k, 2);
    b.loop(zero, half, 1, [&](Value step) {
      Value slot = b.sub(b.sub(half, 1), step);
      sink(slot, slot, rankOf(slot), k);
    });
    Value column = getColumn(zero), entry = getEntry(column);
    return {rankOf(entry, column), entry};
  }

  /// Moves the worst column to the end of what is left, until all are in order, and
  /// takes the values along.
  void emitResults() {
    Value source = op.getSource() ? op.getSource() : op.getKeys();
    auto putValue = [&](Value column, Value slot) {
      Value value = memref::LoadOp::create(b, source, ValueRange{row, column});
      memref::StoreOp::create(b, value, op.getValues(), ValueRange{row, slot});
    };
    b.loop(b.index(1), k, 1, [&](Value step) {
      Value end = b.sub(k, step);
      Value worst = getColumn(zero), last = getColumn(end);
      putColumn(worst, end);
      putValue(worst, end);
      sink(zero, last, rankOf(last), end);
    });
    putValue(getColumn(zero), zero);
  }

  //===--------------------------------------------------------------------===//
  // The pass over the row
  //===--------------------------------------------------------------------===//

  /// Bits of the entries from `first` on that may be better than the root's: all
  /// that are, and NaN.
  Value findCandidates(Value first, Value rootEntry) {
    Type element = keysType().getElementType();
    auto narrow = VectorType::get({rowLanes}, element), wide = VectorType::get({rowLanes}, f32);
    Value entries = vector::LoadOp::create(b, narrow, op.getKeys(), ValueRange{row, first});
    if (narrow != wide)
      entries = arith::ExtFOp::create(b, wide, entries);
    // Of equal entries those that come later are worse, or better.
    auto how = prefersLower() ? arith::CmpFPredicate::UGT : arith::CmpFPredicate::UGE;
    Value mask = arith::CmpFOp::create(b, how, entries,
                                       vector::BroadcastOp::create(b, wide, rootEntry).getResult());
    auto bits = VectorType::get({1}, b.getIntegerType(rowLanes));
    Value packed = vector::BitCastOp::create(b, bits, mask);
    return arith::ExtUIOp::create(b, i32, vector::ExtractOp::create(b, packed, int64_t(0)));
  }

  /// Bits of all entries from `first` on, at most one vector.
  Value takeRest(Value first) {
    Value rest = b.min(b.sub(columns, first), b.index(rowLanes));
    Value shift = arith::IndexCastOp::create(b, i32, rest);
    return b.sub(arith::ShLIOp::create(b, constant(i32, 1), shift), constant(i32, 1));
  }

  Root emitStep(Value column, Root root) {
    Value rank = rankOf(column);
    SmallVector<Value> next = b.choose(
        b.isLess(root.rank, rank), TypeRange{i64, f32},
        [&]() -> SmallVector<Value> {
          Value rootRank = sink(zero, column, rank, k);
          return {rootRank, getEntry(getColumn(zero))};
        },
        [&]() -> SmallVector<Value> { return {root.rank, root.entry}; });
    return {next[0], next[1]};
  }

  void emitPass(Root first) {
    bool hasVectors = hasContiguousRows(keysType());
    auto loop =
        scf::ForOp::create(b, k, columns, b.index(rowLanes), ValueRange{first.rank, first.entry});
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value at = loop.getInductionVar(), rank = loop.getRegionIterArg(0);
    Value entry = loop.getRegionIterArg(1), bits;
    if (hasVectors) {
      Value isWhole =
          arith::CmpIOp::create(b, arith::CmpIPredicate::sle, b.add(at, rowLanes), columns);
      bits = b.choose(
          isWhole, TypeRange{i32},
          [&]() -> SmallVector<Value> { return {findCandidates(at, entry)}; },
          [&]() -> SmallVector<Value> { return {takeRest(at)}; })[0];
    } else {
      bits = takeRest(at);
    }
    auto walk = loopWhile(
        ValueRange{bits, rank, entry},
        [&](ValueRange state) -> Value {
          return arith::CmpIOp::create(b, arith::CmpIPredicate::ne, state[0], constant(i32, 0));
        },
        [&](ValueRange state) -> SmallVector<Value> {
          Value lane = math::CountTrailingZerosOp::create(b, state[0]);
          Value column = b.add(at, arith::IndexCastOp::create(b, b.getIndexType(), lane));
          Root root = emitStep(column, {state[1], state[2]});
          Value others = arith::AndIOp::create(b, state[0], b.sub(state[0], constant(i32, 1)));
          return {others, root.rank, root.entry};
        });
    scf::YieldOp::create(b, walk.getResults().drop_front());
  }

  void emit() {
    Value rows = memref::DimOp::create(b, op.getKeys(), 0);
    Value isAny = b.isLess(zero, k);
    b.when(isAny, [&] {
      b.loop(zero, rows, 1, [&](Value at) {
        row = at;
        emitPass(emitFirst());
        emitResults();
      });
    });
  }
};
} // namespace

void emitSelect(tile::SelectOp op) { SelectEmitter(op).emit(); }

} // namespace moec::codegen
