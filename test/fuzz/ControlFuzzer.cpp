// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What strangers send to a rank that waits for others: frames before the handshake, and the
// listening side of the handshake with whatever they carry. A frame that nobody could make without
// the secret must not pass.
#include "lib/Comm/Handshake.h"
#include "lib/Comm/RankEnvironment.h"
#include "lib/Comm/Socket.h"

#include <cstdlib>

using namespace moert;

namespace {

/// Reads `bytes` as a connection does, in pieces of up to `step`.
void listen(const Host &host, const uint8_t *bytes, size_t count, size_t step) {
  GroupIdentity identity;
  identity.ranks = 4;
  identity.secret = "0123456789abcdef";
  identity.secretBytes = 16;
  Handshake handshake(identity);
  FrameSeal open;
  ByteQueue queue(host, sizeof(FrameHeader) + kMostPayload + kTagBytes);
  bool isGreeted = false;
  const uint8_t nonce[32] = {42};
  for (;;) {
    Frame frame;
    size_t used;
    const FrameResult result = peekFrame(queue, open, identity.ranks, frame, used);
    if (result == FrameResult::Broken)
      return;
    if (result == FrameResult::Incomplete) {
      // Nobody may make a stranger's connection hold much.
      if (used > sizeof(FrameHeader) + sizeof(HelloPayload))
        abort();
      const size_t taken = std::min(step, count);
      if (taken == 0 || !queue.append(bytes, taken))
        return;
      bytes += taken;
      count -= taken;
      continue;
    }
    if (frame.type == FrameType::Hello && !isGreeted) {
      HelloPayload hello;
      memcpy(&hello, frame.payload, sizeof(hello));
      ChallengePayload challenge;
      if (!handshake.readHello(hello, nonce, challenge))
        return;
      isGreeted = true;
    } else if (frame.type == FrameType::Proof && isGreeted) {
      ProofPayload proof;
      memcpy(&proof, frame.payload, sizeof(proof));
      if (Refusal(handshake.answer(proof, [](int32_t) { return false; }).refusal) !=
          Refusal::Secret)
        abort();
    } else if (frame.type == FrameType::Answer) {
      AnswerPayload answer;
      memcpy(&answer, frame.payload, sizeof(answer));
      if (handshake.readAnswer(answer))
        abort();
    }
    queue.consume(used);
  }
}

/// Frames with tags, whose keys, tables and reasons come from a rank that may be wrong.
void readSealed(const Host &host, const uint8_t *bytes, size_t count) {
  FrameSeal sender, receiver;
  sender.start({{7}}, false);
  receiver.start({{7}}, true);
  ByteQueue queue(host, 4096);
  if (count == 0 || !putFrame(queue, sender, FrameType(bytes[0]), bytes + 1, count - 1))
    return;
  Frame frame;
  size_t used;
  if (peekFrame(queue, receiver, 4, frame, used) != FrameResult::Complete)
    return;
  const char *key;
  const uint8_t *value;
  size_t keyBytes, valueBytes;
  if (frame.type == FrameType::Set && parseSet(frame, key, keyBytes, value, valueBytes) &&
      (keyBytes == 0 || keyBytes > kMostKey || 2 + keyBytes + valueBytes != frame.bytes))
    abort();
  if (frame.type == FrameType::Table)
    for (int i = 0; i < 4; ++i) {
      WireAddress wire;
      memcpy(&wire, frame.payload + sizeof(Digest256) + size_t(i) * sizeof(wire), sizeof(wire));
      Address address;
      if (address.fromWire(wire))
        (void)address.print();
    }
}

/// Text of the environment.
void readText(const uint8_t *bytes, size_t count) {
  char text[300] = "", host[64];
  memcpy(text, bytes, std::min(count, sizeof(text) - 1));
  uint16_t port;
  if (parseEndpoint(text, host, sizeof(host), port) && (strlen(host) >= sizeof(host) || port == 0))
    abort();
  if (parseFirstHost(text, host, sizeof(host)) && (!*host || strlen(host) >= sizeof(host)))
    abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const Host host(moert_hooks{});
  if (size < 2)
    return 0;
  const uint8_t kind = data[0] % 4, step = data[1];
  data += 2;
  size -= 2;
  if (kind == 0)
    readSealed(host, data, size);
  else if (kind == 1)
    readText(data, size);
  else
    listen(host, data, size, size_t(step) + 1);
  return 0;
}
