//===- SumOfExperts.cpp - A layer that loops over its experts ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Family P2. For each expert e the file computes, from the places (t, j) where
// ids[t, j] = e,
//
//   S_e[t, :] = c[t, j] * F_e(x[t, :])      zero where no j has ids[t, j] = e
//
// and adds S_0 ... S_{E-1} in any order. The ids of a token are distinct, since
// one top-k chose them, so that a token is named once by the members of e and a
// scatter without reduction loses nothing. With each e in 0 ... E - 1 exactly
// once the sum is that over the choices.
//
// The rows of expert e are explained at one member: the columns of NonZero's
// result become token and choice, so that all bodies speak of the same pair.
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

namespace {

class ExpertSumMatcher {
public:
  ExpertSumMatcher(Proof &proof, Value sum, LayerForm &form)
      : proof(proof), facts(proof.facts), table(proof.table), sum(sum), form(form),
        rows(facts, proof.choice.op, /*expert=*/nullptr) {}

  bool match() {
    const Shape &shape = *facts.shape(sum);
    SmallVector<Operation *> scatters;
    addTerms(sum, scatters);
    SmallVector<Operation *> byExpert(proof.choice.experts);
    for (Operation *op : scatters) {
      std::optional<int64_t> e = findExpert(op);
      if (!e)
        return false;
      if (byExpert[*e])
        return proof.fail("each-expert-once", "expert " + Twine(*e) + " is added twice", op);
      byExpert[*e] = op;
    }
    if (!checkComplete(byExpert))
      return false;
    if (shape[0] != proof.tokens)
      return proof.fail("sum-by-token",
                        "the sum has another number of rows than tokens were routed",
                        sum.getDefiningOp());
    Type type = getElementTypeOrSelf(sum.getType());
    if (!type.isF32() && !type.isF64())
      return proof.fail("rounding-places", "the sum over experts is rounded at every step",
                        sum.getDefiningOp());
    SmallVector<Row> bodies;
    for (Operation *op : byExpert) {
      Row body = findBody(op);
      if (!body)
        return false;
      bodies.push_back(body);
    }
    Row term = rows.merge(bodies);
    if (!term)
      return proof.fail(rows.failure(), rows.failedAt());
    form.result = sum;
    return explainTerm(proof, term, shape[1], sum.getDefiningOp(), form);
  }

private:
  void addTerms(Value value, SmallVectorImpl<Operation *> &scatters) {
    SmallVector<Value> open{value};
    while (!open.empty()) {
      const ExpertSum *known = facts.expertSum(open.pop_back_val());
      if (known->scatter)
        scatters.push_back(known->scatter);
      for (Value part : {known->left, known->right})
        if (part)
          open.push_back(part);
    }
  }

  Value updates(Operation *op) { return op->getOperand(2); }

  /// The expert whose members the rows are; notes for each member which token and choice it is.
  std::optional<int64_t> findExpert(Operation *op) {
    const Size &count = (*facts.shape(updates(op)))[0];
    Value members = facts.membersCounted(count);
    const MembersFact &fact = *facts.members(members);
    Index key = nullptr;
    std::optional<int64_t> expert;
    if (fact.mask->kind == IndexExpr::Kind::Equal)
      for (unsigned i = 0; i < 2; ++i)
        if (std::optional<int64_t> number = fact.mask->args[i]->getConstant()) {
          expert = number;
          key = fact.mask->args[1 - i];
        }
    if (!expert) {
      bool isHit = fact.mask->kind == IndexExpr::Kind::Equal &&
                   llvm::any_of(fact.mask->args, [&](Index side) {
                     return side->isRead() && facts.members(side->base);
                   });
      if (isHit)
        proof.fail("experts-by-number",
                   "the loop goes over the experts that were hit when the file was written: their "
                   "list was baked, and with it their number",
                   op);
      else
        proof.fail("members-of-expert",
                   "rows are not chosen by the test whether an id is a certain expert", op);
      return std::nullopt;
    }
    const Index byToken[] = {proof.token, proof.slot}, byChoice[] = {proof.slot, proof.token};
    for (ArrayRef<Index> place : {ArrayRef(byToken), ArrayRef(byChoice)}) {
      if (fact.shape.size() != 2 || !isWithin(place, fact.shape) ||
          table.substitute(key, place) != proof.expert)
        continue;
      if (*expert >= proof.choice.experts) {
        proof.fail("members-of-expert", "expert " + Twine(*expert) + " does not exist", op);
        return std::nullopt;
      }
      table.setColumn(members, table.var(memberPosition, count), place);
      return checkRows(op, count) ? expert : std::nullopt;
    }
    proof.fail("ids-of-this-choice",
               "rows are chosen by other ids than those that the weights belong to", op);
    return std::nullopt;
  }

  /// Whether each place of the mask is one pair: its axes are tokens and choices.
  bool isWithin(ArrayRef<Index> place, const Shape &shape) {
    for (auto [index, size] : llvm::zip_equal(place, shape)) {
      const Size &extent = index == proof.token ? proof.tokens : Size(proof.choice.k);
      if (size != extent)
        return false;
    }
    return true;
  }

  /// Row n goes to the token of member n.
  bool checkRows(Operation *op, const Size &count) {
    Index member = table.var(memberPosition, count);
    Value indices = op->getOperand(1);
    const Shape &shape = *facts.shape(indices);
    Index row = nullptr;
    if (isa<onnx::ScatterElementsOp>(op)) {
      Index column = table.var(columnPosition, shape[1]);
      row = facts.elementAt(indices, {member, column});
    } else if (shape.size() == 2 && shape[1].isConstant(1)) {
      row = facts.elementAt(indices, {member, table.constant(0)});
    }
    if (row != proof.token || shape[0] != count)
      return proof.fail("rows-to-tokens", "the rows of an expert do not go to their tokens", op);
    return true;
  }

  bool checkComplete(ArrayRef<Operation *> byExpert) {
    std::string missing;
    for (auto [e, op] : llvm::enumerate(byExpert))
      if (!op)
        missing += (missing.empty() ? "" : ", ") + std::to_string(e);
    if (missing.empty())
      return true;
    return proof.fail("experts-complete", "experts missing: {" + missing + "}",
                      sum.getDefiningOp());
  }

  /// Expert e's row for a member, c * F_e(x).
  Row findBody(Operation *op) {
    const Shape &shape = *facts.shape(updates(op));
    Row body = rows.get(facts.elementAt(
        updates(op), {table.var(memberPosition, shape[0]), table.var(columnPosition, shape[1])}));
    if (!body)
      proof.fail(rows.failure(), rows.failedAt());
    return body;
  }

  Proof &proof;
  Facts &facts;
  IndexTable &table;
  Value sum;
  LayerForm &form;
  RowBuilder rows;
};

} // namespace

bool moec::recognise::recogniseSumOfExperts(Proof &proof, Value sum, LayerForm &form) {
  return ExpertSumMatcher(proof, sum, form).match();
}
