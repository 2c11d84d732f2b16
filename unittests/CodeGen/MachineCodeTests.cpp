//===- MachineCodeTests.cpp - Instructions of panel kernels -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The innermost loops of panel kernels of every level hold the
// multiply-adds of their tile, no calls, and spills only where stated.
//
//===----------------------------------------------------------------------===//

#include "Jit.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "gtest/gtest.h"

using namespace moec::test;
using llvm::StringRef;

namespace {

/// Odd and more than a block, so that LLVM knows no kernel's trip count.
std::string source(StringRef type) {
  std::string packed = ("!tile.packed<1x64x601x" + type + ">").str();
  return "func.func @run(%parts: index, %x: memref<?x601xf32>, %w: " + packed +
         ", %o: memref<?x64xf32>) {\n"
         "  tile.ragged_matmul rows(%x : memref<?x601xf32>) slabs(%w : " +
         packed +
         ") outs(%o : memref<?x64xf32>) epilogue {\n"
         "  ^bb0(%acc: f32):\n"
         "    tile.yield %acc : f32\n"
         "  }\n"
         "  return\n"
         "}\n";
}

/// The lines of every loop of function `name` that has no label inside.
std::vector<std::vector<StringRef>> innermostLoops(StringRef assembly, const std::string &name) {
  StringRef body = assembly.split("\n" + name + ":").second.split(".Lfunc_end").first;
  llvm::SmallVector<StringRef> lines;
  body.split(lines, '\n', -1, /*KeepEmpty=*/false);
  std::vector<std::vector<StringRef>> loops;
  StringRef label;
  std::vector<StringRef> block;
  for (StringRef line : lines) {
    if (line.starts_with(".L")) {
      label = line.split(':').first;
      block.clear();
      continue;
    }
    block.push_back(line.trim());
    if (!label.empty() && line.trim().starts_with("j") && line.trim().ends_with(label))
      loops.push_back(block);
  }
  return loops;
}

size_t countOf(const std::vector<StringRef> &lines, StringRef mnemonic) {
  return llvm::count_if(lines, [&](StringRef line) { return line.starts_with(mnemonic); });
}

struct Expected {
  const char *level, *type;
  int rows;
  /// Loops over k (narrow levels take the panel in parts) and multiply-adds of
  /// each: vectors per row and step, times rows, times the loop's steps of k.
  size_t loops, multiplyAdds;
  /// Vectors that 16 registers do not hold beside the accumulators: stores to
  /// the stack per step, where a pair of k waits for its odd half.
  size_t spills = 0;
};

void PrintTo(const Expected &expected, std::ostream *os) {
  *os << expected.level << " " << expected.type << " m" << expected.rows;
}

class MachineCodeTest : public testing::TestWithParam<Expected> {};

TEST_P(MachineCodeTest, InnerLoopsHoldTheTile) {
  const Expected &e = GetParam();
  std::string assembly = getAssembly(source(e.type), e.level);
  ASSERT_FALSE(assembly.empty());
  for (const char *suffix : {"", "_ahead"}) {
    std::string name =
        std::string("panel_") + e.type + "_" + e.level + "_m" + std::to_string(e.rows) + suffix;
    auto loops = innermostLoops(assembly, name);
    ASSERT_EQ(loops.size(), e.loops) << name;
    for (const auto &loop : loops) {
      size_t products = countOf(loop, hasFma(e.level) ? "vfmadd" : "mulps");
      // LLVM unrolls the loops of single rows.
      size_t steps = e.rows == 1 && products > e.multiplyAdds ? 2 : 1;
      EXPECT_EQ(products, steps * e.multiplyAdds) << name;
      if (!hasFma(e.level))
        EXPECT_EQ(countOf(loop, "addps"), products) << name;
      EXPECT_EQ(countOf(loop, "call"), 0u) << name;
      size_t stackAccesses =
          llvm::count_if(loop, [](StringRef line) { return line.contains("(%rsp)"); });
      EXPECT_LE(stackAccesses, 2 * e.spills) << name;
    }
    // Some blocks prefetch, in their first loop.
    EXPECT_EQ(countOf(loops.front(), "prefetch") != 0, *suffix != 0) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Tallest, MachineCodeTest,
    testing::Values(Expected{"avx512", "f32", 12, 1, 24}, Expected{"avx512", "bf16", 12, 1, 48},
                    Expected{"avx512", "f16", 12, 1, 24}, Expected{"avx512", "f32", 1, 1, 2},
                    Expected{"avx2", "f32", 6, 2, 12}, Expected{"avx2", "bf16", 6, 2, 24, 2},
                    Expected{"avx2", "f16", 6, 2, 12}, Expected{"avx2", "f32", 1, 1, 4},
                    Expected{"v2", "f32", 4, 4, 8}, Expected{"v2", "bf16", 4, 4, 16, 3},
                    Expected{"v2", "f32", 1, 1, 8}),
    [](const testing::TestParamInfo<Expected> &info) {
      return std::string(info.param.level) + "_" + info.param.type + "_m" +
             std::to_string(info.param.rows);
    });

} // namespace
