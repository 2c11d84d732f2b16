//===- SumOfChoices.cpp - A layer that ends in a sum over choices -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Families P4 and P5r end alike: rows for every pair (t, j), T x k x H, are
// added over j. Which weights met which row before that is known from views
// (P4: matrices gathered by ids) or from GroupedProducts.cpp (P5r: rows sorted
// by expert and brought back).
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;

Proof::Proof(Facts &facts, ChoiceFact choice, StringRef family)
    : facts(facts), table(facts.indices()), choice(choice), tokens(1), family(family),
      where(choice.op.getLoc()) {
  const Shape &shape = *facts.shape(this->choice.op.getIndices());
  for (const onnx::Size &size : ArrayRef(shape).drop_back())
    tokens = facts.sizes().mul(tokens, size);
  token = table.var(tokenPosition, tokens);
  slot = table.var(choicePosition, shape.back());
  expert = chosen(this->choice.op.getIndices(), slot);
}

Index Proof::tokenElement(Value value, Index column) {
  const Shape &shape = *facts.shape(value);
  SmallVector<Index, 4> args = table.delinearise(token, ArrayRef(shape).drop_back());
  args.push_back(column);
  return facts.elementAt(value, args);
}

Index Proof::chosen(Value result, Index slot) { return tokenElement(result, slot); }

bool Proof::fail(StringRef obligation, const Twine &detail, Operation *op) {
  return fail(Facts::Failure{obligation.str(), detail.str()},
              op ? op->getLoc() : choice.op->getLoc());
}

bool Proof::fail(const Facts::Failure &why, Location at) {
  if (failure.obligation.empty()) {
    failure = why;
    where = at;
  }
  return false;
}

DeclinedLayer Proof::getDeclined() const {
  onnx::TopKOp op = choice.op;
  return {nodeName(op.getLoc()), family, failure.obligation, failure.detail, where};
}

namespace {

class SumMatcher {
public:
  SumMatcher(Proof &proof, onnx::ReduceOp op, LayerForm &form)
      : proof(proof), facts(proof.facts), op(op), form(form),
        rows(facts, proof.choice.op, proof.expert) {}

  bool match() {
    const Shape &shape = *facts.shape(op.getX());
    std::optional<SmallVector<int64_t>> axes = op.getStaticAxes();
    int64_t axis = axes->front();
    if (shape.size() != 3 || axis == 2 || op.getKeepdims())
      return proof.fail("sum-by-token", "the sum over choices is not tokens x columns", op);
    if (!shape[axis].isConstant(proof.choice.k))
      return proof.fail("sum-over-choices", "the sum is not over the k choices of a token", op);
    if (shape[1 - axis] != proof.tokens)
      return proof.fail("sum-by-token",
                        "the sum has another number of rows than tokens were routed", op);
    SmallVector<Index, 4> args(3);
    args[axis] = proof.slot;
    args[1 - axis] = proof.token;
    args[2] = proof.table.var(columnPosition, shape[2]);
    Row term = rows.get(facts.elementAt(op.getX(), args));
    if (!term) {
      // What failed earlier explains what is unknown here.
      if (Value earlier = facts.firstFailed(proof.choice.op))
        return proof.fail(*facts.failure(earlier), earlier.getLoc());
      return proof.fail(rows.failure(), rows.failedAt());
    }
    form.result = op.getResult();
    return explainTerm(proof, term, shape[2], op, form);
  }

private:
  Proof &proof;
  Facts &facts;
  onnx::ReduceOp op;
  LayerForm &form;
  RowBuilder rows;
};

class TermMatcher {
public:
  TermMatcher(Proof &proof, Operation *sum, LayerForm &form)
      : proof(proof), facts(proof.facts), sum(sum), form(form) {}

  bool match(Row term, const onnx::Size &columns) {
    Row weight = nullptr, output = nullptr;
    return splitTerm(term, weight, output) && matchExpert(proof, output, columns, form.expert) &&
           checkExperts() && matchRouter(proof, weight, form.router) && findInput(proof, form);
  }

private:
  static bool isNarrow(Type type) { return type.isF16() || type.isBF16(); }

