// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls of functions: what they pass, where lanes meet again, and calls that are refused.
#include "Kernel.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Functions, and a kernel in which %r1 is the thread and each stores %r0.
std::string withFunctions(const std::string &functions, const std::string &body) {
  return kHead + functions +
         ".visible .entry k(.param .u64 out) {\n.reg .pred %p<5>; .reg .b32 %r<9>; .reg .b64 "
         "%d<5>;\n"
         ".reg .f32 %f<5>; .reg .f64 %g<5>; .reg .b16 %h<5>;\n"
         "ld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; mad.wide.u32 %d1, %r1, 4, %d1;\n"
         "mov.u32 %r0, 1000;\n" +
         body + "\nst.global.u32 [%d1], %r0;\nret; }\n";
}

std::vector<uint32_t> run(const std::string &functions, const std::string &body,
                          uint32_t threads = 64) {
  Device device;
  EXPECT_TRUE(device.load(withFunctions(functions, body))) << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(threads));
  EXPECT_TRUE(device.run({1, 1, 1}, {threads, 1, 1}, {out})) << device.error;
  return device.download<uint32_t>(out, threads);
}

/// Twice its parameter and one.
const std::string kOdd = R"(
  .func (.param .b32 result) odd(.param .b32 x) {
    .reg .b32 %r<3>;
    ld.param.b32 %r1, [x]; mad.lo.u32 %r2, %r1, 2, 1; st.param.b32 [result], %r2; ret;
  })";

/// A call by variables, as compilers write it.
std::string callOdd(const std::string &from, const std::string &guard = "") {
  return "{ .param .b32 p; .param .b32 q; st.param.b32 [p], " + from + "; " + guard +
         " call.uni (q), odd, (p); " + guard + " ld.param.b32 %r0, [q]; }\n";
}

TEST(CallTest, PassesVariables) {
  const auto found = run(kOdd, callOdd("%r1") + callOdd("%r0"));
  for (uint32_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i], 4 * i + 3);
}

TEST(CallTest, PassesRegistersAndNumbers) {
  const std::string functions = kOdd + R"(
    .func (.param .f64 result) sum(.param .f32 a, .param .f64 b, .param .b64 c, .param .b16 d) {
      .reg .f32 %f<3>; .reg .f64 %g<5>; .reg .b64 %d<3>; .reg .b16 %h<3>;
      ld.param.f32 %f1, [a]; ld.param.f64 %g1, [b]; ld.param.b64 %d1, [c]; ld.param.u16 %h1, [d];
      cvt.f64.f32 %g2, %f1; cvt.rn.f64.s64 %g3, %d1; cvt.rn.f64.u16 %g4, %h1;
      add.f64 %g1, %g1, %g2; add.f64 %g1, %g1, %g3; add.f64 %g1, %g1, %g4;
      st.param.f64 [result], %g1;
    })";
  const auto found = run(functions, R"(
    cvt.rn.f32.u32 %f1, %r1; mov.b16 %h1, 500;
    call (%g1), sum, (%f1, 0d4024000000000000, -3, %h1);
    call (%g2), sum, (2.5, 0.5, 100, 1);
    add.f64 %g1, %g1, %g2; cvt.rzi.u32.f64 %r0, %g1;
    call.uni (%r0), odd, (%r0);)");
  for (uint32_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i], 2 * (i + 10 - 3 + 500 + 104) + 1);
}

TEST(CallTest, LanesWhoseGuardIsFalseKeepTheirResults) {
  for (const char *call : {"@%p1 call (%r0), odd, (%r1);", "@!%p2 call (%r0), odd, (%r1);"}) {
    const auto found =
        run(kOdd, "and.b32 %r2, %r1, 5; setp.eq.u32 %p1|%p2, %r2, 1;\n" + std::string(call));
    for (uint32_t i = 0; i < found.size(); ++i)
      ASSERT_EQ(found[i], (i & 5) == 1 ? 2 * i + 1 : 1000) << call;
  }
  // Also by variables, of which the others write none.
  const auto found = run(kOdd, "setp.lt.u32 %p1, %r1, 7;\n" + callOdd("%r1", "@%p1"));
  for (uint32_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i], i < 7 ? 2 * i + 1 : 1000);
}

