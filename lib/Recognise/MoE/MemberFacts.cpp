//===- MemberFacts.cpp - Rows of one expert and their sums ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// NonZero of a mask lists the places where it is set, each once: members. Rows,
// one per member, that are scattered onto zeros are a matrix of tokens x
// columns; the sum of such matrices may be a layer (SumOfExperts.cpp).
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Facts.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;

namespace {

class MemberRules {
public:
  explicit MemberRules(Facts &facts) : facts(facts), table(facts.indices()) {}

  bool apply(Operation *op) {
    return TypeSwitch<Operation *, bool>(op)
        .Case([&](onnx::NonZeroOp nonZero) { return applyNonZero(nonZero); })
        .Case<onnx::ScatterElementsOp, onnx::ScatterNDOp>(
            [&](auto scatter) { return applyScatter(scatter); })
        .Case([&](onnx::BinaryOp binary) { return applyAdd(binary); })
        .Default([](Operation *) { return false; });
  }

private:
  bool applyNonZero(onnx::NonZeroOp op) {
    // Its number of columns is a symbol of this op alone.
    const onnx::Size &count = (*facts.shape(op.getResult()))[1];
    const Shape &shape = *facts.shape(op.getX());
    if (!count.getSymbol() || !isa<IntegerType>(getElementTypeOrSelf(op.getX().getType())))
      return false;
    table.setRange(op.getResult(), {onnx::Size(0), std::nullopt});
    facts.setMembers(op.getResult(), {facts.element(op.getX()), shape}, count);
    return true;
  }

  template <typename ScatterOp>
  bool applyScatter(ScatterOp op) {
    const Shape &shape = *facts.shape(op.getX()), &rows = *facts.shape(op.getUpdates());
    if (shape.size() != 2 || rows.size() != 2 || rows[1] != shape[1] ||
        !facts.membersCounted(rows[0]))
      return false;
    if constexpr (std::is_same_v<ScatterOp, onnx::ScatterElementsOp>)
      if (op.getAxis() != 0)
        return false;
    ExpertSum sum{1, op, {}, {}};
    bool isZero = facts.splat(op.getX()) == 0.0;
    if (!isZero) {
      Value base = facts.whole(op.getX());
      const ExpertSum *known = facts.expertSum(base);
      if (op.getReduction() != onnx::ScatterReduction::Add)
        return fail(op, "the rows of an expert replace what was there: they are neither scattered "
                        "onto zeros nor added");
      if (!known)
        return fail(op, "the rows of an expert are added to something that is no sum of experts");
      sum.left = base;
      sum.terms += known->terms;
    }
    if (op.getReduction() != onnx::ScatterReduction::None &&
        op.getReduction() != onnx::ScatterReduction::Add)
      return fail(op, "the rows of an expert are multiplied or compared with what was there");
    facts.setExpertSum(op.getResult(), sum);
    return true;
  }

  bool fail(Operation *op, const Twine &detail) {
    facts.fail(op->getResult(0), "scatter-adds", detail);
    return true;
  }

  bool applyAdd(onnx::BinaryOp op) {
    if (op.getFn() != onnx::BinaryFn::Add)
      return false;
    ExpertSum sum;
    unsigned unknown = 0;
    for (auto [value, place] :
         {std::pair(op.getLhs(), &sum.left), std::pair(op.getRhs(), &sum.right)}) {
      Value whole = facts.whole(value);
      if (const ExpertSum *known = facts.expertSum(whole)) {
        if (*facts.shape(whole) != *facts.shape(op.getResult()))
          return false;
        *place = whole;
        sum.terms += known->terms;
      } else if (facts.splat(value) != 0.0) {
        ++unknown;
      }
    }
    if (unknown || sum.terms == 0)
      return false;
    facts.setExpertSum(op.getResult(), sum);
    return true;
  }

  Facts &facts;
  IndexTable &table;
};

} // namespace

bool moec::recognise::applyMembersRule(Facts &facts, Operation *op) {
  return MemberRules(facts).apply(op);
}
