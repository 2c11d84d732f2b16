// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Pool.h"
#include "Support.h"

#include <cstring>

using namespace moert;
using namespace moert::test;

namespace {

TEST(SizeClass, WastesAnEighthAtMost) {
  EXPECT_EQ(roundToSizeClass(-1), -1);
  EXPECT_EQ(roundToSizeClass(INT64_MIN), -1);
  EXPECT_EQ(roundToSizeClass(INT64_MAX), -1);
  EXPECT_EQ(roundToSizeClass((int64_t(1) << 48) + 1), -1);
  EXPECT_EQ(roundToSizeClass(int64_t(1) << 48), int64_t(1) << 48);
  EXPECT_EQ(roundToSizeClass(0), 64);
  for (int64_t bytes = 1; bytes < (int64_t(1) << 48); bytes += 1 + bytes / 97) {
    int64_t rounded = roundToSizeClass(bytes);
    ASSERT_GE(rounded, bytes);
    ASSERT_EQ(rounded % 64, 0);
    ASSERT_LE(rounded - bytes, std::max<int64_t>(63, bytes / 8)) << bytes;
    ASSERT_EQ(roundToSizeClass(rounded), rounded);
  }
}

struct PoolTest : testing::Test {
  CountingHost counting;
  Host host{counting.hooks};
  int32_t code = MOERT_OK;
};

TEST_F(PoolTest, GivesAlignedMemoryThatDoesNotOverlap) {
  Pool pool(host, 0);
  std::vector<std::pair<char *, size_t>> blocks;
  for (int64_t bytes : {0, 1, 63, 64, 65, 1000, 1024, 1025, 4096, 100000}) {
    auto *memory = static_cast<char *>(pool.allocate(bytes, code));
    ASSERT_NE(memory, nullptr);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(memory) % MOERT_ALIGNMENT, 0u);
    memset(memory, int(blocks.size() + 1), size_t(bytes));
    blocks.push_back({memory, size_t(bytes)});
  }
  for (size_t i = 0; i < blocks.size(); ++i)
    for (size_t j = 0; j < blocks[i].second; ++j)
      ASSERT_EQ(blocks[i].first[j], char(i + 1));
}

TEST_F(PoolTest, RepeatedRunsAllocateNothingAndGetTheSameMemory) {
  Pool pool(host, 0);
  auto run = [&] {
    std::vector<void *> sequence;
    void *a = pool.allocate(100, code);
    void *b = pool.allocate(5000, code);
    EXPECT_TRUE(pool.release(a));
    void *c = pool.allocate(100, code);
    void *d = pool.allocate(120, code);
    EXPECT_TRUE(pool.release(d));
    EXPECT_TRUE(pool.release(b));
    sequence = {a, b, c, d, pool.allocate(128, code)};
    pool.endRun();
    return sequence;
  };
  run();
  int64_t after = counting.allocations;
  std::vector<void *> second = run();
  for (int i = 0; i < 200; ++i) {
    std::vector<void *> again = run();
    std::sort(again.begin(), again.end());
    std::vector<void *> expected = second;
    std::sort(expected.begin(), expected.end());
    EXPECT_EQ(again, expected);
  }
  EXPECT_EQ(counting.allocations, after);
}

TEST_F(PoolTest, FindsWrongReleases) {
  Pool pool(host, 0);
  void *memory = pool.allocate(100, code);
  EXPECT_TRUE(pool.release(memory));
  EXPECT_FALSE(pool.release(memory));
}

TEST_F(PoolTest, ReportsWhyThereIsNoMemory) {
  Pool pool(host, 10000);
  EXPECT_EQ(pool.allocate(-1, code), nullptr);
  EXPECT_EQ(code, MOERT_INVALID_ARGUMENT);
  EXPECT_EQ(pool.allocate(INT64_MAX, code), nullptr);
  EXPECT_EQ(code, MOERT_INVALID_ARGUMENT);
  EXPECT_EQ(pool.allocate(20000, code), nullptr);
  EXPECT_EQ(code, MOERT_RESOURCE_EXHAUSTED);
  counting.failAt = counting.allocations;
  counting.failCount = 1000;
  EXPECT_EQ(pool.allocate(100, code), nullptr);
  EXPECT_EQ(code, MOERT_OUT_OF_MEMORY);
}

TEST_F(PoolTest, MakesRoomFromItsCache) {
  Pool pool(host, 10000);
  void *memory = pool.allocate(8000, code);
  ASSERT_NE(memory, nullptr);
  EXPECT_EQ(pool.allocate(4000, code), nullptr);
  EXPECT_EQ(code, MOERT_RESOURCE_EXHAUSTED);
  EXPECT_TRUE(pool.release(memory));
  EXPECT_NE(pool.allocate(4000, code), nullptr);
  EXPECT_LE(pool.heldBytes(), 10000);
  // The system's refusal has the same answer as the limit.
  pool.endRun();
  counting.failAt = counting.allocations;
  EXPECT_NE(pool.allocate(300, code), nullptr);
}

TEST_F(PoolTest, AccountsForItsMemory) {
  {
    Pool pool(host, 0);
    void *memory = pool.allocate(64, code);
    EXPECT_EQ(pool.peakBytes(), 64);
    pool.allocate(128, code);
    EXPECT_EQ(pool.peakBytes(), 192);
    EXPECT_EQ(pool.heldBytes(), counting.liveBytes);
    EXPECT_TRUE(pool.release(memory));
    pool.trim();
    EXPECT_EQ(pool.heldBytes(), counting.liveBytes);
    EXPECT_EQ(counting.liveBlocks, 1);
    pool.endRun();
    EXPECT_EQ(counting.liveBlocks, 1);
    pool.trim();
    EXPECT_EQ(pool.heldBytes(), 0);
    EXPECT_EQ(pool.peakBytes(), 192);
    pool.allocate(1, code);
  }
  EXPECT_EQ(counting.liveBlocks, 0);
  EXPECT_EQ(counting.liveBytes, 0);
}

TEST_F(PoolTest, KeepsSizesThatComeBackLate) {
  Pool pool(host, 0);
  // Twenty shapes of up to 1 MiB, one after the other: each idles for far more than 64 runs.
  auto turn = [&] {
    for (int64_t shape = 1; shape <= 20; ++shape)
      for (int run = 0; run < 100; ++run) {
        ASSERT_NE(pool.allocate(shape * 50000, code), nullptr);
        pool.endRun();
      }
  };
  turn();
  int64_t after = counting.allocations;
  for (int i = 0; i < 5; ++i)
    turn();
  EXPECT_EQ(counting.allocations, after);
}

TEST_F(PoolTest, ForgetsSizesNobodyAsksForAnyMore) {
  Pool pool(host, 0);
  // A shape that grows with every run, as a decoder without bound state has.
  for (int64_t step = 1; step <= 10000; ++step) {
    pool.allocate(step * 1024, code);
    pool.endRun();
  }
  // The last 64 to 128 runs saw at most a few classes.
  EXPECT_LE(pool.heldBytes(), 3 * roundToSizeClass(10000 * 1024));
}

} // namespace
