// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads of one process that meet, wait for each other, and read each other's memory.
//
// Members go through the same steps. In a step each publishes a pointer and waits until all have;
// then everybody reads what the others published. Nothing is copied here: who receives rows reads
// the sender's. There are two places for pointers, used in turn, so a step has one meeting point:
// what was published stays untouched until its member publishes the step after the next one, and no
// member gets there before all have come to the next one, done with reading.
//
// Between steps members tell each other what they have done in words of their own, and notify who
// may wait for it. A step is completed by all members or by none. A group that has been given up
// stays so: every wait, present or later, ends with the reason, and reading ends soon.
#ifndef MOERT_LIB_COMM_LOCALGROUP_H
#define MOERT_LIB_COMM_LOCALGROUP_H

#include "lib/Comm/ExchangeTransport.h"
#include "lib/Comm/GroupState.h"

namespace moert {

class LocalGroup;

/// What a member waits for.
class Awaited {
public:
  enum Outcome { kNothing, kProgress, kOver };
  /// Does what can be done without waiting.
  virtual Outcome poll() = 0;
  /// Whether this member has to do something before the wait is over.
  virtual bool isFor(int32_t member) const = 0;
  /// Gives the group up because of `rank`; false if the wait is over, or the group given up.
  virtual bool giveUp(LocalGroup &group, int32_t rank, int32_t code);
  /// Whether the member's run waits, which is no reason to blame it.
  virtual bool isRun() const { return true; }
  /// Whether it may be over sooner than a sleeper is awake.
  virtual bool isBrief() const { return true; }

protected:
  ~Awaited() = default;
};

class LocalGroup {
public:
  /// Both must outlive the group.
  LocalGroup(const Host &host, GroupState &state) : host_(host), state_(state) {}
  LocalGroup(const LocalGroup &) = delete;
  LocalGroup &operator=(const LocalGroup &) = delete;

  /// Once. `ranks` are the numbers of members in the whole group; null: the same. OUT_OF_MEMORY.
  moert_status create(const int32_t *ranks, int32_t count);
  int32_t size() const { return int32_t(members_.size()); }
  int32_t rankOf(int32_t member) const { return members_[size_t(member)].rank; }

  /// Publishes `mine` as this step of `member` and waits for those of the others. One thread at a
  /// time for each member. DEADLINE_EXCEEDED and CANCELLED where that is the member's own;
  /// PEER_LOST names a rank that did not come in time, or left; ABORTED where another rank gave up.
  moert_status step(int32_t member, const void *mine, const WaitLimits &limits = {});

  /// What `from` published in the last step of `member`, until the next step of `member`.
  const void *published(int32_t member, int32_t from) const {
    return members_[size_t(from)].shown[(members_[size_t(member)].steps - 1) & 1];
  }

  /// Waits until `awaited` is over; ends as `step` does. Whoever changes what it polls notifies.
  moert_status wait(int32_t member, Awaited &awaited, const WaitLimits &limits);
  /// Lets `member`, if it waits, look again.
  void notify(int32_t member);
  /// Sleeps until `timeNs`, or until the group is given up.
  void sleepUntil(int32_t member, int64_t timeNs);

  /// Gives the group up because of `rank`: all waits end, with PEER_LOST if `code` is that and with
  /// ABORTED otherwise. The first reason counts. From any thread.
  void giveUp(int32_t rank, int32_t code);
  bool isGivenUp() const { return word_.load() & 1; }
  /// OK, or why the group has been given up.
  moert_status state() const { return isGivenUp() ? reason() : state_.state(); }
  /// Ends waits that are for `member` with PEER_LOST. From any thread.
  void leave(int32_t member);

  /// Between these `member` may read what others published; false where it must not begin to.
  [[nodiscard]] bool beginReading(int32_t member);
  void endReading(int32_t member);
  /// Waits until nobody reads. The group has been given up.
  void awaitReaders() const;

private:
  struct Meeting;
  struct Patience;

  /// On cache lines of its own: every rank writes its member in each step. But for what one thread
  /// writes and reads alone, fields are accessed atomically.
  struct alignas(64) Member {
    const void *shown[2];
    uint32_t steps;    // written and read by the member alone
    uint32_t came;     // the same for others
    uint32_t events;   // changes when the member should look again
    uint32_t sleepers; // threads of the member that sleep on it
    uint32_t reading;  // threads of the member that read what others published
    uint32_t left;
    uint32_t waitsWithoutOffer; // to come, in which the member keeps its core
    int32_t rank;               // constant
  };

  bool isOver(uint32_t step) const { return word_.load() >> 1 != (step & 0x7fffffff); }
  moert_status waitLong(int32_t member, Awaited &awaited, const WaitLimits &limits);
  bool isBeyond(int32_t member, Awaited &awaited, const WaitLimits &limits, Patience &patience,
                moert_status &status);
  int32_t findMissing(const Awaited &awaited, bool blames) const;
  static bool mayOffer(Member &member);
  bool offerCore(Member &member);
  void sleep(int32_t member, uint32_t seen, int64_t nanoseconds);
  bool giveUpStep(uint32_t step, int32_t rank, int32_t code);
  moert_status reason() const;
  void notifyAll();

  const Host &host_;
  GroupState &state_;
  Array<Member> members_;
  bool isCrowded_ = false; // more ranks than processors
  /// Members that have come to the step under way.
  alignas(64) std::atomic<int32_t> arrived_{0};
  /// Twice the number of steps that all have come to, and 1 when the group has been given up.
  alignas(64) std::atomic<uint32_t> word_{0};
  std::atomic<uint32_t> departed_{0};
};

} // namespace moert

#endif // MOERT_LIB_COMM_LOCALGROUP_H
