//===- AttentionMask.cpp - What a mask added to scores says  -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Transformer/AttentionMask.h"

#include "lib/Recognise/Transformer/AxisView.h"
#include "lib/Recognise/Transformer/Match.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {

static bool isBool(Value value) { return getElementTypeOrSelf(value.getType()).isInteger(1); }

/// The booleans of which `value` is 1 and 0 in a numeric type; null if it is not.
static Value getBooleans(Value value) {
  auto cast = value.getDefiningOp<CastOp>();
  while (cast && !isBool(cast.getX()))
    cast = cast.getX().getDefiningOp<CastOp>();
  return cast ? cast.getX() : Value();
}

/// Looks through negations.
static void setKeep(AttentionMask &mask, Value keep, bool isNegated) {
  while (UnaryOp negation = getUnary(keep, UnaryFn::Not)) {
    keep = negation.getX();
    isNegated = !isNegated;
  }
  mask.keep = keep;
  mask.isNegated = isNegated;
}

AttentionMask readAddedMask(Value added) {
  AttentionMask mask;
  mask.added = added;
  Value value = added;
  // Masks are moved as floats after they were made of booleans.
  while (Operation *op = value.getDefiningOp()) {
    bool isWidening = isa<CastOp>(op) && skipWidening(value) != value;
    if (!AxisView::isView(op) && !isa<SliceOp>(op) && !isWidening)
      break;
    mask.movement.push_back(op);
    value = op->getOperand(0);
  }
  if (auto where = value.getDefiningOp<WhereOp>()) {
    std::optional<double> x = getNumber(where.getX()), y = getNumber(where.getY());
    if (x && y && *x == 0) {
      mask.masked = *y;
      setKeep(mask, where.getCondition(), false);
    } else if (x && y && *y == 0) {
      mask.masked = *x;
      setKeep(mask, where.getCondition(), true);
    }
  } else if (BinaryOp mul = getBinary(value, BinaryFn::Mul)) {
    // (1 - keep) * number, or masked * number.
    std::optional<double> number = getNumber(mul.getRhs());
    Value factor = number ? mul.getLhs() : mul.getRhs();
    if (!number)
      number = getNumber(mul.getLhs());
    // 0 * infinity is no 0.
    if (!number || *number - *number != 0)
      return mask;
    BinaryOp sub = getBinary(factor, BinaryFn::Sub);
    bool isComplement = sub && getNumber(sub.getLhs()) == 1.0;
    if (Value keep = getBooleans(isComplement ? sub.getRhs() : factor)) {
      mask.masked = *number;
      setKeep(mask, keep, !isComplement);
    }
  }
  return mask;
}

/// Repeats the movement of the float form on another tensor.
static Value move(const AttentionMask &mask, Value value, OpBuilder &b) {
  for (Operation *op : llvm::reverse(mask.movement)) {
    if (isa<CastOp>(op))
      continue;
    IRMapping mapping;
    mapping.map(op->getOperand(0), value);
    Operation *copy = b.clone(*op, mapping);
    auto type = cast<TensorType>(op->getResult(0).getType());
    copy->getResult(0).setType(type.clone(getElementTypeOrSelf(value.getType())));
    value = copy->getResult(0);
  }
  return value;
}

Value buildKeep(const AttentionMask &mask, OpBuilder &b, Location loc) {
  Value keep = mask.keep;
  if (mask.isNegated)
    keep = UnaryOp::create(b, loc, keep.getType(), UnaryFnAttr::get(b.getContext(), UnaryFn::Not),
                           keep, FloatAttr(), FloatAttr());
  return move(mask, keep, b);
}

Value buildAdded(const AttentionMask &mask, Type elementType, OpBuilder &b, Location loc) {
  if (mask.added)
    return mask.added;
  auto number = [&](double value) -> Value {
    return ConstantOp::create(b, loc,
                              DenseElementsAttr::get(RankedTensorType::get({}, elementType),
                                                     b.getFloatAttr(elementType, value)));
  };
  Value zero = number(0), masked = number(mask.masked);
  if (mask.isNegated)
    std::swap(zero, masked);
  return WhereOp::create(b, loc, cast<TensorType>(mask.keep.getType()).clone(elementType),
                         mask.keep, zero, masked);
}

bool selectsMaskedRows(Value condition, const AttentionMask &mask) {
  if (!mask.keep || mask.isNegated)
    return false;
  bool isNegated = false;
  while (UnaryOp negation = getUnary(condition, UnaryFn::Not)) {
    condition = negation.getX();
    isNegated = !isNegated;
  }
  // The number of seen keys is less than 1 (at most 0, equal to 0).
  auto compare = condition.getDefiningOp<CompareOp>();
  if (!compare)
    return false;
  std::optional<double> bound = getNumber(compare.getRhs());
  Value count = compare.getLhs();
  CompareFn fn = compare.getFn();
  if (!bound) {
    bound = getNumber(compare.getLhs());
    count = compare.getRhs();
    switch (fn) {
    case CompareFn::Greater:
      fn = CompareFn::Less;
      break;
    case CompareFn::GreaterEqual:
      fn = CompareFn::LessEqual;
      break;
    case CompareFn::Less:
      fn = CompareFn::Greater;
      break;
    case CompareFn::LessEqual:
      fn = CompareFn::GreaterEqual;
      break;
    case CompareFn::Equal:
      break;
    }
  }
  if (!bound)
    return false;
  bool isNone = false, isSome = false;
  switch (fn) {
  case CompareFn::Less:
    isNone = *bound > 0 && *bound <= 1;
    break;
  case CompareFn::LessEqual:
    isNone = *bound >= 0 && *bound < 1;
    break;
  case CompareFn::Equal:
    isNone = *bound == 0;
    break;
  case CompareFn::Greater:
    isSome = *bound >= 0 && *bound < 1;
    break;
  case CompareFn::GreaterEqual:
    isSome = *bound > 0 && *bound <= 1;
    break;
  }
  if (isNegated ? !isSome : !isNone)
    return false;
  // Sum or maximum over the keys of the mask as it reaches the scores.
  while (auto cast = count.getDefiningOp<CastOp>())
    count = cast.getX();
  auto reduce = count.getDefiningOp<ReduceOp>();
  if (!reduce || !reduce.getKeepdims() ||
      (reduce.getFn() != ReduceFn::Sum && reduce.getFn() != ReduceFn::Max))
    return false;
  Value keep = getBooleans(reduce.getX());
  auto type = keep ? dyn_cast<RankedTensorType>(keep.getType()) : RankedTensorType();
  std::optional<SmallVector<int64_t>> axes = reduce.getStaticAxes();
  if (!type || !axes || axes->size() != 1 || axes->front() != type.getRank() - 1)
    return false;
  return keep == mask.keep && mask.movement.empty();
}

} // namespace moec::recognise
