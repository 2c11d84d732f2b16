// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cpu/ThreadPool.h"
#include "Support.h"

#include <algorithm>
#include <cmath>
#include <immintrin.h>
#include <thread>

using namespace moert;
using namespace moert::test;

namespace {

struct ThreadPoolTest : testing::Test {
  CountingHost counting;
  Host host{counting.hooks};
};

/// Counts how often each unit was processed.
struct Counter {
  explicit Counter(int64_t units) : counts(size_t(units)) {}
  static void run(void *argument, int64_t begin, int64_t end) {
    auto &self = *static_cast<Counter *>(argument);
    for (int64_t i = begin; i < end; ++i)
      self.counts[size_t(i)].fetch_add(1, std::memory_order_relaxed);
  }
  bool allOnce() const {
    for (auto &count : counts)
      if (count != 1)
        return false;
    return true;
  }
  std::vector<std::atomic<int>> counts;
};

TEST_F(ThreadPoolTest, ProcessesEachUnitOnce) {
  for (int32_t threads : {1, 2, 3, 8}) {
    ThreadPool pool(host);
    ASSERT_OK(pool.start(threads));
    EXPECT_EQ(pool.threads(), threads);
    for (int64_t units : {0, 1, 2, 3, 7, 8, 9, 100, 1000, 12345}) {
      Counter counter(units);
      pool.run(Counter::run, &counter, units);
      EXPECT_TRUE(counter.allOnce()) << units << " units, " << threads << " threads";
    }
    pool.run(Counter::run, nullptr, -1);
  }
  EXPECT_EQ(counting.liveBlocks, 0);
}

TEST_F(ThreadPoolTest, RangesHaveAtMostTheGrain) {
  struct Largest {
    static void run(void *argument, int64_t begin, int64_t end) {
      auto &self = *static_cast<Largest *>(argument);
      int64_t largest = self.units.load();
      while (end - begin > largest && !self.units.compare_exchange_weak(largest, end - begin)) {
      }
      Counter::run(&self.counter, begin, end);
    }
    Counter counter{1000};
    std::atomic<int64_t> units{0};
  };
  for (int32_t threads : {1, 3}) {
    ThreadPool pool(host);
    ASSERT_OK(pool.start(threads));
    for (int64_t grain : {0, 1, 7, 16, 999, 5000}) {
      Largest largest;
      pool.run(Largest::run, &largest, 1000, grain);
      EXPECT_TRUE(largest.counter.allOnce()) << grain << " at once, " << threads << " threads";
      EXPECT_LE(largest.units, std::max<int64_t>(1, grain));
    }
  }
}

TEST_F(ThreadPoolTest, PartsShrinkTowardsTheEnd) {
  struct Parts {
    static void run(void *argument, int64_t begin, int64_t end) {
      static_cast<Parts *>(argument)->sizes[size_t(begin)] = end - begin;
    }
    std::vector<std::atomic<int64_t>> sizes = std::vector<std::atomic<int64_t>>(1000);
  };
  constexpr int32_t threads = 3;
  ThreadPool pool(host);
  ASSERT_OK(pool.start(threads));
  for (int64_t grain : {16, 100, 1000}) {
    Parts parts;
    pool.run(Parts::run, &parts, 1000, grain);
    for (int64_t begin = 0; begin < 1000; begin += parts.sizes[size_t(begin)])
      ASSERT_EQ(parts.sizes[size_t(begin)],
                std::clamp<int64_t>((1000 - begin) / (2 * threads), 1, grain))
          << "from " << begin << ", at most " << grain;
  }
}

TEST_F(ThreadPoolTest, StartsAndStopsAtOnce) {
  for (int i = 0; i < 200; ++i) {
    ThreadPool pool(host);
    ASSERT_OK(pool.start(4));
    if (i % 2) {
      Counter counter(100);
      pool.run(Counter::run, &counter, 100);
      EXPECT_TRUE(counter.allOnce());
    }
  }
}

TEST_F(ThreadPoolTest, NestedLoopsRunInline) {
  ThreadPool pool(host);
  ASSERT_OK(pool.start(4));
  struct Outer {
    ThreadPool &pool;
    std::vector<Counter> inner;
    static void run(void *argument, int64_t begin, int64_t end) {
      EXPECT_TRUE(ThreadPool::insideBody());
      auto &self = *static_cast<Outer *>(argument);
      for (int64_t i = begin; i < end; ++i) {
        auto body = [](void *raw, int64_t from, int64_t to) {
          // Inline: the whole range at once.
          EXPECT_EQ(from, 0);
          EXPECT_EQ(to, 50);
          Counter::run(raw, from, to);
        };
        self.pool.run(body, &self.inner[size_t(i)], 50);
      }
    }
  } outer{pool, {}};
  for (int i = 0; i < 20; ++i)
    outer.inner.emplace_back(50);
  pool.run(Outer::run, &outer, 20);
  for (Counter &counter : outer.inner)
    EXPECT_TRUE(counter.allOnce());
  EXPECT_FALSE(ThreadPool::insideBody());
}

TEST_F(ThreadPoolTest, ServesManyCallersAtOnce) {
  ThreadPool pool(host);
  ASSERT_OK(pool.start(3));
  std::vector<std::thread> callers;
  std::atomic<int> bad{0};
  for (int caller = 0; caller < 8; ++caller)
    callers.emplace_back([&, caller] {
      for (int i = 0; i < 300; ++i) {
        int64_t units = 1 + (i * 7 + caller) % 64;
        Counter counter(units);
        pool.run(Counter::run, &counter, units);
        bad += !counter.allOnce();
      }
    });
  for (std::thread &caller : callers)
    caller.join();
  EXPECT_EQ(bad, 0);
}

TEST_F(ThreadPoolTest, WorkersWakeAfterSleeping) {
  ThreadPool pool(host);
  ASSERT_OK(pool.start(2));
  // Two units that wait for each other: they end only if a sleeping worker comes.
  struct Meeting {
    std::atomic<int> arrived{0};
    static void run(void *argument, int64_t begin, int64_t end) {
      auto &self = *static_cast<Meeting *>(argument);
      for (int64_t i = begin; i < end; ++i) {
        self.arrived += 1;
        while (self.arrived < 2)
          std::this_thread::yield();
      }
    }
  };
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 0)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    Meeting meeting;
    pool.run(Meeting::run, &meeting, 2);
  }
}

