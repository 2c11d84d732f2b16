// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Processes that exchange bytes through Gloo when one of them dies, stops or leaves: what the
// others are told, and after how long.
#include "RankProcesses.h"

using namespace moert;
using namespace moert::test;

namespace {

/// Ranks, bytes of a message, and whether rank 0 is the victim or the last one.
class GlooProcessTest : public testing::TestWithParam<std::tuple<int, int, bool>> {
protected:
  int32_t count = std::get<0>(GetParam());
  std::string exchange = "exchange " + std::to_string(std::get<1>(GetParam()));
  int32_t victim = std::get<2>(GetParam()) ? count - 1 : 0;
  Environment plugins{"MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS};

  /// Forms a group that is exchanging when this returns.
  void begin(Processes &ranks, const std::vector<int32_t> &who, int generation) {
    ASSERT_NO_FATAL_FAILURE(ranks.form(who, generation));
    ASSERT_NO_FATAL_FAILURE(ranks.expect(who, "open gloo", "opened"));
    for (int32_t rank : who)
      ranks[rank].say(exchange);
    usleep(100000);
  }
};

TEST_P(GlooProcessTest, AKilledRankIsLost) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(begin(ranks, members(count), 0));
  const int64_t at = nowNs();
  kill(ranks[victim].id, SIGKILL);
  ranks.expectLost(members(count, victim), at, kClosedPromiseNs, MOERT_PEER_LOST, victim, "is lost",
                   "SIGKILL while exchanging");
  // The survivors go on.
  if (count > 2) {
    ASSERT_NO_FATAL_FAILURE(begin(ranks, members(count, victim), 1));
  }
}

TEST_P(GlooProcessTest, AStoppedRankIsLost) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(begin(ranks, members(count), 0));
  const int64_t at = nowNs();
  kill(ranks[victim].id, SIGSTOP);
  ranks.expectLost(members(count, victim), at, kSilentPromiseNs, MOERT_PEER_LOST, victim, "is lost",
                   "SIGSTOP while exchanging");
  const int64_t awake = nowNs();
  kill(ranks[victim].id, SIGCONT);
  ranks.expectLost({victim}, awake, kClosedPromiseNs, MOERT_PEER_LOST, victim, "counts as lost",
                   "SIGCONT while exchanging");
  ASSERT_NO_FATAL_FAILURE(begin(ranks, members(count), 1));
}

INSTANTIATE_TEST_SUITE_P(Groups, GlooProcessTest,
                         testing::Combine(testing::Values(2, 4), testing::Values(64, 2000000),
                                          testing::Bool()));

/// Ranks, and whether rank 0 is the victim or the last one. It dies or stops when it has told where
/// it listens: who connects to it would wait for a connection that nobody makes.
class GlooOpenTest : public testing::TestWithParam<std::tuple<int, bool>> {
protected:
  int32_t count = std::get<0>(GetParam());
  int32_t victim = std::get<1>(GetParam()) ? count - 1 : 0;
  std::vector<int32_t> others = members(count, victim);
  Environment plugins{"MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS};
  Processes ranks{count};

  void openAll() {
    ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 0));
    for (int32_t rank : others)
      ranks[rank].say("open gloo");
    usleep(50000);
    ranks[victim].say("half-open gloo");
  }
};

TEST_P(GlooOpenTest, ARankThatDiesMeanwhileIsLost) {
  ASSERT_NO_FATAL_FAILURE(openAll());
  const int64_t at = nowNs() + 100000000; // when it is killed, about
  ranks.expectLost(others, at, kClosedPromiseNs, MOERT_PEER_LOST, victim, "is lost",
                   "SIGKILL while connecting");
}

TEST_P(GlooOpenTest, ARankThatStopsMeanwhileIsLost) {
  ASSERT_NO_FATAL_FAILURE(openAll());
  usleep(50000);
  const int64_t at = nowNs();
  kill(ranks[victim].id, SIGSTOP);
  ranks.expectLost(others, at, kSilentPromiseNs, MOERT_PEER_LOST, victim, "is lost",
                   "SIGSTOP while connecting");
}

TEST_P(GlooOpenTest, WhoWaitsCanBeToldToEnd) {
  ASSERT_NO_FATAL_FAILURE(openAll());
  usleep(50000);
  kill(ranks[victim].id, SIGSTOP);
  // One of them: the end of one is the end of the others' waits.
  const int64_t at = nowNs();
  kill(ranks[others.back()].id, SIGTERM);
  EXPECT_EQ(ranks[others.back()].hear(), "nothing");
  noteFault("SIGTERM while connecting", "processes", count, nowNs() - at, kClosedPromiseNs);
}

INSTANTIATE_TEST_SUITE_P(Groups, GlooOpenTest,
                         testing::Combine(testing::Values(2, 4), testing::Bool()));

} // namespace
