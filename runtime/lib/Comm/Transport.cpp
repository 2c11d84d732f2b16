// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/Transport.h"
#include "lib/Core/Status.h"

#include <limits>

namespace moert {

namespace {

/// Of the proofs; the caller's tags are below.
constexpr uint64_t kProofTag = std::numeric_limits<uint64_t>::max();
/// Longer than any wait: what ends it comes from outside.
constexpr int64_t kLongNs = int64_t(24) * 3600 * 1000000000;

/// What a transport gets to see of the control plane while it opens.
struct Opening {
  const Host &host;
  ControlPlane &plane;
  void (*hear)(void *argument) = nullptr;
  void *argument = nullptr;
};

moert_status setValue(void *user, const char *key, const void *value, uint64_t bytes) {
  return static_cast<Opening *>(user)->plane.set(key, value, bytes);
}

moert_status getValue(void *user, const char *key, int64_t timeoutNs, void *value, uint64_t room,
                      uint64_t *bytes) {
  const auto *opening = static_cast<Opening *>(user);
  size_t size = 0;
  const moert_status status =
      opening->plane.get(key, {opening->host.now() + timeoutNs, 0, nullptr}, value, room, size);
  *bytes = size;
  return status;
}

/// The plane tells of heartbeats, too.
void hearEnd(void *user) {
  const auto *opening = static_cast<Opening *>(user);
  if (opening->plane.isGivenUp())
    opening->hear(opening->argument);
}

void listenTo(void *user, void (*hear)(void *argument), void *argument) {
  auto *opening = static_cast<Opening *>(user);
  opening->plane.listen(nullptr, nullptr);
  opening->hear = hear;
  opening->argument = argument;
  if (!hear)
    return;
  opening->plane.listen(hearEnd, opening);
  // Perhaps there are no more events.
  hearEnd(opening);
}

} // namespace

Transport::~Transport() {
  if (!transport_)
    return;
  plane_.listen(nullptr, nullptr);
  api_->close(transport_);
}

moert_status Transport::open(const moert_transport_api &api, int64_t timeoutNs) {
  api_ = &api;
  const int64_t deadline = host_.now() + timeoutNs;
  Opening opening = {host_, plane_, nullptr, nullptr};
  const Address::Text address = plane_.address();
  const moert_transport_config config = {sizeof(config), plane_.rank(), plane_.ranks(),
                                         address.text,   timeoutNs,     &opening,
                                         setValue,       getValue,      listenTo};
  const moert_status status = api.open(&config, &transport_);
  plane_.listen(nullptr, nullptr);
  if (status.code != MOERT_OK)
    return explain(status, plane_.rank());
  plane_.listen(
      [](void *user) {
        auto *self = static_cast<Transport *>(user);
        self->api_->interrupt(self->transport_);
      },
      this);
  return prove(deadline);
}

/// What rank `from` shows to rank `to`: only ranks of this group can make it, and only for this
/// generation of it.
Digest256 Transport::proofOf(int32_t from, int32_t to) const {
  const int32_t ends[] = {from, to};
  return plane_.derive("moert transport").update(ends, sizeof(ends)).finish();
}

moert_status Transport::prove(int64_t deadlineNs) {
  const int32_t ranks = plane_.ranks(), mine = plane_.rank();
  struct Exchange {
    Digest256 shown, seen;
    moert_transfer *sent, *received;
  };
  Array<Exchange> all;
  if (!all.allocate(host_, size_t(ranks)))
    return explain(failure(MOERT_OUT_OF_MEMORY, "no memory for %d ranks", ranks), mine);
  moert_status status = success();
  for (int32_t peer = 0; peer < ranks && status.code == MOERT_OK; ++peer) {
    if (peer == mine)
      continue;
    Exchange &one = all[size_t(peer)];
    one.shown = proofOf(mine, peer);
    status = receive(peer, kProofTag, &one.seen, sizeof(one.seen), one.received);
    if (status.code == MOERT_OK)
      status = send(peer, kProofTag, &one.shown, sizeof(one.shown), one.sent);
  }
  for (int32_t peer = 0; peer < ranks; ++peer) {
    Exchange &one = all[size_t(peer)];
    for (moert_transfer *transfer : {one.received, one.sent}) {
      if (!transfer)
        continue;
      if (status.code == MOERT_OK)
        status = wait(transfer, peer, {deadlineNs, 0, nullptr});
      else
        release(transfer);
    }
    const Digest256 expected = proofOf(peer, mine);
    if (status.code == MOERT_OK && peer != mine &&
        !equalInConstantTime(&expected, &one.seen, sizeof(expected))) {
      plane_.giveUp(mine, MOERT_FAILED_PRECONDITION);
      status = failure(MOERT_FAILED_PRECONDITION,
                       "a stranger answers in the place of rank %d of %d", peer, ranks);
    }
  }
  return status;
}

moert_status Transport::send(int32_t peer, uint64_t tag, const void *data, size_t bytes,
                             moert_transfer *&transfer) {
  return start(MOERT_SEND, peer, tag, const_cast<void *>(data), bytes, transfer);
}

moert_status Transport::receive(int32_t peer, uint64_t tag, void *data, size_t bytes,
                                moert_transfer *&transfer) {
  return start(MOERT_RECEIVE, peer, tag, data, bytes, transfer);
}

moert_status Transport::start(int32_t kind, int32_t peer, uint64_t tag, void *data, size_t bytes,
                              moert_transfer *&transfer) {
  transfer = nullptr;
  if (plane_.isGivenUp())
    return plane_.reason();
  const moert_status status = api_->start(transport_, kind, peer, tag, data, bytes, &transfer);
  return status.code == MOERT_OK ? status : explain(status, peer);
}

moert_status Transport::wait(moert_transfer *transfer, int32_t peer, const WaitLimits &limits) {
  const int64_t begin = host_.now();
  moert_status status;
  for (;;) {
    const int64_t now = host_.now();
    // In this order: what ends the group interrupts the wait only once.
    if (plane_.isGivenUp()) {
      status = plane_.reason();
      break;
    }
    if (limits.cancelled && limits.cancelled->load(std::memory_order_relaxed)) {
      status = failure(MOERT_CANCELLED, "the request was cancelled");
      plane_.giveUp(plane_.rank(), MOERT_CANCELLED);
      break;
    }
    int64_t timeoutNs = kLongNs;
    if (limits.deadlineNs > 0)
      timeoutNs = std::min(timeoutNs, limits.deadlineNs - now);
    const bool isSilence = limits.silenceNs > 0 && limits.silenceNs - (now - begin) < timeoutNs;
    if (isSilence)
      timeoutNs = limits.silenceNs - (now - begin);
    status = timeoutNs > 0 ? api_->wait(transfer, timeoutNs)
                           : failure(MOERT_DEADLINE_EXCEEDED, "no time is left");
    if (status.code == MOERT_UNAVAILABLE)
      continue;
    if (status.code == MOERT_DEADLINE_EXCEEDED && isSilence) {
      plane_.giveUp(peer, MOERT_PEER_LOST);
      status = plane_.reason();
    } else if (status.code == MOERT_DEADLINE_EXCEEDED) {
      status =
          failure(MOERT_DEADLINE_EXCEEDED, "rank %d had not come when the deadline passed", peer);
      plane_.giveUp(plane_.rank(), MOERT_DEADLINE_EXCEEDED);
    } else if (status.code != MOERT_OK) {
      status = explain(status, peer);
    }
    break;
  }
  release(transfer);
  return status;
}

/// The group is over: why, as all ranks see it. `status` is what the transport says.
moert_status Transport::explain(const moert_status &status, int32_t peer) {
  host_.log(MOERT_LOG_INFO, "%s", status.message);
  const int32_t mine = plane_.rank();
  if (status.code == MOERT_PEER_LOST)
    plane_.settle(peer, peer == mine ? MOERT_UNAVAILABLE : MOERT_PEER_LOST);
  else
    plane_.giveUp(mine, status.code);
  // Where it is this rank's own failure, it knows more than it told the others.
  const ControlPlane::Verdict why = plane_.verdict();
  return why.rank == mine && why.code != MOERT_PEER_LOST ? status : plane_.reason();
}

} // namespace moert
