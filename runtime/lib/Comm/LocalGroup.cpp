// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalGroup.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"

#include <algorithm>
#include <immintrin.h>
#include <limits>
#include <sched.h>

namespace moert {

namespace {

/// Looks at the word before the core is offered to others: ranks that have one each come within
/// this.
constexpr int kSpins = 200;
/// How long a rank offers its core before it sleeps: with more ranks than cores the one it waits
/// for runs meanwhile, which costs less than sleeping and being woken.
constexpr int64_t kYieldNs = 50000;
/// How often a sleeping rank looks whether it has been cancelled.
constexpr int64_t kCancelNs = 5000000;
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

} // namespace

moert_status LocalGroup::create(int32_t ranks) {
  if (ranks < 1 || ranks > kMostRanks)
    return failure(MOERT_INVALID_ARGUMENT, "a group has 1 to %d ranks, not %d", kMostRanks, ranks);
  if (!members_.allocate(host_, size_t(ranks)))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
  return success();
}

moert_status LocalGroup::step(int32_t rank, const void *mine, const WaitLimits &limits) {
  if (word_.load() & 1)
    return reason();
  Member &member = members_[size_t(rank)];
  const uint32_t step = member.steps++;
  member.shown[step & 1] = mine;
  __atomic_store_n(&member.came, member.steps, __ATOMIC_RELEASE);
  if (arrived_.fetch_add(1) + 1 < size())
    return await(rank, step, limits);
  // Nobody comes to the next step before the word has changed.
  arrived_.store(0, std::memory_order_relaxed);
  uint32_t open = step << 1;
  if (!word_.compare_exchange_strong(open, open + 2))
    return reason();
  wake();
  return success();
}

moert_status LocalGroup::await(int32_t rank, uint32_t step, const WaitLimits &limits) {
  for (int i = 0; i < kSpins; ++i) {
    if (isOver(step))
      return success();
    _mm_pause();
  }
  const int64_t begin = host_.now();
  const int64_t silenceEnd = limits.silenceNs > 0 && begin < kForever - limits.silenceNs
                                 ? begin + limits.silenceNs
                                 : kForever;
  for (int64_t now = begin;; now = host_.now()) {
    const uint32_t seen = word_.load();
    if (isOver(step))
      return success();
    if (seen & 1)
      return reason();
    if (moert_status status = success(); isBeyond(rank, step, limits, silenceEnd, status))
      return status;
    if (now - begin < kYieldNs) {
      sched_yield();
      continue;
    }
    const int64_t sleepNs = getSleepNs(limits, silenceEnd);
    // wake() reads sleepers_ after the word was changed, this rank the other way round: one of the
    // two sees the other.
    sleepers_.fetch_add(1);
    if (sleepNs == kForever)
      futexWait(&word_, seen);
    else
      futexWaitFor(&word_, seen, sleepNs);
    sleepers_.fetch_sub(1);
  }
}

/// True if a limit has ended the wait, with `status`, before all ranks came.
bool LocalGroup::isBeyond(int32_t rank, uint32_t step, const WaitLimits &limits, int64_t silenceEnd,
                          moert_status &status) {
  if (limits.cancelled && limits.cancelled->load(std::memory_order_relaxed)) {
    status = failure(MOERT_CANCELLED, "the request was cancelled");
    return giveUpStep(step, rank, MOERT_CANCELLED);
  }
  const int64_t now = host_.now();
  if (limits.deadlineNs > 0 && now >= limits.deadlineNs) {
    status = failure(MOERT_DEADLINE_EXCEEDED, "rank %d had not come when the deadline passed",
                     findMissing(step));
    return giveUpStep(step, rank, MOERT_DEADLINE_EXCEEDED);
  }
  if (now < silenceEnd || !giveUpStep(step, findMissing(step), MOERT_PEER_LOST))
    return false;
  status = reason();
  return true;
}

/// How long nobody needs to look at limits.
int64_t LocalGroup::getSleepNs(const WaitLimits &limits, int64_t silenceEnd) const {
  const int64_t now = host_.now();
  int64_t sleepNs = limits.cancelled ? kCancelNs : kForever;
  if (limits.deadlineNs > 0)
    sleepNs = std::min(sleepNs, limits.deadlineNs - now);
  if (silenceEnd != kForever)
    sleepNs = std::min(sleepNs, silenceEnd - now);
  return std::max<int64_t>(sleepNs, 0);
}

/// The first rank that has not come to `step`; where all have come meanwhile, the last.
int32_t LocalGroup::findMissing(uint32_t step) const {
  int32_t rank = 0;
  while (rank < size() - 1 &&
         __atomic_load_n(&members_[size_t(rank)].came, __ATOMIC_ACQUIRE) != step)
    ++rank;
  return rank;
}

/// Gives the group up unless all ranks have come to `step`, or somebody else was faster.
bool LocalGroup::giveUpStep(uint32_t step, int32_t rank, int32_t code) {
  uint32_t open = step << 1;
  if (!word_.compare_exchange_strong(open, open | 1))
    return false;
  reason_.store(uint64_t(uint32_t(code)) << 32 | uint32_t(rank + 1));
  wake();
  return true;
}

void LocalGroup::giveUp(int32_t rank, int32_t code) {
  if (word_.fetch_or(1) & 1)
    return;
  reason_.store(uint64_t(uint32_t(code)) << 32 | uint32_t(rank + 1));
  wake();
}

void LocalGroup::wake() {
  if (sleepers_.load() > 0)
    futexWake(&word_, std::numeric_limits<int>::max());
}

moert_status LocalGroup::reason() const {
  uint64_t reason;
  while ((reason = reason_.load()) == 0)
    sched_yield(); // its writer has set the bit, and writes it now
  const int32_t code = int32_t(reason >> 32), rank = int32_t(uint32_t(reason)) - 1;
  if (code == MOERT_PEER_LOST)
    return failure(MOERT_PEER_LOST, "rank %d of %d is lost", rank, size());
  return failure(MOERT_ABORTED, "rank %d of %d gave up: %s", rank, size(), codeName(code));
}

} // namespace moert
