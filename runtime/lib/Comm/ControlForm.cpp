// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a group comes to be: all ranks connect to rank 0, which then tells where each listens; each
// connects to those below it. A rank that is connected to all says so to all, and one that has
// heard it of all is done: so none is done before the whole group is there.
#include "lib/Comm/ControlPlane.h"
#include "lib/Comm/RankEnvironment.h"
#include "lib/Core/Status.h"

#include <cstdio>
#include <ctime>
#include <limits>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

namespace moert {

namespace {

/// Between tries to connect.
constexpr int64_t kLeastPauseNs = 10000000, kMostPauseNs = 200000000;
/// How long another process may hold the port of rank 0, such as the one before this.
constexpr int64_t kPortNs = 1000000000;
constexpr int64_t kCancelNs = 5000000;
constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

double seconds(int64_t ns) { return double(ns) / 1e9; }

} // namespace

moert_status ControlPlane::form(const ControlOptions &options) {
  MOERT_RETURN_IF_FAILED(prepare(options));
  if (ranks() == 1) {
    isFormed_ = true;
    return success();
  }
  moert_status status = findAddresses();
  if (status.code == MOERT_OK)
    status = makeDescriptors();
  if (status.code == MOERT_OK && rank() == 0)
    status = listenAsRankZero();
  if (status.code == MOERT_OK)
    status = formLoop();
  if (status.code == MOERT_OK) {
    const int error = host_.spawn(threadMain, this, &thread_);
    hasThread_ = error == 0;
    if (error != 0)
      status =
          osFailure(MOERT_RESOURCE_EXHAUSTED, error, "cannot start the control plane's thread");
  }
  if (status.code == MOERT_OK)
    return status;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    decide({status.code, rank(), kTold});
  }
  leave();
  return status;
}

moert_status ControlPlane::prepare(const ControlOptions &options) {
  if (options.ranks < 1 || options.ranks > GroupState::kMostRanks || options.rank < 0 ||
      options.rank >= options.ranks)
    return failure(MOERT_INVALID_ARGUMENT,
                   "a group has 1 to %d ranks, counted from 0; not %d of %d",
                   GroupState::kMostRanks, options.rank, options.ranks);
  if (options.ranks > 1 && options.secretBytes < RankEnvironment::kLeastToken)
    return failure(MOERT_INVALID_ARGUMENT, "the secret of a group has %llu bytes at least, not %zu",
                   static_cast<unsigned long long>(RankEnvironment::kLeastToken),
                   options.secretBytes);
  if (options.heartbeatNs <= 0 || options.mostMissed < 1 || options.formNs <= 0 ||
      options.handshakeNs <= 0 || options.lingerNs < 0)
    return failure(MOERT_INVALID_ARGUMENT, "times of a group are longer than nothing");
  options_ = options;
  const size_t ranks = size_t(options.ranks);
  if (!links_.allocate(host_, ranks) || !left_.allocate(host_, ranks) ||
      !targets_.allocate(host_, ranks) || !secret_.allocate(host_, options.secretBytes) ||
      !copyString(host_, options.host, hostName_) ||
      !copyString(host_, options.interface, interface_))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", options.ranks);
  if (options.secretBytes > 0)
    memcpy(secret_.data(), options.secret, options.secretBytes);
  identity_ = {options.rank, options.ranks, options.generation, {}, secret_.data(), secret_.size()};
  memcpy(identity_.buildId, options.buildId, sizeof(identity_.buildId));
  return success();
}

moert_status ControlPlane::findAddresses() {
  MOERT_RETURN_IF_FAILED(resolveHost(hostName_.data(), options_.port, rendezvous_));
  if (*interface_.data())
    MOERT_RETURN_IF_FAILED(resolveInterface(interface_.data(), from_));
  targets_[0].where = rendezvous_.toWire();
  for (Target &target : targets_) {
    target.nextTryNs = kNever;
    target.pauseNs = kLeastPauseNs;
  }
  if (rank() != 0)
    targets_[0].nextTryNs = 0;
  return success();
}

moert_status ControlPlane::listenAsRankZero() {
  const int64_t end = host_.now() + std::min(kPortNs, options_.formNs);
  for (;;) {
    listenAddress_ = from_.isSet() ? from_ : rendezvous_;
    listenAddress_.setPort(options_.port);
    const moert_status status = listenAt(listenAddress_, listener_);
    if (status.code == MOERT_OK)
      break;
    if (status.code != MOERT_UNAVAILABLE || host_.now() >= end)
      return status;
    const timespec pause = {0, long(kLeastPauseNs)};
    nanosleep(&pause, nullptr);
  }
  address_ = listenAddress_;
  if (!watch(listener_.value, &listener_, EPOLLIN, true))
    return osFailure(MOERT_IO, errno, "cannot wait for connections");
  return success();
}

