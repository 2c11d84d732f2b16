//===- RoundingError.h - What a storage type costs in precision -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_ROUNDINGERROR_H
#define MOEC_LIB_EMIT_ROUNDINGERROR_H

#include "lib/Emit/WeightReader.h"

namespace moec {

/// What a conversion does to finite numbers; others stay what they are and do not count.
struct RoundingError {
  /// Finite numbers.
  int64_t elements = 0;
  /// Those that become infinite, subnormal, and zero without having been it. Of the first nothing
  /// below tells.
  int64_t overflows = 0, subnormals = 0, flushes = 0;
  /// The largest error as a share of its number, of results that are normal.
  double maxRelative = 0;
  /// Of the numbers and of their errors.
  double squares = 0, squaredErrors = 0;
  /// The largest magnitude.
  double largest = 0;

  /// The root of the mean squared error as a share of the numbers' own.
  double rms() const;
  RoundingError &operator+=(const RoundingError &other);
};

/// Measures `cast`, from f32 to f16 or bf16.
llvm::Expected<RoundingError> measureRounding(WeightReader &reader, rt::CastAttr cast);

} // namespace moec

#endif // MOEC_LIB_EMIT_ROUNDINGERROR_H
