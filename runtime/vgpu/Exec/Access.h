// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_EXEC_ACCESS_H
#define MOERT_VGPU_EXEC_ACCESS_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// `ld` and `st`, by Program::accesses[record.extra].
void load(Warp &warp, const Record &record, LaneMask lanes);
void store(Warp &warp, const Record &record, LaneMask lanes);

/// `atom` and `red`, by Program::atomics[record.extra]. Atomic for all host threads.
void updateAtomically(Warp &warp, const Record &record, LaneMask lanes);

/// The address that a lane accesses.
inline uint64_t addressOf(const Warp &warp, const Access &access, uint32_t lane) {
  if (!access.hasRegister)
    return access.offset;
  return access.offset + (access.isWideAddress ? warp.row<uint64_t>(access.address)[lane]
                                               : warp.row<uint32_t>(access.address)[lane]);
}

/// What strong accesses publish and learn, as the memory model of the ISA has it.
/// Before a write and after a read; `addresses` are those of each lane.
void publish(Warp &warp, const Access &access, LaneMask lanes, const uint64_t *addresses,
             bool replaces);
void learn(Warp &warp, const Access &access, LaneMask lanes, const uint64_t *addresses);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_ACCESS_H
