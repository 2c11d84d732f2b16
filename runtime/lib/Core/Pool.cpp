// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Core/Pool.h"

#include <algorithm>
#include <utility>

#if defined(__SANITIZE_ADDRESS__)
#define MOERT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MOERT_ASAN 1
#endif
#endif
#ifdef MOERT_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(address, bytes) ((void)(address), (void)(bytes))
#endif

namespace moert {

namespace {

constexpr uint64_t kLive = 0x6d6f6572744c6976;
constexpr uint64_t kFree = 0x6d6f657274467265;
constexpr uint32_t kSweepEveryRuns = 64;
constexpr int64_t kIdleBytes = int64_t(16) << 20;
constexpr int kLinearClasses = 16;
constexpr int64_t kLinearBytes = kLinearClasses * MOERT_ALIGNMENT;
/// 2^48: beyond any address space, and far from overflow.
constexpr int64_t kMaxBytes = int64_t(1) << 48;

int floorLog2(int64_t value) { return 63 - __builtin_clzll(uint64_t(value)); }

/// The index of the least class that holds `bytes`, 0 <= bytes <= kMaxBytes.
int classOf(int64_t bytes) {
  if (bytes <= kLinearBytes)
    return bytes == 0 ? 0 : int((bytes - 1) / MOERT_ALIGNMENT);
  // (2^e, 2^(e+1)] in eight steps.
  int exponent = floorLog2(bytes - 1);
  int step = int((bytes - 1) >> (exponent - 3)) & 7;
  return kLinearClasses + (exponent - 10) * 8 + step;
}

int64_t classBytes(int index) {
  if (index < kLinearClasses)
    return int64_t(index + 1) * MOERT_ALIGNMENT;
  int exponent = 10 + (index - kLinearClasses) / 8;
  int step = (index - kLinearClasses) % 8;
  return int64_t(9 + step) << (exponent - 3);
}

} // namespace

int64_t roundToSizeClass(int64_t bytes) {
  return bytes < 0 || bytes > kMaxBytes ? -1 : classBytes(classOf(bytes));
}

/// Before the memory it describes; the same size as its alignment.
struct alignas(MOERT_ALIGNMENT) Pool::Block {
  Block *next;
  Block *previous; // of live blocks
  int64_t bytes;   // without this header
  uint64_t mark;   // kLive or kFree
  int32_t sizeClass;
  uint32_t lastRun;

  void *memory() { return this + 1; }
  static Block *of(void *memory) { return static_cast<Block *>(memory) - 1; }
};

Pool::~Pool() {
  endRun();
  trim();
}

void *Pool::allocate(int64_t bytes, int32_t &code) {
  static_assert(sizeof(Block) == MOERT_ALIGNMENT, "the header keeps the memory aligned");
  if (bytes < 0 || bytes > kMaxBytes) {
    code = MOERT_INVALID_ARGUMENT;
    return nullptr;
  }
  int sizeClass = classOf(bytes);
  Block *block = free_[sizeClass];
  if (block) {
    free_[sizeClass] = block->next;
    ASAN_UNPOISON_MEMORY_REGION(block->memory(), size_t(block->bytes));
  } else {
    int64_t blockBytes = classBytes(sizeClass);
    int64_t systemBytes = blockBytes + int64_t(sizeof(Block));
    if (maxBytes_ && heldBytes() + systemBytes > maxBytes_)
      trim();
    if (maxBytes_ && heldBytes() + systemBytes > maxBytes_) {
      code = MOERT_RESOURCE_EXHAUSTED;
      return nullptr;
    }
    void *memory = host_.allocate(size_t(systemBytes), MOERT_ALIGNMENT);
    if (!memory) {
      // The cache may hold what is missing, in other sizes.
      trim();
      memory = host_.allocate(size_t(systemBytes), MOERT_ALIGNMENT);
    }
    if (!memory) {
      code = MOERT_OUT_OF_MEMORY;
      return nullptr;
    }
    block = new (memory) Block;
    block->bytes = blockBytes;
    block->sizeClass = sizeClass;
    held_.fetch_add(systemBytes, std::memory_order_relaxed);
  }
  block->mark = kLive;
  block->lastRun = run_;
  block->previous = nullptr;
  block->next = live_;
  if (live_)
    live_->previous = block;
  live_ = block;
  used_ += block->bytes;
  if (used_ > lately_)
    lately_ = used_;
  if (used_ > peakBytes())
    peak_.store(used_, std::memory_order_relaxed);
  return block->memory();
}

bool Pool::release(void *memory) {
  Block *block = Block::of(memory);
  if (block->mark != kLive)
    return false;
  (block->previous ? block->previous->next : live_) = block->next;
  if (block->next)
    block->next->previous = block->previous;
  used_ -= block->bytes;
  block->mark = kFree;
  block->next = free_[block->sizeClass];
  free_[block->sizeClass] = block;
  ASAN_POISON_MEMORY_REGION(block->memory(), size_t(block->bytes));
  return true;
}

void Pool::endRun() {
  while (live_)
    (void)release(live_->memory());
  if (++run_ % kSweepEveryRuns == 0)
    sweep();
}

void Pool::give(Block *block) {
  size_t systemBytes = size_t(block->bytes) + sizeof(Block);
  held_.fetch_sub(int64_t(systemBytes), std::memory_order_relaxed);
  ASAN_UNPOISON_MEMORY_REGION(block->memory(), size_t(block->bytes));
  host_.deallocate(block, systemBytes, MOERT_ALIGNMENT);
}

void Pool::trim() {
  for (Block *&head : free_)
    while (Block *block = head) {
      head = block->next;
      give(block);
    }
}

void Pool::sweep() {
  int64_t lately = std::exchange(lately_, 0);
  if (heldBytes() - lately <= std::max(kIdleBytes, 2 * lately))
    return;
  for (Block *&head : free_)
    for (Block **link = &head; Block *block = *link;) {
      if (run_ - block->lastRun <= kSweepEveryRuns) {
        link = &block->next;
        continue;
      }
      *link = block->next;
      give(block);
    }
}

} // namespace moert