TEST(CallTest, LanesMeetAgainAfterReturns) {
  // Each lane returns from a loop or a branch of its own; the shuffle needs all of them.
  const std::string functions = R"(
    .func (.param .b32 result) steps(.param .b32 x) {
      .reg .pred %p<3>; .reg .b32 %r<4>;
      ld.param.b32 %r1, [x]; mov.u32 %r2, 0;
      setp.gt.u32 %p1, %r1, 40; st.param.b32 [result], 77; @%p1 ret;
      L: setp.eq.u32 %p1, %r1, 0; st.param.b32 [result], %r2; @%p1 ret.uni;
      shr.u32 %r1, %r1, 1; add.u32 %r2, %r2, 1; bra L;
    })";
  const auto found = run(functions, "call (%r0), steps, (%r1);\nxor.b32 %r2, %r1, 1;\n"
                                    "shfl.sync.bfly.b32 %r0, %r0, 1, 31, -1;");
  for (uint32_t i = 0; i < found.size(); ++i) {
    const uint32_t other = i ^ 1;
    ASSERT_EQ(found[i], other > 40 ? 77u : other ? 32u - uint32_t(__builtin_clz(other)) : 0u) << i;
  }
}

TEST(CallTest, FunctionsHaveMemoryTablesAndBarriers) {
  // Declared before it is defined; calls another one from a branch table; its stack and its shared
  // memory are its own in each call.
  const std::string functions = R"(
    .func (.param .align 16 .b8 result[16]) both(.param .align 4 .b8 x[8]);
    )" + kOdd + R"(
    .func (.param .align 16 .b8 result[16]) both(.param .align 4 .b8 x[8]) {
      .reg .pred %p<2>; .reg .b32 %r<9>; .reg .b64 %d<4>;
      .local .align 8 .b8 stack[8]; .shared .align 4 .b8 s[4];
      T: .branchtargets A, B, C;
      mov.b64 %d1, x; ld.local.b32 %r1, [%d1]; ld.param.b32 %r2, [x+4];
      mov.u32 %r4, %tid.x; setp.eq.u32 %p1, %r4, 5; @%p1 st.shared.u32 [s], %r2; bar.sync 0;
      ld.shared.u32 %r5, [s]; bar.sync 0;
      rem.u32 %r3, %r1, 3; brx.idx %r3, T;
      A: st.local.u32 [stack], 7; bra END;
      B: call (%r6), odd, (%r2); st.local.u32 [stack], %r6; bra END;
      C: st.local.u32 [stack], %r1;
      END: ld.local.u32 %r7, [stack]; cvt.u64.u32 %d2, %r7; cvt.u64.u32 %d3, %r5;
      st.param.v2.b64 [result], {%d2, %d3}; ret;
    })";
  const std::string call =
      R"({ .param .align 4 .b8 p[8]; .param .align 16 .b8 q[16]; .reg .b64 %e<3>;
      st.param.b32 [p], %r1; st.param.b32 [p+4], %r2; call (q), both, (p);
      ld.param.v2.b64 {%e1, %e2}, [q]; add.u64 %e1, %e1, %e2; cvt.u32.u64 %r4, %e1;
      add.u32 %r3, %r3, %r4; })";
  const auto found = run(functions, "mov.u32 %r3, 0; add.u32 %r2, %r1, 100;" + call +
                                        "add.u32 %r2, %r1, 200;" + call + "mov.u32 %r0, %r3;");
  for (uint32_t i = 0; i < found.size(); ++i) {
    auto part = [&](uint32_t x) { return i % 3 == 0 ? 7 : i % 3 == 1 ? 2 * x + 1 : i; };
    ASSERT_EQ(found[i], part(i + 100) + 105 + part(i + 200) + 205);
  }
}

TEST(CallTest, ExitEndsTheThread) {
  const std::string functions = R"(.func leave(.param .b32 x) { .reg .pred %p; .reg .b32 %r;
    ld.param.b32 %r, [x]; setp.gt.u32 %p, %r, 9; @%p exit; })";
  const auto found = run(functions, "call leave, (%r1);");
  for (uint32_t i = 0; i < found.size(); ++i)
    ASSERT_EQ(found[i], i > 9 ? 0 : 1000);
}

TEST(CallTest, WhatIsReadAndWasNotPassedIsReported) {
  Device device;
  ASSERT_TRUE(device.load(withFunctions(
      kOdd, "{ .param .b32 p; .param .b32 q; call (q), odd, (p); ld.param.b32 %r0, [q]; }")));
  EXPECT_FALSE(device.run({1, 1, 1}, {1, 1, 1}, {device.upload(std::vector<uint32_t>(1))}));
  EXPECT_NE(device.error.find("PTX line 7"), std::string::npos) << device.error;
}

