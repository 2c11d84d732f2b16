//===- InferTransformerOps.cpp - Attention, rotary, contrib MoE -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

/// Requires `facts`, if its rank is known, to have these sizes; refines them by what it says.
static LogicalResult checkShape(ShapeContext &context, Operation *op, StringRef name,
                                const ValueFacts &facts, ArrayRef<Size *> sizes) {
  if (failed(checkRank(context, op, name, facts, sizes.size())))
    return failure();
  if (facts.shape)
    for (auto [axis, size] : llvm::enumerate(*facts.shape))
      if (failed(meet(context, op, "axis " + Twine(axis) + " of " + name, *sizes[axis], size)))
        return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// Rotary embedding
//===----------------------------------------------------------------------===//

LogicalResult RotaryEmbeddingOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  int64_t numHeads = getNumHeads(), rotaryDim = getRotaryDim();
  const ValueFacts &cosCache = context.get(getCosCache()), &sinCache = context.get(getSinCache());
  if (failed(checkSameType(context, *this, "cos_cache", x, cosCache)) ||
      failed(checkSameType(context, *this, "sin_cache", x, sinCache)))
    return failure();
  if (numHeads < 0 || rotaryDim < 0 || rotaryDim % 2 != 0)
    return context.error(*this) << "expects num_heads >= 0 and an even rotary_dim >= 0, got "
                                << numHeads << " and " << rotaryDim;
  size_t cacheRank = getPositionIds() ? 2 : 3;
  if (failed(checkRank(context, *this, "cos_cache", cosCache, cacheRank)) ||
      failed(checkRank(context, *this, "sin_cache", sinCache, cacheRank)))
    return failure();
  if (x.shape) {
    if (x.shape->size() != 3 && x.shape->size() != 4)
      return context.error(*this) << "expects x of rank 3 or 4, got " << x.shape->size();
    std::optional<int64_t> head = x.shape->back().getConstant();
    if (x.shape->size() == 3) {
      if (numHeads == 0)
        return context.error(*this) << "a 3-d x needs num_heads";
      if (head && *head % numHeads != 0)
        return context.error(*this)
               << "cannot distribute " << *head << " features over " << numHeads << " heads";
      head = head ? std::optional(*head / numHeads) : std::nullopt;
    }
    if (head && rotaryDim > *head)
      return context.error(*this) << "expects rotary_dim <= head size, got " << rotaryDim << " of "
                                  << *head;
    Size pairs = context.sizes().fresh();
    if (rotaryDim != 0)
      pairs = rotaryDim / 2;
    else if (head)
      pairs = *head / 2;
    for (auto [name, cache] :
         {std::make_pair("cos_cache", &cosCache), std::make_pair("sin_cache", &sinCache)})
      if (cache->shape && failed(meet(context, *this, Twine("the last size of ") + name, pairs,
                                      cache->shape->back())))
        return failure();
  }
  if (getPositionIds() &&
      failed(checkRank(context, *this, "position_ids", context.get(getPositionIds()), 2)))
    return failure();
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

namespace {
/// A query, key or value as batch x heads x sequence x head size.
struct Heads {
  Size batch, heads, sequence, size;
};
} // namespace

static FailureOr<Heads> splitHeads(ShapeContext &context, AttentionOp op, StringRef name,
                                   const ValueFacts &facts, int64_t numHeads) {
  SizeTable &sizes = context.sizes();
  if (!facts.shape)
    return Heads{sizes.fresh(), numHeads ? Size(numHeads) : sizes.fresh(), sizes.fresh(),
                 sizes.fresh()};
  const Shape &shape = *facts.shape;
  if (shape.size() == 4) {
    Size heads = shape[1];
    if (numHeads && failed(meet(context, op, "the number of heads of " + name, heads, numHeads)))
      return failure();
    return Heads{shape[0], heads, shape[2], shape[3]};
  }
  if (shape.size() != 3)
    return context.error(op) << "expects " << name << " of rank 3 or 4, got " << shape.size();
  if (numHeads < 1)
    return context.error(op) << "a 3-d " << name << " needs q_num_heads and kv_num_heads";
  std::optional<int64_t> hidden = shape[2].getConstant();
  if (hidden && *hidden % numHeads != 0)
    return context.error(op) << "cannot distribute " << *hidden << " features of " << name
                             << " over " << numHeads << " heads";
  return Heads{shape[0], numHeads, shape[1], sizes.apply(SizeFn::FloorDiv, shape[2], numHeads)};
}

LogicalResult AttentionOp::inferShapes(ShapeContext &context) {
  const ValueFacts &q = context.get(getQ()), &k = context.get(getK()), &v = context.get(getV());
  SizeTable &sizes = context.sizes();
  int64_t qHeads = getQNumHeads(), kvHeads = getKvNumHeads(), mode = getQkMatmulOutputMode();
  if (failed(checkSameType(context, *this, "k", q, k)))
    return failure();
  if (qHeads < 0 || kvHeads < 0)
    return context.error(*this) << "expects numbers of heads >= 0";
  if (mode < 0 || mode > 3)
    return context.error(*this) << "expects qk_matmul_output_mode 0, 1, 2 or 3, got " << mode;
  if (!(getSoftcap().convertToFloat() >= 0))
    return context.error(*this) << "expects softcap >= 0";
  if (!getPastKey() != !getPastValue())
    return context.error(*this) << "expects past_key and past_value together";
  if (getPastKey() && getNonpadKvSeqlen())
    return context.error(*this) << "expects either past or nonpad_kv_seqlen, not both";
  if (!getPresentKey() != !getPresentValue())
    return context.error(*this) << "expects present_key and present_value together";

  FailureOr<Heads> query = splitHeads(context, *this, "q", q, qHeads);
  if (failed(query))
    return failure();
  FailureOr<Heads> key = splitHeads(context, *this, "k", k, kvHeads);
  if (failed(key))
    return failure();
  FailureOr<Heads> value = splitHeads(context, *this, "v", v, kvHeads);
  if (failed(value))
    return failure();
  if (failed(meet(context, *this, "the batch of k", query->batch, key->batch)) ||
      failed(meet(context, *this, "the batch of v", query->batch, value->batch)) ||
      failed(meet(context, *this, "the head size of k", query->size, key->size)) ||
      failed(meet(context, *this, "the number of heads of v", key->heads, value->heads)) ||
      failed(meet(context, *this, "the sequence of v", key->sequence, value->sequence)))
    return failure();
  std::optional<int64_t> numQuery = query->heads.getConstant(), numKey = key->heads.getConstant();
  if (numQuery && numKey && (*numKey == 0 || *numQuery % *numKey != 0))
    return context.error(*this) << "expects a multiple of " << *numKey
                                << " query heads, one per key head, got " << *numQuery;

  Size total = key->sequence;
  if (getPastKey()) {
    Size past = sizes.fresh();
    const ValueFacts &pastKey = context.get(getPastKey());
    const ValueFacts &pastValue = context.get(getPastValue());
    if (pastKey.shape && pastKey.shape->size() == 4)
      past = (*pastKey.shape)[2];
    Size heads = key->heads, keySize = key->size, valueSize = value->size, batch = query->batch;
    if (failed(checkSameType(context, *this, "past_key", k, pastKey)) ||
        failed(checkSameType(context, *this, "past_value", v, pastValue)) ||
        failed(
            checkShape(context, *this, "past_key", pastKey, {&batch, &heads, &past, &keySize})) ||
        failed(checkShape(context, *this, "past_value", pastValue,
                          {&batch, &heads, &past, &valueSize})))
      return failure();
    total = sizes.add(past, key->sequence);
  }
  if (getMask()) {
    const ValueFacts &mask = context.get(getMask());
    if (!mask.elementType.isInteger(1) && failed(checkSameType(context, *this, "mask", q, mask)))
      return failure();
    if (mask.shape && (mask.shape->size() < 1 || mask.shape->size() > 4))
      return context.error(*this) << "expects a mask of rank 1 to 4, got " << mask.shape->size();
  }
  if (getNonpadKvSeqlen() && failed(checkShape(context, *this, "nonpad_kv_seqlen",
                                               context.get(getNonpadKvSeqlen()), {&query->batch})))
    return failure();

  if (getPresentKey() &&
      (failed(context.set(getPresentKey(), makeFacts(k.elementType, Shape{query->batch, key->heads,
                                                                          total, key->size}))) ||
       failed(context.set(
           getPresentValue(),
           makeFacts(v.elementType, Shape{query->batch, key->heads, total, value->size})))))
    return failure();
  if (getQkMatmulOutput() &&
      failed(context.set(
          getQkMatmulOutput(),
          makeFacts(q.elementType, Shape{query->batch, query->heads, query->sequence, total}))))
    return failure();
  std::optional<Shape> shape;
  if (q.shape && q.shape->size() == 3)
    shape = Shape{query->batch, query->sequence, sizes.mul(query->heads, value->size)};
  else if (q.shape)
    shape = Shape{query->batch, query->heads, query->sequence, value->size};
  return context.set(getY(), makeFacts(q.elementType, std::move(shape)));
}

//===----------------------------------------------------------------------===//
// Contrib MoE
//===----------------------------------------------------------------------===//

LogicalResult ContribMoEOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &router = context.get(getRouter());
  const ValueFacts &fc1 = context.get(getFc1()), &fc2 = context.get(getFc2());
  SizeTable &sizes = context.sizes();
  int64_t k = getK(), fusion = getSwigluFusion();
  for (auto [name, operand] :
       {std::make_pair("router", getRouter()), std::make_pair("fc1", getFc1()),
        std::make_pair("fc2", getFc2()), std::make_pair("fc1_bias", getFc1Bias()),
        std::make_pair("fc2_bias", getFc2Bias()), std::make_pair("fc3", getFc3()),
        std::make_pair("fc3_bias", getFc3Bias())})
    if (operand && failed(checkSameType(context, *this, name, x, context.get(operand))))
      return failure();

  bool isSwiglu = getActivation() == ExpertActivation::Swiglu;
  if (k < 1)
    return context.error(*this) << "expects k >= 1, got k = " << k;
  if (fusion < 0 || fusion > 2)
    return context.error(*this) << "expects swiglu_fusion 0, 1 or 2, got " << fusion;
  if (getSwigluLimit() && !(getSwigluLimit()->convertToFloat() >= 0))
    return context.error(*this) << "expects swiglu_limit >= 0, got "
                                << getSwigluLimit()->convertToFloat()
                                << "; leave it out for no limit";
  if (getUseSparseMixer() && k != 2)
    return context.error(*this) << "the sparse mixer chooses 2 experts, got k = " << k;
  if (getFc3Bias() && !getFc3())
    return context.error(*this) << "fc3_bias has no effect without fc3";
  if (isSwiglu && fusion != 0 && getFc3())
    return context.error(*this) << "with swiglu_fusion = " << fusion
                                << " fc1 holds both projections and fc3 must be absent";

  if (failed(checkRank(context, *this, "router", router, 2)) ||
      failed(checkRank(context, *this, "fc1", fc1, 3)) ||
      failed(checkRank(context, *this, "fc2", fc2, 3)))
    return failure();
  Size tokens = sizes.fresh(), hidden = sizes.fresh();
  if (x.shape) {
    if (x.shape->size() != 2 && x.shape->size() != 3)
      return context.error(*this)
             << "expects x to be tokens x hidden or batch x sequence x hidden, "
                "got rank "
             << x.shape->size();
    hidden = x.shape->back();
    tokens = product(sizes, ArrayRef<Size>(*x.shape).drop_back());
  }
  Size experts = sizes.fresh(), inner = sizes.fresh(), outer = sizes.fresh();
  if (failed(checkShape(context, *this, "router", router, {&tokens, &experts})) ||
      failed(checkShape(context, *this, "fc2", fc2, {&experts, &hidden, &inner})))
    return failure();
  bool isFused = isSwiglu && !getFc3();
  if (inner.getConstant())
    outer = sizes.mul(inner, isFused ? 2 : 1);
  if (failed(
          checkShape(context, *this,
                     "fc1 (experts x " + Twine(isFused ? "2 inner" : "inner").str() + " x hidden)",
                     fc1, {&experts, &outer, &hidden})))
    return failure();
  if (getFc1Bias() &&
      failed(checkShape(context, *this, "fc1_bias", context.get(getFc1Bias()), {&experts, &outer})))
    return failure();
  if (getFc2Bias() && failed(checkShape(context, *this, "fc2_bias", context.get(getFc2Bias()),
                                        {&experts, &hidden})))
    return failure();
  if (getFc3() &&
      failed(checkShape(context, *this, "fc3", context.get(getFc3()), {&experts, &inner, &hidden})))
    return failure();
  if (getFc3Bias() &&
      failed(checkShape(context, *this, "fc3_bias", context.get(getFc3Bias()), {&experts, &inner})))
    return failure();
  if (hidden.isConstant(0))
    return context.error(*this) << "expects a hidden size >= 1, got 0";
  if (std::optional<int64_t> count = experts.getConstant(); count && k > *count)
    return context.error(*this) << "expects k <= number of experts, got k = " << k << " of "
                                << *count << " experts";
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}
