//===- Rounding.cpp - Rounding to f16 and bf16 ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Rounding.h"

#include <cmath>
#include <cstring>

namespace {

/// A binary format of 16 bits: sign, exponent of `exponentBits` with the usual
/// bias, fraction of `fractionBits`.
template <int exponentBits, int fractionBits>
struct Narrow {
  static constexpr int bias = (1 << (exponentBits - 1)) - 1;
  static constexpr uint16_t infinity = ((1 << exponentBits) - 1) << fractionBits;

  static uint16_t round(double value) {
    uint64_t bits;
    std::memcpy(&bits, &value, sizeof(bits));
    uint16_t sign = static_cast<uint16_t>(bits >> 63) << 15;
    if (std::isnan(value))
      return sign | infinity | (1 << (fractionBits - 1));
    double magnitude = std::fabs(value);
    if (magnitude == 0.0)
      return sign;
    if (std::isinf(value))
      return sign | infinity;
    // magnitude = m * 2^e with 1 <= m < 2; below the smallest normal number the
    // unit in the last place stops shrinking.
    int exponent = std::ilogb(magnitude);
    if (exponent < 1 - bias)
      exponent = 1 - bias;
    // Scaling by a power of two is exact in f64 here: a format of 16 bits needs
    // far less range than f64 has, and f64 values below it scale to below 1/2.
    double scaled = std::ldexp(magnitude, fractionBits - exponent);
    double whole = std::floor(scaled);
    double rest = scaled - whole;
    auto significand = static_cast<uint64_t>(whole);
    if (rest > 0.5 || (rest == 0.5 && (significand & 1)))
      ++significand;
    // A carry out of the fraction moves into the exponent by plain addition.
    int64_t encoded = (static_cast<int64_t>(exponent + bias - 1) << fractionBits) +
                      static_cast<int64_t>(significand);
    return sign | (encoded >= infinity ? infinity : static_cast<uint16_t>(encoded));
  }

  static double widen(uint16_t bits) {
    int exponent = (bits & infinity) >> fractionBits;
    int fraction = bits & ((1 << fractionBits) - 1);
    double magnitude;
    if ((bits & infinity) == infinity)
      magnitude = fraction ? std::nan("") : INFINITY;
    else if (exponent == 0)
      magnitude = std::ldexp(fraction, 1 - bias - fractionBits);
    else
      magnitude = std::ldexp(fraction + (1 << fractionBits), exponent - bias - fractionBits);
    return bits >> 15 ? -magnitude : magnitude;
  }
};

using F16 = Narrow<5, 10>;
using BF16 = Narrow<8, 7>;

} // namespace

uint16_t moec::roundToF16(double value) { return F16::round(value); }
uint16_t moec::roundToBF16(double value) { return BF16::round(value); }
double moec::f16ToDouble(uint16_t bits) { return F16::widen(bits); }
double moec::bf16ToDouble(uint16_t bits) { return BF16::widen(bits); }
