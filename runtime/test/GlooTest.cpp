// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The transport of Gloo under groups over the loopback device.
#include "Ranks.h"
#include "lib/Comm/Transport.h"
#include "lib/Comm/TransportPlugin.h"

#include <csignal>
#include <thread>

using namespace moert;
using namespace moert::test;

namespace {

constexpr int64_t kLong = 60000 * kMillisecond;

struct GlooTest : testing::Test {
  void SetUp() override {
    Environment path("MOERT_PLUGIN_PATH", MOERT_TEST_PLUGINS);
    ASSERT_OK(loadTransport("gloo", gloo));
    EXPECT_STREQ(gloo->name, "gloo");
  }

  /// Forms a group and connects it; then runs `body(rank, transport)`, each rank on a thread.
  template <typename Body>
  void onRanks(int32_t ranks, Body body) {
    TestGroup group(ranks);
    group.formWell();
    run(group, body);
  }
  template <typename Body>
  void run(TestGroup &group, Body body) {
    std::vector<std::thread> threads;
    for (auto &one : group.ranks)
      threads.emplace_back([&] {
        Transport transport(one->host, *one->plane);
        one->status = transport.open(*gloo, kLong);
        if (one->status.code == MOERT_OK)
          body(one->plane->rank(), transport, group);
      });
    for (std::thread &thread : threads)
      thread.join();
  }

