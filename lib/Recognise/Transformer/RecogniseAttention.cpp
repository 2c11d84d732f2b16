//===- RecogniseAttention.cpp - Spelled-out attention ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"
#include "lib/Recognise/Transformer/AttentionMask.h"
#include "lib/Recognise/Transformer/HeadView.h"
#include "lib/Recognise/Transformer/Match.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {
#define GEN_PASS_DEF_RECOGNISEATTENTIONPASS
#include "lib/Recognise/Passes.h.inc"

namespace {

/// where(row sees no key, 0, value).
bool isMaskedRowFix(WhereOp where, Value value, const AttentionMask &mask) {
  return where.getY() == value && getNumber(where.getX()) == 0.0 && mask.isExclusive() &&
         selectsMaskedRows(where.getCondition(), mask);
}

/// Brings an attention that the file has as one operator into the form of those recognised: keys
/// and values with their own heads, a mask of booleans where it is made of them.
class AttentionRefiner {
public:
  AttentionRefiner(AttentionOp op, FunctionShapes &shapes) : op(op), shapes(shapes) {}

  void refine() {
    auto type = dyn_cast<RankedTensorType>(op.getK().getType());
    bool isPlain = type && type.getRank() == 4 && !op.getPastKey() && !op.getPresentKey() &&
                   op.getKvNumHeads() == 0;
    if (isPlain) {
      Value k = findHeads(op.getK(), HeadView::Repeated, shapes, nullptr);
      Value v = findHeads(op.getV(), HeadView::Repeated, shapes, nullptr);
      // Both or none: they share a number of heads.
      if (k && v && hasSameHeads(k, v)) {
        op.getKMutable().assign(k);
        op.getVMutable().assign(v);
      }
    }
    if (op.getMask() && !op.getQkMatmulOutput() && !op.getNanRows())
      refineMask();
  }

private:
  bool hasSameHeads(Value k, Value v) {
    Shape keys = *shapes.get(k);
    const Shape &values = *shapes.get(v);
    return keys[1] == values[1];
  }

  /// Only if no row without seen keys can tell the difference.
  void refineMask() {
    if (getElementTypeOrSelf(op.getMask().getType()).isInteger(1))
      return;
    AttentionMask mask = readAddedMask(op.getMask());
    if (!mask.isExclusive())
      return;
    auto where = dyn_cast_or_null<WhereOp>(getOnlyUser(op.getY()));
    bool isFixed = where && isMaskedRowFix(where, op.getY(), mask) &&
                   where.getResult().getType() == op.getY().getType();
    if (!isFixed && !mask.givesNaN())
      return;
    OpBuilder b(op);
    op.getMaskMutable().assign(buildKeep(mask, b, op.getLoc()));
    if (isFixed)
      where.getResult().replaceAllUsesWith(op.getY());
  }

  AttentionOp op;
  FunctionShapes &shapes;
};

/// One attention, anchored on its softmax.
class AttentionMatcher {
public:
  AttentionMatcher(SoftmaxOp softmax, FunctionShapes &shapes, bool why)
      : softmax(softmax), shapes(shapes), proof(softmax, "attention", why) {}

  /// Whether the weights go into a product from the left.
  static bool isSuspect(SoftmaxOp op) {
    Value weights = op.getResult();
    while (true) {
      Operation *next = nullptr;
      for (Operation *user : weights.getUsers()) {
        if (auto product = dyn_cast<MatMulOp>(user))
          return product.getLhs() == weights;
        if (isa<BinaryOp, CastOp, WhereOp>(user))
          next = user;
      }
      if (!next || next->getResult(0).use_empty())
        return false;
      weights = next->getResult(0);
    }
  }

  LogicalResult rewrite() {
    const Shape *shape = shapes.get(softmax.getX());
    if (!shape || shape->size() != 4)
      return proof.decline("rank", "expects scores of batch x heads x queries x keys");
    if (softmax.getAxis() != 3)
      return proof.decline("axis", "the softmax is not over the keys, the last axis");
    if (failed(matchScores()) || failed(matchWeights()) || failed(matchOperands()) ||
        failed(matchMask()))
      return failure();
    build();
    return success();
  }

private:
  /// From the softmax up to the product of queries and keys.
  LogicalResult matchScores() {
    Value scores = softmax.getX();
    product = findProduct(scores);
    if (!product && failed(matchMasked(skipWidening(scores))))
      return failure();
    Type type = getElementTypeOrSelf(scores.getType());
    if (type != getElementTypeOrSelf(product.getResult().getType()))
      softmaxType = type;
    return success();
  }

  /// The product of which `value` is a multiple, by `scale`, perhaps in a wider type.
  MatMulOp findProduct(Value value) {
    scale = 1;
    Value narrow = skipWidening(skipFactors(value, scale));
    return skipFactors(narrow, scale).getDefiningOp<MatMulOp>();
  }

