// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What ranks say to each other on the control plane: frames of a header, a payload of a size that
// the type bounds, and, once both ends know each other, a tag that only they can make.
//
// Nothing in a frame is code or a type to be made: fixed numbers in the byte order of x86, the only
// machine there is, and for one type a key and a value, which are passed on as bytes.
#ifndef MOERT_LIB_COMM_FRAME_H
#define MOERT_LIB_COMM_FRAME_H

#include "lib/Comm/ByteQueue.h"
#include "lib/Comm/Sha256.h"

namespace moert {

enum class FrameType : uint16_t {
  // Before both ends know each other, in this order, by turns.
  Hello = 1,
  Challenge = 2,
  Proof = 3,
  Answer = 4,
  // After that, with tags.
  Table = 16, // from rank 0: random bytes of this group, and where every rank listens
  Ready = 17, // the sender is connected to all
  Heartbeat = 18,
  Set = 19, // a key and its value
  Abort = 20,
  Leave = 21, // nothing follows, and the sender is not lost
};

struct FrameHeader {
  uint32_t bytes; // of the payload
  uint16_t type;
  uint16_t magic;
};
static_assert(sizeof(FrameHeader) == 8, "read and written as bytes");
constexpr uint16_t kFrameMagic = 0x4d65;
constexpr size_t kTagBytes = 16;

constexpr size_t kMostKey = 128;
constexpr size_t kMostValue = 256 << 10;
/// Of Set: the key's length comes first.
constexpr size_t kMostPayload = 2 + kMostKey + kMostValue;

struct AbortPayload {
  uint64_t generation;
  uint32_t rank; // because of it
  uint32_t code;
  uint32_t cause;
  uint32_t reserved;
};
static_assert(sizeof(AbortPayload) == 24, "read and written as bytes");

/// A frame in a queue: points into it.
struct Frame {
  FrameType type;
  const uint8_t *payload;
  size_t bytes;
};

/// Makes and checks tags of one connection. Each direction counts its frames, so a frame that is
/// repeated, left out, moved or sent back is found out.
class FrameSeal {
public:
  FrameSeal() = default;
  ~FrameSeal() { wipe(&key_, sizeof(key_)); }

  /// The key of this connection; `isListener` tells the two ends apart.
  void start(const Digest256 &key, bool isListener) {
    key_ = key;
    isListener_ = isListener;
    active_ = true;
  }
  bool isActive() const { return active_; }

  /// Of the next frame that is sent: `frame` is its header and payload.
  void seal(const void *frame, size_t bytes, uint8_t *tag) {
    make(isListener_, sent_++, frame, bytes, tag);
  }
  /// Of the next frame that has been received.
  bool check(const void *frame, size_t bytes, const uint8_t *tag) {
    uint8_t expected[kTagBytes];
    make(!isListener_, received_++, frame, bytes, expected);
    return equalInConstantTime(expected, tag, kTagBytes);
  }

private:
  void make(bool fromListener, uint64_t number, const void *frame, size_t bytes,
            uint8_t *tag) const;

  Digest256 key_ = {};
  uint64_t sent_ = 0, received_ = 0;
  bool isListener_ = false, active_ = false;
};

/// Adds a frame whose payload is `head` and, after it, `tail`. False where the queue has no room.
[[nodiscard]] bool putFrame(ByteQueue &queue, FrameSeal &seal, FrameType type, const void *head,
                            size_t headBytes, const void *tail = nullptr, size_t tailBytes = 0);

enum class FrameResult {
  Complete,   // `frame` is the first of the queue; consume `used` bytes when done with it
  Incomplete, // `used` bytes are needed for the frame, or for its header, as far as is known
  Broken,     // no frame of ours, or too long, or the tag is wrong
};

/// Looks at the first frame of `queue`. Types and lengths are checked before anything else is read,
/// so what has no tag yet can ask for few bytes only. `ranks` bounds Table.
FrameResult peekFrame(const ByteQueue &queue, FrameSeal &seal, int32_t ranks, Frame &frame,
                      size_t &used);

/// Parts of a Set frame; false if they do not fit.
bool parseSet(const Frame &frame, const char *&key, size_t &keyBytes, const uint8_t *&value,
              size_t &valueBytes);

} // namespace moert

#endif // MOERT_LIB_COMM_FRAME_H
