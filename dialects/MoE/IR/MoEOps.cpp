//===- MoEOps.cpp - Canonicalisation of moe ops -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moec::moe;

#define GET_OP_CLASSES
#include "dialects/MoE/IR/MoEOps.cpp.inc"

namespace {

/// Softmax over all experts, top-k and division by the sum of the chosen is
/// softmax over the chosen logits: exp(z_i) / sum exp cancels the sum over all
/// experts. It needs no exponential of the experts that are not chosen and no
/// guard against a zero denominator. Legal only where nothing but the logit
/// enters the key: monotone, no bias, no groups, no noise added to the score. A
/// policy may stay, because it reads weights after the division.
struct SelectBeforeSoftmax : OpRewritePattern<RouteOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(RouteOp op, PatternRewriter &rewriter) const override {
    RenormAttr renorm = op.getRenormAttr();
    if (!renorm || renorm.getP() != 1 || renorm.getMode() != EpsMode::None)
      return rewriter.notifyMatchFailure(op, "needs division by the plain sum");
    if (renorm.getMultipleOnly() && op.getK() == 1)
      return rewriter.notifyMatchFailure(op, "division does not happen for k = 1");
    if (op.getScore() != Score::Softmax || op.getScoreAxis() != ScoreAxis::Experts ||
        op.getKey() != Key::Score || op.getWeight() != WeightSource::Score)
      return rewriter.notifyMatchFailure(op, "needs softmax scores over experts as key and weight");
    if (op.getSelect() != Select::TokenTopK || op.getKeyOverride() || op.getSelectBias() ||
        op.getGroups() || op.getNoiseSite() != NoiseSite::Logits)
      return rewriter.notifyMatchFailure(op, "the key is not the score alone");
    if (!op.getScaleIfRenorm() && op.getScale().convertToDouble() != 1.0)
      return rewriter.notifyMatchFailure(op, "the scale depends on the renormalisation");
    rewriter.modifyOpInPlace(op, [&] {
      op.setKey(Key::Logit);
      op.setWeight(WeightSource::SoftmaxSelected);
      op.removeRenormAttr();
    });
    return success();
  }
};

/// A dispatch by the slots of an assign that drops nothing is a dispatch
/// without slots: both are the stable counting sort.
struct DropDroplessSlots : OpRewritePattern<DispatchOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(DispatchOp op, PatternRewriter &rewriter) const override {
    if (!op.getSlots())
      return rewriter.notifyMatchFailure(op, "has no slots");
    auto assign = op.getSlots().getDefiningOp<AssignOp>();
    if (!assign || assign.getCapacity() || assign.getMask() ||
        assign.getOverflow() != Overflow::Drop || assign.getIds() != op.getIds())
      return rewriter.notifyMatchFailure(op, "slots may drop choices");
    rewriter.modifyOpInPlace(op, [&] { op.getSlotsMutable().clear(); });
    return success();
  }
};

} // namespace

void RouteOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<SelectBeforeSoftmax>(context);
}

void DispatchOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropDroplessSlots>(context);
}
