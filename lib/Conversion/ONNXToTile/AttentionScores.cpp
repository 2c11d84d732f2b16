//===- AttentionScores.cpp - The scores of attention, kept -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// tile.attention never has a whole matrix of scores. Where a model reads it, it
// is a second, batched product next to the attention, whose result keeps its
// bits.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToTile/AttentionScores.h"

#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec {
namespace {

class ScoreBuilder {
public:
  ScoreBuilder(ImplicitLocOpBuilder &b, WeightTable &weights, const AttentionScores &scores)
      : b(b), products(b, weights), scores(scores),
        element(getElementTypeOrSelf(scores.query.getType())), f32(b.getF32Type()) {}

  Value build() {
    bool isCapped = scores.softcap && scores.stage != ScoreStage::Product;
    bool isMasked = scores.stage == ScoreStage::Masked || scores.stage == ScoreStage::Softmax;
    if (!isCapped && !isMasked)
      return multiply(element);
    Value product = multiply(f32);
    SmallVector<Input> inputs{{product, b.getMultiDimIdentityMap(4)}};
    if (isMasked && scores.mask)
      inputs.push_back(readMask());
    bool readsLengths = isMasked && scores.lengths;
    if (readsLengths)
      inputs.push_back(
          {scores.lengths, AffineMap::get(4, 0, {b.getAffineDimExpr(0)}, b.getContext())});
    Type result = scores.stage == ScoreStage::Softmax ? f32 : element;
    Value visible = buildMap(b, sizes, result, inputs, [&](ImplicitLocOpBuilder &b, ValueRange in) {
      ScalarMath m(b, f32);
      Value score = in[0];
      if (isCapped)
        score = m.mul(m.number(*scores.softcap),
                      m.op<math::TanhOp>(m.div(score, m.number(*scores.softcap))));
      if (isMasked && scores.mask)
        score = addMask(m, b, score, in[1]);
      if (isMasked)
        if (Value isSeen = getVisibility(b, readsLengths ? in.back() : Value()))
          score = m.select(isSeen, score, m.number(-INFINITY));
      return narrow(b, score, result);
    });
    return scores.stage == ScoreStage::Softmax ? applySoftmax(visible) : visible;
  }

private:
  /// scale * query * key^T. The query heads that share a key head are one matrix.
  Value multiply(Type result) {
    MatrixProduct product;
    product.op = scores.op;
    product.lhs = scores.query;
    product.rhs = scores.key;
    product.transposed = true;
    product.resultType = result;
    product.lhsBatch = product.rhsBatch = {AxisKind::Same, AxisKind::Same};
    SmallVector<OpFoldResult> query = products.getSizes(scores.query),
                              key = products.getSizes(scores.key);
    sizes = {query[0], query[1], query[2], key[2]};
    numQueries = products.toIndex(query[2]);
    int64_t shared = *getConstantIntValue(query[1]) / *getConstantIntValue(key[1]);
    if (shared != 1) {
      product.lhs = products.expand(product.lhs, 1, {key[1], b.getIndexAttr(shared)});
      product.lhs = products.collapse(product.lhs, 2, 4);
    }
    ProductEpilogue epilogue;
    epilogue.alpha = scores.scale;
    Value value = products.multiply(product, epilogue);
    if (shared != 1) {
      value = products.expand(value, 2, {b.getIndexAttr(shared), query[2]});
      value = products.collapse(value, 1, 3);
    }
    return value;
  }

  /// The mask along the loops over the scores. Columns that it lacks count as not seen.
  Input readMask() {
    Value mask = scores.mask;
    SmallVector<OpFoldResult> own = products.getSizes(mask);
    if (!isEqualConstantIntOrValue(own[3], sizes[3])) {
      Type type = getElementTypeOrSelf(mask.getType());
      SmallVector<OpFoldResult> padded(own);
      padded[3] = sizes[3];
      TypedAttr unseen = isa<FloatType>(type) ? TypedAttr(b.getFloatAttr(type, -INFINITY))
                                              : TypedAttr(b.getIntegerAttr(type, 0));
      Value whole = tensor::EmptyOp::create(b, padded, type);
      whole = linalg::FillOp::create(b, arith::ConstantOp::create(b, unseen).getResult(), whole)
                  .getResult(0);
      SmallVector<OpFoldResult> zeros(4, b.getIndexAttr(0)), ones(4, b.getIndexAttr(1));
      mask = tensor::InsertSliceOp::create(b, mask, whole, zeros, own, ones);
    }
    // What the run alone tells is repeated there.
    SmallVector<AxisKind> kinds(4, AxisKind::Same);
    for (int64_t axis = 0; axis < 3; ++axis)
      if (!isEqualConstantIntOrValue(own[axis], sizes[axis]))
        kinds[axis] = getConstantIntValue(own[axis]) == 1 ? AxisKind::One : AxisKind::Unknown;
    if (llvm::is_contained(kinds, AxisKind::Unknown))
      return {products.broadcast(mask, sizes, kinds), b.getMultiDimIdentityMap(4)};
    SmallVector<AffineExpr> exprs;
    for (int64_t axis = 0; axis < 4; ++axis)
      exprs.push_back(kinds[axis] == AxisKind::One ? b.getAffineConstantExpr(0)
                                                   : b.getAffineDimExpr(axis));
    return {mask, AffineMap::get(4, 0, exprs, b.getContext())};
  }

