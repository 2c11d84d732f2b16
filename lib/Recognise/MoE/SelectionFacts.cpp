//===- SelectionFacts.cpp - Top-k, sorts, counts, running sums --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Facts.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

namespace {

class SelectionRules {
public:
  explicit SelectionRules(Facts &facts) : facts(facts), table(facts.indices()) {}

  bool apply(Operation *op) {
    return TypeSwitch<Operation *, bool>(op)
        .Case([&](onnx::TopKOp topk) { return applyTopK(topk); })
        .Case([&](onnx::ScatterNDOp scatter) { return applyInverse(scatter); })
        .Case([&](onnx::ScatterElementsOp scatter) { return applyCounts(scatter); })
        .Case([&](onnx::CumSumOp cumsum) { return applyPrefix(cumsum); })
        .Default([](Operation *) { return false; });
  }

private:
  /// Values are the elements of the input at the indices.
  bool applyTopK(onnx::TopKOp op) {
    const Shape &shape = *facts.shape(op.getX());
    const Shape &result = *facts.shape(op.getIndices());
    int64_t axis = op.getAxis();
    Index ids = facts.element(op.getIndices());
    table.setRange(op.getIndices(), {Size(0), shape[axis]});
    SmallVector<Index, 4> args = table.variables(result);
    args[axis] = ids;
    facts.setElement(op.getValues(), facts.elementAt(op.getX(), args));
    // All of a vector: a sort, stable since of equal elements the first comes first.
    if (shape.size() == 1 && result[0] == shape[0] && op.getSorted())
      facts.setSort(op.getIndices(), {facts.element(op.getX()), shape[0], !op.getLargest()});
    std::optional<int64_t> k = result[axis].getConstant(), experts = shape[axis].getConstant();
    bool isLast = axis + 1 == static_cast<int64_t>(shape.size());
    if (k && experts && isLast && shape.size() > 1 && op.getLargest() && *k >= 1)
      facts.addChoice({op, *k, *experts});
    return true;
  }

  /// 0 ... n - 1 scattered to the places of a permutation of them.
  bool applyInverse(onnx::ScatterNDOp op) {
    const Shape &shape = *facts.shape(op.getX()), &tuples = *facts.shape(op.getIndices());
    if (op.getReduction() != onnx::ScatterReduction::None || shape.size() != 1 ||
        tuples.size() != 2 || !tuples[1].isConstant(1))
      return false;
    Index place = facts.elementAt(op.getIndices(), {table.var(0, tuples[0]), table.constant(0)});
    if (!place->isRead() || place->args.size() != 1)
      return false;
    const SortFact *sort = facts.sort(place->base);
    Index self = table.var(0, shape[0]);
    // As many updates as places, or the op is not valid: only which they are must be shown.
    if (!sort || sort->size != shape[0] || tuples[0] != shape[0] || place->args[0] != self ||
        facts.elementAt(op.getUpdates(), self) != self)
      return false;
    table.setRange(op.getResult(), {Size(0), shape[0]});
    table.setInverse(op.getResult(), place->base);
    return true;
  }

  /// Ones added to zeros at each key.
  bool applyCounts(onnx::ScatterElementsOp op) {
    const Shape &shape = *facts.shape(op.getX()), &keys = *facts.shape(op.getIndices());
    // Narrow types cannot count far.
    Type type = getElementTypeOrSelf(op.getResult().getType());
    bool counts = type.isF32() || type.isF64() || type.isInteger(32) || type.isInteger(64);
    if (!counts || op.getReduction() != onnx::ScatterReduction::Add || shape.size() != 1 ||
        facts.splat(op.getX()) != 0.0 || facts.splat(op.getUpdates()) != 1.0)
      return false;
    Index key = facts.element(op.getIndices());
    if (!table.isWithin(key, shape[0]))
      return false;
    facts.setCounts(op.getResult(), {key, keys[0]});
    table.setRange(op.getResult(), {Size(0), facts.sizes().add(keys[0], 1)});
    return true;
  }

  bool applyPrefix(onnx::CumSumOp op) {
    Index element = facts.element(op.getX());
    const Shape &shape = *facts.shape(op.getResult());
    if (!element->isRead() || op.getExclusive() || op.getReverse() || shape.size() != 1 ||
        element != table.read(element->base, table.variables(shape)))
      return false;
    const CountFact *counts = facts.counts(element->base);
    if (!counts)
      return false;
    table.setRange(op.getResult(), {Size(0), facts.sizes().add(counts->size, 1)});
    facts.setPrefix(op.getResult(), {*counts});
    return true;
  }

  Facts &facts;
  IndexTable &table;
};

} // namespace

bool moec::recognise::applySelectionRule(Facts &facts, Operation *op) {
  return SelectionRules(facts).apply(op);
}
