// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program's own malloc and mmap come before libc's, for its libraries too. These count and call
// what glibc exports for the purpose.
#include "CountAllocations.h"

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

extern "C" {
void *__libc_malloc(size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);
}

namespace {

std::atomic<int64_t> allocations{0}, maps{0}, liveBytes{0};

/// Allocations until one fails: 1 is the next, 0 and below none, or all where `failsAll` is set.
std::atomic<int64_t> untilFailure{INT64_MAX};
std::atomic<bool> failsAll{false};

bool fails() {
  if (untilFailure.load(std::memory_order_relaxed) == INT64_MAX)
    return false;
  int64_t left = untilFailure.fetch_sub(1, std::memory_order_relaxed);
  bool now = left == 1 || (left < 1 && failsAll.load(std::memory_order_relaxed));
  if (now)
    errno = ENOMEM;
  return now;
}

void *counted(void *memory) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (memory)
    liveBytes.fetch_add(int64_t(malloc_usable_size(memory)), std::memory_order_relaxed);
  return memory;
}

void uncount(void *memory) {
  if (memory)
    liveBytes.fetch_sub(int64_t(malloc_usable_size(memory)), std::memory_order_relaxed);
}

} // namespace

#define MOERT_REPLACES extern "C" __attribute__((visibility("default")))

MOERT_REPLACES void *malloc(size_t bytes) {
  return fails() ? nullptr : counted(__libc_malloc(bytes));
}

MOERT_REPLACES void *calloc(size_t count, size_t bytes) {
  return fails() ? nullptr : counted(__libc_calloc(count, bytes));
}

MOERT_REPLACES void *realloc(void *memory, size_t bytes) {
  if (fails())
    return nullptr;
  size_t before = memory ? malloc_usable_size(memory) : 0;
  void *moved = __libc_realloc(memory, bytes);
  if (moved || bytes == 0)
    liveBytes.fetch_sub(int64_t(before), std::memory_order_relaxed);
  return counted(moved);
}

MOERT_REPLACES void free(void *memory) {
  uncount(memory);
  __libc_free(memory);
}

MOERT_REPLACES void *memalign(size_t alignment, size_t bytes) {
  return fails() ? nullptr : counted(__libc_memalign(alignment, bytes));
}

MOERT_REPLACES void *aligned_alloc(size_t alignment, size_t bytes) {
  return fails() ? nullptr : counted(__libc_memalign(alignment, bytes));
}

MOERT_REPLACES int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  void *made = fails() ? nullptr : counted(__libc_memalign(alignment, bytes));
  if (!made)
    return ENOMEM;
  *memory = made;
  return 0;
}

MOERT_REPLACES void *mmap(void *address, size_t bytes, int protection, int flags, int file,
                          off_t offset) noexcept {
  maps.fetch_add(1, std::memory_order_relaxed);
  long result = syscall(SYS_mmap, address, bytes, protection, flags, file, offset);
  return reinterpret_cast<void *>(result);
}

namespace moert::soak {

AllocationCounts countAllocations() {
  return {allocations.load(std::memory_order_relaxed), maps.load(std::memory_order_relaxed),
          liveBytes.load(std::memory_order_relaxed)};
}

void failAllocation(int64_t number, bool all) {
  failsAll = all;
  untilFailure = number ? number : INT64_MAX;
}

bool allocationFailed() { return untilFailure.load() < 1; }

int64_t residentBytes() {
  char text[128] = {};
  int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return 0;
  ssize_t count = read(file, text, sizeof(text) - 1);
  close(file);
  char *resident = nullptr;
  if (count <= 0)
    return 0;
  strtoll(text, &resident, 10); // the whole address space comes first
  return strtoll(resident, nullptr, 10) * sysconf(_SC_PAGESIZE);
}

} // namespace moert::soak
