// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Accesses that nothing orders, memory that nobody has written; and kernels that are in order.
#include "Kernel.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// %r1: thread, %r2: block, %r3: warp, %r4: lane, %d1: out, %d2: in, %r5: 4 times the thread;
/// `s` is shared memory.
const std::string kStart =
    ".shared .align 16 .b8 s[1024];\nld.param.u64 %d1, [out]; ld.param.u64 %d2, [in];\n"
    "mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; shr.u32 %r3, %r1, 5; and.b32 %r4, %r1, 31;\n"
    "shl.b32 %r5, %r1, 2; mov.u32 %r6, s; add.u32 %r6, %r6, %r5;\n";

struct Case {
  const char *name, *body;
  /// Part of the report, or null if there is none.
  const char *message;
  uint32_t blocks = 1, threads = 64;
};

void check(const Case &one) {
  // Whatever the order: what one seed misses another one finds, and what is right stays right.
  bool isFound = false;
  for (uint32_t seed = 0; seed < 4; ++seed) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(kStart + one.body))) << one.name << ": " << device.error;
    device.seed = seed;
    const uint64_t out = device.upload(std::vector<uint32_t>(256)),
                   in = device.upload(std::vector<uint32_t>(256, 7));
    const bool isGood = device.run({one.blocks, 1, 1}, {one.threads, 1, 1}, {out, in});
    if (!one.message) {
      EXPECT_TRUE(isGood) << one.name << ", seed " << seed << ": " << device.error;
      continue;
    }
    if (isGood)
      continue;
    isFound |= device.error.find(one.message) != std::string::npos;
    EXPECT_NE(device.error.find(one.message), std::string::npos)
        << one.name << ": " << device.error;
  }
  EXPECT_EQ(isFound, one.message != nullptr) << one.name;
}

