//===- ExpExpansions.cpp - Exponential functions and erf ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Polynomials of Cephes' single-precision functions (S. L. Moshier), except
// where another source is named.
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ElementaryFunctions.h"

using namespace mlir;
using arith::CmpFPredicate;

namespace moec::codegen {
namespace {

// ln 2 in two parts. The first has 9 bits, so its products with exponents are
// exact with and without FMA.
constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;

/// An integer, as a float and as bits.
struct Exponent {
  Value value, bits;
};

/// The integer nearest to x * scale, taken from the bits of a float so large that
/// its unit is 1: no conversion, which NaN would make undefined.
Exponent nearestInteger(const FloatBuilder &m, Value x, float scale) {
  Value shift = m.f(12582912.0f); // 1.5 * 2^23
  Value shifted = m.fma(x, m.f(scale), shift);
  return {m.sub(shifted, shift), m.op<arith::SubIOp>(m.bits(shifted), m.bits(shift))};
}

/// The lesser of `x` and `high`. NaN passes.
Value clampAbove(const FloatBuilder &m, Value x, float high) {
  return m.select(m.compare(CmpFPredicate::OGT, x, m.f(high)), m.f(high), x);
}

Value clamp(const FloatBuilder &m, Value x, float low, float high) {
  return clampAbove(m, m.select(m.compare(CmpFPredicate::OLT, x, m.f(low)), m.f(low), x), high);
}

/// exp(r) for |r| <= ln 2 / 2.
Value reducedExp(const FloatBuilder &m, Value r) {
  Value p = m.polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f,
                             1.6666665459e-1f, 5.0000001201e-1f});
  return m.add(m.fma(m.mul(r, r), p, r), m.f(1.0f));
}

/// 2^e for -127 < e < 128.
Value powerOfTwo(const FloatBuilder &m, Value e) {
  return m.fromBits(m.op<arith::ShLIOp>(m.op<arith::AddIOp>(e, m.i(127)), m.i(23)));
}

/// exp(r) * 2^e for |r| <= ln 2 / 2.
Value scaledExp(const FloatBuilder &m, Value r, Value e) {
  // 2^e in two factors: e goes beyond the exponents of floats on both sides.
  Value first = m.op<arith::ShRSIOp>(e, m.i(1));
  Value second = m.op<arith::SubIOp>(e, first);
  return m.mul(m.mul(reducedExp(m, r), powerOfTwo(m, first)), powerOfTwo(m, second));
}

/// x - n ln 2.
Value subtractLn2(const FloatBuilder &m, Value x, Value n) {
  return m.fma(n, m.f(-ln2Low), m.fma(n, m.f(-ln2High), x));
}

/// exp(x) * 2^by, which may be finite where exp(x) is not.
Value expTimesPower(const FloatBuilder &m, Value x, int32_t by) {
  // Beyond these bounds the result is 0 or infinity for certain.
  x = clamp(m, x, -105.0f, 90.0f);
  Exponent n = nearestInteger(m, x, 1.44269504f);
  Value e = by == 0 ? n.bits : m.op<arith::AddIOp>(n.bits, m.i(static_cast<uint32_t>(by)));
  return scaledExp(m, subtractLn2(m, x, n.value), e);
}

/// exp(x) for |x| < 87 and NaN, in fewer steps and with the same bits.
Value expOfModerate(const FloatBuilder &m, Value x) {
  Exponent n = nearestInteger(m, x, 1.44269504f);
  return m.mul(reducedExp(m, subtractLn2(m, x, n.value)), powerOfTwo(m, n.bits));
}

} // namespace

Value expandExp(const FloatBuilder &m, Value x) { return expTimesPower(m, x, 0); }

Value expandExp2(const FloatBuilder &m, Value x) {
  x = clamp(m, x, -152.0f, 130.0f);
  Exponent n = nearestInteger(m, x, 1.0f);
  return scaledExp(m, m.mul(m.sub(x, n.value), m.f(0.693147181f)), n.bits);
}

