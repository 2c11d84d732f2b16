// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses: old values, new ones, lanes at one place, several host threads.
#include "Kernel.h"

#include <algorithm>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

struct Case {
  const char *instruction;
  uint64_t before, expected, old;
};

/// Runs an instruction of one lane on a word at %d1 that holds `before`; the old value is in %r0,
/// %d0 or %h0, operands are to be spelled out.
void check(const Case &one, const std::string &space) {
  const std::string text = one.instruction;
  const size_t mark = text.find('@');
  const std::string instruction = text.substr(0, mark) + space + text.substr(mark + 1);
  Device device;
  const bool isShared = space == ".shared";
  const bool hasOld = text.compare(0, 4, "atom") == 0;
  const std::string old = instruction.find("%d0") != std::string::npos   ? "%d0"
                          : instruction.find("%h0") != std::string::npos ? "%h0"
                                                                         : "%r0";
  const std::string bits = old == "%d0" ? "b64" : old == "%h0" ? "b16" : "b32";
  ASSERT_TRUE(device.load(inKernel(
      ".shared .align 8 .b8 s[8];\nld.param.u64 %d3, [out]; ld.global.b64 %d4, [%d3];\n"
      "st.shared.b64 [s], %d4; mov.b64 %d1, " +
      std::string(isShared ? "s" : "%d3") + ";\nmov.b64 %d0, 0; mov.b32 %r0, 0; mov.b16 %h0, 0;\n" +
      instruction + "\n" + (isShared ? "ld.shared.b64 %d4, [s]; st.global.b64 [%d3], %d4;\n" : "") +
      (hasOld ? "st.global." + bits + " [%d3+8], " + old + ";" : ""))))
      << instruction << "\n"
      << device.error;
  const uint64_t out = device.upload(std::vector<uint64_t>{one.before, 0});
  ASSERT_TRUE(device.run({1, 1, 1}, {1, 1, 1}, {out, 0})) << instruction << "\n" << device.error;
  const auto words = device.download<uint64_t>(out, 2);
  EXPECT_EQ(words[0], one.expected) << instruction;
  EXPECT_EQ(words[1], hasOld ? one.old : 0) << instruction;
}

const uint64_t kHigh = uint64_t(7) << 32; // must stay as it is