TEST(RaceTest, SharedMemoryNeedsBarriers) {
  const Case cases[] = {
      {"a barrier between write and read",
       "st.shared.u32 [%r6], %r1; bar.sync 0; xor.b32 %r7, %r6, 128; ld.shared.u32 %r8, [%r7];",
       nullptr},
      {"none",
       "st.shared.u32 [%r6], %r1; xor.b32 %r7, %r6, 128; bar.warp.sync -1; setp.eq.u32 %p1, %r3, "
       "0;\n@%p1 bra L; bar.sync 1, 32; ld.shared.u32 %r8, [%r7]; bra E;\nL: bar.sync 2, 32;\nE:",
       "of shared memory at"},
      {"lanes of a warp without a barrier",
       "st.shared.u32 [%r6], %r1; xor.b32 %r7, %r6, 4; ld.shared.u32 %r8, [%r7];",
       "races with the write of thread (1, 0, 0), line 10", 1, 2},
      {"lanes of a warp with one",
       "st.shared.u32 [%r6], %r1; bar.warp.sync -1; xor.b32 %r7, %r6, 4; ld.shared.u32 %r8, [%r7];",
       nullptr},
      {"a warp's barrier is none for the block",
       "st.shared.u32 [%r6], 0; bar.sync 0;\n"
       "st.shared.u32 [%r6], %r1; bar.warp.sync -1; xor.b32 %r7, %r6, 128; bar.warp.sync -1;\n"
       "setp.eq.u32 %p1, %r3, 0; @%p1 bra E; ld.shared.u32 %r8, [%r7];\nE:",
       "races with the"},
      {"a shuffle is no barrier for memory",
       "st.shared.u32 [%r6], %r1; shfl.sync.idx.b32 %r7, %r1, 0, 31, -1; xor.b32 %r7, %r6, 4;\n"
       "ld.shared.u32 %r8, [%r7];",
       "races with the write"},
      {"one's own memory", "st.shared.u32 [%r6], %r1; ld.shared.u32 %r7, [%r6];", nullptr},
      {"a write after reads of others",
       "st.shared.u32 [%r6], %r1; bar.sync 0; ld.shared.u32 %r7, [s];\n"
       "setp.ne.u32 %p1, %r1, 0; @%p1 bra E; st.shared.u32 [s], 1;\nE:",
       "races with the", 1, 64},
      {"a write after reads and a barrier",
       "st.shared.u32 [%r6], %r1; bar.sync 0; ld.shared.u32 %r7, [s]; bar.sync 0;\n"
       "setp.ne.u32 %p1, %r1, 0; @%p1 bra E; st.shared.u32 [s], 1;\nE:",
       nullptr},
      {"two writes",
       "setp.ne.u32 %p1, %r4, 0; @%p1 bra E; st.shared.u32 [s], %r3;\nE:", "races with the write"},
      {"two halves of a word",
       "shl.b32 %r7, %r1, 1; mov.u32 %r8, s; add.u32 %r7, %r7, %r8; cvt.u16.u32 %h1, %r1;\n"
       "st.shared.b16 [%r7], %h1; bar.warp.sync -1; ld.shared.u16 %h2, [%r7]; bar.sync 0;\n"
       "and.b32 %r7, %r6, -4; ld.shared.u16 %h3, [s+2];",
       nullptr},
      {"an array that is written and read in turns",
       "mov.u32 %r9, 0;\nL: st.shared.u32 [%r6], %r9; bar.sync 0; xor.b32 %r7, %r6, 160;\n"
       "ld.shared.u32 %r8, [%r7]; bar.sync 0; add.u32 %r9, %r9, 1; setp.lt.u32 %p1, %r9, 9; "
       "@%p1 bra L;",
       nullptr},
      {"with the second barrier forgotten",
       "mov.u32 %r9, 0;\nL: st.shared.u32 [%r6], %r9; bar.sync 0; xor.b32 %r7, %r6, 160;\n"
       "ld.shared.u32 %r8, [%r7]; add.u32 %r9, %r9, 1; setp.lt.u32 %p1, %r9, 9; @%p1 bra L;",
       "races with the"},
      {"with the first barrier forgotten",
       "mov.u32 %r9, 0;\nst.shared.u32 [%r6], %r9; bar.sync 0;\nL: st.shared.u32 [%r6], %r9; "
       "xor.b32 %r7, %r6, 160;\nld.shared.u32 %r8, [%r7]; bar.sync 0; add.u32 %r9, %r9, 1; "
       "setp.lt.u32 %p1, %r9, 9; @%p1 bra L;",
       "races with the"},
      {"a producer and consumers with named barriers",
       "mov.u32 %r9, 0; setp.eq.u32 %p1, %r3, 0; @%p1 bra P;\n"
       "C: bar.sync 1, 96; ld.shared.u32 %r7, [s]; bar.arrive 2, 96; add.u32 %r9, %r9, 1;\n"
       "setp.lt.u32 %p2, %r9, 5; @%p2 bra C; bra E;\n"
       "P: setp.eq.u32 %p2, %r4, 0; @%p2 st.shared.u32 [s], %r9; bar.arrive 1, 96; bar.sync 2, "
       "96;\n"
       "add.u32 %r9, %r9, 1; setp.lt.u32 %p2, %r9, 5; @%p2 bra P;\nE:",
       nullptr, 1, 96},
      {"a producer that does not wait",
       "mov.u32 %r9, 0; setp.eq.u32 %p1, %r3, 0; @%p1 bra P;\n"
       "bar.sync 1, 64; ld.shared.u32 %r7, [s]; bra E;\n"
       "P: setp.eq.u32 %p2, %r4, 0; @%p2 st.shared.u32 [s], %r9; bar.arrive 1, 64;\n"
       "@%p2 st.shared.u32 [s], %r9;\nE:",
       "races with the"},
      {"one lane writes, then all of its warp read",
       "setp.eq.u32 %p1, %r4, 0; @%p1 st.shared.u32 [s], 5; ld.shared.u32 %r7, [s];",
       "races with the write", 1, 32},
      {"lanes of a warp, half of which arrive and half wait",
       "setp.lt.u32 %p1, %r4, 16; @!%p1 bra W; st.shared.u32 [%r6], %r1; barrier.arrive 1, 32; bra "
       "E;\nW: barrier.sync 1, 32; ld.shared.u32 %r7, [s];\nE:",
       nullptr, 1, 32},
      {"all threads, by their number and without it",
       "st.shared.u32 [%r6], %r1; setp.eq.u32 %p1, %r3, 0; @%p1 bra L; bar.sync 0; bra M;\n"
       "L: bar.sync 0, 64;\nM: xor.b32 %r7, %r6, 128; ld.shared.u32 %r8, [%r7];",
       nullptr},
      {"one place, one value, one instruction", "st.shared.u32 [s], 5;", nullptr, 1, 32},
      {"one place, several values, one instruction", "st.shared.u32 [s], %r1;",
       "writes where another lane of its warp writes something else", 1, 32},
  };
  for (const Case &one : cases)
    check(one);
}

