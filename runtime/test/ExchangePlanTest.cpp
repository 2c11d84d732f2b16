// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/ExchangePlan.h"
#include "Support.h"

#include <algorithm>
#include <map>
#include <random>
#include <tuple>
#include <vector>

using namespace moert;
using namespace moert::test;

namespace {

/// An exchange and, by its definition, which rows each member receives.
struct Naive {
  int32_t members;
  int32_t parts;
  int32_t experts;
  std::vector<int32_t> owners;
  std::vector<std::vector<int32_t>> offsets;
  std::vector<const int32_t *> pointers;
  /// (range, sender, row there) by position, of each member.
  std::vector<std::vector<std::tuple<int32_t, int32_t, int64_t>>> received;

  Naive(int32_t members, std::vector<int32_t> owners, std::vector<std::vector<int32_t>> counts,
        int32_t parts = 1)
      : members(members), parts(parts), experts(int32_t(owners.size()) / parts),
        owners(std::move(owners)) {
    for (const std::vector<int32_t> &count : counts) {
      std::vector<int32_t> sums = {0};
      for (int32_t rows : count)
        sums.push_back(sums.back() + rows);
      offsets.push_back(sums);
    }
    for (const std::vector<int32_t> &each : offsets)
      pointers.push_back(each.data());
    for (int32_t member = 0; member < members; ++member) {
      received.emplace_back();
      for (int32_t expert = 0; expert < experts; ++expert)
        for (int32_t range = expert * parts; range < (expert + 1) * parts; ++range)
          for (int32_t sender = 0; sender < members; ++sender)
            for (int32_t row = offsets[size_t(sender)][size_t(expert)];
                 row < offsets[size_t(sender)][size_t(expert) + 1]; ++row)
              if (this->owners[size_t(range)] == member)
                received.back().emplace_back(range, sender, row);
    }
  }

  ExchangeShape shape(int64_t windowRows, int64_t chunks) const {
    return {members, experts, parts, owners.data(), windowRows, chunks, pointers.data()};
  }

  /// Compares everything that a plan of each member says.
  void check(ExchangePlan &plan, int64_t windowRows, int64_t chunks) const {
    int64_t total = 0, most = 0;
    for (const auto &rows : received) {
      total += int64_t(rows.size());
      most = std::max(most, int64_t(rows.size()));
    }
    for (int32_t member = 0; member < members; ++member) {
      ASSERT_TRUE(plan.compute(member, shape(windowRows, chunks)));
      EXPECT_EQ(plan.windowRows(), std::max<int64_t>(1, std::min(windowRows, total)));
      const int64_t rounds = plan.rounds();
      EXPECT_EQ(rounds == 0, total == 0);
      EXPECT_GE(rounds * windowRows, most);
      EXPECT_GE(rounds, std::min(most, chunks));
      EXPECT_LE(rounds, std::max({most > 0 ? int64_t(1) : 0, std::min(most, chunks),
                                  (most + windowRows - 1) / windowRows}));
      ExchangeWalk offsetsWalk = plan.walk(member), filling = plan.walk(member);
      for (int32_t other = 0; other < members; ++other) {
        EXPECT_EQ(plan.rowsOf(other), int64_t(received[size_t(other)].size()));
        int64_t sent = 0, got = 0;
        for (const auto &[range, sender, row] : received[size_t(other)])
          sent += sender == member;
        for (const auto &[range, sender, row] : received[size_t(member)])
          got += sender == other;
        EXPECT_EQ(plan.sentTo(other), sent);
        EXPECT_EQ(plan.sentFrom(other), got);
        checkReturns(plan, member, other);
      }
      int64_t position = 0;
      for (int64_t round = 0; round < rounds; ++round)
        checkRound(plan, member, round, offsetsWalk, filling, position);
      EXPECT_EQ(position, plan.rowsOf(member));
      EXPECT_EQ(filling.peek(), -1);
    }
  }

  void checkRound(const ExchangePlan &plan, int32_t member, int64_t round, ExchangeWalk &announced,
                  ExchangeWalk &filling, int64_t &position) const {
    const auto &rows = received[size_t(member)];
    const int64_t begin = plan.roundBegin(member, round), end = plan.roundEnd(member, round);
    ASSERT_EQ(begin, position);
    ASSERT_LE(end - begin, plan.windowRows());
    const size_t count = size_t(experts * parts) + 1;
    std::vector<int32_t> ranges(count, -1), expected(count, 0);
    ExchangeRun run;
    while (filling.next(end, run)) {
      ASSERT_EQ(run.position, position);
      ASSERT_GT(run.count, 0);
      for (int64_t i = 0; i < run.count; ++i, ++position) {
        ASSERT_EQ(rows[size_t(position)], std::make_tuple(run.range, run.sender, run.first + i));
        ASSERT_EQ(plan.roundOf(member, position), round);
        for (auto range = size_t(run.range) + 1; range < count; ++range)
          ++expected[range];
      }
    }
    ASSERT_EQ(position, end);
    plan.writeOffsets(announced, round, ranges.data());
    EXPECT_EQ(ranges, expected);
  }

