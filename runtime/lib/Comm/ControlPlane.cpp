// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What other threads ask of a control plane, and its end.
#include "lib/Comm/ControlPlane.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"

#include <limits>

namespace moert {

namespace {

/// How often a waiting thread looks whether it has been cancelled.
constexpr int64_t kCancelNs = 5000000;

uint64_t pack(const ControlPlane::Verdict &verdict) {
  return uint64_t(uint32_t(verdict.code)) << 32 | uint64_t(uint32_t(verdict.cause) & 0xff) << 16 |
         (uint32_t(verdict.rank + 1) & 0xffff);
}

const char *causeName(int32_t cause) {
  switch (cause) {
  case ControlPlane::kClosed:
    return ": its connection was closed";
  case ControlPlane::kSilent:
    return ": it was silent";
  case ControlPlane::kBroken:
    return ": what it sent made no sense";
  default:
    return "";
  }
}

} // namespace

ControlPlane::Verdict ControlPlane::verdict() const {
  const uint64_t reason = reason_.load();
  return {int32_t(reason >> 32), int32_t(reason & 0xffff) - 1, int32_t(reason >> 16 & 0xff)};
}

moert_status ControlPlane::reason() const {
  const Verdict why = verdict();
  if (why.code == MOERT_OK)
    return success();
  if (why.cause == kNotCome)
    return failure(MOERT_DEADLINE_EXCEEDED, "rank %d of %d did not come in time", why.rank,
                   ranks());
  if (why.code == MOERT_PEER_LOST && why.rank == rank())
    return failure(MOERT_PEER_LOST, "rank %d of %d, which is this one, counts as lost%s", why.rank,
                   ranks(), causeName(why.cause));
  if (why.code == MOERT_PEER_LOST)
    return failure(MOERT_PEER_LOST, "rank %d of %d is lost%s", why.rank, ranks(),
                   causeName(why.cause));
  return failure(MOERT_ABORTED, "rank %d of %d gave up: %s", why.rank, ranks(), codeName(why.code));
}

/// Makes `verdict` the reason, unless there is one, and tells everybody. With the mutex.
bool ControlPlane::decide(const Verdict &verdict) {
  if (reason_.load() != 0)
    return false;
  reason_.store(pack(verdict));
  const AbortPayload payload = {options_.generation, uint32_t(verdict.rank), uint32_t(verdict.code),
                                uint32_t(verdict.cause), 0};
  for (Link *link : links_)
    // A rank that cannot be told for lack of memory takes this one for lost, when it ends.
    if (link && !link->left)
      (void)link->put(FrameType::Abort, &payload, sizeof(payload));
  events_.fetch_add(1);
  futexWake(&events_, std::numeric_limits<int>::max());
  return true;
}

void ControlPlane::giveUp(int32_t rank, int32_t code) {
  if (rank < 0 || rank >= ranks())
    rank = this->rank();
  if (code <= MOERT_OK || code > MOERT_INTERNAL)
    code = MOERT_INTERNAL;
  bool decided;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    decided = decide({code, rank, kTold});
  }
  if (!decided)
    return;
  if (hasThread_)
    wake();
  else
    tell();
}

void ControlPlane::listen(void (*hear)(void *user), void *user) {
  std::lock_guard<std::mutex> lock(hearing_);
  hear_ = hear;
  hearer_ = user;
}

void ControlPlane::tell() {
  std::lock_guard<std::mutex> lock(hearing_);
  if (hear_)
    hear_(hearer_);
}

Hmac ControlPlane::derive(const char *purpose) const {
  Hmac hmac(identity_.secret, identity_.secretBytes);
  hmac.update(purpose, strlen(purpose) + 1)
      .update(group_.bytes, Digest256::kBytes)
      .update(&options_.generation, sizeof(options_.generation));
  return hmac;
}

bool ControlPlane::hasLeft(int32_t rank) const {
  std::lock_guard<std::mutex> lock(mutex_);
  return rank >= 0 && size_t(rank) < left_.size() && left_[size_t(rank)] != 0;
}

moert_status ControlPlane::settle(int32_t suspect, int32_t code) {
  const int64_t end = host_.now() + options_.heartbeatNs * (options_.mostMissed + 3);
  while (!isGivenUp() && !hasLeft(suspect)) {
    const uint32_t seen = events();
    if (isGivenUp() || hasLeft(suspect))
      break;
    if (waitForEvent(seen, {end, 0, nullptr}).code != MOERT_OK)
      break;
  }
  giveUp(suspect, code);
  return reason();
}

moert_status ControlPlane::waitForEvent(uint32_t seen, const WaitLimits &limits) {
  while (events() == seen) {
    if (limits.cancelled && limits.cancelled->load(std::memory_order_relaxed))
      return failure(MOERT_CANCELLED, "the request was cancelled");
    int64_t sleepNs = limits.cancelled ? kCancelNs : std::numeric_limits<int64_t>::max();
    if (limits.deadlineNs > 0) {
      const int64_t left = limits.deadlineNs - host_.now();
      if (left <= 0)
        return failure(MOERT_DEADLINE_EXCEEDED, "the deadline has passed");
      sleepNs = std::min(sleepNs, left);
    }
    futexWaitFor(&events_, seen, std::min<int64_t>(sleepNs, 1000000000));
  }
  return success();
}

