//===- IndexOperators.cpp - Import of gather, scatter, top-k ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

using namespace mlir;
using namespace moec;
using namespace moec::onnx;

/// The attribute 'axis' of an operator on `x`.
static IntegerAttr axisOf(NodeImporter &n, Value x, int64_t fallback) {
  int64_t axis = n.integer("axis", fallback);
  if (n.ok())
    axis = n.axis(axis, n.rank(x));
  return n.builder.getI64IntegerAttr(axis);
}

static void gather(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1);
  n.results(n.make<GatherOp>(x, indices, axisOf(n, x, 0)));
}

static void gatherElements(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1);
  n.results(n.make<GatherElementsOp>(x, indices, axisOf(n, x, 0)));
}

static void gatherNd(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1);
  n.results(
      n.make<GatherNDOp>(x, indices, n.builder.getI64IntegerAttr(n.integer("batch_dims", 0))));
}

static ScatterReductionAttr reductionOf(NodeImporter &n) {
  StringRef name = n.text("reduction", "none");
  std::optional<ScatterReduction> reduction = symbolizeScatterReduction(name);
  if (!reduction)
    n.bad("reduction " + quoteName(name) + " is unknown");
  return ScatterReductionAttr::get(n.builder.getContext(),
                                   reduction.value_or(ScatterReduction::None));
}

static void scatterElements(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1), updates = n.input(2);
  n.results(n.make<ScatterElementsOp>(x, indices, updates, axisOf(n, x, 0), reductionOf(n)));
}

static void scatterNd(NodeImporter &n) {
  Value x = n.input(0), indices = n.input(1), updates = n.input(2);
  n.results(n.make<ScatterNDOp>(x, indices, updates, reductionOf(n)));
}

static void oneHot(NodeImporter &n) {
  Value indices = n.input(0), depth = n.input(1), values = n.input(2);
  int64_t axis = n.integer("axis", -1);
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(indices) + 1);
  n.results(n.make<OneHotOp>(indices, depth, values, n.builder.getI64IntegerAttr(axis)));
}

static void nonZero(NodeImporter &n) { n.results(n.make<NonZeroOp>(n.input(0))); }

static void makeTopK(NodeImporter &n, Value x, Value k) {
  IntegerAttr axis = axisOf(n, x, -1);
  BoolAttr largest = n.builder.getBoolAttr(n.flag("largest", true));
  BoolAttr sorted = n.builder.getBoolAttr(n.flag("sorted", true));
  if (!n.ok())
    return;
  auto op = n.finish(
      TopKOp::create(n.builder, n.loc, TypeRange{n.open, n.open}, x, k, axis, largest, sorted));
  n.results({op.getValues(), op.getIndices()});
}

static void topK(NodeImporter &n) {
  Value x = n.input(0), k = n.input(1);
  makeTopK(n, x, k);
}

static void topK1(NodeImporter &n) {
  Value x = n.input(0);
  makeTopK(n, x, n.constant(n.integer("k")));
}

template <typename Op>
static void arg(NodeImporter &n) {
  Value x = n.input(0);
  IntegerAttr axis = axisOf(n, x, 0);
  UnitAttr keepdims = n.unit(n.flag("keepdims", true));
  n.results(n.make<Op>(x, axis, keepdims, n.unit(n.flag("select_last_index", false))));
}

static void cumSum(NodeImporter &n) {
  Value x = n.input(0), axis = n.input(1);
  UnitAttr exclusive = n.unit(n.flag("exclusive", false));
  n.results(n.make<CumSumOp>(x, axis, exclusive, n.unit(n.flag("reverse", false))));
}

ArrayRef<OperatorRow> moec::indexOperators() {
  static constexpr OperatorRow rows[] = {
      {"", "ArgMax", 1, newestOpset, arg<ArgMaxOp>},
      {"", "ArgMin", 1, newestOpset, arg<ArgMinOp>},
      {"", "CumSum", 11, newestOpset, cumSum},
      {"", "Gather", 1, newestOpset, gather},
      {"", "GatherElements", 11, newestOpset, gatherElements},
      {"", "GatherND", 11, newestOpset, gatherNd},
      {"", "NonZero", 9, newestOpset, nonZero},
      {"", "OneHot", 9, newestOpset, oneHot},
      {"", "Scatter", 9, newestOpset, scatterElements},
      {"", "ScatterElements", 11, newestOpset, scatterElements},
      {"", "ScatterND", 11, newestOpset, scatterNd},
      {"", "TopK", 1, 9, topK1},
      {"", "TopK", 10, newestOpset, topK},
  };
  return rows;
}