TEST(AtomicTest, OperationsChangeMemoryAsTheIsaSays) {
  const Case cases[] = {
      {"atom@.exch.b32 %r0, [%d1], 9;", kHigh | 5, kHigh | 9, 5},
      {"atom@.exch.b64 %d0, [%d1], 9;", kHigh | 5, 9, kHigh | 5},
      {"atom@.cas.b32 %r0, [%d1], 5, 6;", kHigh | 5, kHigh | 6, 5},
      {"atom@.cas.b32 %r0, [%d1], 4, 6;", kHigh | 5, kHigh | 5, 5},
      {"atom@.cas.b64 %d0, [%d1], 0x700000005, 1;", kHigh | 5, 1, kHigh | 5},
      {"atom@.cas.b16 %h0, [%d1], 5, 6;", kHigh | 0x10005, kHigh | 0x10006, 5},
      {"atom@.and.b32 %r0, [%d1], 12;", kHigh | 6, kHigh | 4, 6},
      {"atom@.or.b32 %r0, [%d1], 12;", kHigh | 6, kHigh | 14, 6},
      {"atom@.xor.b32 %r0, [%d1], 12;", kHigh | 6, kHigh | 10, 6},
      {"atom@.xor.b64 %d0, [%d1], -1;", 0, ~uint64_t(0), 0},
      {"atom@.add.u32 %r0, [%d1], 3;", kHigh | 0xffffffff, kHigh | 2, 0xffffffff},
      {"atom@.add.s32 %r0, [%d1], -3;", kHigh | 1, kHigh | 0xfffffffe, 1},
      {"atom@.add.u64 %d0, [%d1], 3;", 0xffffffff, 0x100000002, 0xffffffff},
      {"atom@.inc.u32 %r0, [%d1], 7;", kHigh | 6, kHigh | 7, 6},
      {"atom@.inc.u32 %r0, [%d1], 7;", kHigh | 7, kHigh, 7},
      {"atom@.dec.u32 %r0, [%d1], 7;", kHigh, kHigh | 7, 0},
      {"atom@.dec.u32 %r0, [%d1], 7;", kHigh | 9, kHigh | 7, 9},
      {"atom@.dec.u32 %r0, [%d1], 7;", kHigh | 3, kHigh | 2, 3},
      {"atom@.min.u32 %r0, [%d1], 7;", kHigh | 0xfffffff0, kHigh | 7, 0xfffffff0},
      {"atom@.min.s32 %r0, [%d1], 7;", kHigh | 0xfffffff0, kHigh | 0xfffffff0, 0xfffffff0},
      {"atom@.max.u32 %r0, [%d1], 7;", kHigh | 0xfffffff0, kHigh | 0xfffffff0, 0xfffffff0},
      {"atom@.max.s32 %r0, [%d1], 7;", kHigh | 0xfffffff0, kHigh | 7, 0xfffffff0},
      {"atom@.min.s64 %d0, [%d1], 7;", ~uint64_t(0), ~uint64_t(0), ~uint64_t(0)},
      {"atom@.max.u64 %d0, [%d1], 7;", 9, 9, 9},
      // 1.5 + 2, and sums that round.
      {"atom@.add.f32 %r0, [%d1], 0f40000000;", kHigh | 0x3fc00000, kHigh | 0x40600000, 0x3fc00000},
      {"atom@.add.f64 %d0, [%d1], 0d4000000000000000;", 0x3ff8000000000000, 0x400c000000000000,
       0x3ff8000000000000},
      {"atom@.add.noftz.f16 %h0, [%d1], %h1;", 0, 0, 0},
      {"red@.add.u32 [%d1], 3;", kHigh | 4, kHigh | 7, 0},
      {"red@.max.s32 [%d1], 3;", kHigh | 0xffffffff, kHigh | 3, 0},
      {"red@.or.b64 [%d1], 3;", 4, 7, 0},
      {"atom.relaxed.gpu@.add.u32 %r0, [%d1], 3;", kHigh | 4, kHigh | 7, 4},
      {"atom.acq_rel.sys@.exch.b32 %r0, [%d1], 3;", kHigh | 4, kHigh | 3, 4},
  };
  for (const Case &one : cases)
    for (const char *space : {"", ".global", ".shared"})
      if (*space != 0 || std::string(one.instruction).find("shared") == std::string::npos)
        check(one, space);
}

TEST(AtomicTest, NarrowFloatsComeAlonePairedAndInVectors) {
  // 1.0 and 2.0 in f16 and in bf16.
  check({"mov.b16 %h1, 0x4000; atom@.add.noftz.f16 %h0, [%d1], %h1;", 0x3c00, 0x4200, 0},
        ".global");
  const Case cases[] = {
      {"mov.b16 %h1, 0x4000; red@.add.noftz.f16 [%d1], %h1;", 0x3c00, 0x4200, 0},
      {"mov.b16 %h1, 0x4000; red@.add.noftz.bf16 [%d1], %h1;", 0x3f80, 0x4040, 0},
      {"mov.b32 %r1, 0x3c004000; red@.add.noftz.f16x2 [%d1], %r1;", 0x40003c00, 0x42004200, 0},
      {"mov.b32 %r1, 0x3f804000; red@.add.noftz.bf16x2 [%d1], %r1;", 0x40003f80, 0x40404040, 0},
      {"mov.b32 %r1, 0x3f800000; red@.add.v2.f32 [%d1], {%r1, %r1};", 0x4000000040000000,
       0x4040000040400000, 0},
      {"mov.b32 %r1, 0x3f803f80; red@.add.noftz.v2.bf16x2 [%d1], {%r1, %r1};", 0x4000400040004000,
       0x4040404040404040, 0},
  };
  for (const Case &one : cases)
    check(one, ".global");
}

TEST(AtomicTest, ResultsMayBeInRegistersOfOperands) {
  // The second sum takes what %r2 was before the first result came there.
  check({"mov.b32 %r1, 0x3f800000; mov.b32 %r2, 0x40000000; atom@.add.v2.f32 {%r2, %r0}, [%d1], "
         "{%r1, %r2};",
         0, 0x400000003f800000, 0},
        ".global");
}

TEST(AtomicTest, SubnormalSumsAreFlushedInGlobalMemoryOnly) {
  check({"atom@.add.f32 %r0, [%d1], 0f00000001;", 0, 0, 0}, ".global");
  check({"atom@.add.f32 %r0, [%d1], 0f00000001;", 0, 1, 0}, ".shared");
}