TEST(RaceTest, AtomicsAndFencesOrderBlocks) {
  // %d3 is a counter; the block that comes last reads what the others wrote.
  const std::string ticket =
      "add.u64 %d3, %d1, 512; shl.b32 %r7, %r2, 2; cvt.u64.u32 %d4, %r7; add.u64 %d4, %d1, %d4;\n"
      "setp.ne.u32 %p1, %r1, 0; @%p1 bra E; st.global.u32 [%d4], %r2;\n";
  const std::string readAll =
      "setp.ne.u32 %p2, %r8, 3; @%p2 bra E; ld.global.v4.u32 {%r9, %r10, %r11, %r12}, [%d1];\nE:";
  const std::string lastBlock = ticket +
                                "membar.gl; atom.global.add.u32 %r8, [%d3], 1; membar.gl;\n" +
                                readAll,
                    ordered = ticket + "atom.acq_rel.gpu.global.add.u32 %r8, [%d3], 1;\n" + readAll,
                    relaxed = ticket + "atom.global.add.u32 %r8, [%d3], 1;\n" + readAll,
                    noSecond = ticket + "membar.gl; atom.global.add.u32 %r8, [%d3], 1;\n" + readAll;
  const Case cases[] = {
      {"the last block, by fences", lastBlock.c_str(), nullptr, 4, 32},
      {"the last block, by acquire and release", ordered.c_str(), nullptr, 4, 32},
      {"the last block, without fences", relaxed.c_str(),
       "races with the write of thread (0, 0, 0) of block (", 4, 32},
      {"the last block, with one fence", noSecond.c_str(), "races with the write", 4, 32},
      {"a flag",
       "add.u64 %d3, %d1, 512; setp.ne.u32 %p1, %r2, 0; @%p1 bra W; st.global.u32 [%d1], 3;\n"
       "st.release.gpu.global.u32 [%d3], 1; bra E;\n"
       "W: ld.acquire.gpu.global.u32 %r7, [%d3]; setp.eq.u32 %p2, %r7, 0; @%p2 bra W;\n"
       "ld.global.u32 %r8, [%d1];\nE:",
       nullptr, 2, 1},
      {"a flag without an order",
       "add.u64 %d3, %d1, 512; setp.ne.u32 %p1, %r2, 0; @%p1 bra W; st.global.u32 [%d1], 3;\n"
       "st.relaxed.gpu.global.u32 [%d3], 1; bra E;\n"
       "W: ld.relaxed.gpu.global.u32 %r7, [%d3]; setp.eq.u32 %p2, %r7, 0; @%p2 bra W;\n"
       "ld.global.u32 %r8, [%d1];\nE:",
       "races with the write", 2, 1},
      {"a flag between lanes of a warp",
       "add.u64 %d3, %d1, 512; setp.ne.u32 %p1, %r1, 0; @%p1 bra W; st.global.u32 [%d1], 3;\n"
       "st.release.gpu.global.u32 [%d3], 1; bra E;\n"
       "W: ld.acquire.gpu.global.u32 %r7, [%d3]; setp.eq.u32 %p2, %r7, 0; @%p2 bra W;\n"
       "ld.global.u32 %r8, [%d1];\nE:",
       nullptr, 1, 2},
      {"a strong write beside strong and weak reads",
       "setp.ne.u32 %p1, %r2, 0; @!%p1 bra P; mov.u32 %r9, 0;\n"
       "N: ld.global.u32 %r7, [%d1]; add.u32 %r7, %r7, 1; st.relaxed.gpu.global.u32 [%d1], %r7;\n"
       "add.u32 %r9, %r9, 1; setp.lt.u32 %p2, %r9, 2000; @%p2 bra N; bra E;\n"
       "P: ld.relaxed.gpu.global.u32 %r7, [%d1]; setp.lt.u32 %p2, %r7, 2000; @%p2 bra P;\nE:",
       nullptr, 2, 1},
      {"a release, then another strong write of the thread",
       "add.u64 %d3, %d1, 512; setp.ne.u32 %p1, %r2, 0; @%p1 bra W; st.global.u32 [%d1], 3;\n"
       "st.release.gpu.global.u32 [%d3], 1; st.relaxed.gpu.global.u32 [%d3], 2; bra E;\n"
       "W: ld.acquire.gpu.global.u32 %r7, [%d3]; setp.ne.u32 %p2, %r7, 2; @%p2 bra W;\n"
       "ld.global.u32 %r8, [%d1];\nE:",
       nullptr, 2, 1},
      {"blocks that write one place", "setp.eq.u32 %p1, %r1, 0; @%p1 st.global.u32 [%d1], %r2;",
       "of block (", 2, 32},
      {"blocks that write places of their own",
       "mad.lo.u32 %r7, %r2, 64, %r1; mul.wide.u32 %d3, %r7, 4; add.u64 %d3, %d1, %d3;\n"
       "st.global.u32 [%d3], %r2; ld.global.u32 %r8, [%d3];",
       nullptr, 4, 64},
      {"a block that reads what another one writes",
       "setp.eq.u32 %p1, %r2, 0; @%p1 st.global.u32 [%d1], %r2; @!%p1 ld.global.u32 %r7, [%d1];",
       "races with the", 2, 1},
      {"warps of a block, with a barrier",
       "mul.wide.u32 %d3, %r1, 4; add.u64 %d3, %d1, %d3; st.global.u32 [%d3], %r1; bar.sync 0;\n"
       "xor.b32 %r7, %r1, 32; mul.wide.u32 %d3, %r7, 4; add.u64 %d3, %d1, %d3; "
       "ld.global.u32 %r8, [%d3];",
       nullptr},
      {"warps of a block, without",
       "mul.wide.u32 %d3, %r1, 4; add.u64 %d3, %d1, %d3; st.global.u32 [%d3], %r1;\n"
       "xor.b32 %r7, %r1, 32; mul.wide.u32 %d3, %r7, 4; add.u64 %d3, %d1, %d3; "
       "ld.global.u32 %r8, [%d3];",
       "races with the"},
      {"atomic and plain", "red.global.add.u32 [%d1], 1; ld.global.u32 %r7, [%d1];",
       "races with the"},
      {"atomics only", "red.global.add.u32 [%d1], 1; atom.global.max.u32 %r7, [%d1], 5;", nullptr,
       4},
      {"shared atomics, then a barrier",
       "st.shared.u32 [%r6], 0; bar.sync 0; red.shared.add.u32 [s], 1; bar.sync 0;\n"
       "ld.shared.u32 %r7, [s];",
       nullptr},
  };
  for (const Case &one : cases)
    check(one);
}

