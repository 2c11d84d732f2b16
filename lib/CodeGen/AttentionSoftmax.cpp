//===- AttentionSoftmax.cpp - Online softmax of blocks of scores -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/AttentionSoftmax.h"

#include "lib/CodeGen/FirstLanes.h"
#include "lib/CodeGen/FloatBuilder.h"
#include "lib/CodeGen/TransposeLanes.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using arith::CmpFPredicate;

namespace moec::codegen {

constexpr int64_t lanes = 16, vectors = attentionBlock / lanes;

static VectorType vectorOf(Type element) { return VectorType::get({lanes}, element); }

Value AttentionSoftmax::sumAddress(Value row, Value column) {
  Value part = b.div(column, attentionBlock);
  Value start = b.mul(part, tile::AttentionRowsOp::unitRows * attentionBlock);
  return b.add(b.add(start, b.mul(row, attentionBlock)), b.rem(column, attentionBlock));
}

void AttentionSoftmax::emitStart(Value rows, Value columns) {
  Value nothing = FloatBuilder(b, vectorOf(b.getF32Type())).f(0.0f);
  Value lowest = arith::ConstantOp::create(b, b.getF32FloatAttr(-INFINITY));
  b.loop(b.index(0), rows, 1, [&](Value row) {
    memref::StoreOp::create(b, lowest, scratch.maxima, row);
    vector::StoreOp::create(b, nothing, scratch.partials, b.mul(row, lanes));
    b.loop(b.index(0), columns, lanes, [&](Value column) {
      vector::StoreOp::create(b, nothing, scratch.sums, sumAddress(row, column));
    });
  });
}

void AttentionSoftmax::emitBlock(Value batch, Value rows, Value columns, Value firstKey) {
  b.loop(b.index(0), rows, 1, [&](Value row) { emitRow(batch, row, columns, firstKey); });
}

SmallVector<Value> AttentionSoftmax::loadMask(Value batch, Value row, Value firstKey) {
  Value mask = op.getMask();
  VectorType type = vectorOf(getElementTypeOrSelf(mask.getType()));
  Value head = memref::LoadOp::create(b, scratch.heads, row);
  Value query = memref::LoadOp::create(b, scratch.queries, row);
  SmallVector<Value> at;
  Value indices[] = {batch, head, query};
  for (auto [dim, index] : llvm::enumerate(indices)) {
    Value isShared = b.isEqual(memref::DimOp::create(b, mask, dim), b.index(1));
    at.push_back(arith::SelectOp::create(b, isShared, b.index(0), index));
  }
  at.push_back(firstKey);
  auto load = [&](bool isWhole) {
    SmallVector<Value> parts;
    for (int64_t v = 0; v < vectors; ++v) {
      at.back() = b.add(firstKey, v * lanes);
      if (isWhole)
        parts.push_back(vector::LoadOp::create(b, type, mask, at));
      else
        parts.push_back(loadFirstLanes(
            b, type, mask, at, b.sub(memref::DimOp::create(b, mask, 3).getResult(), at.back())));
    }
    return parts;
  };
  Value isPart = b.isLess(memref::DimOp::create(b, mask, 3), b.add(firstKey, attentionBlock));
  return b.choose(
      isPart, SmallVector<Type>(vectors, type), [&] { return load(/*isWhole=*/false); },
      [&] { return load(/*isWhole=*/true); });
}

SmallVector<Value> AttentionSoftmax::findVisible(Value row, Value firstKey) {
  VectorType type = vectorOf(b.getI32Type());
  auto bound = [&](Value limits) {
    Value limit = b.sub(memref::LoadOp::create(b, limits, row).getResult(), firstKey);
    limit = b.min(b.max(limit, b.index(0)), b.index(attentionBlock));
    limit = arith::IndexCastOp::create(b, b.getI32Type(), limit);
    return vector::BroadcastOp::create(b, type, limit).getResult();
  };
  Value end = bound(scratch.ends);
  Value begin = op.getLeftWindow() ? bound(scratch.begins) : Value();
  SmallVector<Value> visible;
  for (int64_t v = 0; v < vectors; ++v) {
    SmallVector<int32_t> numbers;
    for (int64_t lane = 0; lane < lanes; ++lane)
      numbers.push_back(v * lanes + lane);
    Value key = arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef(numbers)));
    Value isSeen = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, key, end);
    if (begin)
      isSeen = arith::AndIOp::create(
          b, isSeen, arith::CmpIOp::create(b, arith::CmpIPredicate::sge, key, begin));
    visible.push_back(isSeen);
  }
  return visible;
}

