// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What happens to the other ranks when something happens to one. Nobody may hang, and sessions go
// on with another group.
#include "ExchangeArtifact.h"
#include "Ranks.h"

#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

using namespace moert::test;

namespace {

using Exchange = ModelExchange;

/// Ranks with a few rows each; chunks and the kind of groups as the test's parameters say.
struct GroupFault : testing::TestWithParam<std::tuple<int64_t, GroupKind>> {
  const int64_t chunks = std::get<0>(GetParam());
  const GroupKind kind = std::get<1>(GetParam());

  std::vector<RankCall> calls() const {
    std::vector<RankCall> calls;
    for (int32_t rank = 0; rank < model.ranks(); ++rank) {
      calls.push_back(RankCall::random(unsigned(rank), 6, 2, 4));
      calls.back().calls = {0, 1, 0};
    }
    return calls;
  }

  /// Notes what happened to one rank at `at`, after all that have been run have ended; but for
  /// rank `running`.
  void note(const char *what, const std::vector<RankCall> &calls, int64_t at,
            int64_t promiseNs = kClosedPromiseNs, size_t running = SIZE_MAX) const {
    int64_t last = at;
    for (size_t rank = 0; rank < calls.size(); ++rank)
      if (rank != running)
        last = std::max(last, calls[rank].endedNs);
    noteFault(what, kind == GroupKind::Local ? "threads" : "tcp", int32_t(calls.size()), last - at,
              promiseNs);
  }

  /// Everything is as before with a new group.
  void expectRecovery(Ranks &ranks) {
    ranks.regroup();
    std::vector<RankCall> good = calls();
    ranks.run(good);
    for (const RankCall &call : good) {
      EXPECT_OK(call.status);
      EXPECT_EQ(call.y, expectedOf(call));
    }
  }

  static moert_group_options silence(int64_t milliseconds) {
    return {sizeof(moert_group_options), milliseconds * kMillisecond, 0, 0, 0, nullptr, nullptr};
  }

  /// Threads find out together. Of processes the first one ends the others, which name it.
  void expectTold(const std::vector<RankCall> &calls, const std::string &part) const {
    int told = 0;
    for (const RankCall &call : calls) {
      const std::string message = call.status.message;
      if (message.find(part) != std::string::npos) {
        EXPECT_EQ(call.status.code, MOERT_INVALID_ARGUMENT);
        ++told;
      } else {
        EXPECT_FAILS(call.status, MOERT_ABORTED, "gave up: invalid argument");
      }
    }
    EXPECT_GE(told, kind == GroupKind::Local ? 4 : 1);
  }

  Ranks make(const ExchangeModel &of, const moert_group_options &options = {}) const {
    return Ranks(of, options, nullptr, 2, true, kind);
  }

  ExchangeModel model{{2, 2}, {Exchange{4, 5, chunks}, Exchange{4, 64, chunks, 2u}}};
};

/// Runs those of the ranks on threads. One whose run fails before it begins tells the others.
void runSome(
    Ranks &ranks, std::vector<RankCall> &some, std::initializer_list<size_t> which,
    const std::function<void()> &meanwhile = [] {}) {
  std::vector<std::thread> threads;
  for (size_t rank : which)
    threads.emplace_back([&, rank] {
      some[rank].run(ranks.requests[rank].get());
      if (some[rank].status.code != MOERT_OK)
        api().group_abort(ranks.groups[rank].get());
    });
  meanwhile();
  for (std::thread &thread : threads)
    thread.join();
}

TEST_P(GroupFault, SilentRankIsLost) {
  for (int64_t when : {0, 1, 2}) {
    SCOPED_TRACE(when);
    // On a busy machine another one may come too late first.
    bool isNamed = false;
    for (int64_t patience = 100; !isNamed && patience < 10000; patience *= 2) {
      Ranks ranks = make(model, silence(patience));
      std::vector<RankCall> some = calls();
      some[2].settings = {4, kLoopForever, when};
      std::thread lost([&] { some[2].run(ranks.requests[2].get()); });
      runSome(ranks, some, {0, 1, 3});
      isNamed = true;
      for (size_t rank : {0, 1, 3}) {
        EXPECT_FAILS(some[rank].status, MOERT_PEER_LOST, "of 4 is lost");
        isNamed &= strcmp(some[rank].status.message, "rank 2 of 4 is lost") == 0;
      }
      EXPECT_EQ(ranks.codeOf(0), MOERT_PEER_LOST);
      if (isNamed)
        note("silent", some, troubledNs, std::max(kSilentPromiseNs, patience * kMillisecond), 2);
      api().request_cancel(ranks.requests[2].get());
      lost.join();
      EXPECT_NE(some[2].status.code, MOERT_OK);
      EXPECT_OK(api().request_reset(ranks.requests[2].get()));
      // Later runs with that group end at once.
      some[0].run(ranks.requests[0].get());
      EXPECT_FAILS(some[0].status, MOERT_PEER_LOST, "of 4 is lost");
      expectRecovery(ranks);
    }
    EXPECT_TRUE(isNamed);
  }
}

TEST_P(GroupFault, DeadlineEndsAll) {
  // On a busy machine the deadline may pass before the run begins.
  int32_t code = MOERT_OK;
  for (int64_t after = 20; code != MOERT_DEADLINE_EXCEEDED && after < 10000; after *= 2) {
    Ranks ranks = make(model);
    std::vector<RankCall> some = calls();
    const int64_t deadline = nowNs() + after * kMillisecond;
    EXPECT_OK(api().request_set_deadline(ranks.requests[1].get(),
                                         api().now_ns(ranks.runtime.get()) + after * kMillisecond));
    runSome(ranks, some, {0, 1, 2}); // rank 3 does not come
    note("deadline", some, deadline);
    EXPECT_EQ(some[1].status.code, MOERT_DEADLINE_EXCEEDED) << some[1].status.message;
    for (size_t rank : {0, 2})
      EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "rank 1 of 4 gave up");
    code = ranks.codeOf(3);
    // Who comes late.
    some[3].run(ranks.requests[3].get());
    EXPECT_FAILS(some[3].status, MOERT_ABORTED, "rank 1 of 4 gave up");
    EXPECT_OK(api().request_reset(ranks.requests[1].get()));
    expectRecovery(ranks);
  }
  EXPECT_EQ(code, MOERT_DEADLINE_EXCEEDED);
}

