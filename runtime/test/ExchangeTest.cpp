// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exchanges that go well: the same bits on any number of ranks, what is counted, what is allocated.
// And what compiled code may get wrong.
#include "ExchangeArtifact.h"

#include <cstdlib>
#include <thread>

using namespace moert::test;

namespace {

/// One call for each rank: uneven, and none for some.
std::vector<RankCall> callsFor(int32_t ranks, int32_t experts, unsigned seed) {
  static const int64_t kRows[] = {7, 0, 23, 1, 0, 12, 3, 40};
  std::vector<RankCall> calls;
  for (int32_t rank = 0; rank < ranks; ++rank)
    calls.push_back(RankCall::random(seed * 100 + unsigned(rank),
                                     kRows[(unsigned(rank) + seed) % 8], 3, experts));
  return calls;
}

void expectAll(const std::vector<RankCall> &calls) {
  for (size_t rank = 0; rank < calls.size(); ++rank) {
    EXPECT_OK(calls[rank].status);
    EXPECT_EQ(calls[rank].y, expectedOf(calls[rank])) << "rank " << rank;
  }
}

using Exchange = ModelExchange;

TEST(Exchange, GivesTheSameBitsOnAnyNumberOfRanks) {
  const std::vector<int64_t> grids[] = {{1}, {2}, {3}, {4}, {8}, {2, 2}, {2, 1, 3}};
  for (const std::vector<int64_t> &grid : grids)
    for (int64_t chunks : {0, 1, 2, 3, 7})
      for (int64_t windowRows : {int64_t(5), int64_t(1) << 20}) {
        SCOPED_TRACE(testing::Message() << testing::PrintToString(grid) << ", " << chunks
                                        << " chunks, windows of " << windowRows);
        // 6 experts: not a multiple of 4, fewer than 8.
        ExchangeModel model(grid, {Exchange{6, windowRows, chunks}, Exchange{6, 1 << 20, 1, 1u}});
        Ranks ranks(model);
        for (unsigned run = 0; run < 3; ++run) {
          std::vector<RankCall> calls = callsFor(model.ranks(), 6, run);
          for (RankCall &call : calls)
            call.calls = {0, 1, 0};
          ranks.run(calls);
          expectAll(calls);
          for (const RankCall &call : calls) {
            // All ranks have the same plan where all are members.
            for (size_t i : {0, 1, 4, 5})
              EXPECT_EQ(call.plans[i], calls[0].plans[i]);
            EXPECT_LE(call.plans[1], windowRows);
          }
        }
      }
}

TEST(Exchange, KnowsPartsOfGrids) {
  for (uint32_t axes = 1; axes < 8; ++axes) {
    SCOPED_TRACE(axes);
    ExchangeModel model({2, 3, 2}, {Exchange{5, 4, 2, axes}});
    Ranks ranks(model);
    std::vector<RankCall> calls = callsFor(12, 5, axes);
    ranks.run(calls);
    expectAll(calls);
    // Who shares an exchange has sent offsets to each other.
    for (int32_t rank = 0; rank < 12; ++rank)
      for (int32_t peer = 0; peer < 12; ++peer) {
        const bool sameA = rank / 6 == peer / 6, sameB = rank / 2 % 3 == peer / 2 % 3,
                   sameC = rank % 2 == peer % 2;
        const bool together = (sameA || axes & 1) && (sameB || axes & 2) && (sameC || axes & 4);
        EXPECT_EQ(ranks.traffic(rank, 0, peer).exchanges, together && rank != peer)
            << rank << " and " << peer;
      }
  }
}

TEST(Exchange, JoinsPartsOfExperts) {
  for (int64_t parts : {2, 3})
    for (const std::vector<int64_t> &grid : {std::vector<int64_t>{1}, {2}, {2, 2}, {6}})
      for (int64_t chunks : {1, 3})
        for (int64_t windowRows : {5, 1000}) {
          SCOPED_TRACE(testing::Message() << parts << " parts, " << testing::PrintToString(grid)
                                          << ", " << chunks << ", " << windowRows);
          // In a second exchange one member may have all parts of an expert, or none.
          ExchangeModel model(grid, {Exchange{4, windowRows, chunks, 0, {}, parts},
                                     Exchange{1, windowRows, chunks, 0, {}, parts}});
          Ranks ranks(model);
          std::vector<RankCall> calls = callsFor(model.ranks(), 4, unsigned(parts));
          for (RankCall &call : calls) {
            call = RankCall::random(unsigned(call.rows), call.rows, 3, 4, 6);
            call.settings[3] = parts;
          }
          ranks.run(calls);
          expectAll(calls);
          for (RankCall &call : calls) {
            call.ids.assign(call.ids.size(), 0);
            call.calls = {1, 1};
            call.settings[0] = 1;
          }
          ranks.run(calls);
          expectAll(calls);
        }
}

TEST(Exchange, TakesAnyRouting) {
  for (int64_t chunks : {1, 4})
    for (int64_t windowRows : {3, 1000}) {
      // Owners in no order, and some without experts.
      ExchangeModel model({4}, {Exchange{7, windowRows, chunks, 0, {3, 0, 3, 0, 0, 2, 3}}});
      Ranks ranks(model);
      auto run = [&](std::vector<RankCall> calls) {
        ranks.run(calls);
        expectAll(calls);
        return calls[0].plans;
      };
      // All rows to one expert.
      for (int32_t expert = 0; expert < 7; ++expert) {
        std::vector<RankCall> calls = callsFor(4, 7, 0);
        int64_t total = 0;
        for (RankCall &call : calls) {
          call.ids.assign(call.ids.size(), expert);
          total += int64_t(call.ids.size());
        }
        std::vector<int64_t> plan = run(calls);
        EXPECT_EQ(plan[0], std::max(chunks, (total + windowRows - 1) / windowRows));
        EXPECT_EQ(plan[1], std::min(windowRows, total));
      }
      // One rank has all rows, or one row; then nobody has any.
      for (int64_t rows : {30, 1, 0}) {
        std::vector<RankCall> calls;
        for (int32_t rank = 0; rank < 4; ++rank)
          calls.push_back(RankCall::random(unsigned(rank), rank == 2 ? rows : 0, 2, 7));
        std::vector<int64_t> plan = run(calls);
        EXPECT_EQ(plan[0] == 0, rows == 0);
        EXPECT_GE(plan[1], 1);
      }
    }
}

TEST(Exchange, CountsWhatIsSent) {
  constexpr int32_t experts = 6;
  ExchangeModel model({3}, {Exchange{experts, 10, 2}, Exchange{experts, 100, 1}});
  Ranks ranks(model);
  std::vector<std::vector<std::vector<int64_t>>> rows(
      2, std::vector<std::vector<int64_t>>(3, std::vector<int64_t>(3, 0)));
  for (unsigned run = 0; run < 3; ++run) {
    std::vector<RankCall> calls = callsFor(3, experts, run);
    for (RankCall &call : calls)
      call.calls = run < 2 ? std::vector<int64_t>{0, 1} : std::vector<int64_t>{1};
    ranks.run(calls);
    expectAll(calls);
    for (size_t layer = 0; layer < calls[0].calls.size(); ++layer)
      for (size_t rank = 0; rank < 3; ++rank)
        for (int32_t expert : calls[rank].ids)
          rows[layer][rank][size_t(model.exchanges[0].owners[size_t(expert)])] += 1;
  }
  for (size_t layer = 0; layer < 2; ++layer)
    for (size_t rank = 0; rank < 3; ++rank)
      for (size_t peer = 0; peer < 3; ++peer) {
        const moert_traffic traffic = ranks.traffic(int32_t(rank), int32_t(layer), int32_t(peer));
        const bool other = rank != peer;
        EXPECT_EQ(traffic.exchanges, other ? 3 - int64_t(layer) : 0);
        EXPECT_EQ(traffic.dispatch_rows, other ? rows[layer][rank][peer] : 0);
        EXPECT_EQ(traffic.dispatch_bytes,
                  traffic.dispatch_rows * 5 * 4 + traffic.exchanges * (experts + 1) * 4);
        EXPECT_EQ(traffic.return_rows, other ? rows[layer][peer][rank] : 0);
        EXPECT_EQ(traffic.return_bytes, traffic.return_rows * 5 * 8);
      }
  moert_group_info info = {};
  info.size = sizeof(info);
  EXPECT_OK(api().group_info(ranks.groups[0].get(), &info));
  EXPECT_EQ(info.layers, 2);
  moert_traffic traffic = {};
  traffic.size = sizeof(traffic);
  EXPECT_FAILS(api().group_traffic(ranks.groups[0].get(), 2, 0, &traffic), MOERT_INVALID_ARGUMENT,
               "have had 2 exchanges at most");
  EXPECT_FAILS(api().group_traffic(ranks.groups[0].get(), -1, 0, &traffic), MOERT_INVALID_ARGUMENT,
               "have had 2 exchanges at most");
  EXPECT_FAILS(api().group_traffic(ranks.groups[0].get(), 0, 3, &traffic), MOERT_INVALID_ARGUMENT,
               "ranks 0 to 2, not 3");
  EXPECT_FAILS(api().group_traffic(ranks.groups[0].get(), 0, -1, &traffic), MOERT_INVALID_ARGUMENT,
               "ranks 0 to 2, not -1");
}

/// Only rows whose experts are elsewhere leave a rank, and little besides.
TEST(Exchange, SendsWhatRoutingNeedsAndNoMore) {
  constexpr int32_t experts = 64, members = 8;
  constexpr int64_t width = 64, rowBytes = width * 4, perRow = 4;
  for (int64_t chunks : {1, 3}) {
    ExchangeModel model({members}, {Exchange{experts, 256, chunks}});
    Ranks ranks(model);
    int64_t rowsBefore[members] = {}, bytesBefore[members] = {};
    for (unsigned routing = 0; routing < 12; ++routing) {
      std::vector<RankCall> calls;
      for (unsigned rank = 0; rank < members; ++rank) {
        calls.push_back(RankCall::random(routing * members + rank, 100, perRow, experts, width));
        // Later ones prefer the first experts more and more; a token's choices may be equal.
        for (int32_t &expert : calls.back().ids)
          expert = int32_t(expert * int64_t(13 - routing) / 13);
      }
      ranks.run(calls);
      expectAll(calls);
      for (int32_t rank = 0; rank < members; ++rank) {
        int64_t rows = -rowsBefore[rank], bytes = -bytesBefore[rank], leaving = 0;
        for (int32_t peer = 0; peer < members; ++peer) {
          const moert_traffic traffic = ranks.traffic(rank, 0, peer);
          rows += traffic.dispatch_rows;
          bytes += traffic.dispatch_bytes;
        }
        for (int32_t expert : calls[size_t(rank)].ids)
          leaving += expert / (experts / members) != rank;
        EXPECT_EQ(rows, leaving);
        EXPECT_LE(double(bytes), 1.1 * double(leaving * rowBytes)) << "routing " << routing;
        // Every token to every rank would be this much.
        EXPECT_LT(bytes, 100 * rowBytes * (members - 1));
        rowsBefore[rank] += rows;
        bytesBefore[rank] += bytes;
      }
    }
  }
}

TEST(Exchange, AllocatesNothingWhenShapesRepeat) {
  CountingHost counting;
  {
    ExchangeModel model({4}, {Exchange{6, 16, 3}, Exchange{6, 1 << 20, 1}});
    Ranks ranks(model, {}, &counting.hooks);
    for (unsigned run = 0; run < 6; ++run) {
      std::vector<RankCall> calls = callsFor(4, 6, 8); // the same rows, to other experts
      for (size_t rank = 0; rank < 4; ++rank) {
        calls[rank].calls = {0, 1, 0};
        for (int32_t &id : calls[rank].ids)
          id = int32_t((unsigned(id) * (run + 1) + run) % 6);
      }
      const int64_t allocations = counting.allocations;
      ranks.run(calls);
      expectAll(calls);
      if (run >= 3)
        EXPECT_EQ(counting.allocations, allocations) << run;
    }
  }
  EXPECT_EQ(counting.liveBlocks, 0);
  EXPECT_EQ(counting.liveBytes, 0);
}

TEST(Exchange, NeedsNoGroupOnOneRank) {
  CountingHost counting;
  {
    ExchangeModel model({1, 1}, {Exchange{5, 4, 2, 2u}});
    Ranks ranks(model, {}, &counting.hooks, 2, false);
    // Runs of a session may overlap as ever.
    std::vector<std::thread> threads;
    for (unsigned thread = 0; thread < 4; ++thread)
      threads.emplace_back([&, thread] {
        moert_request *request = nullptr;
        ASSERT_OK(api().request_create(ranks.sessions[0].get(), nullptr, &request));
        for (unsigned run = 0; run < 20; ++run) {
          std::vector<RankCall> calls = callsFor(1, 5, thread * 20 + run);
          calls[0].run(request);
          expectAll(calls);
        }
        api().request_release(request);
      });
    for (std::thread &thread : threads)
      thread.join();
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST(Exchange, EndsTheRunOnMistakesOfCode) {
  ExchangeModel model({1}, {Exchange{4, 4, 3}});
  Ranks ranks(model, {}, nullptr, 1, false);
  for (const Mistake &mistake : kMistakes) {
    SCOPED_TRACE(mistake.part);
    RankCall call = RankCall::random(3, 9, 2, 4);
    call.calls = {0, 0};
    call.settings = {4, mistake.trouble, 1};
    call.run(ranks.requests[0].get());
    EXPECT_FAILS(call.status, mistake.code, mistake.part);
    call.settings[1] = kNone;
    call.run(ranks.requests[0].get());
    EXPECT_OK(call.status);
    EXPECT_EQ(call.y, expectedOf(call));
  }
}

TEST(Exchange, EndsAllRanksOnMistakesOfOne) {
  for (int64_t chunks : {1, 3}) {
    ExchangeModel model({3}, {Exchange{4, 64, chunks}});
    Ranks ranks(model);
    for (const Mistake &mistake : kMistakes) {
      SCOPED_TRACE(mistake.part);
      if (mistake.trouble == kReturnElsewhere && chunks == 1)
        continue;
      std::vector<RankCall> calls;
      for (unsigned rank = 0; rank < 3; ++rank)
        calls.push_back(RankCall::random(rank, 9, 2, 4));
      for (RankCall &call : calls)
        call.calls = {0, 0, 0};
      calls[1].settings = {4, mistake.trouble, 1};
      ranks.run(calls);
      EXPECT_FAILS(calls[1].status, mistake.code, mistake.part);
      for (int rank : {0, 2})
        EXPECT_FAILS(calls[size_t(rank)].status, MOERT_ABORTED, "rank 1 of 3 gave up");
      EXPECT_EQ(ranks.codeOf(2), mistake.code);
      // The group is of no use any more, the sessions are.
      ranks.run(calls);
      for (const RankCall &call : calls)
        EXPECT_FAILS(call.status, MOERT_ABORTED, "rank 1 of 3 gave up");
      ranks.regroup();
      calls[1].settings[1] = kNone;
      ranks.run(calls);
      expectAll(calls);
    }
  }
}

TEST(Exchange, HasLimitsOfMemory) {
  // Some systems promise any amount of memory.
  CountingHost host;
  host.hooks.user = nullptr;
  host.hooks.alloc = [](void *, size_t bytes, size_t alignment) -> void * {
    return bytes > size_t(1) << 30 ? nullptr : aligned_alloc(alignment, bytes);
  };
  host.hooks.free = [](void *, void *memory, size_t, size_t) { free(memory); };
  ExchangeModel model({1}, {Exchange{4, 4, 1}});
  Ranks ranks(model, {}, &host.hooks, 1, false);
  RankCall call = RankCall::random(3, 9, 2, 4);
  call.settings = {4, kHugeRowBytes, 0};
  call.run(ranks.requests[0].get());
  EXPECT_FAILS(call.status, MOERT_OUT_OF_MEMORY, "rows of 1099511627776 bytes");
}

TEST(Exchange, SurvivesWithoutMemory) {
  for (int64_t chunks : {1, 3}) {
    ExchangeModel model({2}, {Exchange{4, 8, chunks}});
    int64_t failures = 0;
    for (int64_t failAt = 0;; ++failAt) {
      CountingHost counting;
      {
        Ranks ranks(model, {}, &counting.hooks, 1);
        std::vector<RankCall> calls = callsFor(2, 4, 0);
        counting.failAt = counting.allocations + failAt;
        ranks.run(calls, true);
        const bool failed = calls[0].status.code != MOERT_OK || calls[1].status.code != MOERT_OK;
        for (const RankCall &call : calls)
          // One may have ended well before the other failed.
          EXPECT_TRUE(call.status.code == MOERT_OK || call.status.code == MOERT_ABORTED ||
                      call.status.code == MOERT_OUT_OF_MEMORY)
              << call.status.message;
        const bool done = counting.allocations <= counting.failAt;
        counting.failAt = -1;
        if (failed)
          ranks.regroup();
        failures += failed;
        ranks.run(calls);
        expectAll(calls);
        if (done)
          break;
      }
      EXPECT_EQ(counting.liveBlocks, 0);
    }
    EXPECT_GT(failures, 20);
  }
}

} // namespace
