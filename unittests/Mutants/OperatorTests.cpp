//===- OperatorTests.cpp - What operators make of instructions --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/Mutants/Operators.h"
#include "unittests/Mutants/Survivors.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cstdio>
#include <fstream>

namespace moec {
namespace {

const std::string head =
    ".visible .entry k(\n\t.param .u64 k_param_0\n)\n{\n\t.reg .b32 \t%r<9>;\n";

PtxModule parse(const std::string &body) { return PtxModule(head + body + "}\n"); }

/// The bodies that an operator makes of one, a line for each place.
std::vector<std::string> mutate(const std::string &name, const std::string &body) {
  std::vector<std::string> bodies;
  PtxModule module = parse(body);
  for (const MutationOperator &mutation : getMutationOperators())
    for (size_t index = 0; mutation.name == name && index < module.instructions.size(); ++index)
      if (auto text = mutation.apply(module, index))
        bodies.push_back(text->substr(head.size(), text->size() - head.size() - 2));
  return bodies;
}

using Bodies = std::vector<std::string>;

TEST(MutationOperators, ChangeOneThing) {
  struct Case {
    const char *name, *body;
    Bodies expected;
  };
  for (const Case &test : {
           Case{"drop-barrier",
                "bar.sync \t0;\nadd.s32 \t%r1, %r1, 1;\nbar.warp.sync \t-1;\n",
                {"\nadd.s32 \t%r1, %r1, 1;\nbar.warp.sync \t-1;\n",
                 "bar.sync \t0;\nadd.s32 \t%r1, %r1, 1;\n\n"}},
           Case{"drop-wait", "cp.async.wait_group \t1;\nbar.sync \t0;\n", {"\nbar.sync \t0;\n"}},
           Case{"move-wait",
                "cp.async.wait_group \t1;\nbar.sync \t0;\n",
                {"bar.sync 0;\ncp.async.wait_group 1;\n"}},
           Case{"move-wait", "cp.async.wait_group \t1;\n$L__BB0_1:\nbar.sync \t0;\n", {}},
           Case{"weaken-wait", "cp.async.wait_group \t1;\n", {"cp.async.wait_group 2;\n"}},
           Case{"drop-commit", "cp.async.commit_group;\n", {"\n"}},
           Case{"drop-copy",
                "cp.async.cg.shared.global [%rd1], [%rd2], 16, %r3;\ncp.async.commit_group;\n",
                {"\ncp.async.commit_group;\n"}},
           Case{"shift-address",
                "ld.shared.b32 \t%r1, [%rd1];\n",
                {"ld.shared.b32 %r1, [%rd1+4];\n"}},
           Case{"shift-address",
                "st.global.v4.b32 \t[%rd1+-16], {%r1, %r2, %r3, %r4};\n",
                {"st.global.v4.b32 [%rd1+0], {%r1, %r2, %r3, %r4};\n"}},
           Case{"shift-address",
                "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%rd1];\n",
                {"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r1, %r2, %r3, %r4}, [%rd1+16];\n"}},
           Case{"shift-address", "ld.param.b64 \t%rd1, [k_param_0];\n", {}},
           Case{"flip-swizzle",
                "xor.b64 \t%rd1, %rd2, %rd3;\nxor.b64 \t%rd4, %rd5, 4294967295;\n",
                {"xor.b64 %rd1, %rd2, %rd3;\nxor.b64 %rd1, %rd1, 4;\nxor.b64 \t%rd4, %rd5, "
                 "4294967295;\n"}},
           Case{"swap-rows",
                "mma.sync.aligned.x\n\t{%r1, %r2},\n\t{%r3, %r4},\n\t{%r5, %r6},\n\t{%r7, %r8};\n",
                {"mma.sync.aligned.x {%r1, %r2}, {%r4, %r3}, {%r5, %r6}, {%r7, %r8};\n"}},
           Case{"swap-summands",
                "mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r5, %r6}, {%r7, %r8};\n",
                {"mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r6, %r5}, {%r7, %r8};\n"}},
           Case{"swap-sums",
                "mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r5, %r6}, {%r7, %r8};\n"
                "mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r5, %r6}, {%r7, %r7};\n",
                {"mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r5, %r6}, {%r8, %r7};\n"
                 "mma.sync.aligned.x {%r1, %r2}, {%r3, %r4}, {%r5, %r6}, {%r7, %r7};\n"}},
           Case{"swap-matrices",
                "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r1, %r2}, [%rd1];\n",
                {"ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r2, %r1}, [%rd1];\n"}},
           Case{"swap-vector",
                "ld.global.v2.b32 \t{%r1, %r2}, [%rd1];\n",
                {"ld.global.v2.b32 {%r2, %r1}, [%rd1];\n"}},
           Case{"lose-guard",
                "@%p1 bra \t$L__BB0_1;\nst.shared.b32 \t[%rd1], %r1;\n$L__BB0_1:\nret;\n",
                {"\nst.shared.b32 \t[%rd1], %r1;\n$L__BB0_1:\nret;\n"}},
           // No memory; one of two ways; a loop.
           Case{"lose-guard",
                "@%p1 bra \t$L__BB0_1;\nadd.s32 \t%r1, %r1, 1;\n$L__BB0_1:\nret;\n",
                {}},
           Case{"lose-guard",
                "@%p1 bra \t$L__BB0_1;\nst.shared.b32 \t[%rd1], %r1;\nbra.uni \t$L__BB0_2;\n"
                "$L__BB0_1:\nst.shared.b32 \t[%rd1], %r2;\n$L__BB0_2:\nret;\n",
                {}},
           Case{"lose-guard",
                "$L__BB0_1:\nst.shared.b32 \t[%rd1], %r1;\n@%p1 bra \t$L__BB0_1;\nret;\n",
                {}},
           Case{"lose-mask",
                "setp.lt.s64 \t%p1, %rd1, %rd2;\nselp.b32 \t%r1, 16, 0, %p1;\n",
                {"setp.eq.b32 %p1, 0, 0;\nselp.b32 \t%r1, 16, 0, %p1;\n"}},
           Case{"lose-mask", "setp.lt.s64 \t%p1, %rd1, %rd2;\nselp.b32 \t%r1, 16, 1, %p1;\n", {}},
           Case{"drop-shuffle",
                "shfl.sync.bfly.b32 \t%r1, %r2, 16, 31, -1;\nadd.s32 \t%r3, %r1, %r2;\n",
                {"mov.b32 %r1, %r2;\nadd.s32 \t%r3, %r1, %r2;\n"}},
           // %r1 is not %r11.
           Case{"drop-shuffle",
                "shfl.sync.bfly.b32 \t%r1, %r2, 16, 31, -1;\nadd.s32 \t%r3, %r11, %r2;\n",
                {}},
           Case{"shift-shuffle",
                "shfl.sync.up.b32 \t%r1, %r2, 4, 0, -1;\nadd.s32 \t%r3, %r1, %r2;\n",
                {"shfl.sync.up.b32 %r1, %r2, 5, 0, -1;\nadd.s32 \t%r3, %r1, %r2;\n"}},
           Case{"narrow-mask",
                "shfl.sync.up.b32 \t%r1, %r2, 4, 0, -1;\n",
                {"shfl.sync.up.b32 %r1, %r2, 4, 0, 2147483647;\n"}},
       })
    EXPECT_EQ(mutate(test.name, test.body), test.expected) << test.name << "\n" << test.body;
}

TEST(MutationOperators, HaveNamesOfTheirOwn) {
  std::map<std::string, int> names;
  for (const MutationOperator &mutation : getMutationOperators())
    EXPECT_EQ(++names[mutation.name], 1) << mutation.name;
}

/// What depends on the code elsewhere is not in it.
TEST(PtxText, DescribesPlaces) {
  PtxModule module = parse("ld.shared.v2.b32 \t{%r12, %rs3}, [%rd4+16];\n@!%p5 bra \t$L__BB7_12;\n"
                           "$L__BB7_12:\nmov.u32 \t%r1, %tid.x;\n");
  ASSERT_EQ(module.instructions.size(), 3u);
  EXPECT_EQ(module.describe(1), "ld.shared.v2.b32 {%r, %rs}, [%rd+16]; @!%p bra $L; "
                                "mov.u32 %r, %tid.x;");
  EXPECT_EQ(module.describe(2), "@!%p bra $L; mov.u32 %r, %tid.x;");
  EXPECT_EQ(module.findLabel("k", "$L__BB7_12"), std::optional<size_t>(2));
  EXPECT_EQ(module.instructions[1].guard, "@!%p5");
  EXPECT_EQ(module.instructions[2].line, 9u);
}

TEST(Survivors, AreReadWithTheirReasons) {
  llvm::SmallString<128> path;
  ASSERT_FALSE(llvm::sys::fs::createTemporaryFile("survivors", "txt", path));
  auto read = [&](const std::string &text, std::string &error) {
    std::ofstream(path.c_str()) << text;
    return readSurvivors(path.c_str(), error);
  };
  std::string error;
  auto reasons = read("# comment\n\na one: x\n  because\n  of this\nb two: y\n  why\n", error);
  EXPECT_EQ(error, "");
  EXPECT_EQ(reasons, (std::map<std::string, std::string>{{"a one: x", "because of this"},
                                                         {"b two: y", "why"}}));
  for (auto [text, message] : {std::pair("  why\n", ":1: a reason without a mutant"),
                               std::pair("a\nb\n  why\n", ":2: the mutant before has no reason"),
                               std::pair("a\n  why\na\n  why\n", ":3: listed twice"),
                               std::pair("a\n", ": the last mutant has no reason")}) {
    error.clear();
    read(text, error);
    EXPECT_EQ(error, std::string(path) + message);
  }
  std::remove(path.c_str());
}

} // namespace
} // namespace moec
