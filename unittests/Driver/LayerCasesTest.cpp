//===- LayerCasesTest.cpp - Inputs and comparison of layers -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/LayerCases.h"

#include "lib/Driver/CompareRows.h"
#include "moec/InitAll.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>
#include <set>

using namespace mlir;
using namespace moec;
using recognise::LayerForms;
using recognise::LayerSizes;

namespace {

constexpr int64_t experts = 9, k = 2, tokens = 6;

class LayerCases : public testing::Test {
protected:
  LayerCases() : context(makeRegistry()), forms(UnknownLoc::get(&context)) {
    forms.module = parseSourceString<ModuleOp>(
        "func.func private @f(tensor<?x?x5xf32>, tensor<?x9xbf16>, tensor<2xi64>) -> tensor<1xf32>",
        &context);
    forms.experts = experts;
    forms.k = k;
    sizes.tokens = tokens;
    sizes.hidden = {2, 3, 5};
    sizes.logits = {6, 9};
    sizes.elements = {{2, 3}};
  }

  static DialectRegistry makeRegistry() {
    DialectRegistry registry;
    registerDialects(registry);
    return registry;
  }

  std::vector<Tensor> make(Routing routing) {
    auto inputs = makeLayerInputs(forms, sizes, routing);
    EXPECT_TRUE(bool(inputs));
    return *inputs;
  }

  /// Experts of a token, the best first, as top-k has them.
  std::vector<int64_t> order(const Tensor &logits, int64_t token) {
    std::vector<int64_t> result(experts);
    for (int64_t e = 0; e < experts; ++e)
      result[e] = e;
    auto place = [&](int64_t e) { return std::pair(-logits.real(token * experts + e), e); };
    llvm::sort(result, [&](int64_t a, int64_t b) { return place(a) < place(b); });
    return result;
  }

  MLIRContext context;
  LayerForms forms;
  LayerSizes sizes;
};

TEST_F(LayerCases, ShapesAndSizes) {
  std::vector<Tensor> inputs = make(Routing::Ordinary);
  ASSERT_EQ(inputs.size(), 3u);
  EXPECT_EQ(inputs[0].shape(), ArrayRef<int64_t>({2, 3, 5}));
  EXPECT_EQ(inputs[1].shape(), ArrayRef<int64_t>({6, 9}));
  EXPECT_EQ(inputs[1].dtype(), DType::BF16);
  EXPECT_EQ(inputs[2].integer(0), 2);
  EXPECT_EQ(inputs[2].integer(1), 3);
}

TEST_F(LayerCases, ScoresThatDifferAreApart) {
  for (bool areScores : {false, true}) {
    forms.areScores = areScores;
    Tensor logits = make(Routing::Ordinary)[1];
    std::set<std::vector<int64_t>> orders;
    for (int64_t token = 0; token < tokens; ++token) {
      std::vector<int64_t> best = order(logits, token);
      orders.insert(best);
      for (int64_t i = 0; i < experts; ++i) {
        double value = logits.real(token * experts + best[i]);
        if (areScores)
          EXPECT_GT(value, 0);
        if (i > 0)
          EXPECT_GT(logits.real(token * experts + best[i - 1]) - value, 0.05);
      }
    }
    EXPECT_GT(orders.size(), 1u);
  }
}

TEST_F(LayerCases, Ties) {
  Tensor logits = make(Routing::Ties)[1];
  bool isAcrossBorder = false;
  for (int64_t token = 0; token < tokens; ++token) {
    std::vector<int64_t> best = order(logits, token);
    isAcrossBorder |=
        logits.real(token * experts + best[k - 1]) == logits.real(token * experts + best[k]);
  }
  EXPECT_TRUE(isAcrossBorder);
}

TEST_F(LayerCases, AllToOne) {
  Tensor logits = make(Routing::AllToOne)[1];
  for (int64_t token = 1; token < tokens; ++token)
    EXPECT_EQ(order(logits, token), order(logits, 0));
}

TEST_F(LayerCases, IdleExperts) {
  Tensor logits = make(Routing::IdleExperts)[1];
  std::set<int64_t> chosen;
  for (int64_t token = 0; token < tokens; ++token) {
    std::vector<int64_t> best = order(logits, token);
    chosen.insert(best.begin(), best.begin() + k);
  }
  EXPECT_LE(chosen.size(), size_t(experts - experts / 2));
  EXPECT_GT(chosen.size(), size_t(k));
}

TEST_F(LayerCases, TypesWithoutNumbers) {
  forms.module = parseSourceString<ModuleOp>(
      "func.func private @f(tensor<?x?x5xui16>, tensor<?x9xf32>) -> tensor<1xf32>", &context);
  auto inputs = makeLayerInputs(forms, sizes, Routing::Ordinary);
  ASSERT_FALSE(bool(inputs));
  EXPECT_EQ(llvm::toString(inputs.takeError()),
            "input 0 of its forms is of type tensor<?x?x5xui16>");
}

Tensor rows(ArrayRef<int64_t> shape, ArrayRef<double> values) {
  Tensor result = *Tensor::create(DType::F32, shape);
  for (auto [i, value] : llvm::enumerate(values))
    result.setReal(i, value);
  return result;
}

TEST(CompareRows, ByTheSizeOfTheRow) {
  RowDifference worst = compareRows(rows({2, 2}, {100, 1, 10, 1}), rows({2, 2}, {100, 2, 10, 1.5}));
  EXPECT_EQ(worst.row, 1);
  EXPECT_EQ(worst.column, 1);
  EXPECT_DOUBLE_EQ(worst.relative, 0.05);
  EXPECT_EQ(worst.first, 1);
  EXPECT_EQ(worst.second, 1.5);
  EXPECT_EQ(compareRows(rows({0, 2}, {}), rows({0, 2}, {})).relative, 0);
}

TEST(CompareRows, WhatIsNotFinite) {
  double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  auto differ = [](double a, double b) {
    return compareRows(rows({1, 2}, {1, a}), rows({1, 2}, {1, b})).relative;
  };
  EXPECT_EQ(differ(nan, nan), 0);
  EXPECT_EQ(differ(inf, inf), 0);
  EXPECT_EQ(differ(inf, -inf), inf);
  EXPECT_EQ(differ(nan, 1), inf);
  EXPECT_EQ(differ(1, nan), inf);
  EXPECT_EQ(differ(inf, nan), inf);
  // A row of zeros is exact.
  EXPECT_EQ(compareRows(rows({1, 1}, {0}), rows({1, 1}, {1e-30})).relative, inf);
}

} // namespace
