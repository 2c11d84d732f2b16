// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts of every call of this process that gets memory, whoever makes it; and failures of them.
#ifndef MOERT_TEST_SOAK_COUNTALLOCATIONS_H
#define MOERT_TEST_SOAK_COUNTALLOCATIONS_H

#include <cstdint>

namespace moert::soak {

struct AllocationCounts {
  int64_t allocations; // malloc and its relatives
  int64_t maps;        // mmap
  int64_t liveBytes;   // allocated and not freed, as the allocator rounds them
};

/// The counts since the process began. From any thread; allocates nothing.
AllocationCounts countAllocations();

/// From now on allocation number `number` (from 1) of any thread fails, and where `all` is set
/// those after it; 0 ends that.
void failAllocation(int64_t number, bool all);

/// Whether failAllocation's number has been reached.
bool allocationFailed();

/// Resident memory of the process in bytes. Allocates nothing.
int64_t residentBytes();

} // namespace moert::soak

#endif // MOERT_TEST_SOAK_COUNTALLOCATIONS_H
