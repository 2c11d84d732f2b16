// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a rank's second thread does for it, and what slow links do.
#include "ExchangeArtifact.h"

#include <algorithm>
#include <cerrno>
#include <thread>

using namespace moert::test;

namespace {

using Exchange = ModelExchange;

/// A host that counts threads, and starts no more than it may.
struct ThreadHost {
  moert_hooks hooks = {};
  std::atomic<int32_t> started{0}, joined{0}, most{1000};

  ThreadHost() {
    hooks.size = sizeof(hooks);
    hooks.user = this;
    hooks.spawn = [](void *user, void (*body)(void *), void *argument, void **thread) -> int32_t {
      auto &self = *static_cast<ThreadHost *>(user);
      if (self.started >= self.most)
        return EAGAIN;
      ++self.started;
      *thread = new std::thread(body, argument);
      return 0;
    };
    hooks.join = [](void *user, void *thread) {
      ++static_cast<ThreadHost *>(user)->joined;
      static_cast<std::thread *>(thread)->join();
      delete static_cast<std::thread *>(thread);
    };
  }
};

std::vector<RankCall> callsFor(int32_t ranks, int64_t rows) {
  std::vector<RankCall> calls;
  for (int32_t rank = 0; rank < ranks; ++rank) {
    calls.push_back(RankCall::random(unsigned(rank), rows, 2, 4));
    calls.back().calls = {0, 1};
  }
  return calls;
}

void runAndCheck(Ranks &ranks, std::vector<RankCall> calls) {
  ranks.run(calls);
  for (const RankCall &call : calls) {
    EXPECT_OK(call.status);
    EXPECT_EQ(call.y, expectedOf(call));
  }
}

TEST(ExchangeThread, StartsWhenThereAreRounds) {
  ThreadHost host;
  {
    ExchangeModel model({3}, {Exchange{4, 100, 1}, Exchange{4, 100, 1}});
    Ranks ranks(model, {}, &host.hooks, 1);
    runAndCheck(ranks, callsFor(3, 9));
    runAndCheck(ranks, callsFor(3, 0));
    EXPECT_EQ(host.started, 0);
  }
  {
    ExchangeModel model({3}, {Exchange{4, 100, 1}, Exchange{4, 100, 2}});
    Ranks ranks(model, {}, &host.hooks, 1);
    for (int run = 0; run < 5; ++run)
      runAndCheck(ranks, callsFor(3, 9));
    EXPECT_EQ(host.started, 3);
    EXPECT_EQ(host.joined, 0);
  }
  EXPECT_EQ(host.joined, 3);
}

TEST(ExchangeThread, CanBeDoneWithout) {
  for (int32_t most : {0, 2}) {
    ThreadHost host;
    host.most = most;
    ExchangeModel model({3}, {Exchange{4, 2, 1}, Exchange{4, 100, 5}});
    for (int64_t speed : {0, 10000000}) {
      Ranks ranks(model, {sizeof(moert_group_options), 0, speed, 0, 0, nullptr, nullptr},
                  &host.hooks, 1);
      for (int run = 0; run < 5; ++run)
        runAndCheck(ranks, callsFor(3, 11));
    }
  }
}

/// All rows of both ranks go to the other one: `rows` of 20 bytes there, of 40 bytes back.
std::vector<RankCall> crossing(int64_t rows) {
  std::vector<RankCall> calls;
  for (int32_t rank = 0; rank < 2; ++rank) {
    calls.push_back(RankCall::random(unsigned(rank), rows, 1, 2));
    calls.back().ids.assign(size_t(rows), 1 - rank);
  }
  return calls;
}

int64_t timeOf(Ranks &ranks, const std::vector<RankCall> &calls) {
  const int64_t begin = api().now_ns(ranks.runtime.get());
  runAndCheck(ranks, calls);
  return api().now_ns(ranks.runtime.get()) - begin;
}

TEST(ExchangeThread, SlowLinksTakeTheirTime) {
  for (int64_t chunks : {1, 4}) {
    ExchangeModel model({2}, {Exchange{2, 1000, chunks}});
    // 100 rows: 2000 bytes there and 4000 back, at 100 bytes a millisecond.
    Ranks ranks(model, {sizeof(moert_group_options), 0, 100000, 0, 0, nullptr, nullptr});
    EXPECT_GE(timeOf(ranks, crossing(100)), 60 * 1000000);
    EXPECT_EQ(ranks.traffic(0, 0, 1).dispatch_rows, 100);
    // Rows that stay take no time.
    std::vector<RankCall> staying = crossing(20000);
    for (int32_t rank = 0; rank < 2; ++rank)
      staying[size_t(rank)].ids.assign(20000, rank);
    int64_t best = INT64_MAX;
    for (int i = 0; i < 10 && best > 10000 * 1000000LL; ++i)
      best = std::min(best, timeOf(ranks, staying));
    EXPECT_LT(best, 10000 * 1000000LL); // 12 s if they crossed
  }
}

TEST(ExchangeThread, TransfersHideBehindExperts) {
  // 4 rounds of 20 ms, while rows take 40 ms there and 40 ms back: 160 ms one after the other. One
  // time of many on a busy machine has to be shorter.
  ExchangeModel model({2}, {Exchange{2, 1000, 4}});
  Ranks ranks(model, {sizeof(moert_group_options), 0, 150000, 0, 0, nullptr, nullptr});
  int64_t best = INT64_MAX;
  std::vector<RankCall> calls = crossing(200);
  for (RankCall &call : calls)
    call.settings = {2, kSlowExpert, 0};
  const int64_t serial = 4 * kSlowExpertNs + int64_t(200) * (20 + 40) * 1000000 / 150;
  EXPECT_EQ(serial, 160 * 1000000);
  for (int i = 0; i < 20 && best >= serial; ++i)
    best = std::min(best, timeOf(ranks, calls));
  EXPECT_LT(best, serial);
  RecordProperty("milliseconds", int(best / 1000000));
}

/// Rounds whose rows a rank had before results of any came; of some runs, until one has `enough`.
int32_t countRoundsAhead(int64_t windowRows, int64_t chunks, int32_t enough) {
  struct Events {
    std::atomic<int32_t> rounds{0}, ahead{0}, results{0};
  } events;
  moert_hooks hooks = {};
  hooks.size = sizeof(hooks);
  hooks.user = &events;
  hooks.trace = [](void *user, const moert_trace_event *event) {
    auto &seen = *static_cast<Events *>(user);
    if (event->rank != 0)
      return;
    if (event->kind == MOERT_TRACE_DISPATCH && seen.results == 0)
      ++seen.rounds;
    seen.results += event->kind == MOERT_TRACE_COMBINE;
  };
  ExchangeModel model({2}, {Exchange{2, windowRows, chunks}});
  Ranks ranks(model, {sizeof(moert_group_options), 0, 100000000, 0, 0, nullptr, nullptr}, &hooks);
  std::vector<RankCall> calls = crossing(200);
  for (RankCall &call : calls)
    call.settings = {2, kSlowExpert, 0};
  for (int i = 0; i < 20 && events.ahead < enough; ++i) {
    events.rounds = events.results = 0;
    runAndCheck(ranks, calls);
    events.ahead = std::max(events.ahead.load(), events.rounds.load());
  }
  return events.ahead;
}

TEST(ExchangeThread, HasShortRoundsAheadOfTheirTurn) {
  // 8 rounds of 25 rows, in two windows of 50 each, of which some are computed before results come.
  EXPECT_GE(countRoundsAhead(50, 8, 4), 4);
  // Rows around the end of the windows' memory: rounds of 29 rows, room for 60.
  EXPECT_GE(countRoundsAhead(30, 1, 2), 2);
}

TEST(ExchangeThread, FaultsEndSlowTransfers) {
  ExchangeModel model({2}, {Exchange{2, 1000, 1}});
  // A transfer of an hour.
  Ranks ranks(model, {sizeof(moert_group_options), 0, 1, 0, 0, nullptr, nullptr});
  std::vector<RankCall> calls = crossing(200);
  EXPECT_OK(api().request_set_deadline(ranks.requests[0].get(),
                                       api().now_ns(ranks.runtime.get()) + 20000000));
  ranks.run(calls, true);
  EXPECT_EQ(calls[0].status.code, MOERT_DEADLINE_EXCEEDED) << calls[0].status.message;
  EXPECT_FAILS(calls[1].status, MOERT_ABORTED, "rank 0 of 2 gave up");
}

} // namespace
