//===- FloatConversion.h - Conversion between storage types of weights -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_FLOATCONVERSION_H
#define MOEC_LIB_EMIT_FLOATCONVERSION_H

#include <cstddef>
#include <cstdint>

namespace moec {

/// A binary interchange format: 1 sign bit, `exponentBits`, `fractionBits`.
struct FloatFormat {
  unsigned exponentBits;
  unsigned fractionBits;

  constexpr unsigned bits() const { return 1 + exponentBits + fractionBits; }
};

inline constexpr FloatFormat kF16{5, 10}, kBF16{8, 7}, kF32{8, 23}, kF64{11, 52};

/// The number with encoding `bits` of `from` in the encoding of `to`, rounded once, to nearest,
/// ties to even. A NaN stays a NaN and is made quiet.
uint64_t convertFloat(uint64_t bits, FloatFormat from, FloatFormat to);

/// Converts `count` consecutive numbers at `source` to numbers `stride` bytes apart at `target`,
/// little-endian; neither need be aligned.
void convertFloats(const char *source, FloatFormat from, char *target, ptrdiff_t stride,
                   FloatFormat to, int64_t count);

/// The first of `count` consecutive finite numbers at `source` whose conversion, `stride` bytes
/// apart at `target`, is infinite; `count` if there is none.
int64_t findOverflow(const char *source, FloatFormat from, const char *target, ptrdiff_t stride,
                     FloatFormat to, int64_t count);

/// The number at `address`.
double toDouble(const char *address, FloatFormat format);

/// The largest finite number of a format.
double getLargest(FloatFormat format);

} // namespace moec

#endif // MOEC_LIB_EMIT_FLOATCONVERSION_H
