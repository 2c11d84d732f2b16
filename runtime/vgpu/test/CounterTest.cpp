// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sectors, bytes and conflicts of access patterns whose figures are known.
#include "Kernel.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Runs one warp, or more; %r1: the thread, %d3: out + `step` bytes for each, %r6: shared + step.
Counters count(const std::string &body, uint32_t step, uint32_t blocks = 1, uint32_t threads = 32,
               uint32_t hostThreads = 1) {
  Device device;
  EXPECT_TRUE(device.load(inKernel(
      ".shared .align 128 .b8 s[8192];\nld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x;\n"
      "mul.lo.u32 %r2, %r1, " +
      std::to_string(step) +
      "; cvt.u64.u32 %d2, %r2; add.u64 %d3, %d1, %d2; mov.u32 %r6, s; add.u32 %r6, %r6, %r2;\n" +
      body)))
      << body << device.error;
  device.isCounting = true;
  const uint64_t out = device.upload(std::vector<uint32_t>(8192));
  EXPECT_TRUE(device.run({blocks, 1, 1}, {threads, 1, 1}, {out, 0}, 0, hostThreads))
      << body << device.error;
  return device.counters;
}

TEST(CounterTest, SectorsOfGlobalMemory) {
  const struct {
    const char *body;
    uint32_t step;
    uint64_t sectors, read, written;
  } cases[] = {
      {"ld.global.u32 %r7, [%d3];", 4, 4, 128, 0},
      {"ld.global.u32 %r7, [%d1];", 4, 1, 128, 0},
      {"ld.global.u32 %r7, [%d3];", 32, 32, 128, 0},
      {"ld.global.u32 %r7, [%d3];", 128, 32, 128, 0},
      {"ld.global.u32 %r7, [%d3+16];", 4, 5, 128, 0},
      {"ld.global.u16 %h1, [%d3];", 2, 2, 64, 0},
      {"ld.global.v4.u32 {%r7, %r8, %r9, %r10}, [%d3];", 16, 16, 512, 0},
      {"ld.v2.u32 {%r7, %r8}, [%d3];", 8, 8, 256, 0},
      {"st.global.u32 [%d3], %r1;", 4, 4, 0, 128},
      {"setp.lt.u32 %p1, %r1, 8; @%p1 st.global.u32 [%d3], %r1;", 4, 1, 0, 32},
      {"red.global.add.u32 [%d3], 1;", 4, 4, 0, 128},
      {"cp.async.cg.shared.global [%r6], [%d3], 16;", 16, 16, 512, 0},
      {"cp.async.cg.shared.global [%r6], [%d3], 16, 0;", 16, 0, 0, 0},
      {"cp.async.cg.shared.global [%r6], [%d3], 16, 12;", 16, 32, 384, 0},
  };
  for (const auto &one : cases) {
    const Counters counters = count(one.body, one.step);
    EXPECT_EQ(counters.sectors, one.sectors) << one.body << one.step;
    EXPECT_EQ(counters.globalBytesRead, one.read) << one.body;
    EXPECT_EQ(counters.globalBytesWritten, one.written) << one.body;
  }
}

TEST(CounterTest, BankConflictsOfSharedMemory) {
  const struct {
    const char *body;
    uint32_t step;
    uint64_t cycles, conflicts;
  } cases[] = {
      {"st.shared.u32 [%r6], %r1;", 4, 1, 0},
      {"st.shared.u32 [%r6], %r1;", 8, 2, 1},
      {"st.shared.u32 [%r6], %r1;", 128, 32, 31},
      {"st.shared.u32 [%r6], %r1;", 132, 1, 0},
      {"cvt.u16.u32 %h1, %r1; st.shared.u16 [%r6], %h1;", 2, 1, 0},
      {"st.shared.v2.u32 [%r6], {%r1, %r1};", 8, 2, 0},
      {"st.shared.v4.u32 [%r6], {%r1, %r1, %r1, %r1};", 16, 4, 0},
      {"st.shared.v4.u32 [%r6], {%r1, %r1, %r1, %r1};", 128, 32, 28},
      {"st.shared.v4.u32 [%r6], {%r1, %r1, %r1, %r1};", 144, 4, 0},
      {"st.shared.u32 [s], 1;", 4, 1, 0},
      {"cp.async.ca.shared.global [%r6], [%d3], 16;", 128, 32, 28},
  };
  for (const auto &one : cases) {
    const Counters counters = count(one.body, one.step);
    EXPECT_EQ(counters.sharedCycles, one.cycles) << one.body << one.step;
    EXPECT_EQ(counters.bankConflicts, one.conflicts) << one.body << one.step;
  }
}

TEST(CounterTest, MatricesAndTheirTiles) {
  // Rows of 16 bytes that lie 128 bytes apart are in the same banks, of 144 they are not.
  const std::string fill = "mov.u32 %r7, 0; L: st.shared.u32 [%r6], 0; add.u32 %r6, %r6, 128; "
                           "add.u32 %r7, %r7, 1; setp.lt.u32 %p1, %r7, 48; @%p1 bra L;\n"
                           "bar.sync 0; mov.u32 %r6, s;\n";
  const Counters clashing =
      count(fill + "mad.lo.u32 %r6, %r1, 128, %r6; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r7, "
                   "%r8, %r9, %r10}, [%r6];",
            4);
  EXPECT_EQ(clashing.bankConflicts, 28u);
  const Counters padded =
      count(fill + "mad.lo.u32 %r6, %r1, 144, %r6; ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r7, "
                   "%r8, %r9, %r10}, [%r6];",
            4);
  EXPECT_EQ(padded.bankConflicts, 0u);
  const Counters product = count("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1, %f2, "
                                 "%f3, %f4}, {%r7, %r8, %r9, %r10}, {%r11, %r12}, {%f1, %f2, %f3, "
                                 "%f4};",
                                 4, 3, 64, 2);
  EXPECT_EQ(product.matrixProducts, 6u);
  EXPECT_EQ(product.matrixOperations, 6 * 2 * 16 * 8 * 16u);
}

TEST(CounterTest, InstructionsAndLanes) {
  const Counters one = count("", 4);
  const Counters more = count("setp.lt.u32 %p1, %r1, 5; @%p1 add.u32 %r7, %r1, 1; add.u32 %r8, "
                              "%r1, 1;",
                              4);
  EXPECT_EQ(more.warps - one.warps, 3u);
  EXPECT_EQ(more.lanes - one.lanes, 32 + 5 + 32u);
  const Counters blocks = count("", 4, 7, 96, 2);
  EXPECT_EQ(blocks.warps, 21 * one.warps);
}

} // namespace