/// Near 0 a polynomial in x^2, elsewhere 1 - 2 / (exp(2 |x|) + 1).
Value expandTanh(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = m.absolute(x), z = m.mul(x, x);
  Value p = m.polynomial(z, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                             1.33314422036e-1f, -3.33332819422e-1f});
  Value near = m.fma(m.mul(p, z), x, x);
  // From 9.02 on the result is 1 in f32.
  Value e = expOfModerate(m, clampAbove(m, m.add(size, size), 40.0f));
  Value far = m.sub(one, m.div(m.f(2.0f), m.add(e, one)));
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.625f)), near, m.withSignOf(far, x));
}

/// Near 0 a polynomial in x^2, elsewhere h - 1 / (4 h), h = exp(|x|) / 2.
Value expandSinh(const FloatBuilder &m, Value x) {
  Value size = m.absolute(x), z = m.mul(x, x);
  Value p = m.polynomial(z, {2.03721912945e-4f, 8.33028376239e-3f, 1.66667160211e-1f});
  Value near = m.fma(m.mul(p, z), x, x);
  Value h = expTimesPower(m, size, -1);
  Value far = m.sub(h, m.div(m.f(0.25f), h));
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(1.0f)), near, m.withSignOf(far, x));
}

/// h + 1 / (4 h), h = exp(|x|) / 2.
Value expandCosh(const FloatBuilder &m, Value x) {
  Value h = expTimesPower(m, m.absolute(x), -1);
  return m.add(h, m.div(m.f(0.25f), h));
}

/// Two polynomials as in N. Juffa's erff: x + x q(x^2) near 0, elsewhere
/// 1 - exp(-t - t q(t)) of t = |x|.
Value expandErf(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = m.absolute(x), s = m.mul(x, x);
  Value p = m.polynomial(s, {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f,
                             -3.76125336e-1f, 1.28379166e-1f});
  Value near = m.fma(p, x, x);
  // From 4 on the result is 1 in f32.
  Value t = clampAbove(m, size, 4.0f);
  Value q = m.polynomial(t, {-1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f,
                             -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f});
  q = m.sub(m.mul(q, t), t);
  Value far = m.withSignOf(m.sub(one, expOfModerate(m, q)), x);
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.927734375f)), near, far);
}

Value expandPow(const FloatBuilder &m, Value base, Value exponent) {
  Value zero = m.f(0.0f), one = m.f(1.0f), size = m.absolute(base);
  Value power = expandExp(m, m.mul(exponent, expandLog(m, size)));
  power = m.select(m.compare(CmpFPredicate::OEQ, size, one), one, power);
  // Of a negative base: the sign of odd powers, nothing but for whole exponents.
  auto isWhole = [&](Value x) { return m.compare(CmpFPredicate::OEQ, m.floor(x), x); };
  Value whole = isWhole(exponent);
  Value isOdd =
      m.op<arith::AndIOp>(whole, m.op<arith::XOrIOp>(isWhole(m.mul(exponent, m.f(0.5f))), whole));
  power = m.select(isOdd, m.withSignOf(power, base), power);
  Value isNegative = m.op<arith::AndIOp>(m.compare(CmpFPredicate::OLT, base, zero),
                                         m.compare(CmpFPredicate::OLT, size, m.f(INFINITY)));
  Value isUndefined =
      m.op<arith::AndIOp>(isNegative, m.compare(CmpFPredicate::ONE, m.floor(exponent), exponent));
  power = m.select(isUndefined, m.f(NAN), power);
  // NaN passes but for these two cases.
  power = m.select(m.compare(CmpFPredicate::UNO, base, exponent), m.add(base, exponent), power);
  Value isOne = m.op<arith::OrIOp>(m.compare(CmpFPredicate::OEQ, exponent, zero),
                                   m.compare(CmpFPredicate::OEQ, base, one));
  return m.select(isOne, one, power);
}

} // namespace moec::codegen
