// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ranks that do not belong into a group of processes: what they are told, and that the group forms
// and runs without them, with the right ones.
#include "ExchangeArtifact.h"
#include "Ranks.h"

#include <cstring>
#include <thread>

using namespace moert::test;

namespace {

/// Ranks of the group, and whose place is taken by a wrong one first.
class GroupFormFaultTest : public testing::TestWithParam<std::tuple<int, bool>> {
protected:
  int32_t count = std::get<0>(GetParam());
  int32_t victim = std::get<1>(GetParam()) ? count - 1 : 1;
  Environment plugins{"MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS};
  uint16_t port = freePort();
  ExchangeModel model{{std::get<0>(GetParam())}, {ModelExchange{4, 5, 2}}};
  Ranks ranks{model, {}, nullptr, 1};

  moert_tcp_options optionsOf(int32_t rank) const {
    moert_tcp_options tcp = {};
    tcp.size = sizeof(tcp);
    tcp.rank = rank;
    tcp.ranks = count;
    tcp.host = "127.0.0.1";
    tcp.port = port;
    tcp.secret = kSecret;
    tcp.secret_bytes = strlen(kSecret);
    tcp.generation = 5;
    tcp.form_timeout_ns = 60000 * kMillisecond;
    return tcp;
  }

  moert_status join(const moert_tcp_options &tcp, Group &group) const {
    moert_group *made = nullptr;
    moert_status status = api().group_create_tcp(ranks.runtime.get(), &tcp, nullptr, &made);
    group.reset(made);
    return status;
  }

  /// All but the victim wait for it; `wrong` comes in its place and is told so, then the right one
  /// comes.
  void turnAway(const char *what, const moert_tcp_options &wrong, int32_t code, const char *part) {
    std::vector<Group> groups(static_cast<size_t>(count));
    std::vector<moert_status> statuses(static_cast<size_t>(count));
    std::vector<std::thread> threads;
    for (int32_t rank = 0; rank < count; ++rank)
      if (rank != victim)
        threads.emplace_back(
            [&, rank] { statuses[size_t(rank)] = join(optionsOf(rank), groups[size_t(rank)]); });
    usleep(100000); // until rank 0 listens; before, the wrong one would only wait longer
    const int64_t began = nowNs();
    Group refused;
    const moert_status status = join(wrong, refused);
    noteFault(what, "tcp", count, nowNs() - began, kClosedPromiseNs);
    EXPECT_FAILS(status, code, part);
    EXPECT_FALSE(refused);
    statuses[size_t(victim)] = join(optionsOf(victim), groups[size_t(victim)]);
    for (std::thread &thread : threads)
      thread.join();
    for (const moert_status &each : statuses)
      EXPECT_OK(each);
    runWith(std::move(groups));
  }

  void runWith(std::vector<Group> groups) {
    std::vector<RankCall> calls;
    for (int32_t rank = 0; rank < count; ++rank) {
      EXPECT_OK(
          api().session_set_group(ranks.sessions[size_t(rank)].get(), groups[size_t(rank)].get()));
      calls.push_back(RankCall::random(unsigned(rank), 6, 2, 4));
    }
    ranks.run(calls);
    for (const RankCall &call : calls) {
      EXPECT_OK(call.status);
      EXPECT_EQ(call.y, expectedOf(call));
    }
    for (int32_t rank = 0; rank < count; ++rank)
      EXPECT_OK(api().session_set_group(ranks.sessions[size_t(rank)].get(), nullptr));
    std::vector<std::thread> threads;
    for (Group &group : groups)
      threads.emplace_back([&group] { group.reset(); });
    for (std::thread &thread : threads)
      thread.join();
  }
};

TEST_P(GroupFormFaultTest, WrongSecret) {
  moert_tcp_options wrong = optionsOf(victim);
  wrong.secret = "another secret of enough characters";
  wrong.secret_bytes = 35;
  turnAway("wrong secret", wrong, MOERT_INVALID_ARGUMENT, "secret");
}

TEST_P(GroupFormFaultTest, OldGeneration) {
  moert_tcp_options wrong = optionsOf(victim);
  wrong.generation = 4;
  turnAway("old generation", wrong, MOERT_FAILED_PRECONDITION, "generation");
}

TEST_P(GroupFormFaultTest, AnotherSize) {
  moert_tcp_options wrong = optionsOf(victim);
  wrong.ranks = count + 1;
  turnAway("another number of ranks", wrong, MOERT_INVALID_ARGUMENT, "ranks");
}

INSTANTIATE_TEST_SUITE_P(Groups, GroupFormFaultTest,
                         testing::Combine(testing::Values(2, 3, 4), testing::Bool()));

} // namespace
