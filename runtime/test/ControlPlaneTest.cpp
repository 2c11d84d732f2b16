// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Groups over the loopback device: how they form, what they tell each other, how they end. Times
// are bounded five times as high as promised, since machines that test are busy.
#include "Ranks.h"

#include <thread>

using namespace moert;
using namespace moert::test;

namespace {

/// What is promised for a closed connection and for giving up, in ms, times five.
constexpr int64_t kClosedMs = 5 * 200;

std::vector<int32_t> others(int32_t ranks, int32_t without) {
  std::vector<int32_t> rest;
  for (int32_t rank = 0; rank < ranks; ++rank)
    if (rank != without)
      rest.push_back(rank);
  return rest;
}

TEST(ControlPlaneTest, GroupsFormAndLeave) {
  const int before = countDescriptors();
  for (int32_t ranks : {1, 2, 3, 4, 8}) {
    TestGroup group(ranks);
    group.formWell();
    for (int32_t rank = 0; rank < ranks; ++rank) {
      EXPECT_EQ(group.plane(rank).rank(), rank);
      EXPECT_EQ(group.plane(rank).ranks(), ranks);
      EXPECT_FALSE(group.plane(rank).isGivenUp());
      EXPECT_OK(group.plane(rank).reason());
      if (ranks > 1) {
        EXPECT_STREQ(group.plane(rank).address().text, "127.0.0.1");
      }
    }
    // In any order, without anybody being lost.
    for (int32_t rank = 0; rank < ranks; ++rank) {
      const int64_t begin = nowNs();
      group.plane(rank).leave();
      EXPECT_LT(nowNs() - begin, 1000 * kMillisecond);
      for (int32_t rest = rank + 1; rest < ranks; ++rest)
        EXPECT_FALSE(group.plane(rest).isGivenUp());
    }
  }
  EXPECT_EQ(countDescriptors(), before);
}

TEST(ControlPlaneTest, ARankAloneIsAGroup) {
  TestGroup group(1);
  group.formWell();
  ControlPlane &plane = group.plane(0);
  EXPECT_OK(plane.set("key", "value", 5));
  char value[8];
  size_t bytes;
  EXPECT_OK(plane.get("key", {}, value, sizeof(value), bytes));
  EXPECT_EQ(std::string(value, bytes), "value");
  plane.giveUp(0, MOERT_CANCELLED);
  EXPECT_FAILS(plane.reason(), MOERT_ABORTED, "rank 0 of 1 gave up: cancelled");
}

TEST(ControlPlaneTest, WaitsForRanksThatComeLate) {
  TestGroup group(3);
  std::thread late([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    group.ranks[0]->status = group.plane(0).form(group.options(0));
  });
  std::thread one([&] { group.ranks[1]->status = group.plane(1).form(group.options(1)); });
  std::thread two([&] { group.ranks[2]->status = group.plane(2).form(group.options(2)); });
  for (std::thread *thread : {&late, &one, &two})
    thread->join();
  for (int32_t rank = 0; rank < 3; ++rank)
    EXPECT_OK(group.status(rank));
}

TEST(ControlPlaneTest, ValuesReachAll) {
  constexpr int32_t ranks = 4;
  TestGroup group(ranks);
  group.formWell();
  std::vector<std::thread> threads;
  for (int32_t rank = 0; rank < ranks; ++rank)
    threads.emplace_back([&, rank] {
      ControlPlane &plane = group.plane(rank);
      const std::vector<char> mine(size_t(1000 * rank), char('a' + rank));
      EXPECT_OK(plane.set(("of" + std::to_string(rank)).c_str(), mine.data(), mine.size()));
      for (int32_t from = 0; from < ranks; ++from) {
        std::vector<char> value(4000);
        size_t bytes = 0;
        EXPECT_OK(plane.get(("of" + std::to_string(from)).c_str(),
                            {nowNs() + 30000 * kMillisecond, 0, nullptr}, value.data(),
                            value.size(), bytes));
        value.resize(bytes);
        EXPECT_EQ(value, std::vector<char>(size_t(1000 * from), char('a' + from)));
      }
    });
  for (std::thread &thread : threads)
    thread.join();
}

TEST(ControlPlaneTest, ValuesHaveLimits) {
  TestGroup group(2);
  group.formWell();
  ControlPlane &plane = group.plane(0);
  std::vector<char> large(kMostValue + 1, 'x');
  EXPECT_FAILS(plane.set("", "v", 1), MOERT_INVALID_ARGUMENT, "keys have 1 to 128 bytes");
  EXPECT_FAILS(plane.set(std::string(129, 'k').c_str(), "v", 1), MOERT_INVALID_ARGUMENT, "not 129");
  EXPECT_FAILS(plane.set("k", large.data(), large.size()), MOERT_INVALID_ARGUMENT, "262145");
  EXPECT_OK(plane.set("k", large.data(), kMostValue));
  EXPECT_FAILS(plane.set("k", "v", 1), MOERT_FAILED_PRECONDITION, "key 'k' is set already");
  size_t bytes = 0;
  const int64_t soon = nowNs() + 10000 * kMillisecond;
  EXPECT_OK(group.plane(1).get("k", {soon, 0, nullptr}, large.data(), large.size(), bytes));
  EXPECT_EQ(bytes, kMostValue);
  EXPECT_FAILS(group.plane(1).get("k", {soon, 0, nullptr}, large.data(), 10, bytes),
               MOERT_RESOURCE_EXHAUSTED, "key 'k' has 262144 bytes, for which 10 are few");
}

TEST(ControlPlaneTest, WaitsForValuesEnd) {
  TestGroup group(2);
  group.formWell();
  char value[4];
  size_t bytes;
  EXPECT_FAILS(group.plane(0).get("k", {nowNs() + 20 * kMillisecond, 0, nullptr}, value, 4, bytes),
               MOERT_DEADLINE_EXCEEDED, "nobody had set key 'k' when the deadline passed");
  std::atomic<bool> cancelled{false};
  std::thread cancel([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    cancelled = true;
  });
  EXPECT_FAILS(group.plane(0).get("k", {0, 0, &cancelled}, value, 4, bytes), MOERT_CANCELLED,
               "the request was cancelled");
  cancel.join();
  std::thread abort([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    group.plane(1).giveUp(1, MOERT_OUT_OF_MEMORY);
  });
  EXPECT_FAILS(group.plane(0).get("k", {}, value, 4, bytes), MOERT_ABORTED,
               "rank 1 of 2 gave up: out of memory");
  abort.join();
  EXPECT_FAILS(group.plane(0).set("k", "v", 1), MOERT_ABORTED, "rank 1 of 2 gave up");
}

TEST(ControlPlaneTest, GivingUpReachesAll) {
  constexpr int32_t ranks = 8;
  struct Count {
    std::atomic<int> calls{0};
  } counts[ranks];
  TestGroup group(ranks);
  group.formWell();
  for (int32_t rank = 0; rank < ranks; ++rank)
    group.plane(rank).listen([](void *user) { ++static_cast<Count *>(user)->calls; },
                             &counts[rank]);
  group.plane(5).giveUp(5, MOERT_DEADLINE_EXCEEDED);
  const int64_t took = group.waitGivenUp(others(ranks, 5), kClosedMs);
  ASSERT_GE(took, 0);
  RecordProperty("us", int(took / 1000));
  for (int32_t rank = 0; rank < ranks; ++rank)
    EXPECT_FAILS(group.plane(rank).reason(), MOERT_ABORTED,
                 "rank 5 of 8 gave up: deadline exceeded");
  // The first reason counts.
  group.plane(2).giveUp(1, MOERT_PEER_LOST);
  EXPECT_FAILS(group.plane(2).reason(), MOERT_ABORTED, "rank 5 of 8 gave up");
  for (int32_t rank = 0; rank < ranks; ++rank)
    group.plane(rank).leave();
  for (Count &count : counts)
    EXPECT_GE(count.calls, 1);
  // All ranks of a group make the same hashes, for each purpose others.
  auto hash = [&group](int32_t rank, const char *purpose) {
    return group.plane(rank).derive(purpose).finish();
  };
  const Digest256 one = hash(0, "one"), two = hash(0, "two");
  EXPECT_FALSE(equalInConstantTime(&one, &two, sizeof(one)));
  for (int32_t rank = 1; rank < ranks; ++rank) {
    const Digest256 same = hash(rank, "one");
    EXPECT_TRUE(equalInConstantTime(&one, &same, sizeof(one)));
  }
}

TEST(ControlPlaneTest, WhoReportsALossIsBelieved) {
  TestGroup group(3);
  group.formWell();
  EXPECT_FAILS(group.plane(0).settle(2), MOERT_PEER_LOST, "rank 2 of 3 is lost");
  ASSERT_GE(group.waitGivenUp({1, 2}, kClosedMs), 0);
  EXPECT_FAILS(group.plane(1).reason(), MOERT_PEER_LOST, "rank 2 of 3 is lost");
  EXPECT_FAILS(group.plane(2).reason(), MOERT_PEER_LOST,
               "rank 2 of 3, which is this one, counts as lost");
  EXPECT_EQ(group.plane(1).verdict().rank, 2);
}

TEST(ControlPlaneTest, SettlingPrefersWhatTheOthersSee) {
  TestGroup group(3);
  group.formWell();
  std::thread culprit([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    group.plane(1).giveUp(1, MOERT_CANCELLED);
  });
  EXPECT_FAILS(group.plane(0).settle(2), MOERT_ABORTED, "rank 1 of 3 gave up: cancelled");
  culprit.join();
}

TEST(ControlPlaneTest, LeavingIsSeenAndLosesNobody) {
  TestGroup group(3);
  group.formWell();
  EXPECT_FALSE(group.plane(0).hasLeft(1));
  group.plane(1).leave();
  const int64_t end = nowNs() + kClosedMs * kMillisecond;
  for (int32_t rank : {0, 2})
    while (!group.plane(rank).hasLeft(1) && nowNs() < end)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  for (int32_t rank : {0, 2}) {
    EXPECT_TRUE(group.plane(rank).hasLeft(1));
    EXPECT_FALSE(group.plane(rank).isGivenUp());
    EXPECT_FALSE(group.plane(rank).hasLeft(-1) || group.plane(rank).hasLeft(3));
  }
  // The rest goes on, and a rank that waits for the one that left finds out at once.
  EXPECT_OK(group.plane(0).set("k", "v", 1));
  char value;
  size_t bytes;
  EXPECT_OK(
      group.plane(2).get("k", {nowNs() + 10000 * kMillisecond, 0, nullptr}, &value, 1, bytes));
  const int64_t begin = nowNs();
  EXPECT_FAILS(group.plane(2).settle(1), MOERT_PEER_LOST, "rank 1 of 3 is lost");
  EXPECT_LT(nowNs() - begin, kClosedMs * kMillisecond);
}

TEST(ControlPlaneTest, QuietGroupsStayTogether) {
  TestGroup group(3);
  for (int32_t rank = 0; rank < 3; ++rank)
    group.options(rank).heartbeatNs = 20 * kMillisecond;
  group.formWell();
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  for (int32_t rank = 0; rank < 3; ++rank)
    EXPECT_OK(group.plane(rank).reason());
}

TEST(ControlPlaneTest, ANewGenerationFormsAfterAFailure) {
  const int before = countDescriptors();
  const uint16_t port = freePort();
  for (uint64_t generation = 0; generation < 5; ++generation) {
    TestGroup group(4, generation, port);
    group.formWell();
    group.plane(int32_t(generation % 4)).giveUp(int32_t(generation % 4), MOERT_ABORTED);
    EXPECT_GE(group.waitGivenUp({0, 1, 2, 3}, kClosedMs), 0);
  }
  // And with fewer ranks.
  TestGroup smaller(3, 5, port);
  smaller.formWell();
  for (auto &rank : smaller.ranks)
    rank->plane->leave();
  EXPECT_EQ(countDescriptors(), before);
}

TEST(ControlPlaneTest, ListensWhereItIsTold) {
  // Of version 6, by the name of a device, and at all addresses where that is asked for.
  for (const auto &[host, interface] :
       {std::pair("::1", ""), std::pair("127.0.0.1", "lo"), std::pair("127.0.0.1", "0.0.0.0"),
        std::pair("localhost", "")}) {
    TestGroup group(3);
    for (int32_t rank = 0; rank < 3; ++rank) {
      group.options(rank).host = host;
      group.options(rank).interface = interface;
    }
    group.formWell();
    // Where others find it, whatever it listens at.
    for (int32_t rank = 0; rank < 3; ++rank) {
      const std::string address = group.plane(rank).address().text;
      EXPECT_TRUE(address == "127.0.0.1" || address == "::1") << address;
    }
  }
}

TEST(ControlPlaneTest, RefusesWrongOptions) {
  auto expect = [](const std::function<void(ControlOptions &)> &change, int32_t code,
                   const char *part) {
    TestGroup group(2);
    ControlOptions &options = group.options(0);
    options.formNs = 50 * kMillisecond;
    change(options);
    EXPECT_FAILS(group.plane(0).form(options), code, part);
  };
  expect([](ControlOptions &o) { o.rank = 2; }, MOERT_INVALID_ARGUMENT, "not 2 of 2");
  expect([](ControlOptions &o) { o.rank = -1; }, MOERT_INVALID_ARGUMENT, "not -1 of 2");
  expect([](ControlOptions &o) { o.ranks = 1025; }, MOERT_INVALID_ARGUMENT, "1 to 1024 ranks");
  expect([](ControlOptions &o) { o.secretBytes = 15; }, MOERT_INVALID_ARGUMENT,
         "has 16 bytes at least, not 15");
  expect([](ControlOptions &o) { o.heartbeatNs = 0; }, MOERT_INVALID_ARGUMENT, "times of a group");
  expect([](ControlOptions &o) { o.host = "no-such-host.invalid"; }, MOERT_NOT_FOUND,
         "host 'no-such-host.invalid' is not known");
  expect([](ControlOptions &o) { o.interface = "nodev9"; }, MOERT_NOT_FOUND,
         "'nodev9' is neither an address nor a network device");
  expect([](ControlOptions &o) { o.host = "192.0.2.1"; }, MOERT_INVALID_ARGUMENT,
         "cannot listen at 192.0.2.1");
  expect([](ControlOptions &o) { o.interface = "lo"; }, MOERT_DEADLINE_EXCEEDED,
         "of 2 ranks these did not come to rank 0 at 127.0.0.1:");
}

TEST(ControlPlaneTest, MemoryMayRunOutAnywhere) {
  // Rank 0 alone, so that allocations come in the same order each time.
  for (int64_t failAt = 0; failAt < 12; ++failAt) {
    TestGroup group(2);
    group.ranks[0]->counting.failAt = group.ranks[0]->counting.allocations + failAt;
    group.options(0).formNs = group.options(1).formNs = 500 * kMillisecond;
    group.form();
    const int32_t code = group.status(0).code;
    EXPECT_TRUE(code == MOERT_OK || code == MOERT_OUT_OF_MEMORY || code == MOERT_PEER_LOST ||
                code == MOERT_DEADLINE_EXCEEDED)
        << failAt << ": " << group.status(0).message;
    if (failAt < 4) {
      EXPECT_EQ(code, MOERT_OUT_OF_MEMORY) << failAt;
    }
  }
}

} // namespace
