//===- EmitSort.cpp - Sorting along an axis ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AlongAxis.h"
#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/SortOrder.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Sorts positions in place of the result, so no other memory is needed. All
/// positions differ and break ties: there is one order, which any sort finds.
struct SortEmitter {
  tile::SortOp op;
  ImplicitLocOpBuilder b;
  Value zero, one;
  SmallVector<Value> row;

  explicit SortEmitter(tile::SortOp op) : op(op), b(op.getLoc(), op) {
    zero = arith::ConstantIndexOp::create(b, 0);
    one = arith::ConstantIndexOp::create(b, 1);
  }

  int64_t axis() { return op.getAxis(); }
  Value load(Value slot) { return memref::LoadOp::create(b, op.getOrder(), at(row, axis(), slot)); }
  void store(Value position, Value slot) {
    memref::StoreOp::create(b, position, op.getOrder(), at(row, axis(), slot));
  }
  Value getKey(Value position) {
    Value index = arith::IndexCastOp::create(b, b.getIndexType(), position);
    return loadSortKey(b, op, at(row, axis(), index));
  }

  /// Whether position x comes before position y.
  Value precedes(Value x, Value y) { return emitPrecedes(b, op, {getKey(x), x}, {getKey(y), y}); }

  /// Lets the position in `root` sink until no child in [0, end) comes after it.
  void sink(Value root, Value end) {
    Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
    auto childOf = [&](Value slot) -> Value {
      return arith::AddIOp::create(b, arith::AddIOp::create(b, slot, slot), one);
    };
    auto loop =
        scf::WhileOp::create(b, TypeRange{b.getIndexType(), b.getI1Type()}, ValueRange{root, yes});
    OpBuilder::InsertionGuard guard(b);
    SmallVector<Type> types{b.getIndexType(), b.getI1Type()};
    SmallVector<Location> locations(2, b.getLoc());
    Block *before = b.createBlock(&loop.getBefore(), {}, types, locations);
    Value hasChild =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ult, childOf(before->getArgument(0)), end);
    scf::ConditionOp::create(b, arith::AndIOp::create(b, before->getArgument(1), hasChild),
                             before->getArguments());
    Block *after = b.createBlock(&loop.getAfter(), {}, types, locations);
    Value slot = after->getArgument(0), left = childOf(slot);
    Value right = arith::AddIOp::create(b, left, one);
    // Without a right child the left one stands for it.
    Value hasRight = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, right, end);
    right = arith::SelectOp::create(b, hasRight, right, left);
    Value leftPosition = load(left), rightPosition = load(right);
    Value isRight = precedes(leftPosition, rightPosition);
    Value child = arith::SelectOp::create(b, isRight, right, left);
    Value position = arith::SelectOp::create(b, isRight, rightPosition, leftPosition);
    Value own = load(slot), isOut = precedes(own, position);
    store(arith::SelectOp::create(b, isOut, position, own), slot);
    store(arith::SelectOp::create(b, isOut, own, position), child);
    scf::YieldOp::create(b, ValueRange{child, isOut});
  }

  void loop(Value end, function_ref<void(Value)> body) {
    auto op = scf::ForOp::create(b, zero, end, one);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(op.getBody());
    body(op.getInductionVar());
  }

  void emit() {
    Value size = memref::DimOp::create(b, op.getKeys(), axis());
    forEachRow(b, op.getKeys(), axis(), [&](ArrayRef<Value> indices) {
      row.assign(indices.begin(), indices.end());
      loop(size,
           [&](Value slot) { store(arith::IndexCastOp::create(b, b.getI64Type(), slot), slot); });
      Value half = arith::ShRUIOp::create(b, size, one);
      Value lastParent = arith::SubIOp::create(b, half, one);
      loop(half, [&](Value step) { sink(arith::SubIOp::create(b, lastParent, step), size); });
      // The position that comes last moves to the end of what is left.
      Value last = arith::SubIOp::create(b, size, one);
      Value count = arith::MaxSIOp::create(b, last, zero);
      loop(count, [&](Value step) {
        Value end = arith::SubIOp::create(b, last, step);
        Value top = load(zero), bottom = load(end);
        store(bottom, zero);
        store(top, end);
        sink(zero, end);
      });
    });
  }
};
} // namespace

void emitSort(tile::SortOp op) { SortEmitter(op).emit(); }

} // namespace moec::codegen
