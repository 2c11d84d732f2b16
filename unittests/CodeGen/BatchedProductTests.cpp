//===- BatchedProductTests.cpp - Products with panels made at run time -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every element must have the bits of one chain of multiply-adds, whatever the
// sizes, the order of the right-hand side and the cut into units.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"
#include "Storage.h"

#include "gtest/gtest.h"
#include <cmath>

using namespace moec::test;

namespace {

struct Case {
  const char *name;
  std::string type;
  /// Whether the right-hand side is [G, N, K] instead of [G, K, N].
  bool transposed;
};

struct Sizes {
  int64_t g, m, n, k;
};

std::string source(const Case &c) {
  std::string rows = "memref<?x?x" + c.type + ">", rhs = "memref<?x?x?x" + c.type + ">",
              panels = "memref<?x" + c.type + ">";
  return "func.func @run(%parts: index, %x: " + rows + ", %s: " + rhs + ", %p: " + panels +
         ", %e: " + rows + ", %o: " + rows + ") attributes {llvm.emit_c_interface} {\n"
         "  %c0 = arith.constant 0 : index\n"
         "  %g = memref.dim %s, %c0 : " + rhs + "\n"
         "  tile.pack %s : " + rhs + " outs(%p : " + panels + ")" +
         (c.transposed ? " {transposed}" : "") + "\n"
         "  tile.ragged_matmul rows(%x : " + rows + ") batch(%g) slabs(%p : " + panels +
         ") elem_args(%e : " + rows + ") outs(%o : " + rows + ") epilogue {\n"
         "  ^bb0(%acc: f32, %old: " + c.type + "):\n" +
         (c.type == "f32" ? std::string("    %sum = arith.addf %acc, %old : f32\n"
                                        "    tile.yield %sum : f32\n")
                          : "    %wide = arith.extf %old : " + c.type + " to f32\n"
                            "    %sum = arith.addf %acc, %wide : f32\n"
                            "    %y = arith.truncf %sum : f32 to " + c.type + "\n"
                            "    tile.yield %y : " + c.type + "\n") +
         "  }\n  return\n}\n";
}

class BatchedProductTest : public testing::TestWithParam<std::tuple<std::string, Case>> {};

TEST_P(BatchedProductTest, EqualsChains) {
  auto &[level, c] = GetParam();
  auto module = CompiledModule::create(source(c), level, /*blockDepth=*/64);
  ASSERT_TRUE(module);
  for (Sizes s : {Sizes{1, 1, 1, 1}, Sizes{1, 13, 33, 17}, Sizes{3, 5, 31, 70}, Sizes{2, 24, 64, 128},
                  Sizes{5, 2, 100, 9}, Sizes{2, 3, 40, 0}, Sizes{2, 0, 8, 4}, Sizes{2, 4, 0, 4},
                  Sizes{0, 3, 8, 4}, Sizes{1, 200, 48, 65}})
    for (int64_t parts : {1, 3, 50}) {
      Sequence sequence(11);
      int64_t depth = c.type == "bf16" ? (s.k + 1) / 2 * 2 : s.k;
      constexpr int64_t guard = 64;
      Storage x(c.type, s.g * s.m * s.k + 1), rhs(c.type, s.g * s.k * s.n + 1),
          panels(c.type, s.g * ((s.n + 31) / 32) * depth * 32 + guard, 3),
          old(c.type, s.g * s.m * s.n + 1), outs(c.type, s.g * s.m * s.n + guard, 3);
      for (Storage *storage : {&x, &rhs, &old})
        for (size_t i = 0; i < storage->size(); ++i)
          storage->set(i, sequence.number());
      int64_t used = panels.size() - guard;
      MemRef<2> rows(x.data(), {s.g * s.m, s.k}), elements(old.data(), {s.g * s.m, s.n}),
          o(outs.data(), {s.g * s.m, s.n});
      MemRef<3> matrix(rhs.data(), {s.g, c.transposed ? s.n : s.k, c.transposed ? s.k : s.n});
      MemRef<1> p(panels.data(), {used});
      module->run("run", parts, &rows, &matrix, &p, &elements, &o);
      for (int64_t i = used; i < used + guard; ++i)
        ASSERT_EQ(panels.get(i), 3) << "written beyond the last panel";
      for (int64_t i = s.g * s.m * s.n; i < static_cast<int64_t>(outs.size()); ++i)
        ASSERT_EQ(outs.get(i), 3) << "written beyond the last row";
      for (int64_t g = 0; g < s.g; ++g)
        for (int64_t m = 0; m < s.m; ++m)
          for (int64_t n = 0; n < s.n; ++n) {
            float acc = 0;
            for (int64_t k = 0; k < s.k; ++k) {
              float lhs = x.get((g * s.m + m) * s.k + k);
              float right = rhs.get(c.transposed ? (g * s.n + n) * s.k + k
                                                 : (g * s.k + k) * s.n + n);
              float product = lhs * right;
              acc = hasFma(level) ? std::fmaf(lhs, right, acc) : acc + product;
            }
            int64_t at = (g * s.m + m) * s.n + n;
            ASSERT_EQ(outs.bits(at), toBits(acc + old.get(at), c.type))
                << s.g << " x " << s.m << " x " << s.n << " x " << s.k << ", " << parts
                << " parts, element " << g << ", " << m << ", " << n;
          }
    }
}

std::string nameOf(const testing::TestParamInfo<std::tuple<std::string, Case>> &info) {
  return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
}

INSTANTIATE_TEST_SUITE_P(AllLevels, BatchedProductTest,
                         testing::Combine(testing::ValuesIn(getLevelsOfThisCpu()),
                                          testing::Values(Case{"F32", "f32", false},
                                                          Case{"F32Transposed", "f32", true},
                                                          Case{"Bf16", "bf16", false},
                                                          Case{"Bf16Transposed", "bf16", true},
                                                          Case{"F16", "f16", false},
                                                          Case{"F16Transposed", "f16", true})),
                         nameOf);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(BatchedProductTest);

} // namespace
