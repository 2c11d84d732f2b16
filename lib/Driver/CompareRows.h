//===- CompareRows.h - Two results of one layer -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_COMPAREROWS_H
#define MOEC_LIB_DRIVER_COMPAREROWS_H

#include "lib/Interpret/Tensor.h"

namespace moec {

/// Where two results differ most.
struct RowDifference {
  /// By the largest element of the row of the first; infinite where one is finite and the other is
  /// not, or both are infinities of another sign.
  double relative = 0;
  int64_t row = 0, column = 0;
  double first = 0, second = 0;
};

/// The largest difference of two tensors of the same type and shape, rows being along the last
/// axis. Elements are compared by the size of their row, since a small element may be what is left
/// of large ones. NaN equals NaN.
RowDifference compareRows(const Tensor &first, const Tensor &second);

/// The relative difference that other orders of summation may make: 1e-4 for f32 and f64. In 16
/// bits they tip roundings, of which there are about eight on the way through a layer (two or three
/// products, activation and gate, weight, sum): eight units, 2^-8 for f16 and 2^-5 for bf16.
double rowTolerance(DType dtype);

} // namespace moec

#endif // MOEC_LIB_DRIVER_COMPAREROWS_H
