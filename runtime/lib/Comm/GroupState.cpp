// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Comm/GroupState.h"
#include "lib/Core/Status.h"

namespace moert {

moert_status GroupState::create(int32_t ranks) {
  if (ranks < 1 || ranks > kMostRanks)
    return failure(MOERT_INVALID_ARGUMENT, "a group has 1 to %d ranks, not %d", kMostRanks, ranks);
  if (!waits_.allocate(host_, size_t(ranks)))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for a group of %d ranks", ranks);
  return success();
}

void GroupState::giveUp(int32_t rank, int32_t code) {
  uint64_t none = 0;
  reason_.compare_exchange_strong(none, uint64_t(uint32_t(code)) << 32 | uint32_t(rank));
}

moert_status GroupState::state() const {
  const uint64_t reason = reason_.load();
  const int32_t code = int32_t(reason >> 32), rank = int32_t(uint32_t(reason));
  if (code == MOERT_OK)
    return success();
  if (code == MOERT_PEER_LOST)
    return failure(MOERT_PEER_LOST, "rank %d of %d is lost", rank, ranks());
  return failure(MOERT_ABORTED, "rank %d of %d gave up: %s", rank, ranks(), codeName(code));
}

} // namespace moert
