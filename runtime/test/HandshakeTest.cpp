// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Frames and the handshake without sockets: what is right passes, and nothing else does.
#include "lib/Comm/Handshake.h"
#include "Support.h"

#include "lib/Comm/Socket.h"
#include <random>

using namespace moert;
using namespace moert::test;

namespace {

constexpr char kSecretText[] = "a secret of some length";

GroupIdentity identityOf(int32_t rank) {
  GroupIdentity identity;
  identity.rank = rank;
  identity.ranks = 4;
  identity.generation = 7;
  memcpy(identity.buildId, "build of a model", 16);
  identity.secret = kSecretText;
  identity.secretBytes = strlen(kSecretText);
  return identity;
}

/// Rank 2 connects to rank 0; each can be made another one before it does.
struct Meeting {
  GroupIdentity connecting = identityOf(2), listening = identityOf(0);
  Handshake client{connecting}, listener{listening};
  uint8_t clientNonce[32] = {1}, listenerNonce[32] = {2};
  bool isTaken = false;
  int32_t to = 0;

  HelloPayload hello;
  ChallengePayload challenge;
  ProofPayload proof;
  AnswerPayload answer;

  void greet() {
    hello = client.hello(to, 4000, clientNonce);
    ASSERT_TRUE(listener.readHello(hello, listenerNonce, challenge));
    proof = client.prove(challenge);
  }
  Refusal decide() {
    answer = listener.answer(proof, [this](int32_t) { return isTaken; });
    return Refusal(answer.refusal);
  }
  Refusal run() {
    greet();
    return decide();
  }
};

TEST(HandshakeTest, BothEndsMakeTheSameKey) {
  Meeting meeting;
  ASSERT_EQ(meeting.run(), Refusal::None);
  ASSERT_TRUE(meeting.client.readAnswer(meeting.answer));
  EXPECT_TRUE(equalInConstantTime(&meeting.client.key(), &meeting.listener.key(), 32));
  Meeting another;
  another.clientNonce[5] = 1;
  ASSERT_EQ(another.run(), Refusal::None);
  EXPECT_FALSE(equalInConstantTime(&meeting.listener.key(), &another.listener.key(), 32));
}

TEST(HandshakeTest, RefusesWithAReasonThatTheOtherEndCanTrust) {
  auto expect = [](Refusal refusal, const std::function<void(Meeting &)> &change, int32_t code,
                   const char *part) {
    Meeting meeting;
    change(meeting);
    EXPECT_EQ(meeting.run(), refusal) << part;
    EXPECT_TRUE(meeting.client.readAnswer(meeting.answer)) << part;
    EXPECT_FAILS(refusalStatus(meeting.connecting, meeting.answer, 0, "here:1"), code, part);
    EXPECT_STRNE(refusalName(refusal), "unknown");
  };
  expect(
      Refusal::Generation, [](Meeting &m) { m.connecting.generation = 6; },
      MOERT_FAILED_PRECONDITION, "rank 0 at here:1 builds generation 7 of the group, not 6");
  expect(
      Refusal::Ranks, [](Meeting &m) { m.connecting.ranks = 3; }, MOERT_INVALID_ARGUMENT,
      "rank 0 at here:1 counts 4 ranks, and rank 2 counts 3");
  expect(
      Refusal::Build, [](Meeting &m) { m.connecting.buildId[15] ^= 1; }, MOERT_INCOMPATIBLE,
      "runs another build of the model");
  expect(
      Refusal::WrongRank, [](Meeting &m) { m.to = 1; }, MOERT_INVALID_ARGUMENT,
      "here:1 is not where rank 0 listens for rank 2");
  expect(
      Refusal::WrongRank, [](Meeting &m) { m.connecting.rank = 0; }, MOERT_INVALID_ARGUMENT,
      "is not where");
  expect(
      Refusal::WrongRank, [](Meeting &m) { m.connecting.rank = 4; }, MOERT_INVALID_ARGUMENT,
      "is not where");
  expect(
      Refusal::Duplicate, [](Meeting &m) { m.isTaken = true; }, MOERT_INVALID_ARGUMENT,
      "another process is rank 2 already");
  Meeting meeting;
  meeting.run();
  meeting.answer.refusal = 99;
  EXPECT_FAILS(refusalStatus(meeting.connecting, meeting.answer, 0, "here:1"), MOERT_INCOMPATIBLE,
               "an answer that is not known (99)");
}

TEST(HandshakeTest, ASecretIsNeededAtBothEnds) {
  Meeting meeting;
  meeting.connecting.secretBytes -= 1;
  EXPECT_EQ(meeting.run(), Refusal::Secret);
  // Who does not know the secret learns nothing of the group.
  EXPECT_EQ(meeting.answer.ranks, 0u);
  EXPECT_EQ(meeting.answer.generation, 0u);
  EXPECT_FAILS(refusalStatus(meeting.connecting, meeting.answer, 0, "here:1"),
               MOERT_INVALID_ARGUMENT, "has another secret");
  // A listener that says yes to everybody does not get through either.
  Meeting impostor;
  impostor.greet();
  impostor.answer = {};
  EXPECT_FALSE(impostor.client.readAnswer(impostor.answer));
}

TEST(HandshakeTest, EveryBitCounts) {
  Meeting original;
  original.greet();
  for (size_t bit = 0; bit < sizeof(HelloPayload) * 8; ++bit) {
    Meeting meeting;
    meeting.greet();
    HelloPayload altered = original.hello;
    reinterpret_cast<uint8_t *>(&altered)[bit / 8] ^= uint8_t(1 << bit % 8);
    ChallengePayload challenge;
    if (meeting.listener.readHello(altered, meeting.listenerNonce, challenge)) {
      EXPECT_EQ(meeting.decide(), Refusal::Secret) << bit;
    }
  }
  for (size_t bit = 0; bit < sizeof(ProofPayload) * 8; ++bit) {
    Meeting meeting;
    meeting.greet();
    reinterpret_cast<uint8_t *>(&meeting.proof)[bit / 8] ^= uint8_t(1 << bit % 8);
    EXPECT_EQ(meeting.decide(), Refusal::Secret) << bit;
  }
  for (size_t bit = 0; bit < sizeof(AnswerPayload) * 8; ++bit) {
    Meeting meeting;
    ASSERT_EQ(meeting.run(), Refusal::None);
    reinterpret_cast<uint8_t *>(&meeting.answer)[bit / 8] ^= uint8_t(1 << bit % 8);
    EXPECT_FALSE(meeting.client.readAnswer(meeting.answer)) << bit;
  }
}

TEST(HandshakeTest, WhatWasHeardBeforeProvesNothing) {
  Meeting heard;
  ASSERT_EQ(heard.run(), Refusal::None);
  Meeting replay;
  replay.listenerNonce[9] = 3;
  replay.hello = heard.hello;
  ASSERT_TRUE(replay.listener.readHello(replay.hello, replay.listenerNonce, replay.challenge));
  replay.proof = heard.proof;
  EXPECT_EQ(replay.decide(), Refusal::Secret);
  // Nor does the answer, sent back as a proof.
  Meeting reflected;
  reflected.greet();
  memcpy(&reflected.proof, &heard.answer.proof, sizeof(reflected.proof));
  EXPECT_EQ(reflected.decide(), Refusal::Secret);
}

struct FrameTest : testing::Test {
  CountingHost counting;
  Host host{counting.hooks};
  FrameSeal open, left, right;
  FrameTest() {
    const Digest256 key = {{1, 2, 3}};
    left.start(key, false);
    right.start(key, true);
  }
  FrameResult peek(const ByteQueue &queue, FrameSeal &seal, Frame &frame, size_t &used) {
    return peekFrame(queue, seal, 4, frame, used);
  }
};

TEST_F(FrameTest, TravelsInPieces) {
  ByteQueue queue(host, 4096), arrived(host, 4096);
  ASSERT_TRUE(putFrame(queue, left, FrameType::Set, "\3\0key", 5, "value", 5));
  ASSERT_TRUE(putFrame(queue, left, FrameType::Ready, nullptr, 0));
  Frame frame;
  size_t used;
  const size_t first = sizeof(FrameHeader) + 10 + kTagBytes;
  for (size_t i = 0; i + 1 < first; ++i) {
    EXPECT_EQ(peek(arrived, right, frame, used), FrameResult::Incomplete);
    EXPECT_EQ(used, i < sizeof(FrameHeader) ? sizeof(FrameHeader) : first);
    ASSERT_TRUE(arrived.append(queue.data() + i, 1));
  }
  ASSERT_TRUE(arrived.append(queue.data() + first - 1, queue.size() - first + 1));
  ASSERT_EQ(peek(arrived, right, frame, used), FrameResult::Complete);
  const char *key;
  const uint8_t *value;
  size_t keyBytes, valueBytes;
  ASSERT_TRUE(parseSet(frame, key, keyBytes, value, valueBytes));
  EXPECT_EQ(std::string(key, keyBytes), "key");
  EXPECT_EQ(std::string(reinterpret_cast<const char *>(value), valueBytes), "value");
  arrived.consume(used);
  ASSERT_EQ(peek(arrived, right, frame, used), FrameResult::Complete);
  EXPECT_EQ(frame.type, FrameType::Ready);
  arrived.consume(used);
  EXPECT_EQ(arrived.size(), 0u);
}

TEST_F(FrameTest, RefusesWhatWasAlteredRepeatedOrSentBack) {
  ByteQueue queue(host, 4096);
  const AbortPayload payload = {7, 1, MOERT_PEER_LOST, 0, 0};
  ASSERT_TRUE(putFrame(queue, left, FrameType::Abort, &payload, sizeof(payload)));
  Frame frame;
  size_t used;
  for (size_t bit = 0; bit < queue.size() * 8; ++bit) {
    ByteQueue altered(host, 4096);
    ASSERT_TRUE(altered.append(queue.data(), queue.size()));
    const_cast<uint8_t *>(altered.data())[bit / 8] ^= uint8_t(1 << bit % 8);
    FrameSeal fresh;
    fresh.start({{1, 2, 3}}, true);
    EXPECT_NE(peek(altered, fresh, frame, used), FrameResult::Complete) << bit;
  }
  FrameSeal sender;
  sender.start({{1, 2, 3}}, false);
  EXPECT_EQ(peek(queue, sender, frame, used), FrameResult::Broken); // back where it came from
  EXPECT_EQ(peek(queue, right, frame, used), FrameResult::Complete);
  EXPECT_EQ(peek(queue, right, frame, used), FrameResult::Broken); // once more
}

TEST_F(FrameTest, BoundsWhatIsReadBeforeTheHandshake) {
  auto look = [&](FrameSeal &seal, uint32_t bytes, uint16_t type, uint16_t magic = kFrameMagic) {
    ByteQueue queue(host, 4096);
    const FrameHeader header = {bytes, type, magic};
    EXPECT_TRUE(queue.append(&header, sizeof(header)));
    Frame frame;
    size_t used;
    return peek(queue, seal, frame, used);
  };
  EXPECT_EQ(look(open, sizeof(HelloPayload), 1), FrameResult::Incomplete);
  EXPECT_EQ(look(open, sizeof(HelloPayload) + 1, 1), FrameResult::Broken);
  EXPECT_EQ(look(open, 0xffffffff, 1), FrameResult::Broken);
  EXPECT_EQ(look(open, sizeof(HelloPayload), 1, 0), FrameResult::Broken);
  EXPECT_EQ(look(open, 0, 0), FrameResult::Broken);
  EXPECT_EQ(look(open, 100, uint16_t(FrameType::Set)), FrameResult::Broken);
  EXPECT_EQ(look(right, sizeof(HelloPayload), 1), FrameResult::Broken);
  EXPECT_EQ(look(right, kMostPayload, uint16_t(FrameType::Set)), FrameResult::Incomplete);
  EXPECT_EQ(look(right, kMostPayload + 1, uint16_t(FrameType::Set)), FrameResult::Broken);
  EXPECT_EQ(look(right, 32 + 4 * sizeof(WireAddress), uint16_t(FrameType::Table)),
            FrameResult::Incomplete);
  EXPECT_EQ(look(right, 32 + 3 * sizeof(WireAddress), uint16_t(FrameType::Table)),
            FrameResult::Broken);
  EXPECT_EQ(look(right, 0, 22), FrameResult::Broken);
}

TEST_F(FrameTest, RandomBytesAreNoFrames) {
  std::mt19937 random(1);
  for (int round = 0; round < 20000; ++round) {
    uint8_t bytes[256];
    for (uint8_t &byte : bytes)
      byte = uint8_t(random());
    // Half of them with a header that may pass.
    if (round & 1) {
      const FrameHeader header = {uint32_t(random() % 128), uint16_t(random() % 24), kFrameMagic};
      memcpy(bytes, &header, sizeof(header));
    }
    ByteQueue queue(host, 4096);
    ASSERT_TRUE(queue.append(bytes, random() % sizeof(bytes)));
    Frame frame;
    size_t used;
    FrameSeal seal;
    seal.start({{9}}, true);
    EXPECT_NE(peek(queue, seal, frame, used), FrameResult::Complete);
    if (peek(queue, open, frame, used) == FrameResult::Complete) {
      EXPECT_LT(uint16_t(frame.type), uint16_t(FrameType::Table));
    }
    const char *key;
    const uint8_t *value;
    size_t keyBytes, valueBytes;
    const size_t length = random() % sizeof(bytes);
    if (parseSet({FrameType::Set, bytes, length}, key, keyBytes, value, valueBytes)) {
      EXPECT_EQ(2 + keyBytes + valueBytes, length);
      EXPECT_LE(keyBytes, kMostKey);
    }
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(FrameTest, QueuesHaveALimit) {
  ByteQueue queue(host, 100);
  EXPECT_TRUE(putFrame(queue, left, FrameType::Leave, nullptr, 0));
  EXPECT_TRUE(putFrame(queue, left, FrameType::Leave, nullptr, 0));
  EXPECT_FALSE(putFrame(queue, left, FrameType::Set, "123456789012345678901234567890", 30));
  EXPECT_TRUE(putFrame(queue, left, FrameType::Leave, nullptr, 0));
  counting.failAt = counting.allocations;
  ByteQueue none(host, 100);
  EXPECT_FALSE(putFrame(none, left, FrameType::Leave, nullptr, 0));
}

} // namespace
