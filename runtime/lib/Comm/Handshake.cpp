// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Handshake.h"
#include "lib/Core/Status.h"

namespace moert {

namespace {

constexpr char kMagic[8] = {'m', 'o', 'e', 'r', 't', 'c', 'p', '\n'};
constexpr uint32_t kProtocol = 1;

} // namespace

/// A hash of everything both ends have said so far, for one purpose only.
Hmac Handshake::keyed(const char *purpose) const {
  Hmac hmac(identity_.secret, identity_.secretBytes);
  hmac.update(purpose, strlen(purpose) + 1)
      .update(&hello_, sizeof(hello_))
      .update(&challenge_, sizeof(challenge_));
  return hmac;
}

Digest256 Handshake::proofOfAnswer(const AnswerPayload &answer) const {
  return keyed("moert answer").update(&answer, offsetof(AnswerPayload, proof)).finish();
}

const HelloPayload &Handshake::hello(int32_t to, uint16_t port, const uint8_t (&nonce)[32]) {
  hello_ = {};
  memcpy(hello_.magic, kMagic, sizeof(kMagic));
  hello_.protocol = kProtocol;
  hello_.from = uint32_t(identity_.rank);
  hello_.to = uint32_t(to);
  hello_.ranks = uint32_t(identity_.ranks);
  hello_.generation = identity_.generation;
  memcpy(hello_.buildId, identity_.buildId, sizeof(hello_.buildId));
  memcpy(hello_.nonce, nonce, sizeof(hello_.nonce));
  hello_.port = port;
  return hello_;
}

ProofPayload Handshake::prove(const ChallengePayload &challenge) {
  challenge_ = challenge;
  return {keyed("moert proof").finish()};
}

bool Handshake::readAnswer(const AnswerPayload &answer) {
  const Digest256 expected = proofOfAnswer(answer);
  if (!equalInConstantTime(&expected, &answer.proof, sizeof(expected)))
    return false;
  key_ = keyed("moert key").finish();
  return true;
}

bool Handshake::readHello(const HelloPayload &hello, const uint8_t (&nonce)[32],
                          ChallengePayload &challenge) {
  if (memcmp(hello.magic, kMagic, sizeof(kMagic)) != 0)
    return false;
  hello_ = hello;
  memcpy(challenge_.nonce, nonce, sizeof(nonce));
  challenge = challenge_;
  return true;
}

Refusal Handshake::check(const ProofPayload &proof) {
  const Digest256 expected = keyed("moert proof").finish();
  if (!equalInConstantTime(&expected, &proof.proof, sizeof(expected)))
    return Refusal::Secret;
  if (hello_.protocol != kProtocol)
    return Refusal::Protocol;
  if (hello_.generation != identity_.generation)
    return Refusal::Generation;
  if (hello_.ranks != uint32_t(identity_.ranks))
    return Refusal::Ranks;
  if (memcmp(hello_.buildId, identity_.buildId, sizeof(hello_.buildId)) != 0)
    return Refusal::Build;
  // Ranks connect to those below them.
  if (hello_.to != uint32_t(identity_.rank) || hello_.from >= hello_.ranks ||
      hello_.from <= hello_.to)
    return Refusal::WrongRank;
  return Refusal::None;
}

AnswerPayload Handshake::makeAnswer(Refusal refusal) {
  AnswerPayload answer = {};
  answer.refusal = uint32_t(refusal);
  // A stranger learns nothing.
  if (refusal == Refusal::Secret)
    return answer;
  answer.ranks = uint32_t(identity_.ranks);
  answer.generation = identity_.generation;
  answer.proof = proofOfAnswer(answer);
  key_ = keyed("moert key").finish();
  return answer;
}

moert_status refusalStatus(const GroupIdentity &identity, const AnswerPayload &answer, int32_t peer,
                           const char *where) {
  switch (Refusal(answer.refusal)) {
  case Refusal::None:
    break;
  case Refusal::Secret:
    return failure(MOERT_INVALID_ARGUMENT,
                   "rank %d at %s has another secret: the token must be the same on all ranks",
                   peer, where);
  case Refusal::Protocol:
    return failure(MOERT_INCOMPATIBLE, "rank %d at %s is of another version of libmoert", peer,
                   where);
  case Refusal::Generation:
    return failure(MOERT_FAILED_PRECONDITION,
                   "rank %d at %s builds generation %llu of the group, not %llu", peer, where,
                   static_cast<unsigned long long>(answer.generation),
                   static_cast<unsigned long long>(identity.generation));
  case Refusal::Ranks:
    return failure(MOERT_INVALID_ARGUMENT, "rank %d at %s counts %u ranks, and rank %d counts %d",
                   peer, where, answer.ranks, identity.rank, identity.ranks);
  case Refusal::Build:
    return failure(MOERT_INCOMPATIBLE, "rank %d at %s runs another build of the model", peer,
                   where);
  case Refusal::WrongRank:
    return failure(MOERT_INVALID_ARGUMENT, "%s is not where rank %d listens for rank %d", where,
                   peer, identity.rank);
  case Refusal::Duplicate:
    return failure(MOERT_INVALID_ARGUMENT, "another process is rank %d already, says rank %d at %s",
                   identity.rank, peer, where);
  }
  return failure(MOERT_INCOMPATIBLE, "rank %d at %s gives an answer that is not known (%u)", peer,
                 where, answer.refusal);
}

const char *refusalName(Refusal refusal) {
  switch (refusal) {
  case Refusal::None:
    return "welcome";
  case Refusal::Secret:
    return "another secret";
  case Refusal::Protocol:
    return "another version of libmoert";
  case Refusal::Generation:
    return "another generation of the group";
  case Refusal::Ranks:
    return "another number of ranks";
  case Refusal::Build:
    return "another build of the model";
  case Refusal::WrongRank:
    return "not meant for this rank";
  case Refusal::Duplicate:
    return "a rank that is there already";
  }
  return "unknown";
}

} // namespace moert
