// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalGroup.h"
#include "Support.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Processors.h"

#include <array>
#include <chrono>
#include <thread>
#include <vector>

using namespace moert;
using namespace moert::test;

namespace {

constexpr int64_t kMillisecond = 1000000;

struct LocalGroupTest : testing::Test {
  CountingHost counting;
  Host host{counting.hooks};

  /// A group of its own.
  struct Group : GroupState, LocalGroup {
    explicit Group(const Host &host) : GroupState(host), LocalGroup(host, *this) {}
    moert_status create(int32_t ranks) {
      MOERT_RETURN_IF_FAILED(GroupState::create(ranks));
      return LocalGroup::create(nullptr, ranks);
    }
    using LocalGroup::giveUp;
  };

  /// Runs `body(rank)` on a thread for each rank.
  template <typename Body>
  static void onRanks(int32_t ranks, Body body) {
    std::vector<std::thread> threads;
    for (int32_t rank = 0; rank < ranks; ++rank)
      threads.emplace_back([&body, rank] { body(rank); });
    for (std::thread &thread : threads)
      thread.join();
  }
};

TEST_F(LocalGroupTest, ShowsWhatOthersPublished) {
  for (int32_t ranks : {1, 2, 3, 8}) {
    Group group(host);
    ASSERT_OK(group.create(ranks));
    EXPECT_EQ(group.size(), ranks);
    constexpr int steps = 500;
    // What a rank publishes in a step is overwritten two steps later, as buffers that are used in
    // turn are.
    std::vector<std::array<int, 2>> buffers(static_cast<size_t>(ranks));
    onRanks(ranks, [&](int32_t rank) {
      for (int step = 0; step < steps; ++step) {
        int &mine = buffers[size_t(rank)][size_t(step & 1)];
        mine = step * 100 + rank;
        ASSERT_OK(group.step(rank, &mine, {host.now() + 60000 * kMillisecond, 0, nullptr}));
        for (int32_t from = 0; from < ranks; ++from)
          ASSERT_EQ(*static_cast<const int *>(group.published(rank, from)), step * 100 + from);
      }
    });
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(LocalGroupTest, RanksThatShareProcessorsMeet) {
  // Ranks that offer their processors get them back late from one that computes: they sleep then,
  // and offer them again in later steps.
  const int32_t ranks = 2 * availableProcessors() + 1;
  Group group(host);
  ASSERT_OK(group.create(ranks));
  constexpr int steps = 200;
  std::atomic<int> came{0};
  onRanks(ranks, [&](int32_t rank) {
    for (int step = 0; step < steps; ++step) {
      const int64_t end = host.now() + kMillisecond / 2;
      while ((step + rank) % 8 == 0 && host.now() < end) {
      }
      ++came;
      ASSERT_OK(group.step(rank, nullptr, {host.now() + 60000 * kMillisecond, 0, nullptr}));
      ASSERT_GE(came, (step + 1) * ranks);
    }
  });
  EXPECT_EQ(came, steps * ranks);
}

TEST_F(LocalGroupTest, WaitsForSlowRanks) {
  Group group(host);
  ASSERT_OK(group.create(3));
  std::atomic<int> came{0};
  onRanks(3, [&](int32_t rank) {
    for (int step = 0; step < 3; ++step) {
      // Long enough that the others sleep.
      if (rank == step)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      ++came;
      ASSERT_OK(group.step(rank, nullptr, {host.now() + 60000 * kMillisecond, 0, nullptr}));
      EXPECT_GE(came, 3 * (step + 1));
    }
  });
}

TEST_F(LocalGroupTest, RefusesWrongSizes) {
  for (int32_t ranks : {-1, 0, GroupState::kMostRanks + 1}) {
    Group group(host);
    EXPECT_FAILS(group.create(ranks), MOERT_INVALID_ARGUMENT, "a group has 1 to 1024 ranks");
  }
}

TEST_F(LocalGroupTest, NeedsMemory) {
  counting.failAt = counting.allocations;
  Group group(host);
  EXPECT_FAILS(group.create(4), MOERT_OUT_OF_MEMORY, "no memory for a group of 4 ranks");
}

TEST_F(LocalGroupTest, DeadlineOfOneEndsAll) {
  Group group(host);
  ASSERT_OK(group.create(3));
  onRanks(2, [&](int32_t rank) {
    WaitLimits limits;
    if (rank == 1)
      limits.deadlineNs = host.now() + 10 * kMillisecond;
    moert_status status = group.step(rank, nullptr, limits);
    if (rank == 1)
      EXPECT_FAILS(status, MOERT_DEADLINE_EXCEEDED, "rank 2 had not come when the deadline passed");
    else
      EXPECT_FAILS(status, MOERT_ABORTED, "rank 1 of 3 gave up: deadline exceeded");
  });
  // And who comes late.
  EXPECT_FAILS(group.step(2, nullptr), MOERT_ABORTED, "rank 1 of 3 gave up");
  EXPECT_FAILS(group.step(0, nullptr), MOERT_ABORTED, "rank 1 of 3 gave up");
}

TEST_F(LocalGroupTest, SilentRankIsLost) {
  Group group(host);
  ASSERT_OK(group.create(3));
  onRanks(3, [&](int32_t rank) {
    ASSERT_OK(group.step(rank, nullptr));
    if (rank == 1)
      return; // never comes again
    WaitLimits limits;
    limits.silenceNs = 10 * kMillisecond;
    EXPECT_FAILS(group.step(rank, nullptr, limits), MOERT_PEER_LOST, "rank 1 of 3 is lost");
  });
}

TEST_F(LocalGroupTest, LeavingEndsAll) {
  Group group(host);
  ASSERT_OK(group.create(4));
  onRanks(4, [&](int32_t rank) {
    if (rank == 3) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      return group.giveUp(rank, MOERT_PEER_LOST);
    }
    EXPECT_FAILS(group.step(rank, nullptr), MOERT_PEER_LOST, "rank 3 of 4 is lost");
  });
}

TEST_F(LocalGroupTest, CancellingOneEndsAll) {
  Group group(host);
  ASSERT_OK(group.create(3));
  std::atomic<bool> cancelled{false};
  onRanks(3, [&](int32_t rank) {
    if (rank == 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      cancelled = true;
      return;
    }
    WaitLimits limits;
    if (rank == 0)
      limits.cancelled = &cancelled;
    moert_status status = group.step(rank, nullptr, limits);
    if (rank == 0)
      EXPECT_FAILS(status, MOERT_CANCELLED, "the request was cancelled");
    else
      EXPECT_FAILS(status, MOERT_ABORTED, "rank 0 of 3 gave up: cancelled");
  });
}

TEST_F(LocalGroupTest, StepIsCompletedByAllOrByNone) {
  // A deadline that passes while the last rank comes: sooner in some rounds, later in others.
  for (int64_t round = 0; round < 300; ++round) {
    Group group(host);
    ASSERT_OK(group.create(2));
    int32_t codes[2];
    const int64_t meeting = host.now() + kMillisecond / 2;
    onRanks(2, [&](int32_t rank) {
      WaitLimits limits;
      if (rank == 0)
        limits.deadlineNs = meeting;
      else
        while (host.now() < meeting + (round % 100 - 50) * 100)
          ;
      codes[rank] = group.step(rank, nullptr, limits).code;
    });
    EXPECT_EQ(codes[0] == MOERT_OK, codes[1] == MOERT_OK)
        << "codes " << codes[0] << ", " << codes[1];
    EXPECT_TRUE(codes[0] == MOERT_OK || codes[0] == MOERT_DEADLINE_EXCEEDED) << codes[0];
    EXPECT_TRUE(codes[1] == MOERT_OK || codes[1] == MOERT_ABORTED) << codes[1];
  }
}

TEST_F(LocalGroupTest, FirstReasonCounts) {
  Group group(host);
  ASSERT_OK(group.create(2));
  group.giveUp(1, MOERT_PEER_LOST);
  group.giveUp(0, MOERT_CANCELLED);
  EXPECT_FAILS(group.step(0, nullptr), MOERT_PEER_LOST, "rank 1 of 2 is lost");
}

} // namespace
