// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `cvt` (PTX ISA, "Data Movement and Conversion Instructions: cvt").
#include "vgpu/Lanes/Row.h"

#include <math.h>

namespace moert::vgpu::VGPU_LEVEL {

namespace {

using ptx::Type;

template <typename T>
constexpr bool kIsSigned = T(-1) < T(0);
template <typename T>
constexpr T kLeast = kIsSigned<T> ? T(T(1) << (sizeof(T) * 8 - 1)) : T(0);
template <typename T>
constexpr T kMost = T(~kLeast<T>);

/// Between integers, if asked limited to what the result holds.
template <typename To, typename From>
To limited(From value) {
  if (value < From(0))
    return !kIsSigned<To> ? To(0) : (int64_t(value) < int64_t(kLeast<To>) ? kLeast<To> : To(value));
  return uint64_t(value) > uint64_t(kMost<To>) ? kMost<To> : To(value);
}

double toIntegral(double value, Rounding rounding) {
  switch (rounding) {
  case Rounding::Zero:
    return __builtin_trunc(value);
  case Rounding::Down:
    return __builtin_floor(value);
  case Rounding::Up:
    return __builtin_ceil(value);
  default:
    return __builtin_rint(value);
  }
}

/// Of an integral value, or NaN.
template <typename To>
To fromIntegral(double value) {
  // Exact powers of two: the first value that is too large, and the least one.
  constexpr double kBeyond = double(uint64_t(1) << (sizeof(To) * 8 - 1)) * (kIsSigned<To> ? 1 : 2);
  constexpr double kFirst = kIsSigned<To> ? -kBeyond : 0;
  if (value != value)
    return 0;
  if (value >= kBeyond)
    return kMost<To>;
  return value <= kFirst ? kLeast<To> : To(value);
}

/// As a double which tells in its last bit whether it is exact.
template <typename T>
double toDouble(T value) {
  constexpr int64_t kExact = int64_t(1) << 53;
  if (sizeof(T) < 8 || (int64_t(value) < kExact && int64_t(value) > -kExact))
    return double(value);
  // The lowest 11 bits become one.
  const uint64_t bits = uint64_t(value);
  const uint64_t kept = (bits & ~uint64_t(0x7ff)) | ((bits & 0x7ff) ? 0x800 : 0);
  return kIsSigned<T> ? double(int64_t(kept)) : double(kept);
}

template <typename To, typename From>
To fromInteger(From value) {
  return roundFrom<To>(toDouble(value));
}
template <>
float fromInteger(int64_t value) {
  return float(value);
}
template <>
float fromInteger(uint64_t value) {
  return float(value);
}
template <>
double fromInteger(int64_t value) {
  return double(value);
}
template <>
double fromInteger(uint64_t value) {
  return double(value);
}

/// To the nearest value, or the next one in the direction that is asked for.
template <typename To, typename From>
To rounded(From value, Rounding rounding) {
  const double exact = double(widen(value));
  const To nearest = roundFrom<To>(exact);
  if (rounding == Rounding::Nearest || exact != exact)
    return nearest;
  const double found = double(widen(nearest));
  using Bits = typename BitsOf<To>::type;
  Bits bits = bitCast<Bits>(nearest);
  constexpr Bits kSign = Bits(Bits(1) << (sizeof(Bits) * 8 - 1));
  const bool isNegative = bits & kSign;
  // Towards zero is down for what is positive.
  const bool down = rounding == Rounding::Down || (rounding == Rounding::Zero && !isNegative);
  if (down && found > exact)
    bits = isNegative ? Bits(bits + 1) : (bits == 0 ? Bits(kSign | 1) : Bits(bits - 1));
  else if (!down && found < exact)
    bits = !isNegative ? Bits(bits + 1) : (bits == kSign ? Bits(1) : Bits(bits - 1));
  return bitCast<To>(bits);
}

template <typename To, typename From>
void converted(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const From *from = w.row<From>(r.inputs[0]);
  To *to = w.row<To>(r.result);
  const auto rounding = Rounding(r.flags);
  if constexpr (!IsFloat<To>::value && !IsFloat<From>::value) {
    if (r.extra)
      forLanes(to, lanes, [=](uint32_t i) { return limited<To>(from[i]); });
    else
      forLanes(to, lanes, [=](uint32_t i) { return To(from[i]); });
  } else if constexpr (!IsFloat<To>::value) {
    forLanes(to, lanes, [=](uint32_t i) {
      return fromIntegral<To>(toIntegral(double(widen(from[i])), rounding));
    });
  } else if constexpr (!IsFloat<From>::value) {
    forLanes(to, lanes, [=](uint32_t i) { return fromInteger<To>(from[i]); });
  } else if constexpr (sizeof(To) == sizeof(From) && sizeof(To) >= 4) {
    forLanes(to, lanes, [=](uint32_t i) {
      return roundFrom<To>(toIntegral(double(widen(from[i])), rounding));
    });
  } else if (rounding == Rounding::Nearest) {
    forLanes(to, lanes, [=](uint32_t i) { return roundFrom<To>(double(widen(from[i]))); });
  } else {
    forLanes(to, lanes, [=](uint32_t i) { return rounded<To>(from[i], rounding); });
  }
}

/// Two floats in a register, the first one in the upper half.
template <typename To>
void paired(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const float *high = w.row<float>(r.inputs[0]), *low = w.row<float>(r.inputs[1]);
  const auto rounding = Rounding(r.flags);
  forLanes(w.row<uint32_t>(r.result), lanes, [=](uint32_t i) {
    return uint32_t(rounded<To>(high[i], rounding).bits) << 16 | rounded<To>(low[i], rounding).bits;
  });
}

/// A float whose mantissa has 10 bits, the others zero; halves round away from zero.
void toTf32(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const uint32_t *from = w.row<uint32_t>(r.inputs[0]);
  const bool isNearest = Rounding(r.flags) != Rounding::Zero;
  const bool isEven = Rounding(r.flags) == Rounding::Nearest;
  forLanes(w.row<uint32_t>(r.result), lanes, [=](uint32_t i) {
    const uint32_t bits = from[i];
    const bool isFinite = (bits & 0x7f800000u) != 0x7f800000u;
    const uint32_t half = isEven ? 0xfffu + ((bits >> 13) & 1) : 0x1000u;
    return (bits + (isNearest && isFinite ? half : 0)) & 0xffffe000u;
  });
}

template <typename To>
Handler findTo(Type from) {
  switch (from) {
  case Type::U8:
    return converted<To, uint8_t>;
  case Type::U16:
    return converted<To, uint16_t>;
  case Type::U32:
    return converted<To, uint32_t>;
  case Type::U64:
    return converted<To, uint64_t>;
  case Type::S8:
    return converted<To, int8_t>;
  case Type::S16:
    return converted<To, int16_t>;
  case Type::S32:
    return converted<To, int32_t>;
  case Type::S64:
    return converted<To, int64_t>;
  case Type::F16:
    return converted<To, Half>;
  case Type::BF16:
    return converted<To, BFloat>;
  case Type::F32:
    return converted<To, float>;
  case Type::F64:
    return converted<To, double>;
  default:
    return nullptr;
  }
}

} // namespace

Handler findConversion(Type to, Type from) {
  switch (to) {
  case Type::U8:
    return findTo<uint8_t>(from);
  case Type::U16:
    return findTo<uint16_t>(from);
  case Type::U32:
    return findTo<uint32_t>(from);
  case Type::U64:
    return findTo<uint64_t>(from);
  case Type::S8:
    return findTo<int8_t>(from);
  case Type::S16:
    return findTo<int16_t>(from);
  case Type::S32:
    return findTo<int32_t>(from);
  case Type::S64:
    return findTo<int64_t>(from);
  case Type::F16:
    return findTo<Half>(from);
  case Type::BF16:
    return findTo<BFloat>(from);
  case Type::F32:
    return findTo<float>(from);
  case Type::F64:
    return findTo<double>(from);
  case Type::F16x2:
    return from == Type::F32 ? paired<Half> : nullptr;
  case Type::BF16x2:
    return from == Type::F32 ? paired<BFloat> : nullptr;
  case Type::TF32:
    return from == Type::F32 ? toTf32 : nullptr;
  default:
    return nullptr;
  }
}

} // namespace moert::vgpu::VGPU_LEVEL