TEST_P(GroupFault, CancellingOneEndsAll) {
  int32_t code = MOERT_OK;
  for (int64_t after = 10; code != MOERT_CANCELLED && after < 10000; after *= 2) {
    Ranks ranks = make(model);
    std::vector<RankCall> some = calls();
    int64_t at = 0;
    runSome(ranks, some, {0, 1, 2}, [&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(after));
      at = nowNs();
      api().request_cancel(ranks.requests[2].get());
    });
    note("cancelled", some, at);
    EXPECT_FAILS(some[2].status, MOERT_CANCELLED, "the request was cancelled");
    for (size_t rank : {0, 1})
      EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "rank 2 of 4 gave up");
    code = ranks.codeOf(0);
    EXPECT_OK(api().request_reset(ranks.requests[2].get()));
    expectRecovery(ranks);
  }
  EXPECT_EQ(code, MOERT_CANCELLED);
}

TEST_P(GroupFault, AbortEndsAll) {
  Ranks ranks = make(model);
  std::vector<RankCall> some = calls();
  int64_t at = 0;
  runSome(ranks, some, {0, 1, 2}, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    at = nowNs();
    api().group_abort(ranks.groups[3].get());
  });
  note("aborted", some, at);
  for (size_t rank : {0, 1, 2})
    EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "rank 3 of 4 gave up: aborted");
  EXPECT_EQ(ranks.codeOf(0), MOERT_ABORTED);
  expectRecovery(ranks);
}

TEST_P(GroupFault, LeavingEndsWaits) {
  Ranks ranks = make(model);
  std::vector<RankCall> some = calls();
  int64_t at = 0;
  runSome(ranks, some, {0, 1, 2}, [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    ranks.requests[3].reset();
    ranks.sessions[3].reset();
    at = nowNs();
    ranks.groups[3].reset();
  });
  note("left", some, at);
  for (size_t rank : {0, 1, 2})
    EXPECT_FAILS(some[rank].status, MOERT_PEER_LOST, "rank 3 of 4 is lost");
}

TEST_P(GroupFault, LeavingAfterTheLastRunHarmsNobody) {
  for (int i = 0; i < 20; ++i) {
    Ranks ranks = make(model);
    std::vector<RankCall> some = calls();
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < 4; ++rank)
      threads.emplace_back([&, rank] {
        some[rank].run(ranks.requests[rank].get());
        // While others may still fetch what this rank made of their rows.
        ranks.requests[rank].reset();
        ranks.sessions[rank].reset();
        ranks.groups[rank].reset();
      });
    for (std::thread &thread : threads)
      thread.join();
    for (const RankCall &call : some) {
      EXPECT_OK(call.status);
      EXPECT_EQ(call.y, expectedOf(call));
    }
  }
}