TEST(RaceTest, HostThreadsDoNotMakeRaces) {
  // A lock that many blocks take, so that several host threads have some of them.
  Device device;
  ASSERT_TRUE(device.load(
      inKernel("ld.param.u64 %d1, [out];\nTRY: atom.global.acquire.gpu.cas.b32 %r1, [%d1], 0, 1;\n"
               "setp.ne.u32 %p1, %r1, 0; @%p1 bra TRY;\n"
               "ld.global.u32 %r2, [%d1+4]; add.u32 %r2, %r2, 1; st.global.u32 [%d1+4], %r2;\n"
               "atom.global.release.gpu.exch.b32 %r1, [%d1], 0;")))
      << device.error;
  for (uint32_t i = 0; i < 60; ++i) {
    device.seed = i;
    const uint64_t out = device.upload(std::vector<uint32_t>(2));
    ASSERT_TRUE(device.run({64, 1, 1}, {1, 1, 1}, {out, 0}, 0, 2)) << device.error;
    EXPECT_EQ(device.download<uint32_t>(out, 2)[1], 64u);
  }
}

TEST(RaceTest, ManyBlocksThatEndByOneCounterTakeNoLongTime) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(
      "ld.param.u64 %d1, [out]; mov.u32 %r2, %ctaid.x; mad.wide.u32 %d3, %r2, 4, %d1;\n"
      "setp.eq.u32 %p1, %r2, %r2; st.global.u32 [%d3+16], %r2;\n"
      "membar.gl; atom.global.add.u32 %r8, [%d1], 1; membar.gl;\n"
      "setp.ne.u32 %p1, %r8, 7999; @%p1 bra E; ld.global.u32 %r9, [%d1+16]; ld.global.u32 %r10, "
      "[%d1+32012]; add.u32 %r9, %r9, %r10; st.global.u32 [%d1+4], %r9;\nE:")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(8004));
  ASSERT_TRUE(device.run({8000, 1, 1}, {1, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 2)[1], 7999u);
}

