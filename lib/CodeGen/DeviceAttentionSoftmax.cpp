//===- DeviceAttentionSoftmax.cpp - Softmax of a block's scores -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceAttentionSoftmax.h"

#include "lib/CodeGen/GpuTarget.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using arith::CmpFPredicate;

namespace moec::codegen {

DeviceAttentionSoftmax::Row DeviceAttentionSoftmax::findRow(Value inBlock) {
  int64_t groupSize = getGroupSize(op);
  Value number = b.add(place.firstRow, inBlock), zero = b.index(0);
  Row row;
  row.number = inBlock;
  row.query = divideUnsigned(b, number, groupSize);
  row.head = b.add(b.mul(place.keyHead, groupSize), remainderUnsigned(b, number, groupSize));
  Value length = memref::DimOp::create(b, op.getKey(), getHeadDim(op.getKeyLayout(), 2));
  Value offset = op.getOffset() ? op.getOffset() : zero;
  if (op.getLengths()) {
    Value given = arith::IndexCastOp::create(
        b, b.getIndexType(), memref::LoadOp::create(b, op.getLengths(), place.batch));
    if (!op.getOffset())
      offset =
          b.sub(given, memref::DimOp::create(b, op.getQuery(), getHeadDim(op.getQueryLayout(), 2)));
    length = b.max(zero, b.min(length, given));
  }
  if (op.getMask())
    length = b.min(length, memref::DimOp::create(b, op.getMask(), 3));
  Value position = b.add(row.query, offset);
  row.begin = zero;
  row.end = length;
  if (op.getLeftWindow())
    row.begin = b.max(zero, b.sub(position, *op.getLeftWindow()));
  if (op.getRightWindow())
    row.end = b.max(zero, b.min(length, b.add(position, *op.getRightWindow() + 1)));
  row.end = arith::SelectOp::create(b, b.isLess(inBlock, place.rows), row.end, zero);
  return row;
}

void DeviceAttentionSoftmax::setPlace(const AttentionPlace &given) {
  place = given;
  lane = remainderUnsigned(b, place.thread, threads);
  Value first = divideUnsigned(b, place.thread, threads);
  for (int64_t i = 0; i < rowsPerThread; ++i)
    rows.push_back(findRow(b.add(first, i * step)));
  // Later rows see later keys.
  firstKey = b.mul(divideUnsigned(b, findRow(b.index(0)).begin, deviceKeys), deviceKeys);
  endKey = findRow(b.sub(place.rows, 1)).end;
}

SmallVector<Value> DeviceAttentionSoftmax::makeState() {
  SmallVector<Value> state(rowsPerThread, m.f(-INFINITY));
  state.append(rowsPerThread, m.f(0.0f));
  return state;
}

/// The result of `combine` over the threads of a row, in each of them.
Value DeviceAttentionSoftmax::combine(Value value, function_ref<Value(Value, Value)> combine) {
  auto i32 = [&](int64_t number) -> Value {
    return arith::ConstantOp::create(b, b.getI32IntegerAttr(static_cast<int32_t>(number)));
  };
  for (int64_t distance = threads / 2; distance >= 1; distance /= 2)
    value =
        combine(value, NVVM::ShflOp::create(b, value.getType(), i32(-1), value, i32(distance),
                                            i32(warpSize - 1), NVVM::ShflKind::bfly, UnitAttr()));
  return value;
}

/// NaN never becomes the maximum, so that a row without it stays comparable; it reaches the result
/// through its exponential.
Value DeviceAttentionSoftmax::larger(Value lhs, Value rhs) {
  return m.select(m.compare(CmpFPredicate::OGT, lhs, rhs), lhs, rhs);
}

/// The scaled and masked score of a key; -inf if the row does not see it.
Value DeviceAttentionSoftmax::emitScore(const Row &row, Value score, Value key) {
  score = m.mul(score, m.f(op.getScale().convertToFloat()));
  if (op.getSoftcap()) {
    Value cap = m.f(op.getSoftcap()->convertToFloat());
    score = m.mul(math::TanhOp::create(b, m.div(score, cap)), cap);
  }
  Value lowest = m.f(-INFINITY);
  Value isSeen = b.isLess(key, row.end);
  if (op.getLeftWindow())
    isSeen = arith::AndIOp::create(
        b, isSeen, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, key, row.begin));
  if (!op.getMask())
    return m.select(isSeen, score, lowest);
  auto masked = [&]() -> Value {
    SmallVector<Value> at;
    Value indices[] = {place.batch, row.head, row.query};
    for (auto [dim, index] : llvm::enumerate(indices)) {
      Value isShared = b.isEqual(memref::DimOp::create(b, op.getMask(), dim), b.index(1));
      at.push_back(arith::SelectOp::create(b, isShared, b.index(0), index));
    }
    at.push_back(key);
    Value mask = memref::LoadOp::create(b, op.getMask(), at);
    if (mask.getType().isInteger()) {
      Value zero = arith::ConstantOp::create(b, b.getZeroAttr(mask.getType()));
      return m.select(m.compare(arith::CmpIPredicate::ne, mask, zero), score, lowest);
    }
    return m.add(score, mask.getType().isF32()
                            ? mask
                            : arith::ExtFOp::create(b, b.getF32Type(), mask).getResult());
  };
  return b.choose(
      isSeen, TypeRange{b.getF32Type()}, [&]() -> SmallVector<Value> { return {masked()}; },
      [&]() -> SmallVector<Value> { return {lowest}; })[0];
}

