//===- LayerCostTests.cpp - Limits of what layers cost -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/LayerCost.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <thread>

namespace moec {
namespace {

/// Tiles of each product beside the first and the last; `./dev bench vgpu` takes 32.
constexpr int64_t samples = 6;

struct LayerCostTest : testing::TestWithParam<LayerShape> {};

TEST_P(LayerCostTest, IsNearTheLeast) {
  LayerProgram program(GetParam());
  ASSERT_TRUE(program.isCompiled());
  for (int64_t tokens : {1, 128, 4096}) {
    SCOPED_TRACE(std::to_string(tokens) + " tokens");
    std::optional<LayerCost> cost = program.measure(tokens, samples, /*hostThreads=*/2);
    ASSERT_TRUE(cost);
    EXPECT_EQ(cost->launches, 4);
    if (tokens <= 128) {
      EXPECT_LE(cost->bytes(), 1.1 * cost->sum(&KernelCost::roofline));
    }
    int products = 0;
    for (const KernelCost &kernel : cost->kernels) {
      if (kernel.issued == 0)
        continue;
      ++products;
      EXPECT_EQ(kernel.bankConflicts, 0u) << kernel.kernel;
      EXPECT_LE(kernel.bytes(), 1.05 * kernel.implied) << kernel.kernel;
      if (tokens == 4096) {
        EXPECT_GE(kernel.useful, 0.85 * kernel.issued) << kernel.kernel;
      }
    }
    EXPECT_EQ(products, 2);
  }
}

INSTANTIATE_TEST_SUITE_P(Layers, LayerCostTest, testing::Values(mixtralLayer, qwen3Layer),
                         [](const auto &info) { return info.param.name.substr(0, 5); });

void print(const LayerShape &shape, int64_t tokens, const LayerCost &cost) {
  auto ratio = [](double value, double of) { return of == 0 ? 1 : value / of; };
  auto number = [](auto value) { return static_cast<long long>(value); };
  for (const KernelCost &kernel : cost.kernels)
    std::printf(
        "| %s | %lld | %s | %lld of %lld | %.4g | %.3f | %.3f | %.2f | %.3f | %lld | %.3g |\n",
        shape.name.c_str(), number(tokens), kernel.kernel.c_str(), number(kernel.sampled),
        number(kernel.tiles), kernel.bytes() / 1e6, ratio(kernel.bytes(), kernel.implied),
        ratio(kernel.bytes(), kernel.roofline), ratio(kernel.sectorBytes, kernel.bytes()),
        ratio(kernel.useful, kernel.issued), number(kernel.bankConflicts), kernel.instructions);
  std::printf(
      "| %s | %lld | %lld launches, %lld experts | | %.4g | %.3f | %.3f | | %.3f | | %.3g |\n",
      shape.name.c_str(), number(tokens), number(cost.launches), number(cost.activeExperts),
      cost.bytes() / 1e6, ratio(cost.bytes(), cost.sum(&KernelCost::implied)),
      ratio(cost.bytes(), cost.sum(&KernelCost::roofline)),
      ratio(cost.sum(&KernelCost::useful), cost.sum(&KernelCost::issued)),
      cost.sum(&KernelCost::instructions));
  std::fflush(stdout);
}

/// The table of `./dev bench vgpu`. Off in test runs, because it asserts nothing that the limits
/// above do not, with more tiles.
TEST(LayerCostTable, DISABLED_Prints) {
  std::puts(
      "| layer | tokens | kernel | blocks run | MB asked for | / implied by tiles | / roofline | "
      "sectors / asked | useful mma | conflicts | warp instructions |\n"
      "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|");
  for (const LayerShape &shape : {mixtralLayer, qwen3Layer}) {
    LayerProgram program(shape);
    ASSERT_TRUE(program.isCompiled());
    for (int64_t tokens : {1, 128, 4096}) {
      auto cost = program.measure(tokens, /*samples=*/32, std::thread::hardware_concurrency());
      ASSERT_TRUE(cost);
      print(shape, tokens, *cost);
    }
  }
}

} // namespace
} // namespace moec
