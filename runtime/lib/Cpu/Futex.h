// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sleeping on a word of this process that is accessed atomically.
#ifndef MOERT_LIB_CPU_FUTEX_H
#define MOERT_LIB_CPU_FUTEX_H

#include <atomic>
#include <cstdint>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace moert {

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t), "the kernel sees a plain word");

/// Sleeps while `*word` is `expected`. May return early: callers loop.
inline void futexWait(const void *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, nullptr, nullptr, 0);
}

/// Likewise, for `nanoseconds` >= 0 at the most.
inline void futexWaitFor(const void *word, uint32_t expected, int64_t nanoseconds) {
  timespec time = {time_t(nanoseconds / 1000000000), long(nanoseconds % 1000000000)};
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, &time, nullptr, 0);
}

/// Wakes up to `count` sleepers. Only the address counts: the word may be gone already.
inline void futexWake(const void *word, int count) {
  syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
}

} // namespace moert

#endif // MOERT_LIB_CPU_FUTEX_H
