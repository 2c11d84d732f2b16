//===- LogExpansions.cpp - Logarithms and inverse hyperbolic functions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Polynomials of Cephes' single-precision functions (S. L. Moshier).
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/ElementaryFunctions.h"

using namespace mlir;
using arith::CmpFPredicate;

namespace moec::codegen {
namespace {

// ln 2 in two parts; the first has 9 bits: products with exponents are exact.
constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;

/// log(x) = n ln 2 + f + tail, sqrt(1/2) <= 1 + f < sqrt(2).
struct LogParts {
  Value n, f, tail;
};

LogParts splitLog(const FloatBuilder &m, Value x) {
  Value isSmall = m.compare(CmpFPredicate::OLT, x, m.f(1.17549435e-38f));
  x = m.select(isSmall, m.mul(x, m.f(8388608.0f)), x); // subnormals: times 2^23
  // The exponent of x / sqrt(1/2) is that of the power of two to divide by.
  Value offset = m.op<arith::SubIOp>(m.bits(x), m.i(0x3f3504f3));
  Value e = m.op<arith::ShRSIOp>(offset, m.i(23));
  Value f = m.fromBits(m.op<arith::SubIOp>(m.bits(x), m.op<arith::ShLIOp>(e, m.i(23))));
  f = m.sub(f, m.f(1.0f));
  e = m.op<arith::SubIOp>(e, m.select(isSmall, m.i(23), m.i(0)));
  // |e| < 2^8: exact through the bits of a float whose unit is 1.
  Value shift = m.f(12582912.0f);
  Value n = m.sub(m.fromBits(m.op<arith::AddIOp>(e, m.bits(shift))), shift);
  Value z = m.mul(f, f);
  Value p = m.polynomial(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
                             -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                             2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
  return {n, f, m.fma(z, m.f(-0.5f), m.mul(m.mul(f, z), p))};
}

/// `result` for positive numbers; -inf, NaN or x itself for others.
Value withSpecialCases(const FloatBuilder &m, Value x, Value result) {
  Value zero = m.f(0.0f);
  result = m.select(m.compare(CmpFPredicate::OLT, x, zero), m.f(NAN), result);
  result = m.select(m.compare(CmpFPredicate::OEQ, x, zero), m.f(-INFINITY), result);
  // Infinity and NaN are their own logarithms.
  return m.select(m.compare(CmpFPredicate::OLT, x, m.f(INFINITY)), result, x);
}

} // namespace

Value expandLog(const FloatBuilder &m, Value x) {
  LogParts parts = splitLog(m, x);
  Value tail = m.fma(parts.n, m.f(ln2Low), parts.tail);
  return withSpecialCases(m, x, m.fma(parts.n, m.f(ln2High), m.add(parts.f, tail)));
}

Value expandLog2(const FloatBuilder &m, Value x) {
  LogParts parts = splitLog(m, x);
  // 1 / ln 2 = 1 + 0.4427: the larger part of the product is exact.
  Value rest = m.f(0.442695041f);
  Value low = m.fma(parts.f, rest, m.fma(parts.tail, rest, parts.tail));
  return withSpecialCases(m, x, m.add(parts.n, m.add(parts.f, low)));
}

Value expandAsinh(const FloatBuilder &m, Value x) {
  Value size = m.absolute(x), z = m.mul(x, x);
  Value p =
      m.polynomial(z, {2.0122003309e-2f, -4.2699340972e-2f, 7.4847586088e-2f, -1.6666288134e-1f});
  Value near = m.fma(m.mul(p, z), x, x);
  // For large x the square would overflow, and asinh(x) = log(2 x).
  Value isLarge = m.compare(CmpFPredicate::OGT, size, m.f(1500.0f));
  Value root = m.squareRoot(m.add(z, m.f(1.0f)));
  Value log = expandLog(m, m.select(isLarge, size, m.add(size, root)));
  Value far = m.add(log, m.select(isLarge, m.f(0.693147181f), m.f(0.0f)));
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.5f)), near, m.withSignOf(far, x));
}

Value expandAcosh(const FloatBuilder &m, Value x) {
  Value z = m.sub(x, m.f(1.0f));
  Value p = m.polynomial(
      z, {1.7596881071e-3f, -7.5272886713e-3f, 2.6454905019e-2f, -1.1784741703e-1f, 1.4142135263f});
  Value near = m.mul(p, m.squareRoot(z)); // NaN below 1
  Value isLarge = m.compare(CmpFPredicate::OGT, x, m.f(1500.0f));
  Value root = m.squareRoot(m.mul(z, m.add(x, m.f(1.0f))));
  Value log = expandLog(m, m.select(isLarge, x, m.add(x, root)));
  Value far = m.add(log, m.select(isLarge, m.f(0.693147181f), m.f(0.0f)));
  return m.select(m.compare(CmpFPredicate::OLT, z, m.f(0.5f)), near, far);
}

Value expandAtanh(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = m.absolute(x), z = m.mul(x, x);
  Value p = m.polynomial(z, {1.81740078349e-1f, 8.24370301058e-2f, 1.46691431730e-1f,
                             1.99782164500e-1f, 3.33337300303e-1f});
  Value near = m.fma(m.mul(p, z), x, x);
  Value log = expandLog(m, m.div(m.add(one, x), m.sub(one, x)));
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.5f)), near, m.mul(log, m.f(0.5f)));
}

} // namespace moec::codegen