moert_status ControlPlane::set(const char *key, const void *value, size_t bytes) {
  const size_t keyBytes = strlen(key);
  if (keyBytes == 0 || keyBytes > kMostKey || bytes > kMostValue)
    return failure(MOERT_INVALID_ARGUMENT,
                   "keys have 1 to %zu bytes, values at most %zu; not %zu and %zu", kMostKey,
                   kMostValue, keyBytes, bytes);
  uint8_t head[2 + kMostKey];
  const uint16_t length = uint16_t(keyBytes);
  memcpy(head, &length, sizeof(length));
  memcpy(head + sizeof(length), key, keyBytes);
  const size_t headBytes = sizeof(length) + keyBytes;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (isGivenUp())
      return reason();
    // First room everywhere, so that all learn of the value or none.
    const size_t need = sizeof(FrameHeader) + headBytes + bytes + kTagBytes;
    for (Link *link : links_)
      if (link && !link->left &&
          (link->out.size() + need > Link::kMostWaiting || !link->out.reserve(need)))
        return failure(MOERT_RESOURCE_EXHAUSTED, "too much waits to be sent to rank %d",
                       link->peer);
    switch (store_.add(key, keyBytes, value, bytes)) {
    case Store::Added::Yes:
      break;
    case Store::Added::Exists:
      return failure(MOERT_FAILED_PRECONDITION, "key '%s' is set already", key);
    case Store::Added::Full:
      return failure(MOERT_RESOURCE_EXHAUSTED, "the values of all ranks have more than %zu bytes",
                     Store::kMostBytes);
    case Store::Added::NoMemory:
      return failure(MOERT_OUT_OF_MEMORY, "no memory for the value of key '%s'", key);
    }
    for (Link *link : links_)
      if (link && !link->left)
        (void)link->put(FrameType::Set, head, headBytes, value, bytes); // there is room
    events_.fetch_add(1);
    futexWake(&events_, std::numeric_limits<int>::max());
  }
  wake();
  return success();
}

moert_status ControlPlane::get(const char *key, const WaitLimits &limits, void *value, size_t room,
                               size_t &bytes) {
  for (;;) {
    const uint32_t seen = events();
    {
      std::lock_guard<std::mutex> lock(mutex_);
      Store::Value found;
      if (store_.find(key, strlen(key), found)) {
        bytes = found.bytes;
        if (std::min(room, bytes) > 0)
          memcpy(value, found.data, std::min(room, bytes));
        if (room < bytes)
          return failure(MOERT_RESOURCE_EXHAUSTED, "key '%s' has %zu bytes, for which %zu are few",
                         key, bytes, room);
        return success();
      }
    }
    if (isGivenUp())
      return reason();
    moert_status status = waitForEvent(seen, limits);
    if (status.code == MOERT_DEADLINE_EXCEEDED)
      return failure(status.code, "nobody had set key '%s' when the deadline passed", key);
    MOERT_RETURN_IF_FAILED(status);
  }
}

void ControlPlane::threadMain(void *self) {
  auto *plane = static_cast<ControlPlane *>(self);
  while (!plane->stop_.load()) {
    plane->turn(-1);
    plane->tell();
  }
  plane->windUp();
}

/// Says goodbye and reads until the others have closed their ends too: closing with bytes unread
/// would take back what has not been delivered yet.
void ControlPlane::windUp() {
  const int64_t end = host_.now() + options_.lingerNs;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    isClosing_ = true;
    stopListening();
    dropPending(std::numeric_limits<int64_t>::max());
    for (size_t i = 0; i < links_.size(); ++i)
      if (Link *link = links_[i]) {
        (void)link->put(FrameType::Leave); // else the others see the connection close
        send(*link);
      }
  }
  for (;;) {
    const int64_t left = end - host_.now();
    bool isOpen = false;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      for (Link *link : links_)
        isOpen |= link != nullptr;
    }
    if (left <= 0 || !isOpen)
      return;
    turn(int(left / 1000000) + 1);
  }
}

void ControlPlane::leave() {
  if (isLeft_)
    return;
  isLeft_ = true;
  if (hasThread_) {
    stop_.store(true);
    wake();
    host_.join(thread_);
  } else if (epoll_.value >= 0) {
    windUp();
  }
  closeAll();
}

void ControlPlane::closeAll() {
  for (Link *&link : links_) {
    destroy(host_, link);
    link = nullptr;
  }
  while (Link *link = pending_) {
    pending_ = link->next;
    destroy(host_, link);
  }
  bury();
  for (Descriptor *one : {&listener_, &epoll_, &wake_, &timer_}) {
    Descriptor closing(-1);
    std::swap(one->value, closing.value);
  }
  wipe(secret_.data(), secret_.size());
}

} // namespace moert
