// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cpu/ThreadPool.h"
#include "lib/Core/Status.h"
#include "lib/Cpu/FloatingPoint.h"
#include "lib/Cpu/Futex.h"

#include <algorithm>
#include <ctime>
#include <immintrin.h>
#include <limits>

namespace moert {

namespace {

/// How long a thread with nothing to do keeps its core: what sleeping and being woken costs in a
/// virtual machine whose cores halt, about. Covers the serial kernels between two products of a
/// token: a layer of one token took 10 to 13 % longer with 2 us, and as long with 10 to 100 us.
constexpr int64_t kSpinNanoseconds = 20000;
/// A thread takes what is left over this and the number of threads: large parts at first, in which
/// streams of memory are not cut, and small ones at last, which even out slow threads.
constexpr int64_t kSharesPerThread = 2;
/// Set in Loop::helpers when the caller sleeps until they have left.
constexpr uint32_t kCallerWaits = 0x80000000u;

thread_local int bodyDepth = 0;

struct BodyScope {
  BodyScope() { ++bodyDepth; }
  ~BodyScope() { --bodyDepth; }
};

int64_t monotonicNow() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

/// True as soon as `done` is, false when the time to spin is over.
template <typename Done>
bool spinUntil(Done done) {
  if (done())
    return true;
  int64_t end = monotonicNow() + kSpinNanoseconds;
  do {
    for (int i = 0; i < 8; ++i) {
      _mm_pause();
      if (done())
        return true;
    }
  } while (monotonicNow() < end);
  return false;
}

} // namespace

/// One parallel loop, on its caller's stack. A helper may touch it from joining (under the mutex,
/// while it is in the list) until it takes itself off `helpers`.
struct ThreadPool::Loop {
  Body body;
  void *argument;
  int64_t units;
  int64_t grain;
  int64_t shares;
  std::atomic<int64_t> next{0};
  std::atomic<uint32_t> helpers{0};
  Loop *newer = nullptr;
  Loop *older = nullptr;

  bool exhausted() const { return next.load(std::memory_order_relaxed) >= units; }

  void process() {
    BodyScope scope;
    int64_t begin = next.load(std::memory_order_relaxed);
    while (begin < units) {
      int64_t count = std::clamp<int64_t>((units - begin) / shares, 1, grain);
      if (next.compare_exchange_weak(begin, begin + count, std::memory_order_relaxed)) {
        body(argument, begin, begin + count);
        begin = next.load(std::memory_order_relaxed);
      }
    }
  }

  void leave() {
    uint32_t before = helpers.fetch_sub(1, std::memory_order_release);
    if (before == (kCallerWaits | 1))
      futexWake(&helpers, 1);
  }

  void waitForHelpers() {
    auto none = [this] { return (helpers.load(std::memory_order_acquire) & ~kCallerWaits) == 0; };
    if (spinUntil(none))
      return;
    helpers.fetch_or(kCallerWaits, std::memory_order_relaxed);
    while (!none()) {
      uint32_t value = helpers.load(std::memory_order_relaxed);
      if (value & ~kCallerWaits)
        futexWait(&helpers, value);
    }
  }
};

bool ThreadPool::insideBody() { return bodyDepth > 0; }

moert_status ThreadPool::start(int32_t threads) {
  if (!workers_.allocate(host_, size_t(threads) - 1))
    return failure(MOERT_OUT_OF_MEMORY, "no memory for %d threads", threads);
  for (; started_ < workers_.size(); ++started_)
    if (int error = host_.spawn(workerMain, this, &workers_[started_])) {
      moert_status status = osFailure(MOERT_RESOURCE_EXHAUSTED, error,
                                      "cannot start thread %zu of %d", started_ + 2, threads);
      stop();
      return status;
    }
  return success();
}

void ThreadPool::stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  epoch_.fetch_add(1);
  futexWake(&epoch_, std::numeric_limits<int>::max());
  while (started_ > 0)
    host_.join(workers_[--started_]);
  workers_.clear();
}

void ThreadPool::workerMain(void *pool) {
  // Whatever the host's spawn hook left: results must not depend on the thread.
  setDefaultFloatingPoint();
  static_cast<ThreadPool *>(pool)->work();
}

void ThreadPool::work() {
  for (;;) {
    uint32_t seen = epoch_.load();
    if (Loop *loop = join()) {
      loop->process();
      loop->leave();
      continue;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (stopping_)
        return;
    }
    if (spinUntil([&] { return epoch_.load(std::memory_order_relaxed) != seen; }))
      continue;
    // wake() reads sleepers_ after changing epoch_, this thread the other way round: one of the two
    // sees the other.
    sleepers_.fetch_add(1);
    futexWait(&epoch_, seen);
    sleepers_.fetch_sub(1);
  }
}

/// The loop with the fewest helpers that has units left, joined; or null.
ThreadPool::Loop *ThreadPool::join() {
  std::lock_guard<std::mutex> lock(mutex_);
  Loop *best = nullptr;
  uint32_t fewest = 0;
  for (Loop *loop = first_; loop; loop = loop->newer) {
    if (loop->exhausted())
      continue;
    uint32_t helpers = loop->helpers.load(std::memory_order_relaxed) & ~kCallerWaits;
    if (!best || helpers < fewest) {
      best = loop;
      fewest = helpers;
    }
  }
  if (best)
    best->helpers.fetch_add(1, std::memory_order_relaxed);
  return best;
}

void ThreadPool::wake(int64_t helpers) {
  epoch_.fetch_add(1);
  if (sleepers_.load() > 0)
    futexWake(&epoch_, int(std::min<int64_t>(helpers, std::numeric_limits<int>::max())));
}

void ThreadPool::run(Body body, void *argument, int64_t units, int64_t grain) {
  if (units <= 0)
    return;
  grain = std::max<int64_t>(1, grain);
  if (workers_.size() == 0 || units == 1 || insideBody()) {
    BodyScope scope;
    for (int64_t begin = 0, count; begin < units; begin += count) {
      count = std::min(grain, units - begin);
      body(argument, begin, begin + count);
    }
    return;
  }
  Loop loop;
  loop.body = body;
  loop.argument = argument;
  loop.units = units;
  loop.grain = grain;
  loop.shares = threads() * kSharesPerThread;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    loop.older = last_;
    (last_ ? last_->newer : first_) = &loop;
    last_ = &loop;
  }
  wake(std::min<int64_t>(units, threads()) - 1);
  loop.process();
  {
    std::lock_guard<std::mutex> lock(mutex_);
    (loop.older ? loop.older->newer : first_) = loop.newer;
    (loop.newer ? loop.newer->older : last_) = loop.older;
  }
  loop.waitForHelpers();
}

} // namespace moert
