//===- TrigExpansions.cpp - Trigonometric functions ----------- -*- C++ -*-===//
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
using arith::CmpIPredicate;

namespace moec::codegen {
namespace {

/// x = n pi / 2 + r, |r| <= pi / 4.
struct Quadrant {
  Value r, n; // n modulo 4 counts
};

/// In f64 without FMA: angles of rotary embeddings reach 10^6, where an f32
/// reduction has no digit left, and levels must agree.
Quadrant reduce(const FloatBuilder &m, Value x) {
  ImplicitLocOpBuilder &b = m.builder();
  Type f64 = m.typeOf(b.getF64Type());
  auto d = [&](double value) { return m.constant(b.getF64FloatAttr(value)); };
  Value wide = arith::ExtFOp::create(b, f64, x);
  Value shift = d(6755399441055744.0); // 1.5 * 2^52: integers have the unit 1
  Value shifted = m.add(m.mul(wide, d(0.6366197723675814)), shift);
  Value n = m.sub(shifted, shift);
  // pi / 2 in two parts; the first has 33 bits.
  Value r = m.sub(wide, m.mul(n, d(1.57079632673412561417)));
  r = m.sub(r, m.mul(n, d(6.07710050650619224932e-11)));
  Value bits = arith::BitcastOp::create(b, m.typeOf(b.getI64Type()), shifted);
  return {arith::TruncFOp::create(b, m.f32(), r), arith::TruncIOp::create(b, m.i32(), bits)};
}

/// sin(r + n pi / 2).
Value sinOfQuadrant(const FloatBuilder &m, Value r, Value n) {
  Value z = m.mul(r, r);
  Value p = m.polynomial(z, {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f});
  Value sine = m.fma(m.mul(p, z), r, r);
  Value q = m.polynomial(z, {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f});
  Value cosine = m.add(m.fma(z, m.f(-0.5f), m.mul(m.mul(q, z), z)), m.f(1.0f));
  Value isOdd = m.compare(CmpIPredicate::ne, m.op<arith::AndIOp>(n, m.i(1)), m.i(0));
  Value value = m.select(isOdd, cosine, sine);
  // The second bit of n is the sign.
  Value sign = m.op<arith::ShLIOp>(m.op<arith::AndIOp>(n, m.i(2)), m.i(30));
  value = m.fromBits(m.op<arith::XOrIOp>(m.bits(value), sign));
  // Where the reduction has failed, of huge arguments; NaN passes.
  Value one = m.f(1.0f), minusOne = m.f(-1.0f);
  value = m.select(m.compare(CmpFPredicate::OGT, value, one), one, value);
  return m.select(m.compare(CmpFPredicate::OLT, value, minusOne), minusOne, value);
}

} // namespace

Value expandSin(const FloatBuilder &m, Value x) {
  Quadrant quadrant = reduce(m, x);
  // Keeps the sign of zero.
  Value isZero = m.compare(CmpFPredicate::OEQ, x, m.f(0.0f));
  return m.select(isZero, x, sinOfQuadrant(m, quadrant.r, quadrant.n));
}

Value expandCos(const FloatBuilder &m, Value x) {
  Quadrant quadrant = reduce(m, x);
  return sinOfQuadrant(m, quadrant.r, m.op<arith::AddIOp>(quadrant.n, m.i(1)));
}

/// Reduced to |r| <= tan(pi / 8) by the angles pi / 4 and pi / 2.
Value expandAtan(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = m.absolute(x);
  Value isLarge = m.compare(CmpFPredicate::OGT, size, m.f(2.414213562f));
  Value isMiddle = m.compare(CmpFPredicate::OGT, size, m.f(0.4142135624f));
  Value numerator = m.select(isLarge, m.f(-1.0f), m.select(isMiddle, m.sub(size, one), size));
  Value denominator = m.select(isLarge, size, m.select(isMiddle, m.add(size, one), one));
  Value r = m.div(numerator, denominator), z = m.mul(r, r);
  Value angle =
      m.select(isLarge, m.f(1.57079633f), m.select(isMiddle, m.f(0.785398163f), m.f(0.0f)));
  Value p = m.polynomial(
      z, {8.05374449538e-2f, -1.38776856032e-1f, 1.99777106478e-1f, -3.33329491539e-1f});
  return m.withSignOf(m.add(angle, m.fma(m.mul(p, z), r, r)), x);
}

} // namespace moec::codegen