  static Value addMask(const ScalarMath &m, ImplicitLocOpBuilder &b, Value score, Value mask) {
    if (isa<FloatType>(mask.getType()))
      return m.add(score, widen(b, mask));
    Value zero = arith::ConstantOp::create(b, b.getIntegerAttr(mask.getType(), 0));
    return m.select(m.compare(arith::CmpIPredicate::ne, mask, zero), score, m.number(-INFINITY));
  }

  /// Whether the query of the current loop indices sees the key; null if each sees all.
  Value getVisibility(ImplicitLocOpBuilder &b, Value length) {
    if (!length && !scores.left && !scores.right)
      return {};
    Value key = linalg::IndexOp::create(b, 3), position = linalg::IndexOp::create(b, 2), result;
    auto isBelow = [&](Value low, Value high, int64_t distance) {
      Value limit =
          arith::AddIOp::create(b, high, arith::ConstantIndexOp::create(b, distance).getResult());
      Value holds = arith::CmpIOp::create(b, arith::CmpIPredicate::sle, low, limit);
      result = result ? arith::AndIOp::create(b, result, holds).getResult() : holds;
    };
    if (length) {
      length = arith::IndexCastOp::create(b, b.getIndexType(), length);
      isBelow(key, length, -1);
    }
    Value offset = scores.offset;
    if (length && !offset)
      offset = arith::SubIOp::create(b, length, numQueries);
    if (offset)
      position = arith::AddIOp::create(b, position, offset);
    if (scores.left)
      isBelow(position, key, *scores.left);
    if (scores.right)
      isBelow(key, position, *scores.right);
    return result;
  }

  Value applySoftmax(Value visible) {
    Reducer reducer(b, sizes, {3});
    auto first = [](ImplicitLocOpBuilder &, ValueRange in) { return in[0]; };
    Value max = reducer.max(f32, reducer.whole(visible), first);
    // Of a row without visible keys all exponentials become 0.
    Value shift = reducer.mapGroups(f32, max, [&](ImplicitLocOpBuilder &b, ValueRange in) {
      ScalarMath m(b, f32);
      Value isNone = m.compare(arith::CmpFPredicate::OEQ, in[0], m.number(-INFINITY));
      return m.select(isNone, m.number(0), in[0]);
    });
    Value exp = reducer.mapWhole(f32, {reducer.whole(visible), reducer.group(shift)},
                                 [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                   ScalarMath m(b, f32);
                                   return m.op<math::ExpOp>(m.sub(in[0], in[1]));
                                 });
    Value sum = reducer.sum(f32, reducer.whole(exp), first);
    if (!scores.nanRows)
      sum = reducer.mapGroups(f32, sum, [&](ImplicitLocOpBuilder &b, ValueRange in) {
        ScalarMath m(b, f32);
        Value isNone = m.compare(arith::CmpFPredicate::OEQ, in[0], m.number(0));
        return m.select(isNone, m.number(1), in[0]);
      });
    return reducer.mapWhole(element, {reducer.whole(exp), reducer.group(sum)},
                            [&](ImplicitLocOpBuilder &b, ValueRange in) {
                              return narrow(b, ScalarMath(b, f32).div(in[0], in[1]), element);
                            });
  }

  ImplicitLocOpBuilder &b;
  ProductBuilder products;
  const AttentionScores &scores;
  Type element, f32;
  /// Of the scores.
  SmallVector<OpFoldResult> sizes;
  /// As a value, where visibility counts from the end.
  Value numQueries;
};

} // namespace

Value buildAttentionScores(ImplicitLocOpBuilder &b, WeightTable &weights,
                           const AttentionScores &scores) {
  return ScoreBuilder(b, weights, scores).build();
}

} // namespace moec