TEST(RaceTest, LaunchesFollowEachOther) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kStart + "mul.wide.u32 %d3, %r1, 4; add.u64 %d3, %d1, %d3;\n"
                                            "ld.global.u32 %r7, [%d3]; add.u32 %r7, %r7, 1; "
                                            "st.global.u32 [%d3], %r7;")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(64));
  for (uint32_t i = 0; i < 600; ++i) // numbers of launches come again
    ASSERT_TRUE(device.run({1, 1, 1}, {64, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 64)[63], 600u);
}

TEST(RaceTest, MemoryThatNobodyWroteIsReported) {
  const Case cases[] = {
      {"shared", "ld.shared.u32 %r7, [%r6];", "reads what nobody has written"},
      {"half of a word",
       "cvt.u16.u32 %h1, %r1; st.shared.u16 [%r6], %h1; ld.shared.u32 %r7, [%r6];",
       "nobody has written"},
      {"local", "ld.local.u32 %r7, [l+4];", "of local memory at 0x4 reads what nobody"},
      {"local of another lane",
       "setp.eq.u32 %p1, %r1, 1; @%p1 st.local.u32 [l], 1; "
       "ld.local.u32 %r7, [l];",
       "of local memory at 0x0 reads what nobody has written"},
      {"shared, updated", "red.shared.add.u32 [s], 1;", "nobody has written"},
  };
  for (Case one : cases) {
    const std::string body = ".local .align 4 .b8 l[8];\n" + std::string(one.body);
    one.body = body.c_str();
    check(one);
  }
  Device device;
  ASSERT_TRUE(device.load(inKernel(kStart + "ld.global.v2.u32 {%r7, %r8}, [%d2+8];")))
      << device.error;
  const uint64_t memory = device.memory.allocate(64);
  device.memory.setWritten(memory, 12);
  EXPECT_FALSE(device.run({1, 1, 1}, {1, 1, 1}, {0, memory}));
  EXPECT_NE(device.error.find("access of 8 bytes of global memory"), std::string::npos);
  device.memory.setWritten(memory + 12, 1);
  device.memory.setWritten(memory + 13, 51);
  EXPECT_TRUE(device.run({1, 1, 1}, {1, 1, 1}, {0, memory})) << device.error;
  // Lanes whose words do not begin at a multiple of 8 bytes.
  Device words;
  ASSERT_TRUE(words.load(inKernel(kStart + "mad.wide.u32 %d3, %r1, 4, %d2; ld.global.u32 %r7, "
                                           "[%d3+4];")))
      << words.error;
  const uint64_t part = words.memory.allocate(256);
  words.memory.setWritten(part, 128);
  EXPECT_FALSE(words.run({1, 1, 1}, {32, 1, 1}, {0, part}));
  EXPECT_NE(words.error.find("thread (31, 0, 0)"), std::string::npos) << words.error;
  words.memory.setWritten(part + 128, 4);
  EXPECT_TRUE(words.run({1, 1, 1}, {32, 1, 1}, {0, part})) << words.error;
  // What kernels write counts, and goes along with copies.
  const uint64_t from = device.memory.allocate(64), to = device.memory.allocate(64);
  device.memory.setWritten(from + 8, 8);
  device.memory.copyWritten(to, device.memory, from, 64);
  EXPECT_TRUE(device.run({1, 1, 1}, {1, 1, 1}, {0, to})) << device.error;
  EXPECT_FALSE(device.run({1, 1, 1}, {1, 1, 1}, {0, to + 8}));
  device.memory.copyWritten(to + 3, device.memory, from, 13);
  EXPECT_FALSE(device.run({1, 1, 1}, {1, 1, 1}, {0, to}));
}

} // namespace
