// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One connection between two ranks of a control plane: its socket, what is on its way, and how far
// the two have come in knowing each other.
#ifndef MOERT_LIB_COMM_LINK_H
#define MOERT_LIB_COMM_LINK_H

#include "lib/Comm/Handshake.h"
#include "lib/Comm/Socket.h"

namespace moert {

struct Link {
  enum class State {
    Connecting,     // the system connects
    AwaitChallenge, // Hello has been sent
    AwaitAnswer,    // Proof has been sent
    AwaitHello,     // somebody has connected
    AwaitProof,     // Challenge has been sent
    Open,           // both know each other
  };

  /// Values that are set while a peer does not read wait here.
  static constexpr size_t kMostWaiting = 4 << 20;

  Link(const Host &host, const GroupIdentity &identity, int socket)
      : socket(socket), in(host, sizeof(FrameHeader) + kMostPayload + kTagBytes),
        out(host, kMostWaiting + 4096), handshake(identity) {}

  /// Adds a frame to what is to be sent. False where there is no room or no memory.
  [[nodiscard]] bool put(FrameType type, const void *head = nullptr, size_t headBytes = 0,
                         const void *tail = nullptr, size_t tailBytes = 0) {
    return putFrame(out, seal, type, head, headBytes, tail, tailBytes);
  }

  /// Sends what the system takes now. False where the connection is broken.
  [[nodiscard]] bool flush();

  enum class Received { Some, Nothing, End };
  /// Reads towards the frame that `need` bytes in `in` would complete, and whatever came with it.
  Received receive(size_t need);

  bool isOpen() const { return state == State::Open; }
  bool isOutgoing() const { return state < State::AwaitHello; }

  Descriptor socket;
  State state = State::AwaitHello;
  int32_t peer = -1; // the rank at the other end, once Open or where this end has connected
  ByteQueue in, out;
  FrameSeal seal;
  Handshake handshake;
  int64_t deadlineNs = 0;   // for getting Open
  int32_t missed = 0;       // heartbeats since the peer was last heard
  bool left = false;        // the peer has said that it leaves
  bool ready = false;       // the peer has said that it is connected to all
  bool ended = false;       // this end has shut down its direction
  bool isWaiting = false;   // for the socket to take more
  WireAddress listens = {}; // where the peer listens
  Link *next = nullptr;     // in the list of those that are not Open, oldest first, or of dead ones
};

} // namespace moert

#endif // MOERT_LIB_COMM_LINK_H