TEST(AtomicTest, EveryThreadOfEveryBlockCounts) {
  Device device;
  ASSERT_TRUE(device.load(inKernel("ld.param.u64 %d1, [out]; ld.param.u64 %d2, [in];\n"
                                   "atom.global.add.u32 %r1, [%d1], 1; mul.wide.u32 %d3, %r1, 4;\n"
                                   "add.u64 %d3, %d2, %d3; red.global.add.u32 [%d3], 1;")))
      << device.error;
  for (uint32_t seed : {0u, 1u, 2u}) {
    device.seed = seed;
    const uint64_t out = device.upload(std::vector<uint32_t>(1)),
                   in = device.upload(std::vector<uint32_t>(64 * 96));
    ASSERT_TRUE(device.run({64, 1, 1}, {96, 1, 1}, {out, in}, 0, 2)) << device.error;
    EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 64 * 96u);
    for (uint32_t count : device.download<uint32_t>(in, 64 * 96))
      ASSERT_EQ(count, 1u); // each ticket was drawn once
  }
}

TEST(AtomicTest, SeedsShowThatAnOrderIsLeftOpen) {
  Device device;
  ASSERT_TRUE(device.load(inKernel("ld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x;\n"
                                   "atom.global.exch.b32 %r2, [%d1], %r1;")))
      << device.error;
  std::vector<uint32_t> last;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    device.seed = seed;
    const uint64_t out = device.upload(std::vector<uint32_t>(1));
    ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0})) << device.error;
    last.push_back(device.download<uint32_t>(out, 1)[0]);
  }
  EXPECT_NE(std::count(last.begin(), last.end(), last[0]), 4);
}

TEST(AtomicTest, ALockByOneLaneAtATimeIsFair) {
  // Lanes of a warp take turns in a critical section; each adds one without an atomic.
  Device device;
  ASSERT_TRUE(device.load(
      inKernel("ld.param.u64 %d1, [out];\nTRY: atom.global.acquire.gpu.cas.b32 %r1, [%d1], 0, 1;\n"
               "setp.ne.u32 %p1, %r1, 0; @%p1 bra TRY;\n"
               "ld.relaxed.gpu.global.u32 %r2, [%d1+4]; add.u32 %r2, %r2, 1;\n"
               "st.relaxed.gpu.global.u32 [%d1+4], %r2;\n"
               "atom.global.release.gpu.exch.b32 %r1, [%d1], 0;")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(2));
  ASSERT_TRUE(device.run({2, 1, 1}, {64, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 2)[1], 128u);
}

TEST(AtomicTest, FormsThatTheIsaLacksAreRefused) {
  for (const char *body :
       {"atom.add.b32 %r1, [%d1], 1;", "atom.exch.u32 %r1, [%d1], 1;", "red.exch.b32 [%d1], 1;",
        "red.cas.b32 [%d1], 1, 2;", "atom.inc.s32 %r1, [%d1], 1;", "atom.min.f32 %f1, [%d1], %f2;",
        "atom.add.f16 %h1, [%d1], %h2;", "atom.add.v3.f32 {%f1, %f2, %f3}, [%d1], {%f1, %f2, %f3};",
        "atom.local.add.u32 %r1, [%d1], 1;", "red.add.v2.u32 [%d1], {%r1, %r2};"}) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(body))) << body;
    EXPECT_NE(device.error.find("is not an instruction that is supported"), std::string::npos)
        << body << device.error;
  }
}

TEST(AtomicTest, PlacesAreChecked) {
  for (const auto &[body, message] : std::vector<std::pair<std::string, std::string>>{
           {"atom.global.add.u32 %r1, [%d1+2], 1;", "is not aligned to its size"},
           {"atom.global.add.u64 %d2, [%d1+8], 1;", "8 bytes into an allocation of 8"},
           {"red.shared.add.u32 [%d1], 1;", "outside of the 0 bytes"}}) {
    Device device;
    ASSERT_TRUE(device.load(inKernel("ld.param.u64 %d1, [out];\n" + body))) << device.error;
    const uint64_t out = device.upload(std::vector<uint64_t>(1));
    EXPECT_FALSE(device.run({1, 1, 1}, {1, 1, 1}, {out, 0}));
    EXPECT_NE(device.error.find(message), std::string::npos) << device.error;
  }
}

} // namespace
