//===- RouterTopKSoftmax.cpp - Top-k of logits, then softmax ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Family R2:  ids = topk(logits),  c[t, :] = softmax of logits[t, ids[t, :]].
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

bool moec::recognise::matchTopKSoftmax(Proof &proof, Row weight, RouterForm &form) {
  onnx::TopKOp topk = proof.choice.op;
  if (weight->kind != RowExpr::Kind::Softmax)
    return false;
  Row term = weight->operands[0];
  // A softmax in f32 of logits in 16 bits: the conversion loses nothing.
  if (term->isCast() && (term->elementType.isF32() || term->elementType.isF64()))
    term = term->operands[0];
  if (term->kind != RowExpr::Kind::Leaf || !weight->bound ||
      term->leaf != proof.chosen(topk.getValues(), weight->bound) || weight->column != proof.slot ||
      !weight->extent.isConstant(proof.choice.k))
    return proof.fail("softmax-over-chosen", "the softmax is not over the chosen logits",
                      weight->op);
  form.name = "top-k, softmax";
  form.logits = topk.getX();
  form.key = moe::Key::Logit;
  form.weight = moe::WeightSource::SoftmaxSelected;
  return true;
}
