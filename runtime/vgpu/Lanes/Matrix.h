// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products of small matrices, whose elements lie in registers of all lanes of a warp.
#ifndef MOERT_VGPU_LANES_MATRIX_H
#define MOERT_VGPU_LANES_MATRIX_H

#include "vgpu/Lanes/Operation.h"

namespace moert::vgpu {

/// Types of elements of matrices; some are no types of registers.
enum class Element : uint8_t { F16, BF16, TF32, F64, E4M3, E5M2, S8, U8, F32, S32 };

/// d = a * b + c, where a has m rows and k columns, b k rows and n columns.
struct MatrixForm {
  uint8_t m, n, k;
  Element a, b, c;
  /// Sums of integers are limited to what 32 bits hold.
  bool saturates = false;
};

constexpr uint32_t kMostMatrixRegisters = 4;

/// Rows of the warp in which the matrices' registers are. Those of d may be among the others.
struct MatrixRows {
  const void *a[kMostMatrixRegisters], *b[kMostMatrixRegisters], *c[kMostMatrixRegisters];
  void *d[kMostMatrixRegisters];
};

/// Computes a form that the PTX ISA has.
using Multiply = void (*)(const MatrixForm &, const MatrixRows &);
Multiply findMultiply(Level level);

} // namespace moert::vgpu

#endif // MOERT_VGPU_LANES_MATRIX_H