SmallVector<Value> DeviceAttentionSoftmax::emitStep(Value scores, Value key, ValueRange state) {
  SmallVector<Value> maxima, partials;
  for (auto [i, row] : llvm::enumerate(rows)) {
    Value before = state[i], partial = state[rowsPerThread + i], after = before;
    SmallVector<std::pair<Value, Value>> entries;
    for (int64_t first = 0; first < deviceKeys; first += threads) {
      Value inStep = b.add(lane, first);
      Value at = b.add(b.mul(row.number, scorePitch), inStep);
      Value score = emitScore(row, memref::LoadOp::create(b, scores, at), b.add(key, inStep));
      after = larger(score, after);
      entries.push_back({at, score});
    }
    after = combine(after, [&](Value lhs, Value rhs) { return larger(lhs, rhs); });
    // A row without any key so far keeps weights of exp(-inf) instead of NaN.
    Value isEmpty = m.compare(CmpFPredicate::OEQ, after, m.f(-INFINITY));
    Value origin = m.select(isEmpty, m.f(0.0f), after);
    Value factor = m.select(m.compare(CmpFPredicate::OGT, after, before),
                            math::ExpOp::create(b, m.sub(before, origin)), m.f(1.0f));
    partial = m.mul(partial, factor);
    for (auto [at, score] : entries) {
      Value weight = math::ExpOp::create(b, m.sub(score, origin));
      memref::StoreOp::create(b, weight, scores, at);
      partial = m.add(partial, weight);
    }
    b.when(b.isEqual(lane, b.index(0)),
           [&, &row = row] { memref::StoreOp::create(b, factor, factors, row.number); });
    maxima.push_back(after);
    partials.push_back(partial);
  }
  maxima.append(partials);
  return maxima;
}

void DeviceAttentionSoftmax::emitTotals(ValueRange state) {
  for (auto [i, row] : llvm::enumerate(rows)) {
    Value total =
        combine(state[rowsPerThread + i], [&](Value lhs, Value rhs) { return m.add(lhs, rhs); });
    b.when(b.isEqual(lane, b.index(0)),
           [&, &row = row] { memref::StoreOp::create(b, total, factors, row.number); });
  }
}

Value DeviceAttentionSoftmax::loadFactor(Value row) {
  return memref::LoadOp::create(b, factors, row);
}

} // namespace moec::codegen
