//===- Routers.cpp - The families of routers --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

/// In the order in which they are tried; a new family is a file and a line.
static constexpr RouterMatcher families[] = {matchSoftmaxTopK, matchTopKSoftmax};

/// Strips a last conversion and factors that are numbers.
static bool stripScale(Row &weight, RouterForm &form) {
  form.weightType = weight->elementType;
  if (weight->isCast()) {
    Row inner = weight->operands[0];
    // Rounding to a narrower type is what `moe.route` does at its end.
    if (!inner->elementType.isF32() && !inner->elementType.isF64())
      return true;
    weight = inner;
  }
  for (bool again = true; again;) {
    again = false;
    for (unsigned i = 0; i < 2 && weight->isBinary(onnx::BinaryFn::Mul); ++i) {
      Row number = weight->operands[i];
      if (number->kind != RowExpr::Kind::Number)
        continue;
      form.scale *= number->number;
      weight = weight->operands[1 - i];
      again = true;
      break;
    }
  }
  return true;
}

bool moec::recognise::matchRouter(Proof &proof, Row weight, RouterForm &form) {
  for (RouterMatcher family : families) {
    RouterForm attempt;
    Row stripped = weight;
    if (stripScale(stripped, attempt) && family(proof, stripped, attempt)) {
      form = std::move(attempt);
      return true;
    }
    if (proof.hasFailed())
      return false;
  }
  return proof.fail("router-family",
                    "what experts are weighted by is not an elementwise function of the selection "
                    "that a family of routers knows (softmax and top-k, with or without division "
                    "by the sum of the chosen; top-k and softmax)",
                    weight->kind == RowExpr::Kind::Leaf ? nullptr : weight->op);
}
