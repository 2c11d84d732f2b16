// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on floats, rounded to nearest but for those that say otherwise. Approximate ones
// give the value that is rounded right, which their error bounds in the PTX ISA admit.
#include "vgpu/Lanes/Row.h"

#include <math.h>

namespace moert::vgpu::VGPU_LEVEL {

namespace {

using ptx::Type;

/// Two values of 16 bits in a register of 32.
template <typename T>
struct Pair {
  T low, high;
};
template <typename T>
struct ScalarOf {
  using type = T;
};
template <typename T>
struct ScalarOf<Pair<T>> {
  using type = T;
};

float flush(float value) {
  const uint32_t bits = bitCast<uint32_t>(value);
  return bitCast<float>((bits & 0x7f800000u) == 0 ? bits & 0x80000000u : bits);
}

template <typename T>
T canonicalNan();
template <>
float canonicalNan<float>() {
  return bitCast<float>(0x7fffffffu);
}
template <>
double canonicalNan<double>() {
  return bitCast<double>(uint64_t(0x7fffffffffffffff));
}
template <>
Half canonicalNan<Half>() {
  return {0x7fff};
}
template <>
BFloat canonicalNan<BFloat>() {
  return {0x7fff};
}

template <typename T>
using Bits = typename BitsOf<T>::type;
template <typename T>
constexpr Bits<T> kSign = Bits<T>(Bits<T>(1) << (sizeof(T) * 8 - 1));

/// All NaNs that are computed have the same bits, whatever the order of operands.
template <typename T>
T canonical(T value) {
  const auto wide = widen(value);
  return wide != wide ? canonicalNan<T>() : value;
}

/// The smaller one, -0 before +0. A NaN is passed over, unless both are, or `keepsNan`.
template <typename T>
T least(T a, T b, bool isGreatest, bool keepsNan) {
  const auto x = widen(a), y = widen(b);
  const bool aIsNan = x != x, bIsNan = y != y;
  const bool isNegative = bitCast<Bits<T>>(a) & kSign<T>;
  const bool aIsLess = x < y || (x == y && isNegative);
  T result = aIsLess != isGreatest ? a : b;
  result = aIsNan ? b : result;
  result = bIsNan ? a : result;
  const bool isNan = keepsNan ? aIsNan || bIsNan : aIsNan && bIsNan;
  return isNan ? canonicalNan<T>() : result;
}

template <typename T>
T fused(T a, T b, T c) {
  // The product of 16 bits each is exact.
  return roundFrom<T>(addToOdd(double(widen(a)) * double(widen(b)), double(widen(c))));
}
template <>
float fused(float a, float b, float c) {
  return canonical(__builtin_fmaf(a, b, c));
}
template <>
double fused(double a, double b, double c) {
  return canonical(__builtin_fma(a, b, c));
}

/// a x b + c, rounded down, up or to zero.
float fusedToward(float a, float b, float c, Rounding rounding) {
  const double product = double(a) * double(b); // exact
  const double exact = addToOdd(product, double(c));
  const float nearest = float(exact);
  const uint32_t bits = bitCast<uint32_t>(nearest);
  const bool isNegative = bits >> 31;
  // The last bit of a sum that is not exact is set, so no float is equal to it.
  const bool isBelow = double(nearest)<exact, isAbove = double(nearest)> exact;
  const bool wantsUp = rounding == Rounding::Up || (rounding == Rounding::Zero && isNegative);
  const bool moves = wantsUp ? isBelow : isAbove;
  // Floats of one sign are ordered as their bits are.
  const uint32_t next = wantsUp == isNegative ? bits - 1 : bits + 1;
  float result = bitCast<float>(moves ? next : bits);
  // Of opposite zeros, or numbers, the sum is -0 if it is rounded down.
  const bool hasNegative = (bitCast<uint64_t>(product) | bitCast<uint64_t>(double(c))) >> 63;
  result = exact == 0 && rounding == Rounding::Down && hasNegative ? -0.0f : result;
  return canonical(result);
}

template <typename T>
T sum(T a, T b) {
  return roundFrom<T>(addToOdd(double(widen(a)), double(widen(b))));
}
template <>
float sum(float a, float b) {
  return canonical(a + b);
}
template <>
double sum(double a, double b) {
  return canonical(a + b);
}

template <typename T>
T negated(T a) {
  return bitCast<T>(Bits<T>(bitCast<Bits<T>>(a) ^ kSign<T>));
}

template <Operation O, typename T>
T compute(T a, T b, T c) {
  switch (O) {
  case Operation::Add:
    return sum(a, b);
  case Operation::Sub:
    return sum(a, negated(b));
  case Operation::Mul:
    return sizeof(T) == 4 ? canonical(narrow<T>(float(widen(a)) * float(widen(b))))
                          : canonical(roundFrom<T>(double(widen(a)) * double(widen(b))));
  case Operation::Fma:
    return fused(a, b, c);
  case Operation::Neg:
    return negated(a);
  case Operation::Abs:
    return bitCast<T>(Bits<T>(bitCast<Bits<T>>(a) & Bits<T>(~kSign<T>)));
  case Operation::Copysign:
    return bitCast<T>(
        Bits<T>((bitCast<Bits<T>>(a) & kSign<T>) | (bitCast<Bits<T>>(b) & Bits<T>(~kSign<T>))));
  case Operation::Min:
    return least(a, b, false, false);
  case Operation::Max:
    return least(a, b, true, false);
  case Operation::MinNan:
    return least(a, b, false, true);
  case Operation::MaxNan:
    return least(a, b, true, true);
  case Operation::Saturate: {
    const auto value = widen(a);
    return value > 0 ? (value < 1 ? a : narrow<T>(1.0f)) : narrow<T>(0.0f);
  }
  default:
    return a;
  }
}

/// Those that the library computes, in double.
template <Operation O>
double fromLibrary(double a) {
  switch (O) {
  case Operation::Rcp:
    return 1 / a;
  case Operation::Sqrt:
    return __builtin_sqrt(a);
  case Operation::Rsqrt:
    return 1 / __builtin_sqrt(a);
  case Operation::Sin:
    return sin(a);
  case Operation::Cos:
    return cos(a);
  case Operation::Lg2:
    return log2(a);
  case Operation::Ex2:
    return exp2(a);
  default:
    return tanh(a);
  }
}

template <Operation O, typename T>
Pair<T> compute(Pair<T> a, Pair<T> b, Pair<T> c) {
  return {compute<O>(a.low, b.low, c.low), compute<O>(a.high, b.high, c.high)};
}
template <Operation O, typename T>
T throughLibrary(T a) {
  return canonical(roundFrom<T>(fromLibrary<O>(double(widen(a)))));
}
template <Operation O, typename T>
Pair<T> throughLibrary(Pair<T> a) {
  return {throughLibrary<O>(a.low), throughLibrary<O>(a.high)};
}

template <Operation O, typename T>
void arithmetic(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]), *c = w.row<T>(r.inputs[2]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) { return compute<O>(a[i], b[i], c[i]); });
}

