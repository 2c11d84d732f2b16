// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A thread for each rank of a group in this process.
#ifndef MOERT_LIB_CLI_RANKTHREADS_H
#define MOERT_LIB_CLI_RANKTHREADS_H

#include "moert/moert.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <pthread.h>
#include <vector>

namespace moert::cli {

/// Runs the same call on all ranks at once. A single rank runs on the calling thread.
class RankThreads {
public:
  RankThreads() = default;
  RankThreads(const RankThreads &) = delete;
  RankThreads &operator=(const RankThreads &) = delete;
  ~RankThreads();

  /// Once, before `run`. RESOURCE_EXHAUSTED where the system has no more threads.
  moert_status start(int32_t ranks);

  /// Calls `body` with each rank's number and returns when all calls have. What went wrong, if
  /// anything did: the failure of the rank that others had to give up for.
  moert_status run(const std::function<moert_status(int32_t)> &body);

private:
  struct Start {
    RankThreads *owner;
    int32_t rank;
  };
  static void *enter(void *start);
  void work(int32_t rank);
  moert_status findCause() const;

  std::vector<pthread_t> threads_;
  std::vector<Start> starts_;
  std::vector<moert_status> statuses_;
  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  const std::function<moert_status(int32_t)> *body_ = nullptr;
  int64_t round_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
};

} // namespace moert::cli

#endif // MOERT_LIB_CLI_RANKTHREADS_H