  LogicalResult matchMasked(Value scores) {
    Operation *op = scores.getDefiningOp();
    if (BinaryOp add = getBinary(scores, BinaryFn::Add)) {
      Value other = add.getRhs();
      product = findProduct(add.getLhs());
      if (!product) {
        other = add.getLhs();
        product = findProduct(add.getRhs());
      }
      if (product) {
        mask = readAddedMask(other);
        masking = add;
        return success();
      }
    } else if (auto where = scores.getDefiningOp<WhereOp>()) {
      std::optional<double> number = getNumber(where.getY());
      bool isNegated = !number;
      product = findProduct(number ? where.getX() : where.getY());
      if (!number)
        number = getNumber(where.getX());
      if (product && number) {
        mask.emplace();
        mask->masked = *number;
        mask->keep = where.getCondition();
        mask->isNegated = isNegated;
        masking = where;
        return success();
      }
    }
    return proof.decline("scores", "they are no product, scaled, then masked", op);
  }

  /// From the softmax down to the product with the values.
  LogicalResult matchWeights() {
    Value weights = softmax.getResult();
    Type scoresType = getElementTypeOrSelf(product.getResult().getType());
    while (true) {
      Operation *user = getOnlyUser(weights);
      if (auto cast = dyn_cast_or_null<CastOp>(user)) {
        if (getElementTypeOrSelf(cast.getResult().getType()) != scoresType)
          return proof.decline("weights", "they are cast to another type than that of scores",
                               cast);
        weights = cast.getResult();
        continue;
      }
      if (auto where = dyn_cast_or_null<WhereOp>(user); where && !isMaskedRowFix(where, weights)) {
        return proof.decline("weights", "they are changed after the softmax", where);
      } else if (where) {
        zeroRows = true;
        weights = where.getResult();
        continue;
      }
      if (WhereOp where = getNaNFix(weights)) {
        replacesNaN = true;
        weights = where.getResult();
        continue;
      }
      valueProduct = dyn_cast_or_null<MatMulOp>(user);
      if (!valueProduct || valueProduct.getLhs() != weights)
        return proof.decline("weights", "they are not used by one product with values alone", user);
      break;
    }
    if (getElementTypeOrSelf(weights.getType()) != scoresType)
      return proof.decline("weights", "their type is not that of scores", valueProduct);
    result = valueProduct.getResult();
    if (auto where = dyn_cast_or_null<WhereOp>(getOnlyUser(result));
        where && isMaskedRowFix(where, result) && where.getResult().getType() == result.getType()) {
      zeroRows = true;
      result = where.getResult();
    }
    return success();
  }

  /// where(row sees no key, 0, value).
  bool isMaskedRowFix(WhereOp where, Value value) {
    return mask && where.getY() == value && getNumber(where.getX()) == 0.0 && mask->isExclusive() &&
           selectsMaskedRows(where.getCondition(), *mask);
  }

  /// where(is_nan(value), 0, value), if nothing else uses the value.
  static WhereOp getNaNFix(Value value) {
    WhereOp fix;
    for (Operation *user : value.getUsers()) {
      if (auto where = dyn_cast<WhereOp>(user);
          where && where.getY() == value && getNumber(where.getX()) == 0.0) {
        UnaryOp isNaN = getUnary(where.getCondition(), UnaryFn::IsNan);
        if (isNaN && isNaN.getX() == value)
          fix = where;
      } else if (auto isNaN = dyn_cast<UnaryOp>(user);
                 !isNaN || isNaN.getFn() != UnaryFn::IsNan || !isNaN.getResult().hasOneUse()) {
        return {};
      }
    }
    return fix && std::distance(value.use_begin(), value.use_end()) == 2 ? fix : WhereOp();
  }

