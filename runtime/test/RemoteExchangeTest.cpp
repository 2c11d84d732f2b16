// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exchanges between ranks that have connections, not memory, in common. What happens when something
// fails is in GroupFaultTest, for both kinds of groups.
#include "ExchangeArtifact.h"
#include "Ranks.h"

#include "lib/Comm/RemoteRanks.h"
#include "lib/Comm/TransportPlugin.h"
#include "lib/Core/Group.h"

#include <map>
#include <mutex>
#include <thread>

using namespace moert::test;

namespace {

using Exchange = ModelExchange;

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

TEST(RemoteExchange, GivesTheBitsAndPlansOfThreads) {
  const std::vector<int64_t> grids[] = {{1}, {2}, {3}, {4}, {2, 2}, {2, 1, 3}};
  for (const std::vector<int64_t> &grid : grids)
    for (int64_t chunks : {1, 2, 3, 7})
      for (int64_t windowRows : {int64_t(5), int64_t(1) << 20}) {
        SCOPED_TRACE(testing::Message() << testing::PrintToString(grid) << ", " << chunks
                                        << " chunks, windows of " << windowRows);
        ExchangeModel model(grid, {Exchange{6, windowRows, chunks}, Exchange{6, 1 << 20, 1, 1u}});
        Ranks remote(model, {}, nullptr, 1, true, GroupKind::Tcp), local(model, {}, nullptr, 1);
        for (unsigned run = 0; run < 3; ++run) {
          std::vector<RankCall> calls = callsFor(model.ranks(), 6, run);
          for (RankCall &call : calls)
            call.calls = {0, 1, 0};
          std::vector<RankCall> expected = calls;
          remote.run(calls);
          local.run(expected);
          expectAll(calls);
          for (size_t rank = 0; rank < calls.size(); ++rank) {
            EXPECT_EQ(calls[rank].y, expected[rank].y);
            EXPECT_EQ(calls[rank].plans, expected[rank].plans);
          }
        }
      }
}

TEST(RemoteExchange, JoinsPartsOfExperts) {
  for (const std::vector<int64_t> &grid : {std::vector<int64_t>{2}, {2, 2}})
    for (int64_t windowRows : {5, 1000}) {
      ExchangeModel model(grid, {Exchange{3, windowRows, 1, 0, {}, 2}});
      Ranks ranks(model, {}, nullptr, 1, true, GroupKind::Tcp);
      for (unsigned run = 0; run < 3; ++run) {
        std::vector<RankCall> calls = callsFor(model.ranks(), 3, run);
        for (RankCall &call : calls) {
          call = RankCall::random(unsigned(call.rows), call.rows, 3, 3, 6);
          call.settings[3] = 2;
        }
        ranks.run(calls);
        expectAll(calls);
      }
    }
}

TEST(RemoteExchange, TakesAnyRouting) {
  for (int64_t chunks : {1, 4})
    for (int64_t windowRows : {3, 1000}) {
      // Owners in no order, and some without experts.
      ExchangeModel model({4}, {Exchange{7, windowRows, chunks, 0, {3, 0, 3, 0, 0, 2, 3}}});
      Ranks ranks(model, {}, nullptr, 1, true, GroupKind::Tcp);
      auto run = [&](std::vector<RankCall> calls) {
        ranks.run(calls);
        expectAll(calls);
      };
      for (int32_t expert = 0; expert < 7; ++expert) {
        std::vector<RankCall> calls = callsFor(4, 7, 0);
        for (RankCall &call : calls)
          call.ids.assign(call.ids.size(), expert);
        run(calls);
      }
      // One rank has all rows, or one row; then nobody has any.
      for (int64_t rows : {30, 1, 0}) {
        std::vector<RankCall> calls;
        for (int32_t rank = 0; rank < 4; ++rank)
          calls.push_back(RankCall::random(unsigned(rank), rank == 2 ? rows : 0, 2, 7));
        run(calls);
      }
    }
}

TEST(RemoteExchange, CarriesLargeRows) {
  ExchangeModel model({3}, {Exchange{4, 40, 3}});
  Ranks ranks(model, {}, nullptr, 1, true, GroupKind::Tcp);
  for (unsigned run = 0; run < 3; ++run) {
    std::vector<RankCall> calls;
    for (unsigned rank = 0; rank < 3; ++rank)
      calls.push_back(RankCall::random(run * 3 + rank, 50 * rank, 2, 4, 16 << 10));
    ranks.run(calls);
    expectAll(calls);
  }
}

/// What has been given to a transport to be sent, after `open`: [from][to].
struct Sent {
  std::mutex mutex;
  std::map<moert_transport *, int32_t> ranks;
  std::map<std::pair<int32_t, int32_t>, int64_t> bytes;
} sent;

TEST(RemoteExchange, CountsWhatIsSent) {
  const moert_transport_api *api;
  {
    Environment path("MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS);
    ASSERT_OK(moert::loadTransport("gloo", api));
  }
  static const moert_transport_api *gloo = api;
  static moert_transport_api counting;
  counting = *gloo;
  sent.ranks.clear();
  sent.bytes.clear();
  counting.open = [](const moert_transport_config *config, moert_transport **transport) {
    moert_status status = gloo->open(config, transport);
    std::lock_guard<std::mutex> lock(sent.mutex);
    sent.ranks[*transport] = config->rank;
    return status;
  };
  counting.start = [](moert_transport *transport, int32_t kind, int32_t peer, uint64_t tag,
                      void *data, uint64_t bytes, moert_transfer **transfer) {
    // All but what ranks prove to each other before.
    if (kind == MOERT_SEND && tag != UINT64_MAX) {
      std::lock_guard<std::mutex> lock(sent.mutex);
      sent.bytes[{sent.ranks[transport], peer}] += int64_t(bytes);
    }
    return gloo->start(transport, kind, peer, tag, data, bytes, transfer);
  };
  constexpr int32_t experts = 6;
  ExchangeModel model({3}, {Exchange{experts, 10, 2}, Exchange{experts, 100, 1}});
  Ranks ranks(model, {}, nullptr, 1);
  TestGroup control(3); // for its options
  std::vector<std::thread> threads;
  std::vector<Group> groups(3);
  for (int32_t rank = 0; rank < 3; ++rank)
    threads.emplace_back([&, rank] {
      moert::GroupTransport *end = nullptr;
      auto *group = moert::create<moert_group>(ranks.runtime->host, *ranks.runtime);
      groups[size_t(rank)].reset(group);
      ASSERT_OK(
          moert::RemoteRanks::make(ranks.runtime->host, control.options(rank), counting, end));
      group->transport = end;
    });
  for (std::thread &thread : threads)
    thread.join();
  ranks.groups = std::move(groups);
  for (size_t rank = 0; rank < 3; ++rank)
    ASSERT_OK(::moert::test::api().session_set_group(ranks.sessions[rank].get(),
                                                     ranks.groups[rank].get()));
  std::map<std::pair<int32_t, int32_t>, int64_t> rows;
  for (unsigned run = 0; run < 3; ++run) {
    std::vector<RankCall> calls = callsFor(3, experts, run);
    for (RankCall &call : calls)
      call.calls = {0, 1};
    ranks.run(calls);
    expectAll(calls);
    for (int32_t rank = 0; rank < 3; ++rank)
      for (int32_t expert : calls[size_t(rank)].ids)
        rows[{rank, model.exchanges[0].owners[size_t(expert)]}] += 1;
  }
  for (int32_t rank = 0; rank < 3; ++rank)
    for (int32_t peer = 0; peer < 3; ++peer) {
      int64_t total = 0;
      for (int32_t layer = 0; layer < 2; ++layer) {
        const moert_traffic traffic = ranks.traffic(rank, layer, peer);
        const bool other = rank != peer;
        EXPECT_EQ(traffic.exchanges, other ? 3 : 0);
        EXPECT_EQ(traffic.dispatch_rows, (other ? rows[{rank, peer}] : 0));
        EXPECT_EQ(traffic.dispatch_bytes,
                  traffic.dispatch_rows * 5 * 4 + traffic.exchanges * (96 + (experts + 1) * 4));
        EXPECT_EQ(traffic.return_rows, (other ? rows[{peer, rank}] : 0));
        total += traffic.dispatch_bytes + traffic.return_bytes;
      }
      EXPECT_EQ(total, (sent.bytes[{rank, peer}])) << rank << " to " << peer;
    }
}

TEST(RemoteExchange, GroupsThatDoNotFitAreRefused) {
  ExchangeModel model({1});
  Ranks ranks(model, {}, nullptr, 1, false);
  moert_runtime *runtime = ranks.runtime.get();
  std::vector<moert_status> statuses;
  auto make = [&](const std::function<void(moert_tcp_options &)> &change,
                  const moert_group_options &options = {sizeof(moert_group_options), 0, 0, 0, 0,
                                                        nullptr, nullptr}) {
    makeTcpGroups(
        runtime, 2, options,
        [&](moert_tcp_options &tcp) {
          tcp.form_timeout_ns = 3000 * kMillisecond;
          change(tcp);
        },
        &statuses);
  };
  // Where both give it, each says so by itself.
  auto expectBoth = [&](int32_t code, const char *part) {
    for (const moert_status &status : statuses)
      EXPECT_FAILS(status, code, part);
  };
  make([](moert_tcp_options &tcp) { tcp.transport = "carrier_pigeon"; });
  expectBoth(MOERT_UNSUPPORTED, "transport 'carrier_pigeon' is not here: no");
  make([](moert_tcp_options &tcp) { tcp.secret_bytes = 15; });
  expectBoth(MOERT_INVALID_ARGUMENT, "a secret of 16 bytes at least, not 15");
  make([](moert_tcp_options &tcp) { tcp.secret = nullptr; });
  expectBoth(MOERT_INVALID_ARGUMENT, "a secret of 16 bytes at least, not 0");
  make([](moert_tcp_options &tcp) { tcp.port = 65536; });
  expectBoth(MOERT_INVALID_ARGUMENT, "port 65536");
  make([](moert_tcp_options &tcp) { tcp.host = nullptr; });
  expectBoth(MOERT_INVALID_ARGUMENT, "host ''");
  make([](moert_tcp_options &tcp) { tcp.rank = 2; });
  expectBoth(MOERT_INVALID_ARGUMENT, "ranks 0 to 1, not 2");
  make([](moert_tcp_options &tcp) { tcp.ranks = 0; });
  expectBoth(MOERT_INVALID_ARGUMENT, "1 to 1024 ranks, not 0");
  make([](moert_tcp_options &tcp) { tcp.heartbeat_ns = -1; });
  expectBoth(MOERT_INVALID_ARGUMENT, "is negative");
  make([](moert_tcp_options &tcp) { tcp.size = 0; });
  expectBoth(MOERT_INVALID_ARGUMENT, "moert_tcp_options.size is 0");
  make([](moert_tcp_options &) {}, {sizeof(moert_group_options), 0, 1000, 0, 0, nullptr, nullptr});
  expectBoth(MOERT_INVALID_ARGUMENT, "link_bytes_per_second is for groups of threads");
  // What ranks find out together.
  make([](moert_tcp_options &tcp) {
    if (tcp.rank == 1)
      tcp.secret = "fedcba9876543210fedcba9876543210";
  });
  for (const moert_status &status : statuses)
    EXPECT_NE(status.code, MOERT_OK);
  EXPECT_NE(std::string(statuses[1].message).find("secret"), std::string::npos)
      << statuses[1].message;
  make([](moert_tcp_options &tcp) { tcp.generation = tcp.rank == 1 ? 3 : 4; });
  EXPECT_FAILS(statuses[1], MOERT_FAILED_PRECONDITION, "generation");
  EXPECT_NE(statuses[0].code, MOERT_OK);
  moert_group *group = nullptr;
  EXPECT_FAILS(api().group_create_tcp(runtime, nullptr, nullptr, &group), MOERT_INVALID_ARGUMENT,
               "tcp is null");
  EXPECT_FAILS(api().group_create_tcp(nullptr, nullptr, nullptr, &group), MOERT_INVALID_ARGUMENT,
               "runtime is null");
  EXPECT_FAILS(api().group_create_tcp(runtime, nullptr, nullptr, nullptr), MOERT_INVALID_ARGUMENT,
               "group is null");
  EXPECT_FAILS(api().group_create_from_env(nullptr, nullptr, &group), MOERT_INVALID_ARGUMENT,
               "runtime is null");
  EXPECT_FAILS(api().group_create_from_env(runtime, nullptr, nullptr), MOERT_INVALID_ARGUMENT,
               "group is null");
}

TEST(RemoteExchange, OptionsOfAGroupAreTheSameOnAllRanks) {
  ExchangeModel model({2}, {Exchange{4, 50, 1}});
  Ranks ranks(model, {}, nullptr, 1, true, GroupKind::Tcp);
  ranks.groups[1]->chunks = 3;
  std::vector<RankCall> calls = callsFor(2, 4, 0);
  ranks.run(calls);
  int told = 0;
  for (const RankCall &call : calls) {
    EXPECT_TRUE(call.status.code == MOERT_INVALID_ARGUMENT || call.status.code == MOERT_ABORTED)
        << call.status.message;
    told +=
        std::string(call.status.message).find("must be the same on all ranks") != std::string::npos;
  }
  EXPECT_GE(told, 1);
}

TEST(RemoteExchange, TheEnvironmentMakesAGroup) {
  Environment plugins("MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS), rank("MOERT_RANK", nullptr),
      size("MOERT_SIZE", nullptr), source("MOERT_RANK_SOURCE", nullptr),
      token("MOERT_TOKEN", kSecret);
  ExchangeModel model({1}, {Exchange{4, 5, 2}});
  Ranks ranks(model, {}, nullptr, 1, false);
  moert_group *made = nullptr;
  ASSERT_OK(api().group_create_from_env(ranks.runtime.get(), nullptr, &made));
  ranks.groups.emplace_back(made);
  ASSERT_OK(api().session_set_group(ranks.sessions[0].get(), made));
  std::vector<RankCall> calls = callsFor(1, 4, 0);
  ranks.run(calls);
  expectAll(calls);
  EXPECT_EQ(ranks.codeOf(0), MOERT_OK);
  Environment named("MOERT_RANK", "5");
  EXPECT_FAILS(api().group_create_from_env(ranks.runtime.get(), nullptr, &made),
               MOERT_INVALID_ARGUMENT, "MOERT_SIZE is not; a rank needs both");
  EXPECT_EQ(made, nullptr);
}

TEST(RemoteExchange, AllocatesNothingWhenShapesRepeat) {
  CountingHost counting;
  {
    ExchangeModel model({3}, {Exchange{6, 16, 3}, Exchange{6, 1 << 20, 1}});
    Ranks ranks(model, {}, &counting.hooks, 1, true, GroupKind::Tcp);
    for (unsigned run = 0; run < 6; ++run) {
      std::vector<RankCall> calls = callsFor(3, 6, 8); // the same rows, to other experts
      for (size_t rank = 0; rank < 3; ++rank) {
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

/// One round in the first runs, then three, of the same shapes. Threads that share memory, too.
TEST(RemoteExchange, AllocatesNothingWhenRoutingAsksForMoreRounds) {
  for (GroupKind kind : {GroupKind::Local, GroupKind::Tcp}) {
    CountingHost counting;
    {
      ExchangeModel model({4}, {Exchange{4, 6, 1}});
      Ranks ranks(model, {}, &counting.hooks, 1, true, kind);
      for (unsigned run = 0; run < 6; ++run) {
        std::vector<RankCall> calls;
        for (unsigned rank = 0; rank < 4; ++rank) {
          calls.push_back(RankCall::random(run * 4 + rank, 4, 1, 4));
          for (size_t row = 0; row < 4; ++row)
            calls.back().ids[row] = run < 3 ? int32_t(row) : 1;
        }
        const int64_t allocations = counting.allocations;
        ranks.run(calls);
        expectAll(calls);
        ASSERT_FALSE(calls[0].plans.empty());
        EXPECT_EQ(calls[0].plans[0], run < 3 ? 1 : 3) << run;
        if (run >= 3)
          EXPECT_EQ(counting.allocations, allocations) << run;
      }
    }
    EXPECT_EQ(counting.liveBlocks, 0);
  }
}

TEST(RemoteExchange, LeavesNoDescriptors) {
  ExchangeModel model({2}, {Exchange{4, 5, 3}});
  auto once = [&] {
    Ranks ranks(model, {}, nullptr, 1, true, GroupKind::Tcp);
    std::vector<RankCall> calls = callsFor(2, 4, 0);
    ranks.run(calls);
    expectAll(calls);
  };
  once();
  const int before = countDescriptors();
  once();
  EXPECT_EQ(countDescriptors(), before);
}

TEST(RemoteExchange, SurvivesWithoutMemory) {
  for (int64_t chunks : {1, 3}) {
    ExchangeModel model({2}, {Exchange{4, 8, chunks}});
    CountingHost counting;
    {
      int64_t failures = 0;
      Ranks ranks(model, {}, &counting.hooks, 1, true, GroupKind::Tcp);
      for (int64_t failAt = 0; failAt < 40; ++failAt) {
        // Memory of the exchange is made anew with each group.
        std::vector<RankCall> calls = callsFor(2, 4, 0);
        counting.failAt = counting.allocations + failAt;
        ranks.run(calls, true);
        counting.failAt = -1;
        const bool failed = calls[0].status.code != MOERT_OK || calls[1].status.code != MOERT_OK;
        for (const RankCall &call : calls)
          EXPECT_TRUE(call.status.code == MOERT_OK || call.status.code == MOERT_ABORTED ||
                      call.status.code == MOERT_OUT_OF_MEMORY)
              << call.status.message;
        failures += failed;
        ranks.regroup();
        calls = callsFor(2, 4, 1);
        if (!failed)
          continue;
        ranks.run(calls);
        expectAll(calls);
        ranks.regroup();
      }
      EXPECT_GT(failures, 10);
    }
    EXPECT_EQ(counting.liveBlocks, 0);
  }
}

} // namespace
