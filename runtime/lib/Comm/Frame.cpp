// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Frame.h"
#include "lib/Comm/Handshake.h"
#include "lib/Comm/Socket.h"

namespace moert {

namespace {

/// Whether a payload of `type` may have `bytes` bytes, before (`sealed` false) or after the
/// handshake.
bool mayHave(uint16_t type, size_t bytes, bool sealed, int32_t ranks) {
  if ((type >= uint16_t(FrameType::Table)) != sealed)
    return false;
  switch (FrameType(type)) {
  case FrameType::Hello:
    return bytes == sizeof(HelloPayload);
  case FrameType::Challenge:
    return bytes == sizeof(ChallengePayload);
  case FrameType::Proof:
    return bytes == sizeof(ProofPayload);
  case FrameType::Answer:
    return bytes == sizeof(AnswerPayload);
  case FrameType::Table:
    return bytes == sizeof(Digest256) + size_t(ranks) * sizeof(WireAddress);
  case FrameType::Ready:
  case FrameType::Heartbeat:
  case FrameType::Leave:
    return bytes == 0;
  case FrameType::Set:
    return bytes > 2 && bytes <= kMostPayload;
  case FrameType::Abort:
    return bytes == sizeof(AbortPayload);
  }
  return false;
}

} // namespace

void FrameSeal::make(bool fromListener, uint64_t number, const void *frame, size_t bytes,
                     uint8_t *tag) const {
  const uint8_t direction = fromListener;
  const Digest256 digest = Hmac(key_)
                               .update(&direction, 1)
                               .update(&number, sizeof(number))
                               .update(frame, bytes)
                               .finish();
  memcpy(tag, digest.bytes, kTagBytes);
}

bool putFrame(ByteQueue &queue, FrameSeal &seal, FrameType type, const void *head, size_t headBytes,
              const void *tail, size_t tailBytes) {
  const FrameHeader header = {uint32_t(headBytes + tailBytes), uint16_t(type), kFrameMagic};
  const size_t bytes = sizeof(header) + headBytes + tailBytes;
  if (!queue.reserve(bytes + (seal.isActive() ? kTagBytes : 0)))
    return false;
  uint8_t *frame = queue.tail();
  memcpy(frame, &header, sizeof(header));
  if (headBytes > 0)
    memcpy(frame + sizeof(header), head, headBytes);
  if (tailBytes > 0)
    memcpy(frame + sizeof(header) + headBytes, tail, tailBytes);
  queue.produce(bytes);
  if (seal.isActive()) {
    seal.seal(frame, bytes, queue.tail());
    queue.produce(kTagBytes);
  }
  return true;
}

FrameResult peekFrame(const ByteQueue &queue, FrameSeal &seal, int32_t ranks, Frame &frame,
                      size_t &used) {
  FrameHeader header;
  used = sizeof(header);
  if (queue.size() < used)
    return FrameResult::Incomplete;
  memcpy(&header, queue.data(), sizeof(header));
  if (header.magic != kFrameMagic || !mayHave(header.type, header.bytes, seal.isActive(), ranks))
    return FrameResult::Broken;
  const size_t bytes = sizeof(header) + header.bytes;
  used = bytes + (seal.isActive() ? kTagBytes : 0);
  if (queue.size() < used)
    return FrameResult::Incomplete;
  if (seal.isActive() && !seal.check(queue.data(), bytes, queue.data() + bytes))
    return FrameResult::Broken;
  frame = {FrameType(header.type), queue.data() + sizeof(header), header.bytes};
  return FrameResult::Complete;
}

bool parseSet(const Frame &frame, const char *&key, size_t &keyBytes, const uint8_t *&value,
              size_t &valueBytes) {
  uint16_t length;
  if (frame.bytes < sizeof(length))
    return false;
  memcpy(&length, frame.payload, sizeof(length));
  if (length == 0 || length > kMostKey || length > frame.bytes - sizeof(length))
    return false;
  key = reinterpret_cast<const char *>(frame.payload + sizeof(length));
  keyBytes = length;
  value = frame.payload + sizeof(length) + length;
  valueBytes = frame.bytes - sizeof(length) - length;
  return valueBytes <= kMostValue;
}

} // namespace moert
