// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a control plane does when something happens: bytes, time, and ends of connections. All but
// makeDescriptors and turn run with the mutex.
#include "lib/Comm/ControlPlane.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"

#include <limits>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

namespace moert {

namespace {

/// Frames of one connection that are read before others have their turn.
constexpr int kReadsInARow = 16;

} // namespace

bool ControlPlane::watch(int descriptor, void *what, uint32_t events, bool isNew) {
  epoll_event event = {};
  event.events = events;
  event.data.ptr = what;
  return epoll_ctl(epoll_.value, isNew ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, descriptor, &event) == 0;
}

moert_status ControlPlane::makeDescriptors() {
  epoll_.value = epoll_create1(EPOLL_CLOEXEC);
  wake_.value = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  timer_.value = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  itimerspec every = {};
  every.it_interval = {time_t(options_.heartbeatNs / 1000000000),
                       long(options_.heartbeatNs % 1000000000)};
  every.it_value = every.it_interval;
  if (epoll_.value < 0 || wake_.value < 0 || timer_.value < 0 ||
      !watch(wake_.value, &wake_, EPOLLIN, true) || !watch(timer_.value, &timer_, EPOLLIN, true) ||
      timerfd_settime(timer_.value, 0, &every, nullptr) != 0)
    return osFailure(MOERT_IO, errno, "cannot make what a control plane waits with");
  return success();
}

void ControlPlane::wake() {
  const uint64_t one = 1;
  // Fails only where the counter is full, when the thread is being woken anyway.
  if (wake_.value >= 0)
    (void)!write(wake_.value, &one, sizeof(one));
}

/// Waits for something to happen and deals with it.
void ControlPlane::turn(int timeoutMs) {
  epoll_event events[256];
  const int count = epoll_wait(epoll_.value, events, 256, timeoutMs);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    // What has arrived comes before what time says: a process that was stopped finds both.
    bool hasTicked = false;
    for (int i = 0; i < count; ++i) {
      if (events[i].data.ptr == &timer_)
        hasTicked = true;
      else
        onEvent(events[i]);
    }
    if (hasTicked)
      tick();
    flushAll();
    bury();
  }
}

void ControlPlane::onEvent(const epoll_event &event) {
  if (event.data.ptr == &wake_) {
    uint64_t count;
    (void)!read(wake_.value, &count, sizeof(count));
    return;
  }
  if (event.data.ptr == &listener_)
    return acceptAll();
  Link &link = *static_cast<Link *>(event.data.ptr);
  if (link.socket.value < 0)
    return; // dropped by an event before this one
  if (link.state == Link::State::Connecting)
    return connected(link);
  if (event.events & EPOLLOUT)
    link.isWaiting = false;
  if (event.events & ~uint32_t(EPOLLOUT))
    readFrom(link);
}

void ControlPlane::readFrom(Link &link) {
  for (int reads = 0;;) {
    Frame frame;
    size_t used;
    switch (peekFrame(link.in, link.seal, ranks(), frame, used)) {
    case FrameResult::Complete:
      if (!handle(link, frame))
        return drop(link, kBroken);
      if (link.socket.value < 0)
        return;
      link.in.consume(used);
      continue;
    case FrameResult::Broken:
      return drop(link, kBroken);
    case FrameResult::Incomplete:
      break;
    }
    if (++reads > kReadsInARow)
      return; // the rest is still there next time
    switch (link.receive(used)) {
    case Link::Received::Some:
      continue;
    case Link::Received::Nothing:
      return;
    case Link::Received::End:
      return drop(link, kClosed);
    }
  }
}

/// False if the frame has no place here.
bool ControlPlane::handle(Link &link, const Frame &frame) {
  if (!link.isOpen())
    return shakeHands(link, frame);
  // Until rank 0 has told where all are, nobody depends on a rank that has come: it may go again.
  const bool mayGo = rank() == 0 && !isTabled_;
  switch (frame.type) {
  case FrameType::Table:
    return link.peer == 0 && readTable(frame);
  case FrameType::Ready:
    ready_ += !link.ready;
    link.ready = true;
    announce();
    return true;
  case FrameType::Heartbeat:
    return true;
  case FrameType::Set:
    return handleSet(frame);
  case FrameType::Abort: {
    AbortPayload payload;
    memcpy(&payload, frame.payload, sizeof(payload));
    if (payload.generation != options_.generation || payload.rank >= uint32_t(ranks()) ||
        payload.code == MOERT_OK || payload.code > MOERT_INTERNAL)
      return false;
    if (mayGo)
      drop(link, kClosed);
    else
      decide({int32_t(payload.code), int32_t(payload.rank), int32_t(payload.cause & 0xff)});
    return true;
  }
  case FrameType::Leave:
    if (mayGo) {
      drop(link, kClosed);
      return true;
    }
    if (!isFormed_ && !link.ready) // then it does not wait for all others to come
      decide({MOERT_PEER_LOST, link.peer, kClosed});
    link.left = true;
    left_[size_t(link.peer)] = 1;
    events_.fetch_add(1);
    futexWake(&events_, std::numeric_limits<int>::max());
    return true;
  default:
    return false;
  }
}

