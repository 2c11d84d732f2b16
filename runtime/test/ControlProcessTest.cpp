// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups of processes of which one dies, stops or gives up: how long the others take to know. Each
// test prints its times; it fails beyond five times what is promised, since machines that test are
// busy.
#include "RankProcesses.h"

using namespace moert;
using namespace moert::test;

namespace {

class ControlProcessTest : public testing::TestWithParam<std::tuple<int, bool>> {
protected:
  int32_t count = std::get<0>(GetParam());
  int32_t victim = std::get<1>(GetParam()) ? count - 1 : 0;
};

TEST_P(ControlProcessTest, AKilledRankIsLost) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 0));
  for (int32_t rank : members(count, victim))
    ranks[rank].say("await 30000");
  const int64_t begin = nowNs();
  kill(ranks[victim].id, SIGKILL);
  ranks.expectLost(members(count, victim), begin, kClosedPromiseNs, MOERT_PEER_LOST, victim,
                   "its connection was closed", "SIGKILL");
  // The survivors go on without it.
  if (count > 2) {
    ASSERT_NO_FATAL_FAILURE(ranks.form(members(count, victim), 1));
  }
}

TEST_P(ControlProcessTest, AStoppedRankIsLostAndLearnsOfIt) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 0));
  for (int32_t rank : members(count, victim))
    ranks[rank].say("await 30000");
  const int64_t begin = nowNs();
  kill(ranks[victim].id, SIGSTOP);
  ranks.expectLost(members(count, victim), begin, kSilentPromiseNs, MOERT_PEER_LOST, victim,
                   "it was silent", "SIGSTOP");
  const int64_t awake = nowNs();
  kill(ranks[victim].id, SIGCONT);
  ranks[victim].say("await 30000");
  ranks.expectLost({victim}, awake, kClosedPromiseNs, MOERT_PEER_LOST, victim,
                   "which is this one, counts as lost", "SIGCONT");
  // All of them build the next one.
  ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 1));
  ranks.expect(members(count), "leave", "left");
}

TEST_P(ControlProcessTest, AShortStopIsForgiven) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 0));
  kill(ranks[victim].id, SIGSTOP);
  usleep(400000);
  kill(ranks[victim].id, SIGCONT);
  ranks.expect(members(count), "await 300", "fine");
}

TEST_P(ControlProcessTest, GivingUpReachesAll) {
  Processes ranks(count);
  ASSERT_NO_FATAL_FAILURE(ranks.form(members(count), 0));
  ranks[victim].say("abort 7");
  long long begin = 0;
  ASSERT_EQ(sscanf(ranks[victim].hear().c_str(), "aborted %lld", &begin), 1);
  for (int32_t rank : members(count))
    ranks[rank].say("await 30000");
  ranks.expectLost(members(count), begin, kClosedPromiseNs, MOERT_ABORTED, victim,
                   "gave up: out of memory", "abort");
}

INSTANTIATE_TEST_SUITE_P(Groups, ControlProcessTest,
                         testing::Combine(testing::Values(2, 4, 8), testing::Bool()));

} // namespace
