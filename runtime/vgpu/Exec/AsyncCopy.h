// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cp.async`: copies from global to shared memory that land when they are waited for. What is on
// its way may not be touched; once landed, it was written by the lane that waited.
#ifndef MOERT_VGPU_EXEC_ASYNCCOPY_H
#define MOERT_VGPU_EXEC_ASYNCCOPY_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// Begins Program::copies[record.extra]. The source is read at once.
void copyAsync(Warp &warp, const Record &record, LaneMask lanes);
/// Copies since the last group become one.
void commitCopies(Warp &warp, const Record &record, LaneMask lanes);
/// Lands all groups but the last record.extra ones; with record.flags also copies in no group yet.
void waitForCopies(Warp &warp, const Record &record, LaneMask lanes);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_ASYNCCOPY_H
