// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions among the lanes of a warp, against their definitions in the PTX ISA computed here.
#include "Kernel.h"

#include <algorithm>
#include <numeric>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// Runs `body` in one warp: %r1 is the lane, %r2 and %d2 its word of the input; %r0 is the result,
/// and %p0 another one, which is bit 31 of the second half.
std::vector<uint32_t> run(const std::string &body, const std::vector<uint32_t> &input,
                          uint32_t threads = 32) {
  Device device;
  EXPECT_TRUE(device.load(
      kHead +
      ".visible .entry k(.param .u64 out, .param .u64 in) {\n.reg .pred %p<5>; .reg .b32 %r<9>; "
      ".reg .b64 %d<9>;\nld.param.u64 %d0, [out]; ld.param.u64 %d1, [in];\n"
      "mov.u32 %r1, %tid.x; mad.wide.u32 %d0, %r1, 8, %d0; mad.wide.u32 %d1, %r1, 4, %d1;\n"
      "ld.global.u32 %r2, [%d1]; cvt.u64.u32 %d2, %r2; mov.u32 %r0, 0; setp.ne.u32 %p0, 0, 0;\n" +
      body + "\nselp.b32 %r8, 1, 0, %p0; st.global.v2.u32 [%d0], {%r0, %r8};\nret; }\n"))
      << body << "\n"
      << device.error;
  const uint64_t in = device.upload(input), out = device.upload(std::vector<uint32_t>(64));
  EXPECT_TRUE(device.run({1, 1, 1}, {threads, 1, 1}, {out, in})) << body << "\n" << device.error;
  return device.download<uint32_t>(out, 64);
}

std::vector<uint32_t> someInput(uint32_t seed) {
  std::vector<uint32_t> input(32);
  for (uint32_t &value : input)
    value = seed = seed * 1664525 + 1013904223;
  return input;
}

struct ShuffleCase {
  const char *mode;
  uint32_t step, clamp;
};

TEST(CollectiveTest, ShufflesReadTheLaneThatTheIsaNames) {
  const ShuffleCase cases[] = {
      {"up", 1, 0},        {"up", 5, 0},     {"up", 0, 0},        {"up", 3, 0x1800},
      {"down", 1, 31},     {"down", 16, 31}, {"down", 2, 0x181f}, {"bfly", 1, 31},
      {"bfly", 16, 31},    {"bfly", 9, 31},  {"bfly", 3, 0x1c1f}, {"idx", 0, 31},
      {"idx", 31, 31},     {"idx", 7, 31},   {"idx", 2, 0x1c1f},  {"idx", 9, 0x181f},
      {"down", 4, 0x1803}, {"up", 33, 0},    {"idx", 20, 10},     {"bfly", 31, 15},
  };
  const std::vector<uint32_t> input = someInput(1);
  for (const ShuffleCase &one : cases) {
    const auto found =
        run("shfl.sync." + std::string(one.mode) + ".b32 %r0|%p0, %r2, " +
                std::to_string(one.step) + ", " + std::to_string(one.clamp) + ", -1;",
            input);
    for (int lane = 0; lane < 32; ++lane) {
      // The pseudo code of the ISA.
      const int bval = int(one.step & 31), cval = int(one.clamp & 31),
                mask = int(one.clamp >> 8 & 31);
      const int maxLane = (lane & mask) | (cval & ~mask & 31), minLane = lane & mask;
      const std::string mode = one.mode;
      int source = mode == "up"     ? lane - bval
                   : mode == "down" ? lane + bval
                   : mode == "bfly" ? lane ^ bval
                                    : minLane | (bval & ~mask & 31);
      const bool inRange = mode == "up" ? source >= maxLane : source <= maxLane;
      if (!inRange)
        source = lane;
      EXPECT_EQ(found[2 * lane], input[source]) << mode << one.step << " lane " << lane;
      EXPECT_EQ(found[2 * lane + 1], uint32_t(inRange)) << mode << one.step << " lane " << lane;
    }
  }
}

TEST(CollectiveTest, ShufflesReadRegistersBeforeTheyAreWritten) {
  const std::vector<uint32_t> input = someInput(2);
  const auto found = run("mov.u32 %r0, %r2; shfl.sync.bfly.b32 %r0, %r0, 1, 31, -1;", input);
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(found[2 * lane], input[lane ^ 1]);
}

