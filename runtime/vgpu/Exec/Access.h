// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_EXEC_ACCESS_H
#define MOERT_VGPU_EXEC_ACCESS_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// `ld` and `st`, by Program::accesses[record.extra].
void load(Warp &warp, const Record &record, LaneMask lanes);
void store(Warp &warp, const Record &record, LaneMask lanes);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_ACCESS_H
