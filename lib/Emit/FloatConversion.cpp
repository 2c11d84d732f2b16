//===- FloatConversion.cpp - Conversion between storage types of weights -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/FloatConversion.h"

#include "llvm/ADT/bit.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/MathExtras.h"

using namespace moec;

uint64_t moec::convertFloat(uint64_t bits, FloatFormat from, FloatFormat to) {
  auto mask = [](unsigned count) { return (uint64_t(1) << count) - 1; };
  uint64_t sign = (bits >> (from.bits() - 1)) & 1;
  uint64_t exponent = (bits >> from.fractionBits) & mask(from.exponentBits);
  uint64_t fraction = bits & mask(from.fractionBits);
  uint64_t result = sign << (to.bits() - 1);
  uint64_t infinity = mask(to.exponentBits) << to.fractionBits;

  if (exponent == mask(from.exponentBits)) {
    if (fraction == 0)
      return result | infinity;
    // Keep the leading bits of the payload, as the hardware does.
    uint64_t payload = to.fractionBits >= from.fractionBits
                           ? fraction << (to.fractionBits - from.fractionBits)
                           : fraction >> (from.fractionBits - to.fractionBits);
    return result | infinity | payload | uint64_t(1) << (to.fractionBits - 1);
  }
  if (exponent == 0 && fraction == 0)
    return result;

  // The value is significand * 2^scale with the leading 1 of `significand` at bit 62.
  int64_t scale = exponent == 0 ? 1 : static_cast<int64_t>(exponent);
  scale -= static_cast<int64_t>(mask(from.exponentBits - 1)) + from.fractionBits;
  uint64_t significand = exponent == 0 ? fraction : fraction | uint64_t(1) << from.fractionBits;
  unsigned shift = llvm::countl_zero(significand) - 1;
  significand <<= shift;
  scale -= shift;

  // Biased exponent in `to`; subnormals have fewer bits of significand left.
  int64_t biased = scale + 62 + static_cast<int64_t>(mask(to.exponentBits - 1));
  int64_t drop = 62 - static_cast<int64_t>(to.fractionBits);
  if (biased < 1) {
    drop += 1 - biased;
    biased = 0;
  }
  if (drop > 63)
    return result; // less than half of the least subnormal
  uint64_t kept = significand >> drop;
  uint64_t rest = significand & mask(drop), half = uint64_t(1) << (drop - 1);
  if (rest > half || (rest == half && (kept & 1)))
    ++kept;
  // Without the implicit 1 the exponent field counts it; a carry out of the fraction is right too.
  uint64_t encoded =
      biased == 0 ? kept : (static_cast<uint64_t>(biased - 1) << to.fractionBits) + kept;
  return result | (encoded >= infinity ? infinity : encoded);
}

namespace {
template <typename T>
T load(const char *address) {
  return llvm::support::endian::read<T, llvm::endianness::little>(address);
}
template <typename T>
void store(char *address, T value) {
  llvm::support::endian::write<T, llvm::endianness::little>(address, value);
}

template <typename From, typename To, typename Convert>
void convertAll(const char *source, char *target, ptrdiff_t stride, int64_t count,
                Convert convert) {
  for (int64_t index = 0; index < count; ++index)
    store<To>(target + index * stride,
              static_cast<To>(convert(load<From>(source + index * sizeof(From)))));
}

template <typename From>
void convertFrom(const char *source, FloatFormat from, char *target, ptrdiff_t stride,
                 FloatFormat to, int64_t count) {
  auto convert = [=](uint64_t bits) { return convertFloat(bits, from, to); };
  if (to.bits() == 16)
    convertAll<From, uint16_t>(source, target, stride, count, convert);
  else if (to.bits() == 32)
    convertAll<From, uint32_t>(source, target, stride, count, convert);
  else
    convertAll<From, uint64_t>(source, target, stride, count, convert);
}

uint16_t truncateToBF16(uint32_t bits) {
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (bits >> 16) | 0x40;
  return (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
}

uint16_t truncateToF16(uint32_t bits) {
  uint32_t magnitude = bits & 0x7fffffff;
  // Neither subnormal nor beyond what rounds to the largest number.
  if (magnitude < 0x38800000 || magnitude >= 0x477ff000)
    return convertFloat(bits, kF32, kF16);
  uint32_t rebiased = magnitude - ((127 - 15) << 23);
  return (bits >> 16 & 0x8000) | (rebiased + 0xfff + ((rebiased >> 13) & 1)) >> 13;
}

bool isSame(FloatFormat a, FloatFormat b) {
  return a.exponentBits == b.exponentBits && a.fractionBits == b.fractionBits;
}
} // namespace

void moec::convertFloats(const char *source, FloatFormat from, char *target, ptrdiff_t stride,
                         FloatFormat to, int64_t count) {
  // The conversions that models are full of.
  if (isSame(from, kF32) && isSame(to, kBF16))
    return convertAll<uint32_t, uint16_t>(source, target, stride, count, truncateToBF16);
  if (isSame(from, kF32) && isSame(to, kF16))
    return convertAll<uint32_t, uint16_t>(source, target, stride, count, truncateToF16);
  if (isSame(from, kBF16) && isSame(to, kF32))
    return convertAll<uint16_t, uint32_t>(source, target, stride, count, [](uint16_t bits) {
      bool isNaN = (bits & 0x7fff) > 0x7f80;
      return uint32_t(bits) << 16 | uint32_t(isNaN) << 22;
    });
  if (from.bits() == 16)
    convertFrom<uint16_t>(source, from, target, stride, to, count);
  else if (from.bits() == 32)
    convertFrom<uint32_t>(source, from, target, stride, to, count);
  else
    convertFrom<uint64_t>(source, from, target, stride, to, count);
}

/// The encoding at `address`.
static uint64_t loadBits(const char *address, FloatFormat format) {
  if (format.bits() == 16)
    return load<uint16_t>(address);
  return format.bits() == 32 ? load<uint32_t>(address) : load<uint64_t>(address);
}

static bool isFinite(uint64_t bits, FloatFormat format) {
  uint64_t ones = (uint64_t(1) << format.exponentBits) - 1;
  return ((bits >> format.fractionBits) & ones) != ones;
}

int64_t moec::findOverflow(const char *source, FloatFormat from, const char *target,
                           ptrdiff_t stride, FloatFormat to, int64_t count) {
  for (int64_t index = 0; index < count; ++index)
    if (!isFinite(loadBits(target + index * stride, to), to) &&
        isFinite(loadBits(source + index * (from.bits() / 8), from), from))
      return index;
  return count;
}

double moec::toDouble(const char *address, FloatFormat format) {
  return llvm::bit_cast<double>(convertFloat(loadBits(address, format), format, kF64));
}

double moec::getLargest(FloatFormat format) {
  uint64_t infinity = ((uint64_t(1) << format.exponentBits) - 1) << format.fractionBits;
  return llvm::bit_cast<double>(convertFloat(infinity - 1, format, kF64));
}
