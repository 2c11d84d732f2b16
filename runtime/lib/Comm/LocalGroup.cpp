// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/LocalGroup.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/Futex.h"
#include "lib/Cpu/Processors.h"

#include <algorithm>
#include <immintrin.h>
#include <limits>
#include <sched.h>

namespace moert {

namespace {

/// Looks before the clock is: ranks that have a core each come within this. Ranks that share cores
/// keep others from coming meanwhile.
constexpr int kSpins = 200;
constexpr int kCrowdedSpins = 2;
/// How long a rank offers its core to others before it sleeps. Waking a sleeper takes longer than
/// an exchange of a few rows: of two ranks on two cores it takes 12 us so and 75 where they sleep
/// after 5 us, of four ranks 15 us and 40.
constexpr int64_t kOfferNs = 50000;
/// But a core that is offered may come back late: who offers it gives up a time slice (Linux 6.18),
/// and others may use theirs to the end. Then a rank offers nothing in so many waits: who is woken
/// from sleep gets a core sooner.
constexpr int64_t kLateNs = 100000;
constexpr uint32_t kWaitsWithoutOffer = 32;
/// How long a rank keeps its core in those, if it need not share it.
constexpr int64_t kSpinNs = 5000;
/// Looks within that, should the host's clock stand still.
constexpr int kMostSpins = 1000;
/// How often a sleeping rank looks whether it has been cancelled.
constexpr int64_t kCancelNs = 5000000;
constexpr int64_t kForever = std::numeric_limits<int64_t>::max();

int64_t timeAfter(int64_t now, int64_t duration) {
  return duration > 0 && now < kForever - duration ? now + duration : kForever;
}

} // namespace

/// How long a wait goes on without anything happening.
struct LocalGroup::Patience {
  int64_t end;
  bool isSecond; // the first time ended, and all that are missing wait themselves
};

/// The wait for the other members of a step.
struct LocalGroup::Meeting final : Awaited {
  Meeting(const LocalGroup &group, uint32_t step) : group(group), step(step) {}

  Outcome poll() override { return group.isOver(step) ? kOver : kNothing; }
  bool isFor(int32_t member) const override {
    return __atomic_load_n(&group.members_[size_t(member)].came, __ATOMIC_ACQUIRE) == step;
  }
  bool giveUp(LocalGroup &given, int32_t rank, int32_t code) override {
    return given.giveUpStep(step, rank, code);
  }