  /// Every row of `member` that `owner` has comes back once, and the last round has the last.
  void checkReturns(const ExchangePlan &plan, int32_t member, int32_t owner) const {
    ExchangeWalk walk = plan.walk(owner, member);
    const auto &rows = received[size_t(owner)];
    int64_t count = 0, last = -1;
    ExchangeRun run;
    for (int64_t round = 0; round < plan.rounds(); ++round)
      while (walk.next(plan.roundEnd(owner, round), run)) {
        ASSERT_EQ(run.sender, member);
        ASSERT_GT(run.position, last);
        ASSERT_EQ(plan.roundOf(owner, run.position), round);
        ASSERT_EQ(plan.roundOf(owner, run.position + run.count - 1), round);
        for (int64_t i = 0; i < run.count; ++i)
          ASSERT_EQ(rows[size_t(run.position + i)],
                    std::make_tuple(run.range, member, run.first + i));
        count += run.count;
        last = run.position + run.count - 1;
      }
    EXPECT_EQ(count, plan.sentTo(owner));
  }
};

struct ExchangePlanTest : testing::Test {
  CountingHost counting;
  Host host{counting.hooks};
};

TEST_F(ExchangePlanTest, SpreadsRowsOverRounds) {
  // Member 0 sends 3 and 2 rows, member 1 none and 4; expert 0 is member 1's.
  Naive naive(2, {1, 0}, {{3, 2}, {0, 4}});
  ExchangePlan plan(host);
  ASSERT_TRUE(plan.compute(0, naive.shape(4, 1)));
  EXPECT_EQ(plan.rounds(), 2); // 6 rows for member 0
  EXPECT_EQ(plan.windowRows(), 4);
  EXPECT_EQ(plan.roundEnd(0, 0), 3);
  EXPECT_EQ(plan.roundEnd(1, 0), 3); // not within the rows of its only expert
  EXPECT_EQ(plan.roundEnd(1, 1), 3);
  ExchangeWalk walk = plan.walk(0);
  ExchangeRun run;
  ASSERT_TRUE(walk.next(3, run));
  EXPECT_EQ(std::make_tuple(run.range, run.sender, run.first, run.position, run.count),
            std::make_tuple(1, 0, 3, 0, 2));
  ASSERT_TRUE(walk.next(3, run));
  EXPECT_EQ(std::make_tuple(run.range, run.sender, run.first, run.position, run.count),
            std::make_tuple(1, 1, 0, 2, 1));
  EXPECT_FALSE(walk.next(3, run));
  EXPECT_EQ(walk.peek(), 3);
  ASSERT_TRUE(walk.next(6, run));
  EXPECT_EQ(std::make_tuple(run.range, run.sender, run.first, run.position, run.count),
            std::make_tuple(1, 1, 1, 3, 3));
  EXPECT_FALSE(walk.next(6, run));
}

TEST_F(ExchangePlanTest, ChoosesRounds) {
  EXPECT_EQ(chooseRounds(0, 0, 8), 0);
  EXPECT_EQ(chooseRounds(5, 0, 8), 0);
  EXPECT_EQ(chooseRounds(0, 8, 8), 1);
  EXPECT_EQ(chooseRounds(0, 9, 8), 2);
  EXPECT_EQ(chooseRounds(3, 9, 8), 3);
  EXPECT_EQ(chooseRounds(7, 2, 8), 2); // more would be empty
  EXPECT_EQ(chooseRounds(INT64_MAX, 100, 1), 100);
}

TEST_F(ExchangePlanTest, ChoosesChunksByCosts) {
  constexpr int64_t rowBytes = 2 * 8192, flops = 9437184; // hidden 2048, width 768
  // Memory carries rows with the processors that compute; nothing is known; nothing is to do.
  EXPECT_EQ(chooseChunks({rowBytes, flops, 0}, 1000, 8), 1);
  EXPECT_EQ(chooseChunks({0, flops, 1000000000}, 1000, 8), 1);
  EXPECT_EQ(chooseChunks({rowBytes, 0, 1000000000}, 1000, 8), 1);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 0, 0), 1);
  // Of one expert, whose weights each round reads in 0.94 ms, a few rows at 1 GB/s are not worth a
  // second round, many are.
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 16, 1), 1);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 1000, 1), 4); // of 16 ms there and back
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 16000, 1), 16);
  // Rounds of whole experts read no weights again, and cost 20 us.
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 16, 4), 4);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 16, 8), 4); // of 0.26 ms
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 1000, 8), 8);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 1000, 64), 29);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 16000, 8), 16);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 6500, 8),
            8); // not 10, of which 6 are whole
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1000000000}, 1000000, 60), 60); // not 64
  // Small experts: rounds are cheap.
  EXPECT_EQ(chooseChunks({1024, 98304, 100000000}, 1000, 1), 4);
  // However slow a link is, what can be hidden behind it is what experts take: at least the time
  // in which their weights are read.
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1}, 1000, 1), 7);
  EXPECT_EQ(chooseChunks({rowBytes, flops, 1}, 4, 4), 4);
  EXPECT_EQ(chooseChunks({INT64_MAX, INT64_MAX, 1}, INT64_MAX, 1), 64);
  // The plan takes it where chunks are not given, and windows may want more.
  Naive naive(2, {0, 1}, {{500, 500}, {500, 500}});
  ExchangePlan plan(host);
  ExchangeShape shape = naive.shape(1000, 0);
  shape.costs = {rowBytes, flops, 1000000000};
  ASSERT_TRUE(plan.compute(0, shape));
  EXPECT_EQ(plan.rounds(), 4);
  shape.windowRows = 100;
  ASSERT_TRUE(plan.compute(0, shape));
  EXPECT_EQ(plan.rounds(), 10);
  shape.chunks = 2;
  shape.windowRows = 1000;
  ASSERT_TRUE(plan.compute(0, shape));
  EXPECT_EQ(plan.rounds(), 2);
}

