// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random accesses of threads between random barriers: what is reported as a race beside all pairs
// of accesses, compared one by one.
#include "Kernel.h"

#include <random>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

constexpr uint32_t kWarps = 3, kThreads = kWarps * 32, kWords = 6;

/// One access of a thread, and how many barriers of the block and of its warp are before it.
struct Event {
  uint32_t thread, word;
  bool isWrite, isAtomic;
  uint32_t blockPhase, warpPhase;
};

struct RandomKernel {
  std::string text;
  std::vector<Event> events;

  /// `space`: "shared" or "global".
  RandomKernel(uint32_t seed, const std::string &space) {
    std::mt19937 random(seed);
    auto any = [&](uint32_t count) { return uint32_t(random() % count); };
    uint32_t blockPhase = 0, warpPhase = 0;
    for (uint32_t i = 0, count = 4 + any(24); i < count; ++i) {
      const uint32_t kind = any(10), word = any(kWords);
      const std::string place = "[%d6+" + std::to_string(4 * word) + "]";
      const bool isAtomic = any(4) == 0;
      if (kind == 0) {
        text += "bar.sync 0;\n";
        ++blockPhase;
      } else if (kind == 1) {
        text += "bar.warp.sync -1;\n";
        ++warpPhase;
      } else if (kind < 8) {
        // One thread; few of them, so that they meet often.
        const uint32_t thread = any(kWarps) * 32 + any(3);
        const bool isWrite = any(3) == 0;
        text += "setp.eq.u32 %p1, %r1, " + std::to_string(thread) + ";\n@%p1 ";
        if (isAtomic)
          text += "red." + space + ".add.u32 " + place + ", 1;\n";
        else if (isWrite)
          text += "st." + space + ".u32 " + place + ", %r1;\n";
        else
          text += "ld." + space + ".u32 %r4, " + place + ";\n";
        events.push_back({thread, word, isWrite || isAtomic, isAtomic, blockPhase, warpPhase});
      } else {
        // All of a warp read.
        const uint32_t warp = any(kWarps);
        text += "setp.eq.u32 %p1, %r3, " + std::to_string(warp) + ";\n@%p1 ld." + space +
                ".u32 %r4, " + place + ";\n";
        for (uint32_t lane = 0; lane < 32; ++lane)
          events.push_back({warp * 32 + lane, word, false, false, blockPhase, warpPhase});
      }
    }
  }

  bool hasRace() const {
    for (const Event &a : events)
      for (const Event &b : events) {
        const bool isOrdered = a.thread == b.thread || a.blockPhase != b.blockPhase ||
                               (a.thread / 32 == b.thread / 32 && a.warpPhase != b.warpPhase);
        if (a.word == b.word && (a.isWrite || b.isWrite) && !(a.isAtomic && b.isAtomic) &&
            !isOrdered)
          return true;
      }
    return false;
  }
};

void check(const std::string &space) {
  uint32_t races = 0, found = 0;
  for (uint32_t number = 0; number < 1500; ++number) {
    const RandomKernel kernel(number, space);
    Device device;
    ASSERT_TRUE(device.load(
        inKernel(".shared .align 16 .b8 s[32];\nld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; "
                 "shr.u32 %r3, %r1, 5;\n" +
                 (space == "shared" ? "mov.u64 %d6, s; setp.lt.u32 %p1, %r1, 8; mad.wide.u32 %d7, "
                                      "%r1, 4, %d6; @%p1 st.shared.u32 [%d7], %r1; bar.sync 0;\n"
                                    : std::string("mov.u64 %d6, %d1;\n")) +
                 kernel.text)))
        << device.error;
    const bool hasRace = kernel.hasRace();
    bool isFound = false;
    for (uint32_t seed = 0; seed < 4; ++seed) {
      device.seed = seed;
      const uint64_t out = device.upload(std::vector<uint32_t>(8));
      const bool isGood = device.run({1, 1, 1}, {kThreads, 1, 1}, {out, 0});
      ASSERT_TRUE(isGood || hasRace)
          << space << " " << number << ", seed " << seed << ": " << device.error << "\n"
          << kernel.text;
      ASSERT_TRUE(isGood || device.error.find("races with") != std::string::npos) << device.error;
      isFound |= !isGood;
    }
    races += hasRace;
    found += isFound;
  }
  // Few kernels of this kind have no race, and few that have one hide it from all seeds.
  EXPECT_GT(races, 500u);
  EXPECT_LT(races, 1400u);
  EXPECT_GE(found * 100, races * 97) << space << ": " << found << " of " << races;
  testing::Test::RecordProperty("found_" + space, int(found));
  testing::Test::RecordProperty("races_" + space, int(races));
}

TEST(RaceOracleTest, SharedMemory) { check("shared"); }
TEST(RaceOracleTest, GlobalMemory) { check("global"); }

} // namespace