TEST_F(ThreadPoolTest, WorkersUseTheDefaultFloatingPointMode) {
  // The mode is inherited by threads, so this is what a worker starts with.
  unsigned saved = _mm_getcsr();
  _mm_setcsr(saved | 0x8040);
  ThreadPool pool(host);
  ASSERT_OK(pool.start(2));
  _mm_setcsr(saved);
  struct Modes {
    std::atomic<int> arrived{0};
    std::atomic<unsigned> different{0};
    static void run(void *argument, int64_t, int64_t) {
      auto &self = *static_cast<Modes *>(argument);
      if ((_mm_getcsr() & ~0x3fu) != 0x1f80)
        self.different += 1;
      self.arrived += 1;
      while (self.arrived < 2)
        std::this_thread::yield();
    }
  } modes;
  pool.run(Modes::run, &modes, 2);
  EXPECT_EQ(modes.different, 0u);
}

TEST_F(ThreadPoolTest, FailureToStartLeavesNothingBehind) {
  struct Spawner {
    int left;
    int running = 0;
    moert_hooks inner;
  } spawner;
  for (int fail = 0; fail < 4; ++fail) {
    spawner.left = fail;
    spawner.running = 0;
    static Host plain{moert_hooks{}};
    moert_hooks hooks = counting.hooks;
    hooks.user = &spawner;
    hooks.alloc = nullptr;
    hooks.spawn = [](void *user, void (*body)(void *), void *argument, void **thread) -> int32_t {
      auto &self = *static_cast<Spawner *>(user);
      if (self.left-- == 0)
        return EAGAIN;
      self.running += 1;
      return plain.spawn(body, argument, thread);
    };
    hooks.join = [](void *user, void *thread) {
      static_cast<Spawner *>(user)->running -= 1;
      plain.join(thread);
    };
    Host failing(hooks);
    ThreadPool pool(failing);
    moert_status status = pool.start(5);
    EXPECT_EQ(status.code, MOERT_RESOURCE_EXHAUSTED);
    EXPECT_EQ(status.os_error, EAGAIN);
    EXPECT_EQ(spawner.running, 0);
  }
}

} // namespace
