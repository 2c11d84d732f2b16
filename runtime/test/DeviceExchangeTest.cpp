// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exchanges of rows that are in the memory of virtual GPUs: what ExchangeTest.cpp asks of those of
// the processor.
#include "DeviceMirror.h"

#include <cstdlib>

using namespace moert::test;

namespace {

using Exchange = ModelExchange;

/// One call for each rank: uneven, and none for some.
std::vector<RankCall> callsFor(int32_t ranks, int32_t experts, unsigned seed, int64_t width = 5) {
  static const int64_t kRows[] = {7, 0, 23, 1, 12};
  std::vector<RankCall> calls;
  for (int32_t rank = 0; rank < ranks; ++rank)
    calls.push_back(RankCall::random(seed * 100 + unsigned(rank),
                                     kRows[(unsigned(rank) + seed) % 5], 3, experts, width));
  return calls;
}

void expectAll(const std::vector<RankCall> &calls) {
  for (size_t rank = 0; rank < calls.size(); ++rank) {
    EXPECT_OK(calls[rank].status);
    EXPECT_EQ(calls[rank].y, expectedOf(calls[rank])) << "rank " << rank;
  }
}

struct DeviceExchange : testing::Test {
  Environment library{"MOERT_VGPU_LIBRARY", MOERT_TEST_VGPU};