moert_status ControlPlane::formLoop() {
  const int64_t end = host_.now() + options_.formNs;
  for (;;) {
    const int64_t now = host_.now();
    int64_t next = end;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      connectDue(now);
      if (fatal_.code != MOERT_OK)
        return fatal_;
      if (isGivenUp())
        return reason();
      if (isFormed_)
        return success();
      for (const Target &target : targets_)
        next = std::min(next, target.nextTryNs);
    }
    if (options_.cancelled && options_.cancelled->load(std::memory_order_relaxed))
      return failure(MOERT_CANCELLED, "forming the group was cancelled");
    if (now >= end)
      return lateStatus();
    next = options_.cancelled ? std::min(next, now + kCancelNs) : next;
    turn(int(std::min<int64_t>(std::max<int64_t>(next - now, 0) / 1000000 + 1, 60000)));
  }
}

/// The first ranks that are missing, as text.
void ControlPlane::listMissing(char *text, size_t room, int32_t &first) const {
  size_t length = 0;
  int32_t count = 0;
  first = rank();
  for (int32_t peer = 0; peer < ranks(); ++peer) {
    if (peer == rank() || links_[size_t(peer)])
      continue;
    first = count == 0 ? peer : first;
    if (++count <= 8)
      length += size_t(snprintf(text + length, room - length, count == 1 ? "%d" : ", %d", peer));
  }
  if (count > 8)
    snprintf(text + length, room - length, " and %d more", count - 8);
}

moert_status ControlPlane::lateStatus() {
  std::lock_guard<std::mutex> lock(mutex_);
  const double waited = seconds(options_.formNs);
  if (rank() != 0 && !isTabled_ && links_[0] && ranks() > 2)
    return failure(MOERT_DEADLINE_EXCEEDED,
                   "rank 0 at %s still waited for other ranks after %.1f s",
                   rendezvous_.print().text, waited);
  char missing[128] = "";
  int32_t first;
  listMissing(missing, sizeof(missing), first);
  decide({MOERT_DEADLINE_EXCEEDED, first, kNotCome});
  if (first < rank()) {
    const Target &target = targets_[size_t(first)];
    Address where;
    where.fromWire(target.where);
    return osFailure(MOERT_DEADLINE_EXCEEDED, target.error ? target.error : ETIMEDOUT,
                     "rank %d could not be reached at %s for %.1f s", first, where.print().text,
                     waited);
  }
  return failure(MOERT_DEADLINE_EXCEEDED,
                 "of %d ranks these did not come to rank %d at %s within %.1f s: %s%s%s", ranks(),
                 rank(), listenAddress_.print().text, waited, missing,
                 refusals_ ? "; refused was " : "", refused_);
}

void ControlPlane::connectDue(int64_t now) {
  for (int32_t peer = 0; peer < rank(); ++peer)
    if (Target &target = targets_[size_t(peer)]; !target.link && now >= target.nextTryNs)
      connectTo(peer, now);
}

void ControlPlane::connectTo(int32_t peer, int64_t now) {
  Target &target = targets_[size_t(peer)];
  Address to;
  if (!to.fromWire(target.where)) {
    fatal_ = failure(MOERT_INVALID_ARGUMENT, "rank %d has no address with a port", peer);
    return;
  }
  Descriptor socket(-1);
  const int error = beginConnect(to, from_, socket);
  if (error == EADDRNOTAVAIL || error == EAFNOSUPPORT || error == EINVAL || error == EACCES) {
    fatal_ =
        osFailure(MOERT_INVALID_ARGUMENT, error, "cannot connect from %s to rank %d at %s",
                  from_.isSet() ? from_.print(false).text : "this host", peer, to.print().text);
    return;
  }
  if (error != 0 && error != EINPROGRESS)
    return retryLater(peer, error);
  Link *link = create<Link>(host_, host_, identity_, socket.value);
  if (!link) {
    fatal_ = failure(MOERT_OUT_OF_MEMORY, "no memory to connect to rank %d", peer);
    return;
  }
  socket.release();
  link->state = Link::State::Connecting;
  link->peer = peer;
  link->deadlineNs = now + options_.handshakeNs;
  if (!addPending(link)) {
    destroy(host_, link);
    return retryLater(peer, errno);
  }
  target.link = link;
  target.nextTryNs = kNever;
}

