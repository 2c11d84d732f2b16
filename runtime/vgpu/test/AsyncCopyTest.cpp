// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cp.async`: what lands, when, and what is reported when nobody waits.
#include "Kernel.h"

#include <numeric>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// %d3: where the thread's 16 bytes of the input are, %r6: in shared memory; %d4: its word of out.
const std::string kStart =
    ".shared .align 16 .b8 s[4096];\nld.param.u64 %d1, [out]; ld.param.u64 %d2, [in];\n"
    "mov.u32 %r1, %tid.x; mad.wide.u32 %d3, %r1, 16, %d2; mov.u32 %r6, s; "
    "mad.lo.u32 %r6, %r1, 16, %r6;\nmad.wide.u32 %d4, %r1, 16, %d1;\n";

struct Copy {
  const char *body;
  /// Words of a thread after it, with %r10 to %r13 loaded from its place: -1 is 0, else the
  /// input's.
  std::array<int, 4> words;
};

TEST(AsyncCopyTest, BytesLandThatWereAskedFor) {
  const Copy cases[] = {
      {"cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.wait_all;", {0, 1, 2, 3}},
      {"cp.async.cg.shared.global.L2::128B [%r6], [%d3], 16; cp.async.wait_all;", {0, 1, 2, 3}},
      {"cp.async.ca.shared::cta.global [%r6], [%d3], 4; cp.async.ca.shared.global [%r6+4], "
       "[%d3+8], 4;\ncp.async.ca.shared.global [%r6+8], [%d3], 8; cp.async.wait_all;",
       {0, 2, 0, 1}},
      {"cp.async.cg.shared.global [%r6], [%d3], 16, 8; cp.async.wait_all;", {0, 1, -1, -1}},
      {"mov.u32 %r7, 0; cp.async.cg.shared.global [%r6], [%d9], 16, %r7; cp.async.wait_all;",
       {-1, -1, -1, -1}},
      {"setp.eq.u32 %p1, 0, 0; cp.async.cg.shared.global [%r6], [%d9], 16, %p1; "
       "cp.async.wait_all;",
       {-1, -1, -1, -1}},
      {"cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.commit_group; cp.async.wait_group 0;",
       {0, 1, 2, 3}},
      // The older of two groups has landed, the younger one goes elsewhere.
      {"cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.commit_group;\n"
       "cp.async.cg.shared.global [%r6+2048], [%d3], 16; cp.async.commit_group; "
       "cp.async.wait_group 1;",
       {0, 1, 2, 3}},
      // Empty groups count.
      {"cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.commit_group;\n"
       "cp.async.commit_group; cp.async.commit_group; cp.async.wait_group 2;",
       {0, 1, 2, 3}},
  };
  for (const Copy &one : cases) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(kStart + "mov.u64 %d9, 0;\n" + one.body +
                                     "\nld.shared.v4.u32 {%r10, %r11, %r12, %r13}, [%r6];\n"
                                     "st.global.v4.u32 [%d4], {%r10, %r11, %r12, %r13};")))
        << one.body << device.error;
    std::vector<uint32_t> input(256);
    std::iota(input.begin(), input.end(), 1);
    const uint64_t in = device.upload(input), out = device.upload(std::vector<uint32_t>(256));
    ASSERT_TRUE(device.run({1, 1, 1}, {64, 1, 1}, {out, in})) << one.body << device.error;
    const auto found = device.download<uint32_t>(out, 256);
    for (uint32_t thread = 0; thread < 64; ++thread)
      for (uint32_t word = 0; word < 4; ++word)
        EXPECT_EQ(found[thread * 4 + word],
                  one.words[word] < 0 ? 0 : input[thread * 4 + uint32_t(one.words[word])])
            << one.body;
  }
}

