//===- RecogniseNorms.cpp - Spelled-out RMS norms ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"
#include "lib/Recognise/Transformer/Match.h"

#include "dialects/ONNX/IR/ElementTypes.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {
#define GEN_PASS_DEF_RECOGNISENORMSPASS
#include "lib/Recognise/Passes.h.inc"

namespace {

/// x, if `value` is x * x.
Value getSquared(Value value) {
  if (BinaryOp mul = getBinary(value, BinaryFn::Mul); mul && mul.getLhs() == mul.getRhs())
    return mul.getLhs();
  if (BinaryOp pow = getBinary(value, BinaryFn::Pow); pow && getNumber(pow.getRhs()) == 2.0)
    return pow.getLhs();
  return {};
}

/// One norm, followed from the mean of squares to the last op that belongs to it.
class NormMatcher {
public:
  NormMatcher(ReduceOp mean, Value squared, bool why)
      : mean(mean), squared(squared), proof(mean, "rms_norm", why) {}

  LogicalResult rewrite() {
    auto type = dyn_cast<RankedTensorType>(squared.getType());
    if (!type)
      return proof.decline("rank", "the input has an unknown rank");
    std::optional<SmallVector<int64_t>> axes = mean.getStaticAxes();
    int64_t rank = type.getRank();
    if (!axes || axes->empty() || !mean.getKeepdims() || axes->back() != rank - 1 ||
        axes->back() - axes->front() != static_cast<int64_t>(axes->size()) - 1)
      return proof.decline("axes", "the mean is not over the last axes, kept with size 1");
    axis = axes->front();
    if (failed(matchQuotient()))
      return failure();
    if (mean.getX().getType() != squared.getType() || quotient.getType() != squared.getType())
      return proof.decline("shape", "the quotient has another shape than the input");
    matchScale(rank);
    build();
    return success();
  }

private:
  /// Follows mean, epsilon and root to the product or quotient with the input.
  LogicalResult matchQuotient() {
    Value value = mean.getResult();
    auto add = dyn_cast_or_null<BinaryOp>(getOnlyUser(value));
    if (add && add.getFn() == BinaryFn::Add) {
      std::optional<double> number = getNumber(getOther(add, value));
      if (!number)
        return proof.decline("epsilon", "what is added to the mean is no constant number", add);
      if (static_cast<double>(static_cast<float>(*number)) != *number)
        return proof.decline("epsilon", "32 bits do not hold it exactly", add);
      epsilon = static_cast<float>(*number);
      value = add.getResult();
    }
    // The root, or one over it.
    Operation *root = getOnlyUser(value);
    bool isInverse = false;
    if (auto pow = dyn_cast_or_null<BinaryOp>(root);
        pow && pow.getFn() == BinaryFn::Pow && pow.getLhs() == value) {
      std::optional<double> exponent = getNumber(pow.getRhs());
      if (exponent != 0.5 && exponent != -0.5)
        return proof.decline("root", "the exponent is neither 1/2 nor -1/2", pow);
      isInverse = exponent == -0.5;
    } else if (auto sqrt = dyn_cast_or_null<UnaryOp>(root);
               !sqrt || sqrt.getFn() != UnaryFn::Sqrt) {
      return proof.decline("root", "mean of squares and epsilon are not used by one square root",
                           root);
    }
    value = root->getResult(0);
    if (!isInverse) {
      Operation *user = getOnlyUser(value);
      auto reciprocal = dyn_cast_or_null<UnaryOp>(user);
      auto div = dyn_cast_or_null<BinaryOp>(user);
      if (reciprocal && reciprocal.getFn() == UnaryFn::Reciprocal) {
        value = reciprocal.getResult();
      } else if (div && div.getFn() == BinaryFn::Div && div.getRhs() == value) {
        if (div.getLhs() == squared) {
          quotient = div.getResult();
          return success();
        }
        if (getNumber(div.getLhs()) != 1.0)
          return proof.decline("quotient", "the root divides something else than the input", div);
        value = div.getResult();
      } else {
        return proof.decline("quotient", "the root is no divisor of one op", user);
      }
    }
    auto mul = dyn_cast_or_null<BinaryOp>(getOnlyUser(value));
    if (!mul || mul.getFn() != BinaryFn::Mul || getOther(mul, value) != squared)
      return proof.decline("quotient", "one over the root does not multiply the input", mul);
    quotient = mul.getResult();
    return success();
  }

  /// Takes in the rounding to the type of the scale and the product with it, if they are there.
  void matchScale(int64_t rank) {
    result = quotient;
    if (auto cast = dyn_cast_or_null<CastOp>(getOnlyUser(result));
        cast && holdsExactly(Float64Type::get(mean.getContext()),
                             getElementTypeOrSelf(cast.getResult().getType())))
      result = cast.getResult();
    auto mul = dyn_cast_or_null<BinaryOp>(getOnlyUser(result));
    if (!mul || mul.getFn() != BinaryFn::Mul || mul.getResult().getType() != result.getType())
      return;
    Value other = getOther(mul, result);
    auto type = dyn_cast<RankedTensorType>(other.getType());
    if (!type || type.getRank() > rank)
      return;
    auto shape = cast<RankedTensorType>(result.getType()).getShape().take_back(type.getRank());
    for (int64_t i = 0; i < type.getRank(); ++i) {
      bool isNormalised = rank - type.getRank() + i >= axis;
      int64_t size = type.getDimSize(i);
      if (size != 1 && (!isNormalised || ShapedType::isDynamic(size) || size != shape[i]))
        return;
    }
    scale = other;
    result = mul.getResult();
  }

  void build() {
    Operation *last = result.getDefiningOp();
    OpBuilder b(last);
    auto type = cast<RankedTensorType>(result.getType());
    if (!scale)
      scale = ConstantOp::create(
          b, last->getLoc(),
          DenseElementsAttr::get(RankedTensorType::get({1}, type.getElementType()),
                                 b.getFloatAttr(type.getElementType(), 1.0)));
    Type stash = getElementTypeOrSelf(squared.getType());
    auto op = RMSNormOp::create(b, last->getLoc(), type, Type(), skipWidening(squared), scale,
                                b.getI64IntegerAttr(axis), b.getF32FloatAttr(epsilon),
                                TypeAttr::get(stash));
    result.replaceAllUsesWith(op.getY());
  }

  ReduceOp mean;
  Value squared;
  Proof proof;
  int64_t axis = 0;
  float epsilon = 0;
  Value quotient, scale, result;
};

struct RecogniseNorms : impl::RecogniseNormsPassBase<RecogniseNorms> {
  using RecogniseNormsPassBase::RecogniseNormsPassBase;

  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    SmallVector<std::pair<ReduceOp, Value>> candidates;
    function.walk([&](ReduceOp op) {
      if (op.getFn() == ReduceFn::Mean)
        if (Value squared = getSquared(op.getX());
            squared && isa<FloatType>(getElementTypeOrSelf(squared.getType())))
          candidates.emplace_back(op, squared);
    });
    for (auto [mean, squared] : candidates)
      if (succeeded(NormMatcher(mean, squared, why).rewrite()))
        ++numNorms;
    eraseDead(function);
  }
};
} // namespace

} // namespace moec::recognise