TEST_F(ExchangePlanTest, RoundsEndWhereExpertsDo) {
  // Four experts of member 0, with 7, 13, 9 and 11 rows of two senders.
  Naive naive(2, {0, 0, 0, 0, 1}, {{3, 6, 9, 5, 0}, {4, 7, 0, 6, 0}});
  auto ends = [&](int64_t windowRows, int64_t chunks) {
    ExchangePlan plan(host);
    EXPECT_TRUE(plan.compute(0, naive.shape(windowRows, chunks)));
    std::vector<int64_t> ends;
    for (int64_t round = 0; round < plan.rounds(); ++round)
      ends.push_back(plan.roundEnd(0, round));
    naive.check(plan, windowRows, chunks);
    return ends;
  };
  using Ends = std::vector<int64_t>;
  EXPECT_EQ(ends(100, 1), Ends({40}));
  EXPECT_EQ(ends(100, 2), Ends({20, 40}));
  EXPECT_EQ(ends(100, 4), Ends({7, 20, 29, 40}));
  // Rounds end within experts where no border is near.
  EXPECT_EQ(ends(100, 8), Ends({7, 10, 15, 20, 25, 29, 35, 40}));
  // A window does not hold the second expert whole.
  EXPECT_EQ(ends(12, 4), Ends({10, 20, 30, 40}));
  EXPECT_EQ(ends(13, 4), Ends({7, 20, 29, 40}));
}

TEST_F(ExchangePlanTest, AgreesWithItsDefinition) {
  std::mt19937 random(7);
  auto below = [&](uint32_t count) { return int32_t(random() % count); };
  for (int i = 0; i < 400; ++i) {
    const int32_t members = 1 + below(6), experts = 1 + below(9), parts = 1 + below(3);
    const bool allToOne = below(5) == 0;
    std::vector<int32_t> owners;
    for (int32_t range = 0; range < experts * parts; ++range)
      owners.push_back(below(uint32_t(members)));
    std::vector<std::vector<int32_t>> counts(static_cast<size_t>(members));
    const int32_t favourite = below(uint32_t(experts));
    for (auto &count : counts) {
      const bool idle = below(4) == 0;
      for (int32_t expert = 0; expert < experts; ++expert)
        count.push_back(idle || (allToOne && expert != favourite) || below(3) == 0 ? 0 : below(12));
    }
    Naive naive(members, owners, counts, parts);
    ExchangePlan plan(host);
    for (int64_t windowRows : {1, 2, 7, 1000})
      for (int64_t chunks : {0, 1, 3, 7})
        ASSERT_NO_FATAL_FAILURE(naive.check(plan, windowRows, chunks));
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(ExchangePlanTest, AllocatesOnceAndMayFail) {
  Naive large(3, {0, 1, 2, 2}, {{1, 2, 3, 4}, {0, 0, 0, 9}, {5, 0, 1, 0}});
  Naive small(3, {2}, {{1}, {0}, {2}});
  ExchangePlan plan(host);
  ASSERT_TRUE(plan.compute(0, large.shape(4, 1)));
  const int64_t allocations = counting.allocations;
  for (int i = 0; i < 3; ++i) {
    ASSERT_NO_FATAL_FAILURE(small.check(plan, 4, 2));
    ASSERT_NO_FATAL_FAILURE(large.check(plan, 4, 2));
  }
  EXPECT_EQ(counting.allocations, allocations);
  for (int64_t failing = 0; failing < allocations; ++failing) {
    ExchangePlan poor(host);
    counting.failAt = counting.allocations + failing;
    EXPECT_FALSE(poor.compute(0, large.shape(4, 1)));
    ASSERT_NO_FATAL_FAILURE(large.check(poor, 4, 2));
  }
}

} // namespace