bool ControlPlane::handleSet(const Frame &frame) {
  const char *key;
  const uint8_t *value;
  size_t keyBytes, valueBytes;
  if (!parseSet(frame, key, keyBytes, value, valueBytes))
    return false;
  // Without memory for it, whoever waits for the value must not wait in vain.
  const Store::Added added = store_.add(key, keyBytes, value, valueBytes);
  if (added == Store::Added::Full || added == Store::Added::NoMemory)
    decide({MOERT_OUT_OF_MEMORY, rank(), kTold});
  events_.fetch_add(1);
  futexWake(&events_, std::numeric_limits<int>::max());
  return true;
}

/// Sends what waits, as far as the system takes it.
void ControlPlane::send(Link &link) {
  const bool wasWaiting = link.isWaiting;
  if (!link.flush())
    return drop(link, kClosed);
  link.isWaiting = link.out.size() > 0;
  if (link.isWaiting != wasWaiting)
    watch(link.socket.value, &link, link.isWaiting ? EPOLLIN | EPOLLOUT : EPOLLIN, false);
  if (isClosing_ && link.isOpen() && !link.isWaiting && !link.ended) {
    link.ended = true;
    shutdown(link.socket.value, SHUT_WR);
  }
}

void ControlPlane::flushAll() {
  for (size_t i = 0; i < links_.size(); ++i)
    if (Link *link = links_[i]; link && link->out.size() > 0 && !link->isWaiting)
      send(*link);
  for (Link *link = pending_, *next; link; link = next) {
    next = link->next;
    if (link->out.size() > 0 && !link->isWaiting)
      send(*link);
  }
}

/// Once per heartbeat.
void ControlPlane::tick() {
  uint64_t expired;
  // However many heartbeats this process slept through, they count once.
  if (read(timer_.value, &expired, sizeof(expired)) != ssize_t(sizeof(expired)))
    return;
  dropPending(host_.now());
  if (isClosing_)
    return;
  for (size_t i = 0; i < links_.size(); ++i) {
    Link *link = links_[i];
    if (!link || link->left)
      continue;
    // Where something waits already, the peer will hear of us, or reads nothing.
    if (link->out.size() == 0)
      (void)link->put(FrameType::Heartbeat); // without memory for it, it is missed
    if (++link->missed <= options_.mostMissed || isGivenUp())
      continue;
    // The connection stays, so that a rank that was only stopped learns what became of it.
    if (rank() == 0 && !isTabled_)
      drop(*link, kSilent);
    else
      decide({MOERT_PEER_LOST, link->peer, kSilent});
  }
}

/// Closes a connection and draws the consequences. Memory stays until `bury`.
void ControlPlane::drop(Link &link, int32_t cause) {
  // The connection may live on in a child of this process, and its events with it.
  epoll_ctl(epoll_.value, EPOLL_CTL_DEL, link.socket.value, nullptr);
  {
    Descriptor closing(-1);
    std::swap(link.socket.value, closing.value);
  }
  if (!link.isOpen()) {
    removePending(link);
    const bool isOutgoing = link.isOutgoing();
    link.next = dead_;
    dead_ = &link;
    if (!isOutgoing || isClosing_)
      return;
    if (cause == kBroken && fatal_.code == MOERT_OK)
      fatal_ =
          failure(MOERT_INCOMPATIBLE, "what listens in the place of rank %d is no rank", link.peer);
    return retryLater(link.peer, ECONNRESET);
  }
  links_[size_t(link.peer)] = nullptr;
  link.next = dead_;
  dead_ = &link;
  --joined_;
  if (link.left || isClosing_ || (rank() == 0 && !isTabled_))
    return;
  decide({MOERT_PEER_LOST, link.peer, cause});
}

void ControlPlane::bury() {
  while (Link *link = dead_) {
    dead_ = link->next;
    destroy(host_, link);
  }
}

} // namespace moert