void directed(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const float *a = w.row<float>(r.inputs[0]), *b = w.row<float>(r.inputs[1]),
              *c = w.row<float>(r.inputs[2]);
  const auto rounding = Rounding(r.flags);
  forLanes(w.row<float>(r.result), lanes,
           [=](uint32_t i) { return fusedToward(a[i], b[i], c[i], rounding); });
}

template <typename T>
void divided(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) { return canonical(a[i] / b[i]); });
}

template <Operation O, typename T>
void library(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) { return throughLibrary<O>(a[i]); });
}

void flushed(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const float *a = w.row<float>(r.inputs[0]);
  forLanes(w.row<float>(r.result), lanes, [=](uint32_t i) { return flush(a[i]); });
}

template <typename T>
Handler findOf(Operation operation) {
  switch (operation) {
#define VGPU_CASE(NAME)                                                                            \
  case Operation::NAME:                                                                            \
    return arithmetic<Operation::NAME, T>;
    VGPU_CASE(Add)
    VGPU_CASE(Sub)
    VGPU_CASE(Mul)
    VGPU_CASE(Fma)
    VGPU_CASE(Neg)
    VGPU_CASE(Abs)
    VGPU_CASE(Min)
    VGPU_CASE(Max)
    VGPU_CASE(MinNan)
    VGPU_CASE(MaxNan)
    VGPU_CASE(Copysign)
    VGPU_CASE(Saturate)
#undef VGPU_CASE
  case Operation::Ex2:
    return library<Operation::Ex2, T>;
  case Operation::Tanh:
    return library<Operation::Tanh, T>;
  default:
    return nullptr;
  }
}

/// Those of 32 and 64 bits only.
template <typename T>
Handler findWide(Operation operation) {
  switch (operation) {
#define VGPU_CASE(NAME)                                                                            \
  case Operation::NAME:                                                                            \
    return library<Operation::NAME, T>;
    VGPU_CASE(Rcp)
    VGPU_CASE(Sqrt)
    VGPU_CASE(Rsqrt)
    VGPU_CASE(Sin)
    VGPU_CASE(Cos)
    VGPU_CASE(Lg2)
#undef VGPU_CASE
  case Operation::Div:
    return divided<T>;
  default:
    return findOf<T>(operation);
  }
}

} // namespace

Handler findFloat(Operation operation, Type type) {
  switch (type) {
  case Type::F16:
    return findOf<Half>(operation);
  case Type::BF16:
    return findOf<BFloat>(operation);
  case Type::F16x2:
    return findOf<Pair<Half>>(operation);
  case Type::BF16x2:
    return findOf<Pair<BFloat>>(operation);
  case Type::F32:
    return operation == Operation::Flush       ? flushed
           : operation == Operation::FmaToward ? directed
                                               : findWide<float>(operation);
  case Type::F64:
    return findWide<double>(operation);
  default:
    return nullptr;
  }
}

} // namespace moert::vgpu::VGPU_LEVEL
