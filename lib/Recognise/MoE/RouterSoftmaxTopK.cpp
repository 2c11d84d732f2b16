//===- RouterSoftmaxTopK.cpp - Softmax over all, then top-k -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Families R1 and R1 with renormalisation:
//
//   s = softmax(logits, experts)     ids = topk(s)
//   c[t, j] = s[t, ids[t, j]]  or that divided by its sum over j, where the sum
//   may be kept from zero by adding or by a lower bound
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

/// Whether `row` is the sum over all choices of the chosen values.
static bool isSumOfChosen(Proof &proof, Row row) {
  if (row->kind != RowExpr::Kind::Sum || !row->extent.isConstant(proof.choice.k))
    return false;
  Row term = row->operands[0];
  return term->kind == RowExpr::Kind::Leaf &&
         term->leaf == proof.chosen(proof.choice.op.getValues(), row->bound);
}

/// The denominator of a renormalisation, with its guard.
static bool matchDenominator(Proof &proof, Row row, RouterForm &form) {
  auto number = [](Row operand) { return operand->kind == RowExpr::Kind::Number; };
  for (unsigned i = 0; i < 2 && row->kind == RowExpr::Kind::Apply; ++i) {
    bool adds = row->isBinary(onnx::BinaryFn::Add), limits = row->isBinary(onnx::BinaryFn::Max);
    if ((!adds && !limits) || !number(row->operands[i]))
      continue;
    form.epsMode = adds ? moe::EpsMode::Add : moe::EpsMode::Clamp;
    form.eps = row->operands[i]->number;
    row = row->operands[1 - i];
    break;
  }
  if (row->kind == RowExpr::Kind::Apply)
    if (auto clip = dyn_cast<onnx::ClipOp>(row->op); clip && clip.getMin() && !clip.getMax()) {
      if (!number(row->operands[1]))
        return false;
      form.epsMode = moe::EpsMode::Clamp;
      form.eps = row->operands[1]->number;
      row = row->operands[0];
    }
  return isSumOfChosen(proof, row);
}

/// The softmax below conversions of what is ranked; whether one of the types on the way is narrow.
static onnx::SoftmaxOp findSoftmax(Proof &proof, Index &ranked, bool &isNarrow) {
  isNarrow = false;
  while (ranked->isRead()) {
    Type type = getElementTypeOrSelf(ranked->base.getType());
    isNarrow |= type.isF16() || type.isBF16();
    Operation *op = ranked->base.getDefiningOp();
    auto cast = dyn_cast_or_null<onnx::CastOp>(op);
    if (!cast)
      return dyn_cast_or_null<onnx::SoftmaxOp>(op);
    ranked = proof.facts.elementAt(cast.getX(), ranked->args);
  }
  return {};
}

bool moec::recognise::matchSoftmaxTopK(Proof &proof, Row weight, RouterForm &form) {
  onnx::TopKOp topk = proof.choice.op;
  // What is ranked is a softmax, seen through views.
  Index expert = proof.table.var(columnPosition, proof.choice.experts);
  Index ranked = proof.tokenElement(topk.getX(), expert);
  bool isNarrow;
  onnx::SoftmaxOp softmax = findSoftmax(proof, ranked, isNarrow);
  if (!softmax)
    return false;
  Row chosen = weight;
  if (weight->isBinary(onnx::BinaryFn::Div)) {
    chosen = weight->operands[0];
    form.renormalises = true;
    if (!matchDenominator(proof, weight->operands[1], form))
      return false;
  } else if (weight->isBinary(onnx::BinaryFn::Mul)) {
    for (unsigned i = 0; i < 2; ++i)
      if (weight->operands[i]->isUnary(onnx::UnaryFn::Reciprocal)) {
        chosen = weight->operands[1 - i];
        form.renormalises = matchDenominator(proof, weight->operands[i]->operands[0], form);
        if (!form.renormalises)
          return false;
        break;
      }
  }
  if (chosen->kind != RowExpr::Kind::Leaf ||
      chosen->leaf != proof.chosen(topk.getValues(), proof.slot))
    return false;
  if (form.renormalises && (weight->elementType.isF16() || weight->elementType.isBF16()))
    return proof.fail("rounding-places", "the weights are divided by their sum in 16 bits",
                      weight->op);
  const onnx::Shape &shape = *proof.facts.shape(softmax.getX());
  if (softmax.getAxis() + 1 != shape.size() || !shape.back().isConstant(proof.choice.experts) ||
      ranked != proof.tokenElement(softmax.getResult(), expert))
    return proof.fail("softmax-over-experts", "the scores are a softmax over another axis",
                      softmax);
  form.name = form.renormalises ? "softmax, top-k, renormalised" : "softmax, top-k";
  form.logits = softmax.getX();
  // Scores that are rounded before they are ranked may tie: they are computed outside.
  if (isNarrow) {
    form.score = moe::Score::Identity;
    form.logits = topk.getX();
  }
  return true;
}