  const moert_transport_api *gloo = nullptr;
};

WaitLimits soon() { return {nowNs() + kLong, 0, nullptr}; }

/// Everybody sends `bytes` bytes to everybody, in one go.
moert_status exchangeAll(int32_t mine, int32_t ranks, Transport &transport, uint64_t tag,
                         size_t bytes, const WaitLimits &limits) {
  std::vector<std::vector<uint8_t>> out, in;
  std::vector<moert_transfer *> sends(static_cast<size_t>(ranks)), receives = sends;
  moert_status status = {};
  for (int32_t peer = 0; peer < ranks; ++peer) {
    out.emplace_back(bytes, uint8_t(mine * 16 + peer + int32_t(tag)));
    in.emplace_back(bytes);
  }
  for (int32_t peer = 0; peer < ranks && status.code == MOERT_OK; ++peer) {
    if (peer == mine)
      continue;
    status = transport.receive(peer, tag, in[size_t(peer)].data(), bytes, receives[size_t(peer)]);
    if (status.code == MOERT_OK)
      status = transport.send(peer, tag, out[size_t(peer)].data(), bytes, sends[size_t(peer)]);
  }
  for (int32_t peer = 0; peer < ranks; ++peer)
    for (moert_transfer *transfer : {receives[size_t(peer)], sends[size_t(peer)]}) {
      if (status.code != MOERT_OK)
        transport.release(transfer);
      else if (transfer)
        status = transport.wait(transfer, peer, limits);
    }
  for (int32_t peer = 0; peer < ranks && status.code == MOERT_OK; ++peer)
    if (peer != mine) {
      EXPECT_EQ(in[size_t(peer)],
                std::vector<uint8_t>(bytes, uint8_t(peer * 16 + mine + int32_t(tag))));
    }
  return status;
}

TEST_F(GlooTest, CarriesBytes) {
  for (int32_t ranks : {2, 3, 4, 8}) {
    onRanks(ranks, [](int32_t rank, Transport &transport, TestGroup &group) {
      uint64_t tag = 0;
      for (size_t bytes : {1, 7, 64, 4096, 100000, 3000000})
        EXPECT_OK(exchangeAll(rank, int32_t(group.ranks.size()), transport, tag++, bytes, soon()));
    });
  }
}

TEST_F(GlooTest, LeavesNothingBehind) {
  onRanks(2, [](int32_t, Transport &, TestGroup &) {});
  const int before = countDescriptors();
  for (int i = 0; i < 3; ++i)
    onRanks(3, [](int32_t, Transport &, TestGroup &) {});
  EXPECT_EQ(countDescriptors(), before);
}

TEST_F(GlooTest, KeepsTagsApart) {
  onRanks(2, [](int32_t rank, Transport &transport, TestGroup &) {
    int values[3] = {10, 20, 30}, seen[3] = {};
    moert_transfer *transfers[3];
    for (int i = 0; i < 3; ++i) // in another order at each end
      if (rank == 0)
        EXPECT_OK(transport.send(1, uint64_t(i), &values[i], sizeof(int), transfers[i]));
      else
        EXPECT_OK(transport.receive(0, uint64_t(2 - i), &seen[2 - i], sizeof(int), transfers[i]));
    for (moert_transfer *transfer : transfers)
      EXPECT_OK(transport.wait(transfer, 1 - rank, soon()));
    if (rank == 1) {
      EXPECT_EQ(seen[0] + seen[1] * 100 + seen[2] * 10000, 302010);
    }
  });
}

TEST_F(GlooTest, RefusesWrongTransfers) {
  onRanks(2, [this](int32_t rank, Transport &, TestGroup &group) {
    // At the table itself, since a failure gives the group up.
    moert_transport_config config = {};
    moert_transport *none = nullptr;
    EXPECT_FAILS(gloo->open(&config, &none), MOERT_INVALID_ARGUMENT, "Gloo connects 2 to 256");
    (void)rank;
    (void)group;
  });
  TestGroup group(2);
  group.formWell();
  run(group, [](int32_t rank, Transport &transport, TestGroup &) {
    char byte = 0;
    moert_transfer *transfer;
    if (rank == 0) {
      EXPECT_FAILS(transport.send(2, 0, &byte, 1, transfer), MOERT_INVALID_ARGUMENT,
                   "no transfer of 1 bytes with rank 2 of 2");
      EXPECT_EQ(transfer, nullptr);
    }
  });
  EXPECT_GE(group.waitGivenUp({1}, 1000), 0);
  EXPECT_FAILS(group.plane(1).reason(), MOERT_ABORTED, "rank 0 of 2 gave up: invalid argument");
}

/// Rank 0 waits for what rank 1 never sends; something else ends it.
struct GlooWaitTest : GlooTest {
  template <typename Other>
  moert_status waitInVain(const WaitLimits &limits, Other other, int64_t mostMs) {
    moert_status found = {};
    onRanks(2, [&](int32_t rank, Transport &transport, TestGroup &group) {
      if (rank == 1)
        return other(group.plane(1));
      char byte;
      moert_transfer *transfer;
      ASSERT_OK(transport.receive(1, 5, &byte, 1, transfer));
      const int64_t begin = nowNs();
      WaitLimits mine = limits;
      if (mine.deadlineNs > 0)
        mine.deadlineNs += begin;
      found = transport.wait(transfer, 1, mine);
      EXPECT_LT(nowNs() - begin, mostMs * kMillisecond);
      EXPECT_TRUE(group.plane(0).isGivenUp());
    });
    return found;
  }
  static void untilTheEnd(ControlPlane &plane) {
    while (!plane.isGivenUp()) {
      const uint32_t seen = plane.events();
      if (!plane.isGivenUp())
        (void)plane.waitForEvent(seen, {});
    }
  }
};

TEST_F(GlooWaitTest, GivingUpEndsWaits) {
  EXPECT_FAILS(waitInVain(
                   {},
                   [](ControlPlane &plane) {
                     usleep(50000);
                     plane.giveUp(1, MOERT_OUT_OF_MEMORY);
                   },
                   2000),
               MOERT_ABORTED, "rank 1 of 2 gave up: out of memory");
}

TEST_F(GlooWaitTest, DeadlinesEndWaits) {
  moert_status other = {};
  EXPECT_FAILS(waitInVain(
                   {100 * kMillisecond, 0, nullptr},
                   [&](ControlPlane &plane) {
                     untilTheEnd(plane);
                     other = plane.reason();
                   },
                   2000),
               MOERT_DEADLINE_EXCEEDED, "rank 1 had not come when the deadline passed");
  EXPECT_FAILS(other, MOERT_ABORTED, "rank 0 of 2 gave up: deadline exceeded");
}

TEST_F(GlooWaitTest, SilenceIsALoss) {
  EXPECT_FAILS(waitInVain({0, 100 * kMillisecond, nullptr}, untilTheEnd, 2000), MOERT_PEER_LOST,
               "rank 1 of 2 is lost");
}

TEST_F(GlooWaitTest, CancellingEndsWaits) {
  std::atomic<bool> cancelled{false};
  std::thread cancel([&] {
    usleep(300000);
    cancelled = true;
  });
  EXPECT_FAILS(waitInVain({0, 0, &cancelled}, untilTheEnd, 5000), MOERT_CANCELLED,
               "the request was cancelled");
  cancel.join();
}

TEST_F(GlooWaitTest, ARankThatLeavesIsLostToThoseWhoWait) {
  EXPECT_FAILS(waitInVain(
                   {},
                   [](ControlPlane &plane) {
                     usleep(50000);
                     plane.leave();
                   },
                   5000),
               MOERT_PEER_LOST, "rank 1 of 2 is lost");
}

TEST_F(GlooTest, ATransportThatCannotOpenEndsTheGroup) {
  TestGroup group(2);
  group.formWell();
  // Rank 1 never opens its end.
  Transport transport(group.ranks[0]->host, group.plane(0));
  const int64_t begin = nowNs();
  EXPECT_FAILS(transport.open(*gloo, 200 * kMillisecond), MOERT_DEADLINE_EXCEEDED,
               "nobody had set key 'gloo/1'");
  EXPECT_LT(nowNs() - begin, 5000 * kMillisecond);
  EXPECT_GE(group.waitGivenUp({1}, 1000), 0);
  EXPECT_FAILS(group.plane(1).reason(), MOERT_ABORTED, "rank 0 of 2 gave up: deadline exceeded");
}

/// A transport that loses what it carries: what is received goes elsewhere.
const moert_transport_api *honest = nullptr;
moert_status startElsewhere(moert_transport *transport, int32_t kind, int32_t peer, uint64_t tag,
                            void *data, uint64_t bytes, moert_transfer **transfer) {
  static thread_local std::vector<uint8_t> elsewhere(4096);
  if (kind == MOERT_RECEIVE) {
    EXPECT_LE(bytes, elsewhere.size());
    data = elsewhere.data();
  }
  return honest->start(transport, kind, peer, tag, data, bytes, transfer);
}

TEST_F(GlooTest, StrangersAtTheOtherEndAreFoundOut) {
  static moert_transport_api lying;
  honest = gloo;
  lying = *gloo;
  lying.start = startElsewhere; // what is looked at is what was there before: zeros
  gloo = &lying;
  TestGroup group(2);
  group.formWell();
  run(group, [](int32_t, Transport &, TestGroup &) { FAIL() << "opened"; });
  bool isFound = false;
  for (int32_t rank : {0, 1})
    isFound |= std::string(group.status(rank).message).find("a stranger answers in the place of") !=
               std::string::npos;
  EXPECT_TRUE(isFound) << group.status(0).message << "; " << group.status(1).message;
  EXPECT_NE(group.status(0).code, MOERT_OK);
  EXPECT_NE(group.status(1).code, MOERT_OK);
}

} // namespace
