// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A group of ranks that are threads of one process.
#ifndef MOERT_LIB_COMM_LOCALRANKS_H
#define MOERT_LIB_COMM_LOCALRANKS_H

#include "lib/Comm/LocalExchange.h"
#include "lib/Core/Ref.h"

#include <mutex>

namespace moert {

/// What the ranks of a group share. Parts are made when a rank asks for one first.
class LocalRanks final : public RefCounted<LocalRanks> {
public:
  /// Makes a group, and an end of it for each of `ends`. `host` must outlive them.
  static moert_status make(const Host &host, int32_t ranks, int64_t linkBytesPerSecond,
                           GroupTransport **ends);
  static void dispose(LocalRanks *ranks);
  explicit LocalRanks(const Host &host) : host(host), state(host) {}
  ~LocalRanks();

  moert_status open(const int32_t *ranks, int32_t count, LocalPart *&part);
  void giveUp(int32_t rank, int32_t code);
  void leave(int32_t rank);

  const Host &host;
  GroupState state;

private:
  LocalPart *findPart(const int32_t *ranks, int32_t count) const;

  SlowLink link_;
  std::mutex mutex_;
  /// Newest first; guarded by mutex_. They stay.
  LocalPart *parts_ = nullptr;
  Array<bool> left_; // ranks that are gone; likewise
};

} // namespace moert

#endif // MOERT_LIB_COMM_LOCALRANKS_H
