// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The threads of a runtime, shared by all its sessions.
//
// The caller of a loop takes part in it, and a loop is finished by its caller alone if nobody comes
// to help: so concurrent callers cannot wait for each other, and no number of threads deadlocks.
#ifndef MOERT_LIB_CPU_THREADPOOL_H
#define MOERT_LIB_CPU_THREADPOOL_H

#include "lib/Core/Host.h"

#include <atomic>
#include <limits>
#include <mutex>

namespace moert {

class ThreadPool {
public:
  /// Processes units [begin, end). Ranges are handed out in any order, to any thread.
  using Body = void (*)(void *argument, int64_t begin, int64_t end);

  explicit ThreadPool(const Host &host) : host_(host) {}
  /// No loop may be running.
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts `threads` - 1 workers; once, before any loop. On failure none is left.
  moert_status start(int32_t threads);

  int32_t threads() const { return int32_t(workers_.size()) + 1; }

  /// Calls `body` on all of [0, units) and returns when it is done. From any thread; inside a body
  /// the nested loop runs inline.
  /// `grain` >= 1 is the most units of a range.
  void run(Body body, void *argument, int64_t units,
           int64_t grain = std::numeric_limits<int64_t>::max());

  /// Whether this thread is inside a body of any pool.
  static bool insideBody();

private:
  struct Loop;

  static void workerMain(void *pool);
  void work();
  void stop();
  Loop *join();
  void wake(int64_t helpers);

  const Host &host_;
  Array<void *> workers_;
  size_t started_ = 0; // of workers_; fewer only when starting failed half way
  std::mutex mutex_;
  /// Loops that may have units left, oldest first; guarded by mutex_.
  Loop *first_ = nullptr;
  Loop *last_ = nullptr;
  bool stopping_ = false;
  /// Counts changes workers should look at; idle workers sleep on it.
  std::atomic<uint32_t> epoch_{0};
  std::atomic<uint32_t> sleepers_{0};
};

} // namespace moert

#endif // MOERT_LIB_CPU_THREADPOOL_H