void AttentionSoftmax::emitRow(Value batch, Value row, Value columns, Value firstKey) {
  VectorType type = vectorOf(b.getF32Type());
  FloatBuilder m(b, type);
  Value lowest = m.f(-INFINITY), start = b.mul(row, attentionBlock);
  SmallVector<Value> mask, scores, visible = findVisible(row, firstKey);
  if (op.getMask())
    mask = loadMask(batch, row, firstKey);
  for (int64_t v = 0; v < vectors; ++v) {
    Value score = vector::LoadOp::create(b, type, scratch.scores, b.add(start, v * lanes));
    score = m.mul(score, m.f(op.getScale().convertToFloat()));
    if (op.getSoftcap()) {
      Value cap = m.f(op.getSoftcap()->convertToFloat());
      score = m.mul(math::TanhOp::create(b, m.div(score, cap)), cap);
    }
    if (op.getMask()) {
      Type element = getElementTypeOrSelf(mask[v].getType());
      if (element.isInteger()) {
        Value zero = arith::ConstantOp::create(b, b.getZeroAttr(mask[v].getType()));
        Value isKept = m.compare(arith::CmpIPredicate::ne, mask[v], zero);
        score = m.select(isKept, score, lowest);
      } else {
        Value bias = element.isF32() ? mask[v] : arith::ExtFOp::create(b, type, mask[v]);
        score = m.add(score, bias);
      }
    }
    scores.push_back(m.select(visible[v], score, lowest));
  }

  // NaN never becomes the maximum, so that a row without it stays comparable; it
  // reaches the result through its exponential.
  auto larger = [&](Value lhs, Value rhs) {
    return m.select(m.compare(CmpFPredicate::OGT, lhs, rhs), lhs, rhs);
  };
  Value before = memref::LoadOp::create(b, scratch.maxima, row);
  Value maximum = vector::BroadcastOp::create(b, type, before);
  for (Value score : scores)
    maximum = larger(score, maximum);
  maximum = foldLanes(b, maximum, larger);
  Value after = vector::ExtractOp::create(b, maximum, 0);
  memref::StoreOp::create(b, after, scratch.maxima, row);
  // A row without any key so far keeps weights of exp(-inf) instead of NaN.
  Value isEmpty = m.compare(CmpFPredicate::OEQ, maximum, lowest);
  Value origin = m.select(isEmpty, m.f(0.0f), maximum);

  Value partialAt = b.mul(row, lanes);
  // A factor of exp(0) = 1 would change nothing: rows whose maximum stands skip it.
  b.when(m.compare(CmpFPredicate::OGT, after, before), [&] {
    Value factor =
        math::ExpOp::create(b, m.sub(vector::BroadcastOp::create(b, type, before), origin));
    auto rescale = [&](Value memref, Value at) {
      Value value = vector::LoadOp::create(b, type, memref, at);
      vector::StoreOp::create(b, m.mul(value, factor), memref, at);
    };
    rescale(scratch.partials, partialAt);
    b.loop(b.index(0), columns, lanes,
           [&](Value column) { rescale(scratch.sums, sumAddress(row, column)); });
  });
  Value partial = vector::LoadOp::create(b, type, scratch.partials, partialAt);
  for (int64_t v = 0; v < vectors; ++v) {
    Value weight = math::ExpOp::create(b, m.sub(scores[v], origin));
    vector::StoreOp::create(b, weight, scratch.scores, b.add(start, v * lanes));
    partial = m.add(partial, weight);
  }
  vector::StoreOp::create(b, partial, scratch.partials, partialAt);
}

Value AttentionSoftmax::emitTotal(Value row) {
  VectorType type = vectorOf(b.getF32Type());
  Value partial = vector::LoadOp::create(b, type, scratch.partials, b.mul(row, lanes));
  return foldLanes(b, partial,
                   [&](Value lhs, Value rhs) { return arith::AddFOp::create(b, lhs, rhs); });
}

} // namespace moec::codegen
