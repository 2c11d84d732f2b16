// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_EXEC_SPECIAL_H
#define MOERT_VGPU_EXEC_SPECIAL_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// `mov` from the special register record.extra.
void readSpecial(Warp &warp, const Record &record, LaneMask lanes);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_SPECIAL_H