  /// term = weight * output, with conversions around.
  bool splitTerm(Row term, Row &weight, Row &output) {
    if (term->isCast() && isNarrow(term->operands[0]->elementType) && term->elementType.isF32()) {
      // A product in 16 bits that is widened for the sum.
      term = term->operands[0];
    } else if (term->isCast()) {
      // A product that is rounded before the sum.
      if (!term->operands[0]->elementType.isF32() || !isNarrow(term->elementType))
        return failRounding(term);
      form.termType = term->elementType;
      term = term->operands[0];
    }
    if (!term->isBinary(onnx::BinaryFn::Mul))
      return proof.fail("weighted-terms",
                        "the terms of the sum are not products of a router "
                        "weight and an expert's output",
                        term->op ? term->op : sum);
    if (isNarrow(term->elementType)) {
      if (form.termType)
        return failRounding(term);
      form.termType = term->elementType;
    }
    output = term->operands[0];
    weight = term->operands[1];
    if (!output->hasProduct)
      std::swap(output, weight);
    if (!output->hasProduct || weight->hasProduct)
      return proof.fail("weighted-terms",
                        "the terms of the sum are not products of a router "
                        "weight and an expert's output",
                        term->op);
    // Widening the rows changes no value.
    if (output->isCast()) {
      if (!isNarrow(output->operands[0]->elementType) || !output->elementType.isF32())
        return failRounding(output);
      output = output->operands[0];
    }
    return true;
  }

  bool failRounding(Row at) {
    return proof.fail("rounding-places",
                      "a conversion on the way to the sum has no place in "
                      "moe.combine",
                      at->op);
  }

  /// The stacks hold a matrix for each expert that can be chosen, and no more.
  bool checkExperts() {
    int64_t experts = proof.choice.experts;
    const ExpertForm &expert = form.expert;
    for (const Projection *projection : {&expert.first, &expert.down, &expert.up}) {
      const auto &formulas = projection->matrices.formulas;
      if (formulas.empty())
        continue;
      int64_t count = formulas.size();
      if (count == 1)
        for (auto [axis, arg] : llvm::enumerate(formulas[0]->args))
          if (arg->isVar() && arg->position == ExpertMatrices::expert)
            count = (*facts.shape(formulas[0]->base))[axis].getConstant().value_or(0);
      if (count != experts)
        return proof.fail("experts-complete",
                          Twine(experts) + " experts can be chosen and " + Twine(count) +
                              " have weights",
                          formulas[0]->base.getDefiningOp());
    }
    return true;
  }

  Proof &proof;
  Facts &facts;
  Operation *sum;
  LayerForm &form;
};

} // namespace

bool moec::recognise::findInput(Proof &proof, LayerForm &form) {
  IndexTable &table = proof.table;
  // The input over variables 0 (token) and 1 (column) is some value of the function.
  Index column = nullptr;
  onnx::Size columns = form.expert.first.inputs;
  Index element = table.substitute(form.expert.input, tokenPosition, table.var(0, proof.tokens));
  element = table.substitute(element, boundPosition + 1, column = table.var(1, columns));
  if (table.dependsOn(element, choicePosition) || table.dependsOn(element, tokenPosition))
    return proof.fail("input-of-tokens", "experts read rows that are not those of their tokens");
  form.x = proof.facts.findMatrix(element, proof.tokens, columns);
  if (!form.x)
    return proof.fail("input-of-tokens", "no value holds the rows of the tokens in their order");
  return true;
}

bool moec::recognise::explainTerm(Proof &proof, Row term, const onnx::Size &columns, Operation *sum,
                                  LayerForm &form) {
  return TermMatcher(proof, sum, form).match(term, columns);
}

bool moec::recognise::recogniseSumOfChoices(Proof &proof, onnx::ReduceOp op, LayerForm &form) {
  return SumMatcher(proof, op, form).match();
}