TEST(CollectiveTest, VotesCountThoseWhoTakePart) {
  std::vector<uint32_t> input(32, 0);
  for (uint32_t lane : {0u, 3u, 17u, 31u})
    input[lane] = 1;
  auto found = run("setp.ne.u32 %p1, %r2, 0; vote.sync.ballot.b32 %r0, %p1, -1;\n"
                   "vote.sync.any.pred %p0, %p1, -1;",
                   input);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(found[2 * lane], 0x80020009u);
    EXPECT_EQ(found[2 * lane + 1], 1u);
  }
  // Halves of a warp by themselves; the upper one has two, the lower one two; all of none.
  found = run("setp.ne.u32 %p1, %r2, 0; setp.lt.u32 %p2, %r1, 16; selp.b32 %r3, 0xffff, "
              "0xffff0000, %p2;\nvote.sync.ballot.b32 %r0, !%p1, %r3;\n"
              "vote.sync.all.pred %p0, %p1, %r3;",
              input);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(found[2 * lane], lane < 16 ? 0xfff6u : 0x7ffd0000u);
    EXPECT_EQ(found[2 * lane + 1], 0u);
  }
  found = run("setp.lt.u32 %p1, %r1, 16; selp.b32 %r3, 0xffff, 0xffff0000, %p1;\n"
              "vote.sync.uni.pred %p0, %p1, %r3; vote.sync.ballot.b32 %r0, 1, %r3;",
              input);
  for (uint32_t lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(found[2 * lane], lane < 16 ? 0xffffu : 0xffff0000u);
    EXPECT_EQ(found[2 * lane + 1], 1u);
  }
}

TEST(CollectiveTest, LanesThatEndedTakeNoPart) {
  const auto found = run("setp.ge.u32 %p1, %r1, 20; @%p1 exit; setp.ne.u32 %p1, 1, 0;\n"
                         "vote.sync.ballot.b32 %r0, %p1, -1;",
                         someInput(3));
  EXPECT_EQ(found[0], 0xfffffu);
  EXPECT_EQ(found[2 * 20], 0u);
  EXPECT_EQ(run("vote.sync.ballot.b32 %r0, 1, -1;", someInput(3), 7)[0], 0x7fu);
}

TEST(CollectiveTest, MatchesFindEqualValues) {
  std::vector<uint32_t> input(32);
  for (uint32_t lane = 0; lane < 32; ++lane)
    input[lane] = lane * 7 % 5;
  for (const char *wide : {"b32 %r0, %r2", "b64 %r0, %d2"}) {
    const auto found = run("match.any.sync." + std::string(wide) + ", -1;", input);
    for (uint32_t lane = 0; lane < 32; ++lane) {
      uint32_t same = 0;
      for (uint32_t other = 0; other < 32; ++other)
        same |= uint32_t(input[other] == input[lane]) << other;
      EXPECT_EQ(found[2 * lane], same);
    }
  }
  auto found = run("match.all.sync.b32 %r0|%p0, %r2, -1;", input);
  EXPECT_EQ(found[0], 0u);
  EXPECT_EQ(found[1], 0u);
  found = run("mov.u64 %d2, 5; match.all.sync.b64 %r0|%p0, %d2, -1;", input);
  EXPECT_EQ(found[62], 0xffffffffu);
  EXPECT_EQ(found[63], 1u);
}

TEST(CollectiveTest, ReductionsOfAWarp) {
  const std::vector<uint32_t> input = someInput(4);
  auto reduce = [&](uint32_t start, auto f) {
    return std::accumulate(input.begin() + 1, input.end(), start, f);
  };
  const uint32_t first = input[0];
  const struct {
    const char *name;
    uint32_t expected;
  } cases[] = {
      {"add.u32", reduce(first, [](uint32_t a, uint32_t b) { return a + b; })},
      {"add.s32", reduce(first, [](uint32_t a, uint32_t b) { return a + b; })},
      {"min.u32", reduce(first, [](uint32_t a, uint32_t b) { return std::min(a, b); })},
      {"max.u32", reduce(first, [](uint32_t a, uint32_t b) { return std::max(a, b); })},
      {"min.s32",
       reduce(first,
              [](uint32_t a, uint32_t b) { return uint32_t(std::min(int32_t(a), int32_t(b))); })},
      {"max.s32",
       reduce(first,
              [](uint32_t a, uint32_t b) { return uint32_t(std::max(int32_t(a), int32_t(b))); })},
      {"and.b32", reduce(first, [](uint32_t a, uint32_t b) { return a & b; })},
      {"or.b32", reduce(first, [](uint32_t a, uint32_t b) { return a | b; })},
      {"xor.b32", reduce(first, [](uint32_t a, uint32_t b) { return a ^ b; })},
  };
  for (const auto &one : cases) {
    const auto found = run("redux.sync." + std::string(one.name) + " %r0, %r2, -1;", input);
    for (uint32_t lane = 0; lane < 32; ++lane)
      EXPECT_EQ(found[2 * lane], one.expected) << one.name;
  }
  const auto pairs = run("mov.u32 %r3, 3; and.b32 %r4, %r1, 0x1e; shl.b32 %r3, %r3, %r4;\n"
                         "redux.sync.add.u32 %r0, %r2, %r3;",
                         input);
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(pairs[2 * lane], input[lane] + input[lane ^ 1]);
}

