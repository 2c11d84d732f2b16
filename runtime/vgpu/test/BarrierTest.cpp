// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Barriers that reduce what threads say.
#include "Kernel.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Each thread stores three words: a count, whether all, and whether any.
std::string kernelFor(const std::string &body) {
  return kHead +
         ".visible .entry k(.param .u64 out) {\n.reg .pred %p<9>; .reg .b32 %r<9>; .reg .b64 "
         "%d<5>;\n"
         "ld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; mad.wide.u32 %d1, %r1, 12, %d1;\n"
         "mov.u32 %r2, 1000; setp.ne.u32 %p2, 0, 0; setp.ne.u32 %p3, 0, 0; shr.u32 %r6, %r1, 5;\n" +
         body +
         "\nselp.u32 %r3, 1, 0, %p2; selp.u32 %r4, 1, 0, %p3; st.global.u32 [%d1], %r2;\n"
         "st.global.u32 [%d1+4], %r3; st.global.u32 [%d1+8], %r4;\nEND: ret; }\n";
}

std::vector<uint32_t> run(const std::string &body, uint32_t threads) {
  std::vector<uint32_t> first;
  for (uint32_t seed : {0u, 3u, 8u}) {
    Device device;
    device.seed = seed;
    EXPECT_TRUE(device.load(kernelFor(body))) << device.error;
    const uint64_t out = device.upload(std::vector<uint32_t>(3 * threads));
    EXPECT_TRUE(device.run({1, 1, 1}, {threads, 1, 1}, {out})) << device.error;
    const auto found = device.download<uint32_t>(out, 3 * threads);
    if (seed == 0)
      first = found;
    EXPECT_EQ(found, first) << "seed " << seed;
  }
  return first;
}

/// `said` is the predicate, with %r1 the thread.
std::vector<uint32_t> reduce(const std::string &said, uint32_t threads) {
  return run(said + " bar.red.popc.u32 %r2, 0, %p1; bar.red.and.pred %p2, 0, %p1;\n"
                    "barrier.cta.red.or.aligned.pred %p3, 0, %p1;",
             threads);
}

void expectAll(const std::vector<uint32_t> &found, uint32_t count, bool all, bool any) {
  for (size_t i = 0; i < found.size(); i += 3) {
    ASSERT_EQ(found[i], count) << "thread " << i / 3;
    ASSERT_EQ(found[i + 1], uint32_t(all)) << "thread " << i / 3;
    ASSERT_EQ(found[i + 2], uint32_t(any)) << "thread " << i / 3;
  }
}

TEST(BarrierTest, CountsAndJoinsWhatThreadsSay) {
  for (uint32_t threads : {96u, 70u, 5u}) {
    expectAll(reduce("setp.lt.u32 %p1, %r1, 3;", threads), 3, false, true);
    expectAll(reduce("setp.ne.u32 %p1, %r1, 4;", threads), threads - 1, false, true);
    expectAll(reduce("setp.lt.u32 %p1, %r1, 999;", threads), threads, true, true);
    expectAll(reduce("setp.gt.u32 %p1, %r1, 999;", threads), 0, false, false);
  }
}

TEST(BarrierTest, SaysTheOpposite) {
  const auto found = run("setp.lt.u32 %p1, %r1, 3; bar.red.popc.u32 %r2, 0, !%p1;\n"
                         "bar.red.and.pred %p2, 1, !%p1; bar.red.or.pred %p3, 2, 96, !%p1;",
                         96);
  expectAll(found, 93, false, true);
}

TEST(BarrierTest, ThreadsThatHaveEndedSayNothing) {
  // Lanes of each warp, and all of the last one.
  const auto found = run("rem.u32 %r5, %r1, 5; setp.eq.u32 %p4, %r5, 0; @%p4 bra END;\n"
                         "setp.gt.u32 %p4, %r1, 63; @%p4 bra END; setp.ge.u32 %p1, %r1, 0;\n"
                         "bar.red.popc.u32 %r2, 0, %p1; bar.red.and.pred %p2, 0, %p1;\n"
                         "bar.red.or.pred %p3, 0, !%p1;",
                         96);
  for (uint32_t i = 0; i < 96; ++i) {
    const bool isThere = i % 5 && i < 64;
    ASSERT_EQ(found[3 * i], isThere ? 51u : 0u);
    ASSERT_EQ(found[3 * i + 1], uint32_t(isThere));
    ASSERT_EQ(found[3 * i + 2], 0u);
  }
}