void ControlPlane::retryLater(int32_t peer, int error) {
  Target &target = targets_[size_t(peer)];
  target.link = nullptr;
  target.error = error;
  target.nextTryNs = host_.now() + target.pauseNs;
  target.pauseNs = std::min(2 * target.pauseNs, kMostPauseNs);
}

/// The system has connected, or failed to.
void ControlPlane::connected(Link &link) {
  const int32_t peer = link.peer;
  int error = connectError(link.socket.value);
  Address here, there;
  if (error == 0 && (!Address::ofSocket(link.socket.value, false, here) ||
                     !Address::ofSocket(link.socket.value, true, there)))
    error = ENOTCONN;
  // On one host, a try may get the very port that it tries to reach, and meet itself.
  const WireAddress one = here.toWire(), other = there.toWire();
  if (error == 0 && memcmp(&one, &other, sizeof(one)) == 0)
    error = ECONNREFUSED;
  if (error != 0) {
    drop(link, kClosed);
    targets_[size_t(peer)].error = error;
    return;
  }
  if (peer == 0)
    address_ = here;
  // The last rank has nobody to wait for.
  if (listener_.value < 0 && rank() < ranks() - 1) {
    listenAddress_ = from_.isSet() ? from_ : here;
    listenAddress_.setPort(0);
    const moert_status status = listenAt(listenAddress_, listener_);
    if (status.code != MOERT_OK || !watch(listener_.value, &listener_, EPOLLIN, true)) {
      fatal_ = status.code != MOERT_OK ? status : osFailure(MOERT_IO, errno, "cannot listen");
      return;
    }
  }
  watch(link.socket.value, &link, EPOLLIN, false);
  if (!sendHello(link))
    drop(link, kClosed);
}

bool ControlPlane::readTable(const Frame &frame) {
  if (rank() == 0 || isTabled_)
    return false;
  isTabled_ = true;
  memcpy(&group_, frame.payload, sizeof(group_));
  const uint8_t *table = frame.payload + sizeof(group_);
  for (int32_t peer = 1; peer < rank(); ++peer) {
    Target &target = targets_[size_t(peer)];
    memcpy(&target.where, table + size_t(peer) * sizeof(WireAddress), sizeof(WireAddress));
    target.nextTryNs = 0;
  }
  return true;
}

/// After a rank has come or is ready: says what there is to say.
void ControlPlane::announce() {
  if (isFormed_ || isClosing_ || (!isReady_ && joined_ + 1 < ranks()))
    return;
  if (!isReady_) {
    stopListening();
    if (rank() == 0) {
      Array<WireAddress> table;
      bool isComplete = table.allocate(host_, size_t(ranks())) &&
                        getrandom(&group_, sizeof(group_), 0) == ssize_t(sizeof(group_));
      for (int32_t peer = 1; peer < ranks() && isComplete; ++peer)
        table[size_t(peer)] = links_[size_t(peer)]->listens;
      for (int32_t peer = 1; peer < ranks() && isComplete; ++peer)
        isComplete = links_[size_t(peer)]->put(FrameType::Table, &group_, sizeof(group_),
                                               table.data(), table.size() * sizeof(WireAddress));
      if (!isComplete) {
        fatal_ = failure(MOERT_OUT_OF_MEMORY, "no memory for the addresses of %d ranks", ranks());
        return;
      }
      isTabled_ = true;
    }
    for (Link *link : links_)
      if (link && !link->put(FrameType::Ready)) {
        fatal_ = failure(MOERT_OUT_OF_MEMORY, "no memory to tell the others of this rank");
        return;
      }
    isReady_ = true;
  }
  isFormed_ = ready_ + 1 == ranks();
}

/// All are here: strangers get no more answers.
void ControlPlane::stopListening() {
  if (listener_.value < 0)
    return;
  epoll_ctl(epoll_.value, EPOLL_CTL_DEL, listener_.value, nullptr);
  Descriptor closing(-1);
  std::swap(listener_.value, closing.value);
  for (Link *link = pending_, *next; link; link = next) {
    next = link->next;
    if (!link->isOutgoing())
      drop(*link, kClosed);
  }
}

} // namespace moert
