// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ranks that are threads of one process, and what they show each other.
//
// Ranks go through the same steps. In a step each publishes a pointer and waits until all have;
// then everybody reads what the others published. Nothing is copied here: who receives rows reads
// the sender's. There are two places for pointers, used in turn, so a step has one meeting point:
// what was published stays untouched until its rank publishes the step after the next one, and no
// rank gets there before all have come to the next one, done with reading.
//
// A step is completed by all ranks or by none. A group that has been given up stays so: every wait,
// present or later, ends with the reason. Others may still be reading what a rank published in the
// step before, so that stays untouched until all ranks have left. They build another group.
#ifndef MOERT_LIB_COMM_LOCALGROUP_H
#define MOERT_LIB_COMM_LOCALGROUP_H

#include "lib/Core/Host.h"

#include <atomic>
#include <cstdint>

namespace moert {

/// What ends a wait before all ranks have come.
struct WaitLimits {
  /// Absolute, in the host's clock; 0: none. Beyond it the group is given up.
  int64_t deadlineNs = 0;
  /// How long all others may take to come before those that have not count as lost; 0: for ever.
  int64_t silenceNs = 0;
  /// Looked at every few milliseconds; may be null. When it is set the group is given up.
  const std::atomic<bool> *cancelled = nullptr;
};

class LocalGroup {
public:
  static constexpr int32_t kMostRanks = 1024;

  /// `host` must outlive the group.
  explicit LocalGroup(const Host &host) : host_(host) {}
  LocalGroup(const LocalGroup &) = delete;
  LocalGroup &operator=(const LocalGroup &) = delete;

  /// 1 to kMostRanks ranks, once. INVALID_ARGUMENT, OUT_OF_MEMORY.
  moert_status create(int32_t ranks);
  int32_t size() const { return int32_t(members_.size()); }

  /// Publishes `mine` as this step of `rank` and waits for those of the others. One thread at a
  /// time for each rank. DEADLINE_EXCEEDED and CANCELLED where that is the rank's own; PEER_LOST
  /// names a rank that did not come in time, or left; ABORTED where another rank gave up.
  moert_status step(int32_t rank, const void *mine, const WaitLimits &limits = {});

  /// What `from` published in the last step of `rank`, until the next step of `rank`.
  const void *published(int32_t rank, int32_t from) const {
    return members_[size_t(from)].shown[(members_[size_t(rank)].steps - 1) & 1];
  }

  /// Gives the group up because of `rank`: all waits end, with PEER_LOST if `code` is that and with
  /// ABORTED otherwise. The first reason counts. From any thread.
  void giveUp(int32_t rank, int32_t code);

private:
  /// On cache lines of its own: every rank writes its member in each step.
  struct alignas(64) Member {
    const void *shown[2];
    uint32_t steps; // written and read by the rank alone
    uint32_t came;  // the same for others: accessed atomically
  };

  bool isOver(uint32_t step) const { return word_.load() >> 1 != (step & 0x7fffffff); }
  moert_status await(int32_t rank, uint32_t step, const WaitLimits &limits);
  bool isBeyond(int32_t rank, uint32_t step, const WaitLimits &limits, int64_t silenceEnd,
                moert_status &status);
  int64_t getSleepNs(const WaitLimits &limits, int64_t silenceEnd) const;
  bool giveUpStep(uint32_t step, int32_t rank, int32_t code);
  moert_status reason() const;
  int32_t findMissing(uint32_t step) const;
  void wake();

  const Host &host_;
  Array<Member> members_;
  /// Ranks that have come to the step under way.
  alignas(64) std::atomic<int32_t> arrived_{0};
  /// Twice the number of steps that all have come to, and 1 when the group has been given up.
  alignas(64) std::atomic<uint32_t> word_{0};
  std::atomic<uint32_t> sleepers_{0};
  /// Code and rank + 1 of who gave up, written by whoever sets the word's lowest bit, after that.
  std::atomic<uint64_t> reason_{0};
};

} // namespace moert

#endif // MOERT_LIB_COMM_LOCALGROUP_H