struct BadCall {
  std::string functions, body, message;
};

TEST(CallTest, CallsThatCannotBeAreRefused) {
  const std::string mutual = ".func f(.param .b32 x);\n"
                             ".func g(.param .b32 x) { call f, (1); }\n"
                             ".func f(.param .b32 x) { call g, (1); }\n";
  std::string deep = ".func f0() { ret; }\n";
  for (int i = 1; i < 80; ++i)
    deep += ".func f" + std::to_string(i) + "() { call f" + std::to_string(i - 1) + "; }\n";
  std::string wide = ".func f0() { ret; }\n";
  for (int i = 1; i < 40; ++i) {
    const std::string call = "call f" + std::to_string(i - 1) + "; ";
    wide += ".func f" + std::to_string(i) + "() { " + call + call + "}\n";
  }
  const std::vector<BadCall> cases = {
      {".func f(.param .b32 x) { call f, (1); }\n", "call f, (1);",
       "'call' calls 'f', which it is called by: recursion is not supported"},
      {mutual, "call f, (1);", "recursion is not supported"},
      {deep, "call f79;", "is nested deeper than 64 calls"},
      {wide, "call f39;", "makes a function of more than 1048576 instructions"},
      {kOdd, "call (%r0), odd;", "has 0 parameters and 1 results in place of 1 and 1 of 'odd'"},
      {kOdd, "call odd, (%r1);", "has 1 parameters and 0 results in place of 1 and 1"},
      {kOdd, "call (%r0), odd, (%r1, %r1);", "has 2 parameters and 1 results"},
      {kOdd, "call (%r0), odd, (%d1);", "has something that does not fit parameter 0 of 'odd'"},
      {kOdd, "call (%p1), odd, (%r1);", "does not fit result 0 of 'odd'"},
      {kOdd, "call (7), odd, (%r1);", "does not fit result 0 of 'odd'"},
      {kOdd, "{ .param .b64 p; call (%r0), odd, (p); }",
       "has 8 bytes in place of 4 for parameter 0 of 'odd'"},
      {kOdd, "call (%r0), odd, (out);", "in place of a variable in .param space for parameter 0"},
      {kOdd + ".global .b32 v;", "call (%r0), odd, (v);", "in place of a variable in .param space"},
      {kOdd, "call (%r0), odd, (%r1), %r1;", "has operands after the parameters of 'odd'"},
      {kOdd, "call (%r0), %d1, (%r1);", "calls through addresses are not supported"},
      {kOdd, "call (%r0), %d1, (%r1), P; P: .callprototype (.param .b32 _) _ (.param .b32 _);",
       "calls through addresses are not supported"},
      {kOdd, "{ .param .b32 p; call (p), odd, (p); }", "names a variable twice"},
      {".func f(.param .b32 x) { .reg .b64 %d; .reg .b32 %r; mov.b64 %d, x; ld.param.b32 %r, [%d]; "
       "}\n",
       "call f, (1);", "'ld.param.b32' has an address that is no variable, in a function"},
      {".func f();\n", "call f;", "calls 'f', which has no body in this module"},
      {".extern .func (.param .b32 r) vprintf(.param .b64 a, .param .b64 b);\n",
       "call (%r0), vprintf, (%d1, %d1);", "calls 'vprintf', which has no body in this module"},
      {".entry e() { ret; }\n", "call e;", "calls the kernel 'e'"},
      {"", "call f;", "'f' is not declared"},
      {kOdd, "call.foo (%r0), odd, (%r1);", "'call.foo' is not an instruction that is supported"},
      {kOdd, "call;", "does not name a function"},
      {".func f() { call k; }\n", "call f;", "'k' is not declared"},
  };
  for (const BadCall &bad : cases) {
    Device device;
    // The kernel that calls is the last one.
    ptx::ParseError error;
    const auto module = ptx::parse(withFunctions(bad.functions, bad.body), error);
    Program program;
    EXPECT_FALSE(module &&
                 decode(*module, module->functions.back(),
                        VariableAddresses(module->variables.size()), bestLevel(), program, error))
        << bad.body;
    EXPECT_NE(error.message.find(bad.message), std::string::npos)
        << bad.body << ": " << error.message;
    EXPECT_GT(error.line, 3u);
  }
}

} // namespace