TEST_P(GroupFault, FailingRunEndsAll) {
  Ranks ranks = make(model);
  for (RankTrouble trouble :
       {kFailBeforeBegin, kFailAfterBegin, kFailAfterReceive, kFailAfterReturn})
    for (int64_t when : {0, 1, 2}) {
      SCOPED_TRACE(testing::Message() << trouble << " in " << when);
      std::vector<RankCall> some = calls();
      some[1].settings = {4, trouble, when};
      ranks.run(some);
      EXPECT_FAILS(some[1].status, MOERT_UNAVAILABLE, "asked to fail");
      for (size_t rank : {0, 2, 3}) {
        // In the last exchange a rank may have got all that it needed of this one.
        if (some[rank].status.code == MOERT_OK && trouble == kFailAfterReturn && when == 2)
          EXPECT_EQ(some[rank].y, expectedOf(some[rank]));
        else
          EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "rank 1 of 4 gave up: unavailable");
      }
      EXPECT_EQ(ranks.codeOf(0), MOERT_UNAVAILABLE);
      note("failed run", some, troubledNs);
      expectRecovery(ranks);
    }
}

TEST_P(GroupFault, NobodyReadsMemoryOfARunThatFailed) {
  // Rows of 16 MiB, which take a while to read, and are gone as soon as the run has ended. Rank 1
  // receives none, so it fails while the others read.
  ExchangeModel large({4}, {Exchange{4, 1000, chunks}});
  for (int i = 0; i < 8; ++i) {
    Ranks ranks = make(large);
    std::vector<RankCall> some;
    for (unsigned rank = 0; rank < 4; ++rank) {
      RankCall call = RankCall::random(rank, rank == 1 ? 64 : 3, 2, 4, 0);
      call.width = 64 << 10;
      call.x.assign(size_t(call.rows * call.width), 1.5f);
      for (int32_t &id : call.ids)
        id += id == 1;
      some.push_back(call);
    }
    some[1].settings = {4, i % 2 ? kFailAfterBegin : kFailAfterReceive, 0};
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < 4; ++rank)
      threads.emplace_back([&, rank] {
        some[rank].run(ranks.requests[rank].get());
        ranks.requests[rank].reset();
        ranks.sessions[rank].reset();
      });
    for (std::thread &thread : threads)
      thread.join();
    EXPECT_FAILS(some[1].status, MOERT_UNAVAILABLE, "asked to fail");
    for (size_t rank : {0, 2, 3})
      EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "rank 1 of 4 gave up: unavailable");
  }
}

TEST_P(GroupFault, RanksThatDifferAreTold) {
  Ranks ranks = make(model);
  int64_t began = 0;
  // Another exchange.
  std::vector<RankCall> some = calls();
  ExchangeModel flat({4}, {Exchange{4, 5, chunks}, Exchange{4, 64, chunks}});
  Ranks flatRanks = make(flat);
  some[1].calls = {1, 1, 0};
  began = nowNs();
  flatRanks.run(some);
  note("differing ranks", some, began);
  expectTold(some, "all ranks must run the same requests in the same order");
  if (kind == GroupKind::Local)
    EXPECT_FAILS(some[0].status, MOERT_INVALID_ARGUMENT,
                 "rank 1 is at exchange 0 of its run, 'exchange 1'");
  EXPECT_EQ(flatRanks.codeOf(3), MOERT_INVALID_ARGUMENT);
  flatRanks.regroup();
  // One exchange less.
  some = calls();
  some[3].settings = {4, kSkipCall, 0};
  began = nowNs();
  flatRanks.run(some);
  note("differing ranks", some, began);
  expectTold(some, "is at exchange 0 of its run");
  flatRanks.regroup();
  // Rows of another size.
  some = calls();
  some[2].settings = {4, kOtherRowBytes, 0};
  began = nowNs();
  flatRanks.run(some);
  note("differing ranks", some, began);
  expectTold(some, "bytes at exchange 'exchange 0'");
  flatRanks.regroup();
  // Results of another size: who notices ends the others.
  some = calls();
  some[2].settings = {4, kOtherResultBytes, 0};
  began = nowNs();
  flatRanks.run(some);
  note("differing ranks", some, began);
  int told = 0;
  for (const RankCall &call : some) {
    EXPECT_TRUE(call.status.code == MOERT_INVALID_ARGUMENT || call.status.code == MOERT_ABORTED)
        << call.status.message;
    told += std::string(call.status.message).find("returns rows of") != std::string::npos;
  }
  EXPECT_GE(told, 1);
  // Another artifact.
  ExchangeModel other({4}, {Exchange{4, 5, chunks}, Exchange{4, 64, chunks}});
  other.table.build_id[3] = 77;
  Ranks otherRanks = make(other);
  flatRanks.regroup();
  EXPECT_OK(api().session_set_group(otherRanks.sessions[1].get(), flatRanks.groups[1].get()));
  some = calls();
  std::vector<std::thread> threads;
  began = nowNs();
  for (size_t rank = 0; rank < 4; ++rank)
    threads.emplace_back(
        [&, rank] { some[rank].run((rank == 1 ? otherRanks : flatRanks).requests[rank].get()); });
  for (std::thread &thread : threads)
    thread.join();
  note("another artifact", some, began);
  expectTold(some, "runs another artifact");
  expectRecovery(ranks);
}

