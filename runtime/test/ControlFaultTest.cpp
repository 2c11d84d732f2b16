// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ranks that do not fit, ranks that do not come, and strangers that knock while a group forms.
#include "Ranks.h"
#include "lib/Core/Status.h"

#include <random>
#include <sys/socket.h>
#include <thread>

using namespace moert;
using namespace moert::test;

namespace {

/// Ranks 0 and 1 of 2, of which rank 0 forms while `meanwhile` runs; then rank 1 comes, and the
/// group must be there as if nothing had happened.
template <typename Meanwhile>
void formDespite(Meanwhile meanwhile) {
  const int before = countDescriptors();
  {
    TestGroup group(2);
    std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
    meanwhile(group);
    EXPECT_OK(group.plane(1).form(group.options(1)));
    zero.join();
    EXPECT_OK(group.status(0));
    EXPECT_OK(group.plane(0).reason());
  }
  EXPECT_EQ(countDescriptors(), before);
}

/// A connection to a rank 0 that may not listen yet.
int knock(const TestGroup &group) {
  const int64_t end = nowNs() + 10000 * kMillisecond;
  while (nowNs() < end) {
    if (int socket = connectTo(group.port); socket >= 0)
      return socket;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  ADD_FAILURE() << "rank 0 does not listen";
  return -1;
}

/// Sends, and expects that the other end hangs up, after a challenge and a refusal at most.
void sayAndExpectTheEnd(int socket, const void *bytes, size_t count) {
  // The end may come while this is being sent.
  (void)send(socket, bytes, count, MSG_NOSIGNAL);
  char buffer[4096];
  ssize_t got, all = 0;
  while ((got = recv(socket, buffer, sizeof(buffer), 0)) > 0)
    all += got;
  EXPECT_TRUE(got == 0 || errno == ECONNRESET) << strerror(errno);
  EXPECT_LE(all,
            ssize_t(2 * sizeof(FrameHeader) + sizeof(ChallengePayload) + sizeof(AnswerPayload)));
  close(socket);
}

TEST(ControlFaultTest, GarbageIsHungUpOn) {
  formDespite([](TestGroup &group) {
    std::mt19937 random(5);
    for (int round = 0; round < 200; ++round) {
      uint8_t bytes[300];
      for (uint8_t &byte : bytes)
        byte = uint8_t(random());
      if (round % 2) {
        const FrameHeader header = {uint32_t(random()), uint16_t(round % 24), kFrameMagic};
        memcpy(bytes, &header, sizeof(header));
      }
      sayAndExpectTheEnd(knock(group), bytes, sizeof(bytes));
    }
    const char http[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    sayAndExpectTheEnd(knock(group), http, sizeof(http));
  });
}

TEST(ControlFaultTest, AHelloWithoutTheSecretGetsNowhere) {
  formDespite([](TestGroup &group) {
    GroupIdentity identity;
    identity.rank = 1;
    identity.ranks = 2;
    Handshake handshake(identity);
    const uint8_t nonce[32] = {};
    const int socket = knock(group);
    struct {
      FrameHeader header = {sizeof(HelloPayload), uint16_t(FrameType::Hello), kFrameMagic};
      HelloPayload hello;
    } first;
    first.hello = handshake.hello(0, 1, nonce);
    ASSERT_EQ(send(socket, &first, sizeof(first), MSG_NOSIGNAL), ssize_t(sizeof(first)));
    struct {
      FrameHeader header;
      ChallengePayload challenge;
    } second;
    ASSERT_EQ(recv(socket, &second, sizeof(second), MSG_WAITALL), ssize_t(sizeof(second)));
    struct {
      FrameHeader header = {sizeof(ProofPayload), uint16_t(FrameType::Proof), kFrameMagic};
      ProofPayload proof;
    } third;
    third.proof = handshake.prove(second.challenge);
    sayAndExpectTheEnd(socket, &third, sizeof(third));
    // What one has heard of another connection is no use either: its first frame, and then its
    // proof, to a new nonce.
    const int again = knock(group);
    ASSERT_EQ(send(again, &first, sizeof(first), MSG_NOSIGNAL), ssize_t(sizeof(first)));
    sayAndExpectTheEnd(again, &third, sizeof(third));
  });
}

TEST(ControlFaultTest, ManySilentConnectionsDoNoHarm) {
  std::vector<int> sockets;
  formDespite([&](TestGroup &group) {
    for (int i = 0; i < 600; ++i) {
      const int socket = knock(group);
      if (i % 3 == 0)
        (void)send(socket, "e", 1, MSG_NOSIGNAL); // one byte now and then, for ever
      if (i % 3 == 1)
        close(socket);
      else
        sockets.push_back(socket);
    }
    std::thread closing([&] {
      // Longer than it takes rank 1 to come, which must not wait for these.
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
      for (int socket : sockets)
        close(socket);
    });
    closing.join();
  });
}

TEST(ControlFaultTest, SlowStrangersAreHungUpOn) {
  formDespite([](TestGroup &group) {
    // Rank 0 has begun with the time limit of 2 s.
    const int64_t begin = nowNs();
    const int socket = knock(group);
    EXPECT_EQ(send(socket, "em", 2, MSG_NOSIGNAL), 2);
    char byte;
    EXPECT_LE(recv(socket, &byte, 1, 0), 0);
    EXPECT_GE(nowNs() - begin, 1500 * kMillisecond);
    close(socket);
  });
}

/// A rank 1 that is not right, and what it is told.
void expectRefused(const std::function<void(ControlOptions &)> &change, int32_t code,
                   const char *part) {
  formDespite([&](TestGroup &group) {
    TestRank wrong;
    wrong.options = group.options(1);
    change(wrong.options);
    const int64_t begin = nowNs();
    EXPECT_FAILS(wrong.plane->form(wrong.options), code, part);
    EXPECT_LT(nowNs() - begin, 5000 * kMillisecond); // at once, not at the deadline
  });
}

TEST(ControlFaultTest, WrongRanksAreToldWhy) {
  expectRefused([](ControlOptions &o) { o.secret = "fedcba9876543210fedcba9876543210"; },
                MOERT_INVALID_ARGUMENT, "has another secret");
  expectRefused([](ControlOptions &o) { o.secretBytes = 31; }, MOERT_INVALID_ARGUMENT,
                "has another secret");
  expectRefused([](ControlOptions &o) { o.ranks = 3; }, MOERT_INVALID_ARGUMENT,
                "counts 2 ranks, and rank 1 counts 3");
  expectRefused([](ControlOptions &o) { o.buildId[0] = 1; }, MOERT_INCOMPATIBLE,
                "runs another build of the model");
}

TEST(ControlFaultTest, OldGenerationsAreToldAndNewOnesWait) {
  TestGroup group(2, 7);
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  TestRank old, early;
  old.options = early.options = group.options(1);
  old.options.generation = 6;
  EXPECT_FAILS(old.plane->form(old.options), MOERT_FAILED_PRECONDITION,
               "builds generation 7 of the group, not 6");
  // Rank 0 may have to notice first that its group is over.
  early.options.generation = 8;
  early.options.formNs = 300 * kMillisecond;
  EXPECT_FAILS(early.plane->form(early.options), MOERT_DEADLINE_EXCEEDED,
               "rank 0 could not be reached");
  EXPECT_OK(group.plane(1).form(group.options(1)));
  zero.join();
  EXPECT_OK(group.status(0));
}

TEST(ControlFaultTest, ARankComesOnce) {
  TestGroup group(3);
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  std::thread one([&] { group.ranks[1]->status = group.plane(1).form(group.options(1)); });
  // Which of the two is first is open; the other one is refused.
  TestRank second;
  second.options = group.options(1);
  second.options.formNs = 1000 * kMillisecond;
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_FAILS(second.plane->form(second.options), MOERT_INVALID_ARGUMENT,
               "another process is rank 1 already");
  EXPECT_OK(group.plane(2).form(group.options(2)));
  zero.join();
  one.join();
  EXPECT_OK(group.status(0));
  EXPECT_OK(group.status(1));
}

TEST(ControlFaultTest, ARankThatGoesBeforeAllAreThereMayComeAgain) {
  TestGroup group(3);
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  {
    TestRank first;
    first.options = group.options(1);
    first.options.formNs = 200 * kMillisecond;
    EXPECT_FAILS(first.plane->form(first.options), MOERT_DEADLINE_EXCEEDED,
                 "still waited for other ranks after 0.2 s");
  }
  std::thread one([&] { group.ranks[1]->status = group.plane(1).form(group.options(1)); });
  EXPECT_OK(group.plane(2).form(group.options(2)));
  zero.join();
  one.join();
  EXPECT_OK(group.status(0));
  EXPECT_OK(group.status(1));
}

TEST(ControlFaultTest, RanksThatDoNotComeAreNamedEverywhere) {
  TestGroup group(4);
  group.options(0).formNs = 500 * kMillisecond;
  group.ranks[3]->status = failure(MOERT_INTERNAL, "never begins");
  std::vector<std::thread> threads;
  for (int32_t rank = 0; rank < 3; ++rank)
    threads.emplace_back([&group, rank] {
      group.ranks[size_t(rank)]->status = group.plane(rank).form(group.options(rank));
    });
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_FAILS(group.status(0), MOERT_DEADLINE_EXCEEDED,
               "of 4 ranks these did not come to rank 0 at 127.0.0.1:");
  EXPECT_NE(std::string(group.status(0).message).find("within 0.5 s: 3"), std::string::npos)
      << group.status(0).message;
  for (int32_t rank : {1, 2})
    EXPECT_FAILS(group.status(rank), MOERT_DEADLINE_EXCEEDED, "rank 3 of 4 did not come in time");
}

TEST(ControlFaultTest, RefusedRanksAreInTheMessage) {
  TestGroup group(2);
  group.options(0).formNs = 600 * kMillisecond;
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  group.options(1).secret = "fedcba9876543210fedcba9876543210";
  EXPECT_FAILS(group.plane(1).form(group.options(1)), MOERT_INVALID_ARGUMENT, "another secret");
  zero.join();
  EXPECT_FAILS(group.status(0), MOERT_DEADLINE_EXCEEDED,
               "refused was rank 1, as it says, from 127.0.0.1:");
}

TEST(ControlFaultTest, RankZeroMayBeAbsentOrAnotherProgram) {
  TestGroup absent(2);
  absent.options(1).formNs = 300 * kMillisecond;
  EXPECT_FAILS(absent.plane(1).form(absent.options(1)), MOERT_DEADLINE_EXCEEDED,
               "rank 0 could not be reached at 127.0.0.1:");

  for (bool speaks : {true, false}) {
    TestGroup other(2);
    Address address;
    ASSERT_OK(resolveHost("127.0.0.1", other.port, address));
    Descriptor listener(-1);
    ASSERT_OK(listenAt(address, listener));
    std::atomic<bool> stop{false};
    std::thread program([&] {
      while (!stop) {
        const int socket = acceptFrom(listener.value);
        if (socket >= 0 && speaks)
          (void)send(socket, "220 mail.example.com ESMTP\r\n", 28, MSG_NOSIGNAL);
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
        if (socket >= 0)
          close(socket);
      }
    });
    other.options(1).formNs = 500 * kMillisecond;
    if (speaks)
      EXPECT_FAILS(other.plane(1).form(other.options(1)), MOERT_INCOMPATIBLE,
                   "what listens in the place of rank 0 is no rank");
    else
      EXPECT_FAILS(other.plane(1).form(other.options(1)), MOERT_DEADLINE_EXCEEDED,
                   "rank 0 could not be reached");
    // And rank 0 finds its port taken.
    EXPECT_FAILS(other.plane(0).form(other.options(0)), MOERT_UNAVAILABLE, "is taken");
    stop = true;
    program.join();
  }
}

TEST(ControlFaultTest, FormingCanBeCancelled) {
  for (int32_t rank : {0, 1}) {
    TestGroup group(2);
    std::atomic<bool> cancelled{false};
    group.options(rank).cancelled = &cancelled;
    std::thread cancel([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      cancelled = true;
    });
    const int64_t begin = nowNs();
    EXPECT_FAILS(group.plane(rank).form(group.options(rank)), MOERT_CANCELLED,
                 "forming the group was cancelled");
    EXPECT_LT(nowNs() - begin, 2000 * kMillisecond);
    cancel.join();
  }
}

/// A rank that knows the secret, and says what it likes.
class Rogue {
public:
  Rogue(const TestGroup &group, int32_t rank, int32_t ranks, uint16_t port = 0) {
    identity.rank = rank;
    identity.ranks = ranks;
    identity.secret = kSecret;
    identity.secretBytes = strlen(kSecret);
    link = std::make_unique<Link>(host, identity, knock(group));
    const uint8_t nonce[32] = {};
    const HelloPayload hello = link->handshake.hello(0, port, nonce);
    EXPECT_TRUE(link->put(FrameType::Hello, &hello, sizeof(hello)) && link->flush());
    ChallengePayload challenge;
    hear(&challenge, sizeof(challenge));
    const ProofPayload proof = link->handshake.prove(challenge);
    EXPECT_TRUE(link->put(FrameType::Proof, &proof, sizeof(proof)) && link->flush());
    AnswerPayload answer;
    hear(&answer, sizeof(answer));
    EXPECT_TRUE(link->handshake.readAnswer(answer));
    EXPECT_EQ(answer.refusal, 0u);
    link->seal.start(link->handshake.key(), false);
  }
  void hear(void *payload, size_t bytes) {
    Frame frame;
    size_t used;
    while (peekFrame(link->in, link->seal, identity.ranks, frame, used) != FrameResult::Complete)
      if (link->receive(used) != Link::Received::Some)
        return ADD_FAILURE() << "nothing to hear";
    ASSERT_EQ(frame.bytes, bytes);
    memcpy(payload, frame.payload, bytes);
    link->in.consume(used);
  }

  Host host{moert_hooks{}};
  GroupIdentity identity;
  std::unique_ptr<Link> link;
};

TEST(ControlFaultTest, RanksThatTalkNonsenseEndTheGroupAndNothingElse) {
  std::mt19937 random(11);
  for (int round = 0; round < 150; ++round) {
    TestGroup group(2);
    group.options(0).formNs = 200 * kMillisecond;
    group.options(0).lingerNs = 0;
    std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
    Rogue rogue(group, 1, 2);
    for (int frames = 0; frames < 20; ++frames) {
      uint8_t payload[64];
      for (uint8_t &byte : payload)
        byte = uint8_t(random() % 4);
      // Mostly of the right length, and a length of a key that may fit.
      const FrameType types[] = {FrameType::Table, FrameType::Ready, FrameType::Heartbeat,
                                 FrameType::Set,   FrameType::Abort, FrameType::Leave,
                                 FrameType::Hello};
      const size_t lengths[] = {32 + 2 * sizeof(WireAddress), 0, 0, random() % 64,
                                sizeof(AbortPayload),         0, 88};
      const size_t kind = random() % 7;
      const size_t length = random() % 8 ? std::min(lengths[kind], sizeof(payload)) : random() % 64;
      (void)rogue.link->put(types[kind], payload, length);
    }
    (void)rogue.link->flush();
    rogue.link.reset();
    zero.join();
    // It formed, and then the rogue was gone; or it noticed before.
    if (group.status(0).code == MOERT_OK && !group.plane(0).hasLeft(1)) {
      EXPECT_GE(group.waitGivenUp({0}, 5000), 0);
    }
  }
}

TEST(ControlFaultTest, ARankThatOthersDoNotReachIsNamed) {
  // Rank 1 comes to rank 0, but nobody listens where it says: a firewall, perhaps.
  TestGroup group(3);
  group.options(2).formNs = 500 * kMillisecond;
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  const uint16_t closed = freePort();
  Rogue rogue(group, 1, 3, closed);
  const std::string where = "rank 1 could not be reached at 127.0.0.1:" + std::to_string(closed);
  EXPECT_FAILS(group.plane(2).form(group.options(2)), MOERT_DEADLINE_EXCEEDED, where.c_str());
  zero.join();
  EXPECT_FAILS(group.status(0), MOERT_DEADLINE_EXCEEDED, "rank 1 of 3 did not come in time");
}

TEST(ControlFaultTest, AnAbortOfAnotherGenerationIsNonsense) {
  TestGroup group(2, 0);
  std::thread zero([&] { group.ranks[0]->status = group.plane(0).form(group.options(0)); });
  Rogue rogue(group, 1, 2);
  ASSERT_TRUE(rogue.link->put(FrameType::Ready) && rogue.link->flush());
  zero.join();
  ASSERT_OK(group.status(0));
  const AbortPayload late = {1, 0, MOERT_CANCELLED, 0, 0};
  ASSERT_TRUE(rogue.link->put(FrameType::Abort, &late, sizeof(late)) && rogue.link->flush());
  ASSERT_GE(group.waitGivenUp({0}, 5000), 0);
  EXPECT_FAILS(group.plane(0).reason(), MOERT_PEER_LOST,
               "rank 1 of 2 is lost: what it sent made no sense");
}

} // namespace
