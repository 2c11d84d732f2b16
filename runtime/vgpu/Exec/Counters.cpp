// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Counters.h"

#include <algorithm>

namespace moert::vgpu {

namespace {

constexpr uint32_t kSectorBytes = 32;
constexpr uint32_t kBanks = 32;
constexpr uint32_t kWordBytes = 4;

} // namespace

Counters &Counters::operator+=(const Counters &other) {
  warps += other.warps;
  lanes += other.lanes;
  globalBytesRead += other.globalBytesRead;
  globalBytesWritten += other.globalBytesWritten;
  sectors += other.sectors;
  sharedCycles += other.sharedCycles;
  bankConflicts += other.bankConflicts;
  matrixProducts += other.matrixProducts;
  matrixOperations += other.matrixOperations;
  return *this;
}

void countGlobal(Counters &counters, LaneMask lanes, const uint64_t *addresses, uint32_t bytes,
                 bool isWrite) {
  // An aligned access lies in one sector: it has 32 bytes at most.
  uint64_t sectors[kLanes];
  uint32_t count = 0;
  for (LaneMask left = lanes; left; left &= left - 1)
    sectors[count++] = addresses[__builtin_ctz(left)] / kSectorBytes;
  std::sort(sectors, sectors + count);
  counters.sectors += uint64_t(std::unique(sectors, sectors + count) - sectors);
  (isWrite ? counters.globalBytesWritten : counters.globalBytesRead) += uint64_t(count) * bytes;
}

void countShared(Counters &counters, LaneMask lanes, const uint64_t *addresses, uint32_t bytes) {
  const uint32_t lanesAtOnce = bytes <= kWordBytes ? kLanes : kLanes * kWordBytes / bytes;
  for (uint32_t first = 0; first < kLanes; first += lanesAtOnce) {
    // Lanes that ask for the same word share it.
    uint64_t words[kLanes];
    uint32_t count = 0;
    for (uint32_t lane = first; lane < first + lanesAtOnce; ++lane)
      if (lanes >> lane & 1)
        for (uint64_t at = 0; at < bytes; at += kWordBytes)
          words[count++] = (addresses[lane] + at) / kWordBytes;
    if (count == 0)
      continue;
    std::sort(words, words + count);
    const uint64_t *end = std::unique(words, words + count);
    uint32_t inBank[kBanks] = {};
    uint32_t most = 0;
    for (const uint64_t *word = words; word != end; ++word)
      most = std::max(most, ++inBank[*word % kBanks]);
    counters.sharedCycles += most;
    counters.bankConflicts += most - 1;
  }
}

Counters sumOf(const std::vector<Counters> &counters) {
  Counters sum;
  for (const Counters &one : counters)
    sum += one;
  return sum;
}

} // namespace moert::vgpu
