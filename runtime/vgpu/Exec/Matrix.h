// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_EXEC_MATRIX_H
#define MOERT_VGPU_EXEC_MATRIX_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// `mma`, by Program::products[record.extra].
void multiplyMatrices(Warp &warp, const Record &record, LaneMask lanes);
/// `ldmatrix` and `stmatrix`, by Program::accesses[record.extra]: `count` tiles of 8 rows of 16
/// bytes. `flags`: whether they are transposed.
void loadMatrices(Warp &warp, const Record &record, LaneMask lanes);
void storeMatrices(Warp &warp, const Record &record, LaneMask lanes);
/// `movmatrix`.
void transposeMatrix(Warp &warp, const Record &record, LaneMask lanes);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_MATRIX_H
