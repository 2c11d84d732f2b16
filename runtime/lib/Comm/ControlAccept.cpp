// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Connections before both ends know each other. Whoever can reach the port can make one, so they
// get little: one frame of fixed size at a time, a deadline, and a number of places of which the
// oldest is taken when all are. Nothing that happens here ends the forming of the group, but for
// connections that this rank has made itself.
#include "lib/Comm/ControlPlane.h"
#include "lib/Core/Status.h"

#include <cstdio>
#include <ctime>
#include <limits>
#include <sys/epoll.h>
#include <sys/random.h>

namespace moert {

namespace {

constexpr int32_t kMostPending = 256;
/// Connections that are taken before others have their turn.
constexpr int kAcceptsInARow = 64;
constexpr int32_t kMostLogged = 20;

bool makeNonce(uint8_t (&nonce)[32]) {
  return getrandom(nonce, sizeof(nonce), 0) == ssize_t(sizeof(nonce));
}

} // namespace

void ControlPlane::acceptAll() {
  for (int i = 0; i < kAcceptsInARow && listener_.value >= 0; ++i) {
    const int socket = acceptFrom(listener_.value);
    if (socket < 0 && (errno == ECONNABORTED || errno == EPROTO))
      continue;
    if (socket < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      // Out of descriptors, say: the listener stays readable, so do not come back at once.
      const timespec pause = {0, 1000000};
      nanosleep(&pause, nullptr);
    }
    if (socket < 0)
      return;
    Link *link = create<Link>(host_, host_, identity_, socket);
    if (!link) {
      close(socket);
      return;
    }
    link->deadlineNs = host_.now() + options_.handshakeNs;
    if (pendingIncoming_ >= kMostPending)
      for (Link *oldest = pending_; oldest; oldest = oldest->next)
        if (!oldest->isOutgoing()) {
          drop(*oldest, kClosed);
          break;
        }
    if (!addPending(link))
      destroy(host_, link);
  }
}

/// Takes a link into the list, newest last. False where the system cannot watch it.
bool ControlPlane::addPending(Link *link) {
  const uint32_t events = link->state == Link::State::Connecting ? EPOLLOUT : EPOLLIN;
  if (!watch(link->socket.value, link, events, true))
    return false;
  Link **end = &pending_;
  while (*end)
    end = &(*end)->next;
  *end = link;
  pendingIncoming_ += !link->isOutgoing();
  return true;
}

void ControlPlane::removePending(Link &link) {
  for (Link **at = &pending_; *at; at = &(*at)->next)
    if (*at == &link) {
      *at = link.next;
      link.next = nullptr;
      pendingIncoming_ -= !link.isOutgoing();
      return;
    }
}

/// Those that had their time.
void ControlPlane::dropPending(int64_t now) {
  for (Link *link = pending_, *next; link; link = next) {
    next = link->next;
    if (now >= link->deadlineNs)
      drop(*link, kSilent);
  }
}

/// False if the frame is not the one whose turn it is.
bool ControlPlane::shakeHands(Link &link, const Frame &frame) {
  switch (link.state) {
  case Link::State::AwaitHello: {
    HelloPayload hello;
    ChallengePayload challenge;
    uint8_t nonce[32];
    if (frame.type != FrameType::Hello || !makeNonce(nonce))
      return false;
    memcpy(&hello, frame.payload, sizeof(hello));
    link.state = Link::State::AwaitProof;
    return link.handshake.readHello(hello, nonce, challenge) &&
           link.put(FrameType::Challenge, &challenge, sizeof(challenge));
  }
  case Link::State::AwaitProof: {
    ProofPayload proof;
    if (frame.type != FrameType::Proof)
      return false;
    memcpy(&proof, frame.payload, sizeof(proof));
    return readProof(link, proof);
  }
  case Link::State::AwaitChallenge: {
    ChallengePayload challenge;
    if (frame.type != FrameType::Challenge)
      return false;
    memcpy(&challenge, frame.payload, sizeof(challenge));
    const ProofPayload proof = link.handshake.prove(challenge);
    link.state = Link::State::AwaitAnswer;
    return link.put(FrameType::Proof, &proof, sizeof(proof));
  }
  case Link::State::AwaitAnswer: {
    AnswerPayload answer;
    if (frame.type != FrameType::Answer)
      return false;
    memcpy(&answer, frame.payload, sizeof(answer));
    return readAnswer(link, answer);
  }
  case Link::State::Connecting:
  case Link::State::Open:
    break;
  }
  return false;
}

bool ControlPlane::sendHello(Link &link) {
  uint8_t nonce[32];
  if (!makeNonce(nonce))
    return false;
  const uint16_t port = listener_.value >= 0 ? listenAddress_.port() : 0;
  const HelloPayload &hello = link.handshake.hello(link.peer, port, nonce);
  link.state = Link::State::AwaitChallenge;
  return link.put(FrameType::Hello, &hello, sizeof(hello));
}

bool ControlPlane::readAnswer(Link &link, const AnswerPayload &answer) {
  const Refusal refusal = Refusal(answer.refusal);
  Address where;
  where.fromWire(targets_[size_t(link.peer)].where);
  if (refusal != Refusal::Secret && !link.handshake.readAnswer(answer)) {
    fatal_ = failure(MOERT_INVALID_ARGUMENT,
                     "what listens at %s in the place of rank %d does not know the secret",
                     where.print().text, link.peer);
    return true;
  }
  if (refusal == Refusal::None) {
    link.seal.start(link.handshake.key(), false);
    admit(link);
    announce();
    return true;
  }
  if (refusal == Refusal::Generation && answer.generation < options_.generation)
    drop(link, kClosed); // it has not noticed yet that its group is over
  else
    fatal_ = refusalStatus(identity_, answer, link.peer, where.print().text);
  return true;
}

bool ControlPlane::readProof(Link &link, const ProofPayload &proof) {
  const AnswerPayload answer = link.handshake.answer(
      proof, [this](int32_t rank) { return links_[size_t(rank)] != nullptr; });
  if (!link.put(FrameType::Answer, &answer, sizeof(answer)))
    return false;
  if (Refusal(answer.refusal) != Refusal::None) {
    noteRefusal(link, Refusal(answer.refusal));
    (void)link.flush(); // so short that it fits, and of no use to this rank
    drop(link, kClosed);
    return true;
  }
  link.seal.start(link.handshake.key(), true);
  Address from;
  if (!Address::ofSocket(link.socket.value, true, from))
    return false;
  from.setPort(link.handshake.hello().port);
  link.listens = from.toWire();
  if (rank() == 0 && address_.isAny() && !Address::ofSocket(link.socket.value, false, address_))
    return false;
  removePending(link);
  link.peer = int32_t(link.handshake.hello().from);
  admit(link);
  announce();
  return true;
}

void ControlPlane::admit(Link &link) {
  removePending(link);
  link.state = Link::State::Open;
  link.missed = 0;
  links_[size_t(link.peer)] = &link;
  ++joined_;
}

void ControlPlane::noteRefusal(Link &link, Refusal refusal) {
  Address from;
  (void)Address::ofSocket(link.socket.value, true, from);
  snprintf(refused_, sizeof(refused_), "rank %u, as it says, from %s: %s",
           link.handshake.hello().from, from.print().text, refusalName(refusal));
  if (refusals_++ < kMostLogged)
    host_.log(MOERT_LOG_WARNING, "refused a connection: %s", refused_);
}

} // namespace moert