TEST(AsyncCopyTest, PipelinesOfStagesAreInOrder) {
  // Three stages of 64 x 16 bytes over ten tiles; each thread reads what another one copied.
  Device device;
  ASSERT_TRUE(device.load(inKernel(
      kStart +
      "mov.u32 %r7, 0; mov.u32 %r8, 0; mov.u32 %r9, %r6; xor.b32 %r14, %r1, 37; mov.u32 %r15, s;\n"
      "cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.commit_group;\n"
      "cp.async.cg.shared.global [%r6+1024], [%d3+1024], 16; cp.async.commit_group;\n"
      "LOOP: cp.async.wait_group 1; bar.sync 0;\n"
      // Stage i mod 3 is read, stage (i + 2) mod 3 is written, if there is a tile for it.
      "rem.u32 %r10, %r7, 3; mad.lo.u32 %r10, %r10, 1024, %r15; mad.lo.u32 %r10, %r14, 16, %r10;\n"
      "ld.shared.u32 %r11, [%r10]; add.u32 %r8, %r8, %r11;\n"
      "add.u32 %r12, %r7, 2; setp.ge.u32 %p1, %r12, 10; @%p1 bra NONE;\n"
      "rem.u32 %r13, %r12, 3; mad.lo.u32 %r13, %r13, 1024, %r6; mul.wide.u32 %d5, %r12, 1024;\n"
      "add.u64 %d5, %d5, %d3; cp.async.cg.shared.global [%r13], [%d5], 16;\n"
      "NONE: cp.async.commit_group; add.u32 %r7, %r7, 1; setp.lt.u32 %p2, %r7, 10; @%p2 bra LOOP;\n"
      "st.global.u32 [%d4], %r8;")))
      << device.error;
  std::vector<uint32_t> input(2560);
  std::iota(input.begin(), input.end(), 7);
  for (uint32_t seed = 0; seed < 4; ++seed) {
    device.seed = seed;
    const uint64_t in = device.upload(input), out = device.upload(std::vector<uint32_t>(256));
    ASSERT_TRUE(device.run({1, 1, 1}, {64, 1, 1}, {out, in})) << device.error;
    const auto found = device.download<uint32_t>(out, 256);
    for (uint32_t thread = 0; thread < 64; ++thread) {
      uint32_t expected = 0;
      for (uint32_t tile = 0; tile < 10; ++tile)
        expected += input[tile * 256 + (thread ^ 37) * 4];
      EXPECT_EQ(found[thread * 4], expected);
    }
  }
}

TEST(AsyncCopyTest, MistakesAreReported) {
  const std::string copy = "cp.async.cg.shared.global [%r6], [%d3], 16; cp.async.commit_group;\n";
  const std::pair<std::string, const char *> cases[] = {
      {copy + "ld.shared.u32 %r7, [%r6];", "touches what a copy of thread (0, 0, 0), line 10 is on "
                                           "its way to, for which nobody waited"},
      {copy + "cp.async.wait_group 1; ld.shared.u32 %r7, [%r6];", "is on its way to"},
      {copy + "st.shared.u32 [%r6], 1;", "is on its way to"},
      {copy + copy, "is on its way to"},
      {copy +
           "cp.async.wait_all; xor.b32 %r7, %r6, 512; bar.warp.sync -1; ld.shared.u32 %r8, [%r7];",
       "of shared memory at"},
      {"cp.async.cg.shared.global [%r6+8], [%d3], 16;", "is not aligned to its size"},
      {"cp.async.cg.shared.global [%r6], [%d3+8], 16;", "is not aligned to its size"},
      {"cp.async.cg.shared.global [%r6], [%d3+1024], 16;", "of global memory"},
      {"cp.async.cg.shared.global [%r6+4096], [%d3], 16;", "of shared memory"},
      {"cp.async.cg.shared.global [%r6], [%d3], 16, 17;", "copies 17 bytes to 16"},
      {"ld.shared.u32 %r7, [%r6+2048]; bar.sync 0;", "nobody has written"},
      {"cp.async.cg.shared.global [s], [%d3], 16;", "copies where another lane"},
      {"cp.async.cg.shared.global [%r6], [%d3+4], 16, 8;", "is not aligned to its size"},
  };
  for (const auto &[body, message] : cases) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(kStart + body))) << body << device.error;
    std::vector<uint32_t> input(256);
    std::iota(input.begin(), input.end(), 0);
    const uint64_t in = device.upload(input), out = device.upload(std::vector<uint32_t>(256));
    EXPECT_FALSE(device.run({1, 1, 1}, {64, 1, 1}, {out, in})) << body;
    EXPECT_NE(device.error.find(message), std::string::npos) << body << "\n" << device.error;
  }
}

TEST(AsyncCopyTest, FormsThatTheIsaLacksAreRefused) {
  const std::pair<const char *, const char *> cases[] = {
      {"cp.async.cg.shared.global [%r1], [%d1], 8;", "a size of 4, 8 or 16 bytes"},
      {"cp.async.ca.shared.global [%r1], [%d1], 3;", "a size of 4, 8 or 16 bytes"},
      {"cp.async.shared.global [%r1], [%d1], 16;", "is not an instruction that is supported"},
      {"cp.async.cg.global.global [%d1], [%d1], 16;", "is not an instruction that is supported"},
      {"cp.async.bulk.shared.global [%r1], [%d1], 16, [%r2];", "is not an instruction"},
      {"cp.async.wait_group %r1;", "a number of groups"},
      {"cp.async.cg.shared.global [%r1], [%d1];", "has 2 operands in place of 3"},
  };
  for (const auto &[body, message] : cases) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(body))) << body;
    EXPECT_NE(device.error.find(message), std::string::npos) << body << "\n" << device.error;
  }
}

} // namespace