  const LocalGroup &group;
  const uint32_t step;
};

bool Awaited::giveUp(LocalGroup &group, int32_t rank, int32_t code) {
  group.giveUp(rank, code);
  return true;
}

moert_status LocalGroup::create(const int32_t *ranks, int32_t count) {
  if (!members_.allocate(host_, size_t(count)))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", count);
  for (int32_t member = 0; member < count; ++member)
    members_[size_t(member)].rank = ranks ? ranks[member] : member;
  isCrowded_ = state_.ranks() > availableProcessors();
  return success();
}

moert_status LocalGroup::step(int32_t self, const void *mine, const WaitLimits &limits) {
  if (isGivenUp())
    return reason();
  Member &member = members_[size_t(self)];
  const uint32_t step = member.steps++;
  member.shown[step & 1] = mine;
  __atomic_store_n(&member.came, member.steps, __ATOMIC_RELEASE);
  if (arrived_.fetch_add(1) + 1 < size()) {
    Meeting meeting(*this, step);
    return wait(self, meeting, limits);
  }
  // Nobody comes to the next step before the word has changed.
  arrived_.store(0, std::memory_order_relaxed);
  uint32_t open = step << 1;
  if (!word_.compare_exchange_strong(open, open + 2))
    return reason();
  notifyAll();
  return success();
}

moert_status LocalGroup::wait(int32_t self, Awaited &awaited, const WaitLimits &limits) {
  for (int i = isCrowded_ ? kCrowdedSpins : kSpins; i > 0; --i) {
    if (awaited.poll() == Awaited::kOver)
      return success();
    _mm_pause();
  }
  const int32_t rank = rankOf(self);
  if (!awaited.isRun())
    return waitLong(self, awaited, limits);
  state_.beginWait(rank);
  moert_status status = waitLong(self, awaited, limits);
  state_.endWait(rank);
  return status;
}

moert_status LocalGroup::waitLong(int32_t self, Awaited &awaited, const WaitLimits &limits) {
  Member &member = members_[size_t(self)];
  int64_t begin = host_.now();
  Patience patience = {timeAfter(begin, limits.silenceNs), false};
  int spins = 0;
  bool offers = awaited.isBrief() && mayOffer(member);
  for (int64_t now = begin;; now = host_.now()) {
    const uint32_t seen = __atomic_load_n(&member.events, __ATOMIC_SEQ_CST);
    const Awaited::Outcome outcome = awaited.poll();
    if (outcome == Awaited::kOver)
      return success();
    if (isGivenUp())
      return reason();
    if (outcome == Awaited::kProgress) {
      begin = now;
      spins = 0;
      patience = {timeAfter(now, limits.silenceNs), false};
    }
    if (moert_status status = success(); isBeyond(self, awaited, limits, patience, status))
      return status;
    if (outcome == Awaited::kProgress)
      continue;
    if (now - begin < (offers ? kOfferNs : isCrowded_ ? 0 : kSpinNs) && ++spins < kMostSpins) {
      if (offers)
        offers = offerCore(member);
      else
        _mm_pause();
      continue;
    }
    int64_t sleepNs = limits.cancelled ? kCancelNs : kForever;
    now = host_.now();
    if (limits.deadlineNs > 0)
      sleepNs = std::min(sleepNs, limits.deadlineNs - now);
    if (patience.end != kForever)
      sleepNs = std::min(sleepNs, patience.end - now);
    sleep(self, seen, sleepNs);
  }
}

/// Whether a rank may offer its core in this wait.
bool LocalGroup::mayOffer(Member &member) {
  const uint32_t left = __atomic_load_n(&member.waitsWithoutOffer, __ATOMIC_RELAXED);
  if (left > 0)
    __atomic_store_n(&member.waitsWithoutOffer, left - 1, __ATOMIC_RELAXED);
  return left == 0;
}

/// Lets others run; false if that took long.
bool LocalGroup::offerCore(Member &member) {
  const int64_t begin = host_.now();
  sched_yield();
  if (host_.now() - begin < kLateNs)
    return true;
  __atomic_store_n(&member.waitsWithoutOffer, kWaitsWithoutOffer, __ATOMIC_RELAXED);
  return false;
}

/// Until `events` is not `seen`, or for so long.
void LocalGroup::sleep(int32_t self, uint32_t seen, int64_t nanoseconds) {
  Member &member = members_[size_t(self)];
  // notify() reads sleepers after events was changed, this thread the other way round: one of the
  // two sees the other.
  __atomic_add_fetch(&member.sleepers, 1, __ATOMIC_SEQ_CST);
  if (nanoseconds == kForever)
    futexWait(&member.events, seen);
  else
    futexWaitFor(&member.events, seen, std::max<int64_t>(nanoseconds, 0));
  __atomic_sub_fetch(&member.sleepers, 1, __ATOMIC_SEQ_CST);
}

void LocalGroup::sleepUntil(int32_t self, int64_t timeNs) {
  for (;;) {
    const uint32_t seen = __atomic_load_n(&members_[size_t(self)].events, __ATOMIC_SEQ_CST);
    const int64_t now = host_.now();
    if (now >= timeNs || isGivenUp())
      return;
    sleep(self, seen, timeNs - now);
  }
}

/// True if a limit has ended the wait, with `status`, before it was over.
bool LocalGroup::isBeyond(int32_t self, Awaited &awaited, const WaitLimits &limits,
                          Patience &patience, moert_status &status) {
  if (limits.cancelled && limits.cancelled->load(std::memory_order_relaxed)) {
    status = failure(MOERT_CANCELLED, "the request was cancelled");
    return awaited.giveUp(*this, rankOf(self), MOERT_CANCELLED);
  }
  const int64_t now = host_.now();
  if (limits.deadlineNs > 0 && now >= limits.deadlineNs) {
    int32_t missing = findMissing(awaited, true);
    if (missing < 0)
      missing = findMissing(awaited, false);
    status = missing < 0 ? failure(MOERT_DEADLINE_EXCEEDED, "the request's deadline has passed")
                         : failure(MOERT_DEADLINE_EXCEEDED,
                                   "rank %d had not come when the deadline passed", missing);
    return awaited.giveUp(*this, rankOf(self), MOERT_DEADLINE_EXCEEDED);
  }
  int32_t lost = -1;
  if (departed_.load() > 0)
    for (int32_t member = 0; member < size() && lost < 0; ++member)
      if (__atomic_load_n(&members_[size_t(member)].left, __ATOMIC_ACQUIRE) &&
          awaited.isFor(member))
        lost = rankOf(member);
  if (lost < 0 && now >= patience.end) {
    // Who waits for somebody else is not to blame, and will say whom it waits for. But where all
    // wait for each other, somebody has to end it.
    lost = findMissing(awaited, !patience.isSecond);
    patience = {timeAfter(now, limits.silenceNs), true};
  }
  if (lost < 0 || !awaited.giveUp(*this, lost, MOERT_PEER_LOST))
    return false;
  status = reason();
  return true;
}

/// The first rank that has something to do before the wait is over, and, if `blames`, does not wait
/// itself; -1 if there is none.
int32_t LocalGroup::findMissing(const Awaited &awaited, bool blames) const {
  for (int32_t member = 0; member < size(); ++member)
    if (awaited.isFor(member) && !(blames && state_.waits(rankOf(member))))
      return rankOf(member);
  return -1;
}

/// Gives the group up unless all members have come to `step`, or somebody else was faster.
bool LocalGroup::giveUpStep(uint32_t step, int32_t rank, int32_t code) {
  uint32_t open = step << 1;
  if (!word_.compare_exchange_strong(open, open | 1))
    return false;
  state_.giveUp(rank, code);
  notifyAll();
  return true;
}

void LocalGroup::giveUp(int32_t rank, int32_t code) {
  state_.giveUp(rank, code);
  if (!(word_.fetch_or(1) & 1))
    notifyAll();
}

void LocalGroup::leave(int32_t member) {
  __atomic_store_n(&members_[size_t(member)].left, 1, __ATOMIC_RELEASE);
  departed_.fetch_add(1);
  notifyAll();
}

void LocalGroup::notify(int32_t self) {
  Member &member = members_[size_t(self)];
  __atomic_add_fetch(&member.events, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&member.sleepers, __ATOMIC_SEQ_CST) > 0)
    futexWake(&member.events, std::numeric_limits<int>::max());
}

void LocalGroup::notifyAll() {
  for (int32_t member = 0; member < size(); ++member)
    notify(member);
}

bool LocalGroup::beginReading(int32_t member) {
  uint32_t &reading = members_[size_t(member)].reading;
  // awaitReaders() reads it after the group was given up, this thread the other way round.
  __atomic_add_fetch(&reading, 1, __ATOMIC_SEQ_CST);
  if (!isGivenUp())
    return true;
  endReading(member);
  return false;
}

void LocalGroup::endReading(int32_t member) {
  __atomic_sub_fetch(&members_[size_t(member)].reading, 1, __ATOMIC_RELEASE);
}

void LocalGroup::awaitReaders() const {
  for (const Member &member : members_)
    while (__atomic_load_n(&member.reading, __ATOMIC_SEQ_CST) > 0)
      sched_yield();
}

moert_status LocalGroup::reason() const {
  // Who gives a step up sets the bit first, and says why now.
  while (state_.code() == MOERT_OK)
    sched_yield();
  return state_.state();
}

} // namespace moert
