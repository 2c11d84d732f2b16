// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Floats of 16 bits, in integer operations that compilers vectorise at every level; and rounding.
#ifndef MOERT_VGPU_LANES_NUMBERS_H
#define MOERT_VGPU_LANES_NUMBERS_H

#include <cstdint>
#include <cstring>

// For code that is compiled once.
#ifndef VGPU_LEVEL
#define VGPU_LEVEL scalar
#endif

namespace moert::vgpu::VGPU_LEVEL {

template <typename To, typename From>
inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  __builtin_memcpy(&to, &from, sizeof(to));
  return to;
}

/// bfloat16 and IEEE half as they are in registers.
struct BFloat {
  uint16_t bits;
};
struct Half {
  uint16_t bits;
};

/// The integer with the bits of a float.
template <typename T>
struct BitsOf {
  using type = uint16_t;
};
template <>
struct BitsOf<float> {
  using type = uint32_t;
};
template <>
struct BitsOf<double> {
  using type = uint64_t;
};

inline float widen(float value) { return value; }
inline double widen(double value) { return value; }
inline float widen(BFloat value) { return bitCast<float>(uint32_t(value.bits) << 16); }

inline float widen(Half value) {
  const uint32_t sign = uint32_t(value.bits & 0x8000) << 16;
  const uint32_t rest = value.bits & 0x7fff;
  // Exponents move by 112; subnormals become normal by a product with a power of two.
  const uint32_t normal = (rest << 13) + (112u << 23);
  const uint32_t special = (rest << 13) | 0x7f800000u;
  const float small = bitCast<float>((rest << 13) | 0u) * 0x1p112f;
  uint32_t bits = rest >= 0x7c00 ? special : normal;
  bits = rest < 0x0400 ? bitCast<uint32_t>(small) : bits;
  return bitCast<float>(bits | sign);
}

template <typename T>
inline T narrow(float value);
template <>
inline float narrow<float>(float value) {
  return value;
}

template <>
inline double narrow<double>(float value) {
  return double(value);
}

/// To nearest, ties to even. The NaN is the one of the PTX ISA.
template <>
inline BFloat narrow<BFloat>(float value) {
  const uint32_t bits = bitCast<uint32_t>(value);
  const bool isNan = (bits & 0x7fffffffu) > 0x7f800000u;
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1)) >> 16;
  return {uint16_t(isNan ? 0x7fffu : rounded)};
}

template <>
inline Half narrow<Half>(float value) {
  const uint32_t all = bitCast<uint32_t>(value);
  const uint32_t sign = (all >> 16) & 0x8000u;
  const uint32_t bits = all & 0x7fffffffu;
  // Normal results: cut 13 bits with rounding, move the exponent.
  const uint32_t normal = (bits + 0xfffu + ((bits >> 13) & 1) - (112u << 23)) >> 13;
  // Subnormal ones: a sum whose unit in the last place is 2^-24 rounds there.
  const uint32_t small = bitCast<uint32_t>(bitCast<float>(bits) + 0.5f) - 0x3f000000u;
  uint32_t result = bits < 0x38800000u ? small : normal;
  result = bits >= 0x477ff000u ? 0x7c00u : result;
  result = bits > 0x7f800000u ? 0x7fffu : result | sign;
  return {uint16_t(result)};
}

/// The sum of two doubles with the last bit set where it is not exact, so that rounding it again to
/// fewer bits is right (S. Boldo, G. Melquiond: "Emulation of FMA and correctly rounded sums").
inline double addToOdd(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  const double error = (a - (sum - part)) + (b - part);
  uint64_t bits = bitCast<uint64_t>(sum);
  const bool isFinite = (bits & 0x7ff0000000000000u) != 0x7ff0000000000000u;
  const bool isInexact = isFinite && error != 0 && (bits & 1) == 0;
  // Towards the error: away from zero where it has the sum's sign.
  const bool grows = (error > 0) == (sum > 0);
  bits += isInexact ? (grows ? 1 : UINT64_MAX) : 0;
  return bitCast<double>(bits);
}

/// From a double to nearest even, not by way of a float that is rounded twice.
inline float toFloatToOdd(double value) {
  const float nearest = float(value);
  uint32_t bits = bitCast<uint32_t>(nearest);
  const bool isFinite = (bits & 0x7f800000u) != 0x7f800000u;
  const double back = double(nearest);
  const bool isInexact = isFinite && back != value && (bits & 1) == 0;
  const bool grows = (value > back) == (value > 0);
  bits += isInexact ? (grows ? 1 : UINT32_MAX) : 0;
  return bitCast<float>(bits);
}

/// A result that was computed in double, or of which the last bit tells that it was not exact.
template <typename T>
inline T roundFrom(double value) {
  return narrow<T>(toFloatToOdd(value));
}
template <>
inline float roundFrom<float>(double value) {
  return float(value);
}
template <>
inline double roundFrom<double>(double value) {
  return value;
}

} // namespace moert::vgpu::VGPU_LEVEL

#endif // MOERT_VGPU_LANES_NUMBERS_H
