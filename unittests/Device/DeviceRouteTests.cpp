//===- DeviceRouteTests.cpp - Routing and its sort in one launch -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Scores, selection, weights and the sort by expert against the same ops in
// launches of their own, whose results other tests compare with references.
//
//===----------------------------------------------------------------------===//

#include "unittests/Device/DeviceProgram.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <set>

namespace moec {
namespace {

/// A router of moe.route.
struct Router {
  std::string attributes;
  bool isBiased = false;
};

/// Routes to `choices` of `experts` by `router`, and sorts the choices below `sorted` by expert.
std::string routeText(int64_t experts, int64_t choices, int64_t sorted, const Router &router) {
  const std::string e = std::to_string(experts), k = std::to_string(choices),
                    o = std::to_string(sorted + 1);
  const std::string ids = "tensor<?x" + k + "xi32>", logits = "tensor<?x" + e + "xf32>";
  const std::string types = "tensor<" + o + "xi32>, tensor<?xi32>, " + ids;
  const std::string results = ids + ", tensor<?x" + k + "xf32>, " + types;
  return "func.func @main(%z: " + logits + ", %b: tensor<" + e + "xf32>) -> (" + results +
         ") attributes {rt.entry} {\n%c0 = arith.constant 0 : index\n%k = arith.constant " + k +
         " : index\n%t = tensor.dim %z, %c0 : " + logits + "\n%n = arith.muli %t, %k : index\n" +
         "%i, %w = moe.route %z " + (router.isBiased ? "bias(%b : tensor<" + e + "xf32>) " : "") +
         "{k = " + k + ", " + router.attributes + ", tie = #moe.tie<lower_index>} : " + logits +
         " -> " + ids + ", tensor<?x" + k + "xf32>\n%x = tensor.empty() : tensor<" + o +
         "xi32>\n%y = tensor.empty(%n) : tensor<?xi32>\n%p = tensor.empty(%t) : " + ids +
         "\n%r:3 = tile.bucket keys(%i : " + ids + ") outs(%x, %y, %p : " + types + ") -> " +
         types + "\nreturn %i, %w, %r#0, %r#1, %r#2 : " + results + "\n}\n";
}

/// The kernels that a run launches.
std::set<std::string> namesOf(const KernelCounters &counters) {
  std::set<std::string> names;
  for (const auto &[name, counter] : counters)
    names.insert(name);
  return names;
}

void expectSame(const DeviceProgram &program, const DeviceProgram &plain, int64_t rows,
                int64_t experts) {
  SCOPED_TRACE(std::to_string(rows) + " rows of " + std::to_string(experts) + " experts");
  Tensor logits = makeNumbers(DType::F32, {rows, experts}, 3);
  Tensor bias = makeNumbers(DType::F32, {experts}, 4);
  auto expected = plain.run({logits, bias});
  ASSERT_TRUE(expected);
  const int64_t sorted = (*expected)[2].integer((*expected)[2].numElements() - 1);
  for (uint32_t seed : {0u, 1u, 2u}) {
    auto got = program.run({logits, bias}, seed, /*hostThreads=*/1 + seed % 2);
    ASSERT_TRUE(got);
    for (size_t result = 0; result < got->size(); ++result) {
      const Tensor &tensor = (*got)[result];
      // Beyond the last offset there are no rows.
      int64_t size = result == 3 ? sorted : tensor.numElements();
      for (int64_t i = 0; i < size; ++i)
        ASSERT_EQ(tensor.real(i), (*expected)[result].real(i))
            << "result " << result << " at " << i;
    }
  }
}

const Router kRouters[] = {
    {"key = #moe.key<logit>, weight = #moe.weight<softmax_selected>"}, // Mixtral, Qwen3
    {"score = #moe.score<softmax>"},                                   // OLMoE
    {"score = #moe.score<softmax>, renorm = #moe.renorm<>"},
    {"score = #moe.score<sigmoid>, renorm = #moe.renorm<mode = add, eps = 1.0e-20>, scale = 2.5",
     /*isBiased=*/true}, // DeepSeek-V3 without groups
};

TEST(DeviceRoute, AllOfItIsOneLaunch) {
  for (const Router &router : kRouters) {
    SCOPED_TRACE(router.attributes);
    const std::string text = routeText(60, 4, 60, router);
    DeviceProgram program(text), plain(text, /*fuse=*/false);
    ASSERT_TRUE(program.isCompiled() && plain.isCompiled());
    program.expectAssembles();
    KernelCounters counters;
    ASSERT_TRUE(program.run(
        {makeNumbers(DType::F32, {40, 60}, 1), makeNumbers(DType::F32, {60}, 2)}, 0, 1, &counters));
    EXPECT_EQ(namesOf(counters), std::set<std::string>{"route"});
    for (int64_t rows : {0, 1, 15, 16, 17, 200})
      expectSame(program, plain, rows, 60);
  }
}

/// More entries than the block has threads, in whole runs and others.
TEST(DeviceRoute, LongPrompts) {
  const std::string text = routeText(128, 8, 128, kRouters[0]);
  DeviceProgram program(text), plain(text, /*fuse=*/false);
  ASSERT_TRUE(program.isCompiled() && plain.isCompiled());
  for (int64_t rows : {64, 65, 1027})
    expectSame(program, plain, rows, 128);
}

/// Of other ranks, say.
TEST(DeviceRoute, ExpertsThatAreLeftOut) {
  for (int64_t sorted : {1, 5}) {
    const std::string text = routeText(8, 2, sorted, kRouters[0]);
    DeviceProgram program(text), plain(text, /*fuse=*/false);
    ASSERT_TRUE(program.isCompiled() && plain.isCompiled());
    for (int64_t rows : {0, 1, 300})
      expectSame(program, plain, rows, 8);
  }
}

/// Counts of more experts do not fit, so the sort has blocks of its own.
TEST(DeviceRoute, ManyExperts) {
  for (int64_t experts : {512, 513}) {
    const std::string text = routeText(512, 2, experts, kRouters[0]);
    DeviceProgram program(text), plain(text, /*fuse=*/false);
    ASSERT_TRUE(program.isCompiled() && plain.isCompiled());
    program.expectAssembles();
    EXPECT_EQ(program.getPtx().find(".entry bucket") == std::string::npos, experts == 512);
    for (int64_t rows : {1, 50})
      expectSame(program, plain, rows, 512);
  }
}

} // namespace
} // namespace moec