TEST_P(GroupFault, SlowAndLateRanksAreWaitedFor) {
  for (int i = 0; i < 4; ++i) {
    SCOPED_TRACE(i);
    Ranks ranks = make(model, silence(5000));
    std::vector<RankCall> some = calls();
    const auto victim = size_t(i);
    if (i % 2)
      some[victim].settings = {4, kSlowExpert, 1};
    const int64_t began = nowNs();
    std::vector<std::thread> threads;
    for (size_t rank = 0; rank < 4; ++rank)
      threads.emplace_back([&, rank] {
        if (i % 2 == 0 && rank == victim)
          std::this_thread::sleep_for(std::chrono::milliseconds(150));
        some[rank].run(ranks.requests[rank].get());
      });
    for (std::thread &thread : threads)
      thread.join();
    for (const RankCall &call : some) {
      EXPECT_OK(call.status);
      EXPECT_EQ(call.y, expectedOf(call));
    }
    note(i % 2 ? "slow" : "skewed start", some, began, kSilentPromiseNs);
  }
}

/// Ends a rank's run with `code` at a point of its exchange.
struct Drill {
  int32_t rank, layer, point, code;
  std::atomic<int64_t> at{0};

  static int32_t reach(void *user, int32_t rank, int32_t layer, int32_t point) {
    auto &drill = *static_cast<Drill *>(user);
    if (rank != drill.rank || layer != drill.layer || point != drill.point)
      return MOERT_OK;
    drill.at = nowNs();
    return drill.code;
  }
};

TEST_P(GroupFault, ARankMayGoAtAnyPoint) {
  for (int32_t layer : {0, 1})
    for (int32_t point :
         {MOERT_POINT_DISPATCH, MOERT_POINT_EXPERTS, MOERT_POINT_COMBINE, MOERT_POINT_END})
      for (int32_t code : {MOERT_PEER_LOST, MOERT_UNAVAILABLE}) {
        SCOPED_TRACE(testing::Message() << layer << ", point " << point << ", code " << code);
        Drill drill{point % 2 ? 0 : 3, layer, point, code};
        moert_group_options options = {};
        options.size = sizeof(options);
        options.at_point = Drill::reach;
        options.point_user = &drill;
        Ranks ranks = make(model, options);
        std::vector<RankCall> some = calls();
        ranks.run(some, true);
        EXPECT_FAILS(some[size_t(drill.rank)].status, code, "by a drill");
        for (size_t rank = 0; rank < 4; ++rank)
          if (int32_t(rank) == drill.rank)
            continue;
          else if (code == MOERT_PEER_LOST)
            EXPECT_FAILS(some[rank].status, MOERT_PEER_LOST, "of 4 is lost");
          else
            EXPECT_FAILS(some[rank].status, MOERT_ABORTED, "of 4 gave up: unavailable");
        note(code == MOERT_PEER_LOST ? "gone within an exchange" : "ended within an exchange", some,
             drill.at);
        expectRecovery(ranks);
      }
}

TEST_P(GroupFault, AnythingAtAnyTimeEnds) {
  // Aborts, cancellations and deadlines that race the exchanges: a run ends well or with a reason.
  for (int i = 0; i < 60; ++i) {
    Ranks ranks = make(model);
    std::vector<RankCall> some = calls();
    const int64_t delay = int64_t(i / 3) * 20000;
    const auto victim = size_t(i % 4);
    if (i % 3 == 2)
      EXPECT_OK(api().request_set_deadline(ranks.requests[victim].get(),
                                           api().now_ns(ranks.runtime.get()) + delay));
    std::thread act([&] {
      std::this_thread::sleep_for(std::chrono::nanoseconds(delay));
      if (i % 3 == 0)
        api().group_abort(ranks.groups[victim].get());
      else if (i % 3 == 1)
        api().request_cancel(ranks.requests[victim].get());
    });
    ranks.run(some, true);
    act.join();
    for (const RankCall &call : some)
      if (call.status.code == MOERT_OK)
        EXPECT_EQ(call.y, expectedOf(call));
      else
        EXPECT_TRUE(call.status.code == MOERT_ABORTED || call.status.code == MOERT_CANCELLED ||
                    call.status.code == MOERT_DEADLINE_EXCEEDED)
            << call.status.message;
  }
}

INSTANTIATE_TEST_SUITE_P(Local, GroupFault,
                         testing::Combine(testing::Values(1, 3),
                                          testing::Values(GroupKind::Local)));
#ifdef MOERT_TEST_PLUGINS
INSTANTIATE_TEST_SUITE_P(Tcp, GroupFault,
                         testing::Combine(testing::Values(1, 3), testing::Values(GroupKind::Tcp)));
#endif

} // namespace