TEST(CollectiveTest, OneLaneIsElected) {
  const auto found = run("setp.lt.u32 %p1, %r1, 5; @%p1 bra END; elect.sync %r0|%p0, 0xffffffe0;\n"
                         "elect.sync _|%p0, 0xffffffe0;\nEND:",
                         someInput(5));
  for (uint32_t lane = 5; lane < 32; ++lane) {
    EXPECT_EQ(found[2 * lane], 5u);
    EXPECT_EQ(found[2 * lane + 1], uint32_t(lane == 5));
  }
}

TEST(CollectiveTest, ActiveLanesAreThoseThatAreHere) {
  const auto found = run("setp.lt.u32 %p1, %r1, 9; @!%p1 bra END; activemask.b32 %r0;\n"
                         "nanosleep.u32 20;\nEND:",
                         someInput(6));
  EXPECT_EQ(found[0], 0x1ffu);
  EXPECT_EQ(found[18], 0u);
}

TEST(CollectiveTest, LanesMeetAtAnInstructionFromDifferentWays) {
  // Lanes come one after the other, by a loop that each leaves at its own turn.
  const auto found = run("mov.u32 %r3, 0;\nLOOP: setp.ge.u32 %p1, %r3, %r1; @%p1 bra DONE;\n"
                         "add.u32 %r3, %r3, 1; bra LOOP;\n"
                         "DONE: shfl.sync.idx.b32 %r0, %r3, 31, 31, -1;",
                         someInput(7));
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(found[2 * lane], 31u);
}

struct Mistake {
  const char *body, *message;
};

TEST(CollectiveTest, MistakesAreReported) {
  const Mistake mistakes[] = {
      {"shfl.sync.idx.b32 %r4, %r1, 20, 31, 0xffff;", "is not in the mask of lanes that it names"},
      {"setp.lt.u32 %p1, %r1, 16; @!%p1 bra L; shfl.sync.idx.b32 %r4, %r1, 20, 31, 0xffff;\nL:",
       "thread (0, 0, 0), PTX line 11: reads lane 20, which takes no part"},
      {"setp.lt.u32 %p1, %r1, 16; @!%p1 bra L; shfl.sync.down.b32 %r4, %r1, 1, 31, -1;\nL: ret;",
       "thread (15, 0, 0), PTX line 11: reads lane 16, which takes no part"},
      {"setp.ge.u32 %p1, %r1, 31; @%p1 exit; shfl.sync.down.b32 %r4, %r1, 1, 31, -1;",
       "thread (30, 0, 0), PTX line 11: reads lane 31, which takes no part"},
  };
  for (const Mistake &mistake : mistakes) {
    Device device;
    ASSERT_TRUE(device.load(inKernel("\n\n\nmov.u32 %r1, %tid.x;\n\n" + std::string(mistake.body))))
        << device.error;
    EXPECT_FALSE(device.run({1, 1, 1}, {32, 1, 1}, {0, 0})) << mistake.body;
    EXPECT_NE(device.error.find(mistake.message), std::string::npos) << device.error;
  }
}

TEST(CollectiveTest, FormsThatTheIsaLacksAreRefused) {
  for (const char *body :
       {"shfl.idx.b32 %r1, %r2, 1, 31, -1;", "shfl.sync.idx.b64 %d1, %d2, 1, 31, -1;",
        "vote.sync.ballot.pred %p1, %p2, -1;", "match.any.sync.b32 %r1|%p1, %r2, -1;",
        "redux.sync.add.b32 %r1, %r2, -1;", "redux.sync.and.u32 %r1, %r2, -1;",
        "redux.sync.add.f32 %f1, %f2, -1;", "elect %r1|%p1, -1;", "activemask.u32 %r1;"}) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(body))) << body;
    EXPECT_NE(device.error.find("is not an instruction that is supported"), std::string::npos)
        << device.error;
  }
}

} // namespace