  LogicalResult matchOperands() {
    q = findHeads(product.getLhs(), HeadView::Plain, shapes, &scale);
    k = findHeads(product.getRhs(), HeadView::RepeatedTransposed, shapes, &scale);
    v = findHeads(valueProduct.getRhs(), HeadView::Repeated, shapes, nullptr);
    if (!q)
      return proof.decline("queries", "expects batch x heads x queries x head size", product);
    if (!k)
      return proof.decline(
          "keys", "the product's right side is no transpose of batch x heads x keys x head size",
          product);
    if (!v)
      return proof.decline("values", "expects batch x heads x keys x head size", valueProduct);
    // One key head for all query heads needs no repetition: the product broadcasts it.
    auto hasLeading = [&](Value value, const Shape &expected, bool broadcasts) {
      const Shape *shape = shapes.get(value);
      return shape && shape->size() == 4 && (*shape)[0] == expected[0] &&
             ((*shape)[1] == expected[1] || (broadcasts && (*shape)[1].isConstant(1)));
    };
    const Shape *known = shapes.get(product.getResult());
    if (!known || known->size() != 4)
      return proof.decline("heads", "the product has another rank than the scores", product);
    const Shape scores = *known;
    if (!hasLeading(product.getLhs(), scores, false) ||
        !hasLeading(product.getRhs(), scores, true) ||
        !hasLeading(valueProduct.getRhs(), scores, true))
      return proof.decline("heads", "batch or heads of queries, keys and values differ", product);
    const Shape &keys = *shapes.get(k), &values = *shapes.get(v);
    if (keys[1] != values[1] || keys[2] != values[2])
      return proof.decline("heads", "keys and values differ in heads or sequence", valueProduct);
    auto number = static_cast<float>(scale);
    if (!(number > 0))
      return proof.decline("scale", "expects a positive number", product);
    if (getElementTypeOrSelf(product.getResult().getType()).isF64() && number != scale)
      return proof.decline("scale", "32 bits do not hold it exactly", product);
    return success();
  }

  /// The mask must broadcast to the scores, and its last axis be the keys.
  LogicalResult matchMask() {
    if (!mask) {
      if (replacesNaN)
        return proof.decline("weights", "NaN is replaced without a mask");
      return success();
    }
    zeroRows |= replacesNaN && mask->givesNaN();
    const Shape *scores = shapes.get(product.getResult());
    const Shape *masked = shapes.get(masking->getResult(0));
    Value source = mask->added ? mask->added : mask->keep;
    const Shape *shape = shapes.get(source);
    if (!scores || !masked || *scores != *masked)
      return proof.decline("mask", "it enlarges the scores", masking);
    if (!shape || shape->empty() || shape->size() > 4 || shape->back() != scores->back())
      return proof.decline("mask", "its last axis is not that of the keys", masking);
    if (!mask->added && !mask->isExclusive())
      return proof.decline("mask", "it puts a number in the place of scores that is not low enough",
                           masking);
    // Weights of unseen keys are 0, and rows without a seen key come out as the op has them.
    useKeep = mask->isExclusive() && (mask->givesNaN() || zeroRows);
    if (!useKeep &&
        getElementTypeOrSelf(source.getType()) !=
            getElementTypeOrSelf(product.getResult().getType()) &&
        mask->added)
      return proof.decline("mask", "it has another type than the scores", masking);
    nanRows = mask->givesNaN() && !zeroRows;
    return success();
  }

  void build() {
    Operation *last = result.getDefiningOp();
    OpBuilder b(last);
    Location loc = last->getLoc();
    Value maskOperand;
    if (mask)
      maskOperand = useKeep ? buildKeep(*mask, b, loc)
                            : buildAdded(*mask, getElementTypeOrSelf(q.getType()), b, loc);
    auto op = AttentionOp::create(
        b, loc, result.getType(), Type(), Type(), Type(), q, k, v, maskOperand, Value(), Value(),
        Value(), UnitAttr(), b.getI64IntegerAttr(0), b.getI64IntegerAttr(0),
        b.getF32FloatAttr(static_cast<float>(scale)), b.getF32FloatAttr(0),
        softmaxType ? TypeAttr::get(softmaxType) : TypeAttr(), b.getI64IntegerAttr(-1),
        b.getI64IntegerAttr(-1), b.getI64IntegerAttr(0), nanRows ? b.getUnitAttr() : UnitAttr());
    shapes.copy(op.getY(), result);
    result.replaceAllUsesWith(op.getY());
  }

  SoftmaxOp softmax;
  FunctionShapes &shapes;
  Proof proof;
  double scale = 1;
  Type softmaxType;
  MatMulOp product, valueProduct;
  Operation *masking = nullptr;
  std::optional<AttentionMask> mask;
  /// Rows without a seen key are set to zero.
  bool zeroRows = false;
  bool replacesNaN = false;
  bool useKeep = false, nanRows = false;
  Value q, k, v, result;
};

struct RecogniseAttention : impl::RecogniseAttentionPassBase<RecogniseAttention> {
  using RecogniseAttentionPassBase::RecogniseAttentionPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    FunctionShapes shapes(function);
    function.walk([&](AttentionOp op) { AttentionRefiner(op, shapes).refine(); });
    SmallVector<SoftmaxOp> candidates;
    function.walk([&](SoftmaxOp op) {
      if (AttentionMatcher::isSuspect(op))
        candidates.push_back(op);
    });
    for (SoftmaxOp op : candidates)
      if (succeeded(AttentionMatcher(op, shapes, why).rewrite()))
        ++numAttentions;
    eraseDead(function);
  }
};
} // namespace

} // namespace moec::recognise