TEST(BarrierTest, WarpsWhoseGuardIsFalseKeepTheirResults) {
  const auto found = run("setp.lt.u32 %p1, %r1, 10; setp.lt.u32 %p4, %r6, 2;\n"
                         "@%p4 bar.red.popc.u32 %r2, 3, 64, %p1;",
                         96);
  for (uint32_t i = 0; i < 96; ++i)
    ASSERT_EQ(found[3 * i], i < 64 ? 10u : 1000u);
}

TEST(BarrierTest, LanesComeApart) {
  // Not aligned: halves of a warp come by different ways.
  const auto found = run("setp.lt.u32 %p1, %r1, 40; and.b32 %r5, %r1, 1; setp.eq.u32 %p4, %r5, 0;\n"
                         "@%p4 bra EVEN; barrier.red.popc.u32 %r2, 0, %p1; bra ON;\n"
                         "EVEN: barrier.red.popc.u32 %r2, 0, !%p1; ON:",
                         64);
  for (uint32_t i = 0; i < 64; ++i)
    ASSERT_EQ(found[3 * i], 20u + 12u);
}

TEST(BarrierTest, OrdersAccesses) {
  const auto found =
      run(".shared .b32 s[96]; .reg .b32 %s; mov.u32 %s, s; mad.lo.u32 %s, %r1, 4, %s;\n"
          "st.shared.u32 [%s], %r1; setp.eq.u32 %p1, 0, 0; bar.red.and.pred %p2, 0, %p1;\n"
          "xor.b32 %r5, %r1, 33; mov.u32 %s, s; mad.lo.u32 %s, %r5, 4, %s;\n"
          "ld.shared.u32 %r2, [%s];",
          64);
  for (uint32_t i = 0; i < 64; ++i)
    ASSERT_EQ(found[3 * i], i ^ 33);
}

struct Mistake {
  const char *body, *message;
};

TEST(BarrierTest, MistakesAreReported) {
  const Mistake cases[] = {
      {"setp.eq.u32 %p1, %r6, 0; @%p1 bra A; bar.sync 0; bra ON;\n"
       "A: bar.red.popc.u32 %r2, 0, %p1; ON:",
       "with another reduction than those who wait there"},
      {"setp.eq.u32 %p1, %r6, 0; @%p1 bra A; bar.red.or.pred %p2, 0, %p1; bra ON;\n"
       "A: bar.red.and.pred %p2, 0, %p1; ON:",
       "with another reduction than those who wait there"},
      {"setp.eq.u32 %p1, %r6, 0; @%p1 bar.red.popc.u32 %r2, 0, 64, %p1;", "of which 32 come"},
      {"setp.lt.u32 %p1, %r1, 7; @%p1 bar.red.popc.u32 %r2, 0, %p1; bar.warp.sync -1;",
       "waits for lanes of its warp"},
      {"bar.red.popc.u32 %r2, 16, %p1;", "names barrier 16"},
  };
  for (const Mistake &mistake : cases)
    for (uint32_t seed : {0u, 5u}) {
      Device device;
      device.seed = seed;
      ASSERT_TRUE(device.load(kernelFor(mistake.body))) << device.error;
      EXPECT_FALSE(device.run({1, 1, 1}, {64, 1, 1}, {device.upload(std::vector<uint32_t>(192))}))
          << mistake.body;
      EXPECT_NE(device.error.find(mistake.message), std::string::npos)
          << mistake.body << ": " << device.error;
    }
}

TEST(BarrierTest, FormsThatAreNotThere) {
  for (const char *text :
       {"bar.red.popc.u32 %r1, 0;", "bar.red.popc.u32 %p1, 0, %p2;",
        "bar.red.and.pred %r1, 0, %p1;", "bar.red.popc.pred %p1, 0, %p1;",
        "bar.red.xor.pred %p1, 0, %p1;", "bar.red.u32 %r1, 0, %p1;",
        "bar.red.popc.u32 %r1, 0, 32, 32, %p1;", "bar.red.and.pred %p1, 0, %r1;",
        "bar.arrive.red.popc.u32 %r1, 0, %p1;", "bar.red.and.or.pred %p1, 0, %p1;"}) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(text))) << text;
  }
}

} // namespace
