// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What all parts of a group of threads share: why it was given up, and who waits.
#ifndef MOERT_LIB_COMM_GROUPSTATE_H
#define MOERT_LIB_COMM_GROUPSTATE_H

#include "lib/Core/Host.h"

#include <atomic>
#include <cstdint>

namespace moert {

class GroupState {
public:
  static constexpr int32_t kMostRanks = 1024;

  explicit GroupState(const Host &host) : host_(host) {}

  /// 1 to kMostRanks ranks, once. INVALID_ARGUMENT, OUT_OF_MEMORY.
  moert_status create(int32_t ranks);
  int32_t ranks() const { return int32_t(waits_.size()); }

  /// Notes that the group is given up because of `rank`. The first reason counts.
  void giveUp(int32_t rank, int32_t code);
  /// MOERT_OK, or why the group was given up.
  int32_t code() const { return int32_t(reason_.load() >> 32); }
  /// OK; PEER_LOST where a rank is lost; ABORTED, which names the reason, for all others.
  moert_status state() const;

  /// A rank that waits for others is not one that others should blame.
  void beginWait(int32_t rank) { __atomic_add_fetch(&waits_[size_t(rank)], 1, __ATOMIC_RELAXED); }
  void endWait(int32_t rank) { __atomic_sub_fetch(&waits_[size_t(rank)], 1, __ATOMIC_RELAXED); }
  bool waits(int32_t rank) const {
    return __atomic_load_n(&waits_[size_t(rank)], __ATOMIC_RELAXED) != 0;
  }

private:
  const Host &host_;
  Array<uint32_t> waits_; // of each rank
  /// Code and rank of who gave up.
  std::atomic<uint64_t> reason_{0};
};

} // namespace moert

#endif // MOERT_LIB_COMM_GROUPSTATE_H
