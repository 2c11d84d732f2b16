// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How two ranks come to know each other, without input or output of its own:
//
//   connecting rank                                 listening rank
//   Hello: who, to whom, which group, a nonce  -->
//                                              <--  Challenge: a nonce
//   Proof: keyed hash of both                  -->  compares; only now does it say what it thinks
//                                              <--  Answer: welcome or why not, and its own proof
//
// The secret is the key of the hashes and never sent. Nonces are new for each connection, so what
// was heard on another one proves nothing; the two proofs are of different kinds, so none can be
// sent back. From the same nonces both make the key for the tags of all further frames.
#ifndef MOERT_LIB_COMM_HANDSHAKE_H
#define MOERT_LIB_COMM_HANDSHAKE_H

#include "lib/Comm/Frame.h"
#include "moert/moert.h"

namespace moert {

/// What all ranks of a group agree on, and which of them this is.
struct GroupIdentity {
  int32_t rank = 0;
  int32_t ranks = 1;
  /// Of the group, counted up by who builds a new one after a failure.
  uint64_t generation = 0;
  /// Of the model; zeros where it does not matter.
  uint8_t buildId[16] = {};
  const void *secret = nullptr;
  size_t secretBytes = 0;
};

enum class Refusal : uint32_t {
  None = 0,
  Secret = 1,
  Protocol = 2,
  Generation = 3,
  Ranks = 4,
  Build = 5,
  WrongRank = 6,
  Duplicate = 7,
};

struct HelloPayload {
  char magic[8];
  uint32_t protocol;
  uint32_t from, to;
  uint32_t ranks;
  uint64_t generation;
  uint8_t buildId[16];
  uint8_t nonce[32];
  uint16_t port; // where the sender listens, at the address that it connects from
  uint8_t reserved[6];
};
static_assert(sizeof(HelloPayload) == 88, "read and written as bytes");

struct ChallengePayload {
  uint8_t nonce[32];
};

struct ProofPayload {
  Digest256 proof;
};

struct AnswerPayload {
  uint32_t refusal;
  uint32_t ranks;
  uint64_t generation;
  Digest256 proof; // zeros with Refusal::Secret
};
static_assert(sizeof(AnswerPayload) == 48, "read and written as bytes");

class Handshake {
public:
  explicit Handshake(const GroupIdentity &identity) : identity_(identity) {}
  ~Handshake() { wipe(&key_, sizeof(key_)); }

  /// The connecting end. `nonce` is random.
  const HelloPayload &hello(int32_t to, uint16_t port, const uint8_t (&nonce)[32]);
  ProofPayload prove(const ChallengePayload &challenge);
  /// False if the answer does not come from somebody who knows the secret.
  bool readAnswer(const AnswerPayload &answer);

  /// The listening end. False if this is no Hello.
  bool readHello(const HelloPayload &hello, const uint8_t (&nonce)[32],
                 ChallengePayload &challenge);
  /// Welcomes or refuses; `isTaken(rank)` is asked of ranks that are known to be right otherwise.
  template <typename IsTaken>
  AnswerPayload answer(const ProofPayload &proof, const IsTaken &isTaken) {
    Refusal refusal = check(proof);
    if (refusal == Refusal::None && isTaken(int32_t(hello_.from)))
      refusal = Refusal::Duplicate;
    return makeAnswer(refusal);
  }

  /// Of the peer, as it says; true once it has proved to know the secret.
  const HelloPayload &hello() const { return hello_; }
  /// For FrameSeal, after a welcome.
  const Digest256 &key() const { return key_; }

private:
  Hmac keyed(const char *purpose) const;
  Digest256 proofOfAnswer(const AnswerPayload &answer) const;
  Refusal check(const ProofPayload &proof);
  AnswerPayload makeAnswer(Refusal refusal);

  const GroupIdentity &identity_;
  HelloPayload hello_ = {};
  ChallengePayload challenge_ = {};
  Digest256 key_ = {};
};

/// What the connecting rank tells its caller of a refusal by rank `peer`, which listens at `where`.
moert_status refusalStatus(const GroupIdentity &identity, const AnswerPayload &answer, int32_t peer,
                           const char *where);
/// In few words, for the listening rank's log.
const char *refusalName(Refusal refusal);

} // namespace moert

#endif // MOERT_LIB_COMM_HANDSHAKE_H