  /// Ranks of `model`, which is one with device code from then on.
  static std::unique_ptr<Ranks> ranksOf(ExchangeModel &model, const char *device,
                                        const moert_hooks *hooks = nullptr, bool hasGroup = true) {
    useDevice(model);
    return std::make_unique<Ranks>(model, moert_group_options{}, hooks, 1, hasGroup,
                                   GroupKind::Local, device);
  }
};

TEST_F(DeviceExchange, GivesTheSameBitsOnAnyNumberOfRanks) {
  for (const std::vector<int64_t> &grid : {std::vector<int64_t>{1}, {2}, {3}, {2, 2}})
    for (const char *device : {"virtual", "virtual:3"})
      for (int64_t chunks : {0, 1, 3})
        for (int64_t windowRows : {int64_t(5), int64_t(1) << 20}) {
          SCOPED_TRACE(testing::Message() << testing::PrintToString(grid) << ", " << device << ", "
                                          << chunks << " chunks, windows of " << windowRows);
          ExchangeModel model(grid, {Exchange{6, windowRows, chunks}, Exchange{6, 1 << 20, 1, 1u}});
          auto ranks = ranksOf(model, device);
          for (unsigned run = 0; run < 2; ++run) {
            std::vector<RankCall> calls = callsFor(model.ranks(), 6, run);
            for (RankCall &call : calls)
              call.calls = {0, 1, 0};
            ranks->run(calls);
            expectAll(calls);
          }
        }
}

TEST_F(DeviceExchange, JoinsPartsOfExperts) {
  for (int64_t parts : {2, 3})
    for (const std::vector<int64_t> &grid : {std::vector<int64_t>{1}, {2, 2}, {6}})
      for (int64_t windowRows : {5, 1000}) {
        ExchangeModel model(grid, {Exchange{4, windowRows, 3, 0, {}, parts}});
        auto ranks = ranksOf(model, "virtual:2");
        std::vector<RankCall> calls = callsFor(model.ranks(), 4, unsigned(parts), 6);
        for (RankCall &call : calls)
          call.settings[3] = parts;
        ranks->run(calls);
        expectAll(calls);
      }
}

TEST_F(DeviceExchange, TakesAnyRouting) {
  for (int64_t windowRows : {3, 1000}) {
    // Owners in no order, and some without experts.
    ExchangeModel model({4}, {Exchange{7, windowRows, 2, 0, {3, 0, 3, 0, 0, 2, 3}}});
    auto ranks = ranksOf(model, "virtual:4");
    for (int32_t expert = 0; expert < 7; ++expert) {
      std::vector<RankCall> calls = callsFor(4, 7, 0);
      for (RankCall &call : calls)
        call.ids.assign(call.ids.size(), expert);
      ranks->run(calls);
      expectAll(calls);
    }
    for (int64_t rows : {30, 1, 0}) {
      std::vector<RankCall> calls;
      for (int32_t rank = 0; rank < 4; ++rank)
        calls.push_back(RankCall::random(unsigned(rank), rank == 2 ? rows : 0, 2, 7));
      ranks->run(calls);
      expectAll(calls);
    }
  }
}

TEST_F(DeviceExchange, NeedsNoGroupOnOneRank) {
  CountingHost counting;
  {
    ExchangeModel model({1, 1}, {Exchange{5, 4, 2, 2u}});
    auto ranks = ranksOf(model, "virtual", &counting.hooks, false);
    for (unsigned run = 0; run < 3; ++run) {
      std::vector<RankCall> calls = callsFor(1, 5, run);
      ranks->run(calls);
      expectAll(calls);
    }
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

/// What is wrong with rows of the host only: those of a device are copied from any address.
bool isOfHost(const Mistake &mistake) { return mistake.trouble == kMisalignedRows; }
/// What is wrong with rows of a device only: the host trusts compiled code there.
const Mistake kNegative = {kNegativeGather, MOERT_INTERNAL, "sends row -1 in an exchange"};

TEST_F(DeviceExchange, EndsTheRunOnMistakesOfCode) {
  ExchangeModel model({1}, {Exchange{4, 4, 3}});
  auto ranks = ranksOf(model, "virtual", nullptr, false);
  std::vector<Mistake> mistakes = kMistakes;
  mistakes.push_back(kNegative);
  for (const Mistake &mistake : mistakes) {
    SCOPED_TRACE(mistake.part);
    if (isOfHost(mistake))
      continue;
    RankCall call = RankCall::random(3, 9, 2, 4);
    call.calls = {0, 0};
    call.settings = {4, mistake.trouble, 1};
    call.run(ranks->requests[0].get());
    EXPECT_FAILS(call.status, mistake.code, mistake.part);
    call.settings[1] = kNone;
    call.run(ranks->requests[0].get());
    EXPECT_OK(call.status);
    EXPECT_EQ(call.y, expectedOf(call));
  }
}

TEST_F(DeviceExchange, EndsAllRanksOnMistakesOfOne) {
  ExchangeModel model({3}, {Exchange{4, 64, 3}});
  auto ranks = ranksOf(model, "virtual:2");
  for (const Mistake &mistake : kMistakes) {
    SCOPED_TRACE(mistake.part);
    if (isOfHost(mistake))
      continue;
    std::vector<RankCall> calls;
    for (unsigned rank = 0; rank < 3; ++rank)
      calls.push_back(RankCall::random(rank, 9, 2, 4));
    for (RankCall &call : calls)
      call.calls = {0, 0, 0};
    calls[1].settings = {4, mistake.trouble, 1};
    ranks->run(calls);
    EXPECT_FAILS(calls[1].status, mistake.code, mistake.part);
    for (int rank : {0, 2})
      EXPECT_FAILS(calls[size_t(rank)].status, MOERT_ABORTED, "rank 1 of 3 gave up");
    // The group is of no use any more, the sessions are.
    ranks->regroup();
    calls[1].settings[1] = kNone;
    ranks->run(calls);
    expectAll(calls);
  }
}

TEST_F(DeviceExchange, EndsAllRanksWhenAKernelOfOneFails) {
  ExchangeModel model({3}, {Exchange{4, 64, 1}});
  for (const char *device : {"virtual", "virtual:3"}) {
    auto ranks = ranksOf(model, device);
    std::vector<RankCall> calls;
    for (unsigned rank = 0; rank < 3; ++rank)
      calls.push_back(RankCall::random(rank, 9, 2, 4));
    wildLaunches = 1;
    ranks->run(calls);
    wildLaunches = 0;
    int failed = 0;
    for (const RankCall &call : calls) {
      EXPECT_TRUE(call.status.code == MOERT_INTERNAL || call.status.code == MOERT_ABORTED)
          << call.status.message;
      failed += std::string(call.status.message).find("wild") != std::string::npos;
    }
    EXPECT_GE(failed, 1);
  }
}

TEST_F(DeviceExchange, SurvivesWithoutMemory) {
  ExchangeModel model({2}, {Exchange{4, 8, 3}});
  int64_t failures = 0;
  for (int64_t failAt = 0;; ++failAt) {
    CountingHost counting;
    {
      auto ranks = ranksOf(model, "virtual:2", &counting.hooks);
      std::vector<RankCall> calls = callsFor(2, 4, 0);
      counting.failAt = counting.allocations + failAt;
      ranks->run(calls, true);
      const bool failed = calls[0].status.code != MOERT_OK || calls[1].status.code != MOERT_OK;
      for (const RankCall &call : calls)
        EXPECT_TRUE(call.status.code == MOERT_OK || call.status.code == MOERT_ABORTED ||
                    call.status.code == MOERT_OUT_OF_MEMORY)
            << call.status.message;
      const bool done = counting.allocations <= counting.failAt;
      counting.failAt = -1;
      if (failed)
        ranks->regroup();
      failures += failed;
      ranks->run(calls);
      expectAll(calls);
      if (done)
        break;
    }
    EXPECT_EQ(counting.liveBlocks, 0);
  }
  EXPECT_GT(failures, 20);
}

} // namespace
