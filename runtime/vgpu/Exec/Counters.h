// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a kernel asks of the memory and of the matrix units, by instruction: figures that do not
// depend on the machine it runs on.
#ifndef MOERT_VGPU_EXEC_COUNTERS_H
#define MOERT_VGPU_EXEC_COUNTERS_H

#include "vgpu/Exec/Record.h"

#include <vector>

namespace moert::vgpu {

/// Of one instruction, in all warps of a launch.
struct Counters {
  /// Times that a warp executed it, and lanes that did.
  uint64_t warps = 0, lanes = 0;
  /// Bytes that lanes asked for, each lane's by themselves.
  uint64_t globalBytesRead = 0, globalBytesWritten = 0;
  /// Sectors of 32 bytes in which they are, once for each execution.
  uint64_t sectors = 0;
  /// Cycles that the banks of shared memory need: 32 banks of 4 bytes; a warp's accesses of 8 bytes
  /// come in two parts, those of 16 bytes and rows of `ldmatrix` in parts of 8 lanes. And how many
  /// of them are because several words were in one bank.
  uint64_t sharedCycles = 0, bankConflicts = 0;
  /// `mma` executed, and twice their products of numbers.
  uint64_t matrixProducts = 0, matrixOperations = 0;

  Counters &operator+=(const Counters &other);
};

/// Counts an access of lanes to global memory.
void countGlobal(Counters &counters, LaneMask lanes, const uint64_t *addresses, uint32_t bytes,
                 bool isWrite);
/// The same to shared memory; addresses are offsets.
void countShared(Counters &counters, LaneMask lanes, const uint64_t *addresses, uint32_t bytes);

/// Of all instructions.
Counters sumOf(const std::vector<Counters> &counters);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_COUNTERS_H
