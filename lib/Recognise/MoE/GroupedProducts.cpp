//===- GroupedProducts.cpp - One product per group of sorted rows -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Family P5r. With rows V in the order of ascending keys s(r), off the running
// sums of the counts of s, and
//
//   y_e = V[off[e - 1] .. off[e]) * W_e        off[-1] = 0
//
// the interval of e holds exactly the rows with s(r) = e, and the intervals of
// e = 0 ... E - 1 follow each other and cover all rows, since every key lies in
// [0, E). So Concat(y_0 ... y_{E-1}) is one product in which row r meets
// W_{s(r)}.
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Facts.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

namespace {

class GroupedRule {
public:
  GroupedRule(Facts &facts, onnx::ConcatOp op) : facts(facts), table(facts.indices()), op(op) {}

  bool apply() {
    if (op.getAxis() != 0 || facts.shape(op.getResult())->size() != 2)
      return false;
    // A suspect has at least one product of rows in a data-dependent interval.
    bool suspect = false;
    for (Value input : op.getInputs()) {
      if (!productOf(input))
        return false;
      suspect |= facts.interval((*facts.shape(input))[0]) != nullptr;
    }
    if (!suspect)
      return false;
    facts.setExperts(op.getResult());
    RaggedProduct result;
    if (!checkIntervals(result) || !checkRows(result) || !checkWeights(result))
      return false;
    onnx::ValueFacts known = facts.shapes().get(op.getResult());
    (*known.shape)[0] = count;
    if (failed(facts.shapes().set(op.getResult(), known)))
      return false;
    facts.setRagged(op.getResult(), std::move(result));
    return true;
  }

private:
  bool fail(StringRef obligation, const Twine &detail) {
    facts.fail(op.getResult(), obligation, detail);
    return false;
  }

  /// rows * matrix, and the matrix's element over variables 0 (input) and 1 (output).
  struct Product {
    Value rows;
    Index matrix = nullptr;
  };

  std::optional<Product> productOf(Value input) {
    const Shape &shape = *facts.shape(input);
    Index element = facts.element(input);
    if (shape.size() != 2 || !element->isRead() ||
        element != table.read(element->base, table.variables(shape)))
      return std::nullopt;
    Operation *op = element->base.getDefiningOp();
    if (auto matmul = dyn_cast_or_null<onnx::MatMulOp>(op)) {
      if (facts.shape(matmul.getLhs())->size() != 2 || facts.shape(matmul.getRhs())->size() != 2)
        return std::nullopt;
      return Product{matmul.getLhs(), facts.element(matmul.getRhs())};
    }
    auto gemm = dyn_cast_or_null<onnx::GemmOp>(op);
    if (!gemm || gemm.getC() || gemm.getTransA() || !gemm.getAlpha().isExactlyValue(1.0))
      return std::nullopt;
    const Shape &stored = *facts.shape(gemm.getB());
    SmallVector<Index, 4> args = table.variables(stored);
    if (gemm.getTransB())
      args = {table.var(1, stored[0]), table.var(0, stored[1])};
    return Product{gemm.getA(), facts.elementAt(gemm.getB(), args)};
  }

  bool checkIntervals(RaggedProduct &result) {
    Value offsets;
    for (auto [e, input] : llvm::enumerate(op.getInputs())) {
      const Interval *interval = facts.interval((*facts.shape(input))[0]);
      Index end = interval ? interval->end : nullptr;
      if (!end || !end->isRead() || end->args.size() != 1 || !facts.prefix(end->base) ||
          (offsets && offsets != end->base))
        return fail("group-ends-at-offset",
                    "the rows of group " + Twine(e) + " do not end at a running sum of counts");
      offsets = end->base;
      if (end->args[0] != table.constant(e))
        return fail("group-ends-at-offset",
                    "the rows of group " + Twine(e) + " end at another group's offset");
      Index start = e == 0 ? table.constant(0)
                           : table.read(offsets, table.constant(static_cast<int64_t>(e) - 1));
      if (interval->start != start)
        return fail("group-starts-at-offset",
                    "the rows of group " + Twine(e) +
                        " do not start where those of the one before end");
    }
    int64_t groups = op.getInputs().size();
    if (!(*facts.shape(offsets))[0].isConstant(groups))
      return fail("groups-complete", "there are products for " + Twine(groups) +
                                         " groups and counts for another number");
    const CountFact &counts = facts.prefix(offsets)->counts;
    count = counts.size;
    result.expert = counts.key;
    // Sorted: the key at r is what some sort's input holds at its r-th permuted place.
    Value permutation = sortIn(counts.key);
    const SortFact *sort = permutation ? facts.sort(permutation) : nullptr;
    Index self = table.var(0, count);
    if (!sort || !sort->ascending || sort->size != count ||
        table.substitute(sort->source, table.read(permutation, self)) != counts.key)
      return fail("keys-sorted", "the counted keys are not known to be in ascending order");
    return true;
  }

  /// The permutation of a sort that `key` reads first at variable 0.
  Value sortIn(Index key) {
    SmallVector<Index> open{key};
    while (!open.empty()) {
      Index next = open.pop_back_val();
      if (next->isRead() && facts.sort(next->base) && next->args.size() == 1 &&
          next->args[0]->isVar())
        return next->base;
      for (const IndexTerm &term : next->terms)
        open.push_back(term.atom);
      open.append(next->args.begin(), next->args.end());
    }
    return {};
  }

  /// Every group takes its rows from one matrix, at the places of its interval.
  bool checkRows(RaggedProduct &result) {
    for (auto [e, input] : llvm::enumerate(op.getInputs())) {
      Value rows = productOf(input)->rows;
      const Shape &shape = *facts.shape(rows);
      Index element = facts.element(rows);
      if (e == 0) {
        result.inputs = shape[1];
        // The first group starts at 0: its elements are the matrix's own.
        result.rows = table.substitute(element, {table.var(0, count), table.var(1, shape[1])});
      }
      const Interval *interval = facts.interval(shape[0]);
      if (!interval || shape[1] != result.inputs)
        return fail("group-rows", "the rows of group " + Twine(e) + " are not an interval");
      Index place = table.add(table.var(0, shape[0]), interval->start);
      if (element != table.substitute(result.rows, {place, table.var(1, shape[1])}))
        return fail("group-rows", "group " + Twine(e) + " takes its rows from elsewhere");
    }
    return true;
  }

  /// Matrix e of one stack, or as many different matrices as there are groups.
  bool checkWeights(RaggedProduct &result) {
    SmallPtrSet<Index, 16> seen;
    for (Value input : op.getInputs()) {
      result.weights.push_back(productOf(input)->matrix);
      if (!seen.insert(result.weights.back()).second)
        return fail("one-matrix-per-expert", "two groups use the same matrix");
    }
    return true;
  }

  Facts &facts;
  IndexTable &table;
  onnx::ConcatOp op;
  Size count;
};

} // namespace

bool moec::recognise::applyGroupedRule(Facts &facts, Operation *op) {
  auto concat = dyn_cast<onnx::ConcatOp>(op);
  return concat && GroupedRule(facts, concat).apply();
}
