// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The caching allocator behind one context: memory of a run, kept for the next one.
//
// Sizes are rounded up to classes, each with a stack of free blocks. A request is served from its
// own class or from the system, never from another class: so a class holds exactly as many blocks
// as one run had in use at once, and repeating a run allocates nothing. While idle memory is below
// 16 MiB, or twice what runs lately had in use, runs whose shapes change allocate nothing either.
// Beyond that, blocks that 64 runs in a row had no use for go back to the system, so shapes that
// grow with every step leave no trail.
#ifndef MOERT_LIB_CORE_POOL_H
#define MOERT_LIB_CORE_POOL_H

#include "lib/Core/Host.h"

#include <atomic>

namespace moert {

/// `bytes` rounded up to a size class: steps of 64 up to 1 KiB, then eight per power of two, so at
/// most an eighth is waste. -1 for negative sizes and those no machine has.
int64_t roundToSizeClass(int64_t bytes);

/// Used by one thread at a time, except where said.
class Pool {
public:
  /// `maxBytes` limits what is held, cached blocks included; 0: no limit.
  Pool(const Host &host, int64_t maxBytes) : host_(host), maxBytes_(maxBytes) {}
  ~Pool();
  Pool(const Pool &) = delete;
  Pool &operator=(const Pool &) = delete;

  /// MOERT_ALIGNMENT-aligned memory. Null when there is none; `code` then says why: the system's
  /// (MOERT_OUT_OF_MEMORY), the limit's (MOERT_RESOURCE_EXHAUSTED) or the size's
  /// (MOERT_INVALID_ARGUMENT) fault.
  void *allocate(int64_t bytes, int32_t &code);

  /// False when `memory` is not in use by this pool, as far as that can be seen.
  [[nodiscard]] bool release(void *memory);

  /// Ends a run: whatever is in use becomes free.
  void endRun();

  /// Gives all free blocks back to the system.
  void trim();

  /// Memory held, cached included. From any thread.
  int64_t heldBytes() const { return held_.load(std::memory_order_relaxed); }
  /// The most one run has had in use. From any thread.
  int64_t peakBytes() const { return peak_.load(std::memory_order_relaxed); }

private:
  struct Block;
  static constexpr int kNumClasses = 16 + 8 * 38;

  void give(Block *block);
  void sweep();

  const Host &host_;
  const int64_t maxBytes_;
  std::atomic<int64_t> held_{0};
  std::atomic<int64_t> peak_{0};
  int64_t used_ = 0;
  int64_t lately_ = 0; // the most that has been in use since the last sweep
  uint32_t run_ = 0;
  Block *live_ = nullptr; // doubly linked
  Block *free_[kNumClasses] = {};
};

} // namespace moert

#endif // MOERT_LIB_CORE_POOL_H
