//===- MathExpansions.cpp - Elementary functions in f32 ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/MathExpansions.h"

#include "lib/CodeGen/FloatBuilder.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace moec::codegen {
namespace {

// ln 2 in two parts. The first has 9 bits, so its products with exponents are
// exact with and without FMA.
constexpr float ln2High = 0.693359375f, ln2Low = -2.12194440e-4f;

/// exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; polynomial of
/// Cephes' expf (S. L. Moshier). n is taken from the bits of a float so large
/// that its unit is 1: no conversion to integers, which NaN would break.
Value expandExp(const FloatBuilder &m, Value x) {
  // Beyond these bounds the result is 0 or infinity for certain; NaN passes.
  Value low = m.f(-105.0f), high = m.f(90.0f);
  x = m.select(m.compare(CmpFPredicate::OLT, x, low), low, x);
  x = m.select(m.compare(CmpFPredicate::OGT, x, high), high, x);
  Value shift = m.f(12582912.0f); // 1.5 * 2^23
  Value shifted = m.fma(x, m.f(1.44269504f), shift);
  Value exponent = m.op<arith::SubIOp>(m.bits(shifted), m.bits(shift));
  Value n = m.sub(shifted, shift);
  Value r = m.fma(n, m.f(-ln2High), x);
  r = m.fma(n, m.f(-ln2Low), r);
  Value p = m.polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                             4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f});
  p = m.add(m.fma(m.mul(r, r), p, r), m.f(1.0f));
  // 2^n in two factors: n reaches -151 and 130, outside the exponents of floats.
  Value first = m.op<arith::ShRSIOp>(exponent, m.i(1));
  Value second = m.op<arith::SubIOp>(exponent, first);
  auto power = [&](Value e) {
    return m.fromBits(m.op<arith::ShLIOp>(m.op<arith::AddIOp>(e, m.i(127)), m.i(23)));
  };
  return m.mul(m.mul(p, power(first)), power(second));
}

/// log(x) = e ln 2 + log(1 + f), sqrt(1/2) <= 1 + f < sqrt(2); polynomial of
/// Cephes' logf.
Value expandLog(const FloatBuilder &m, Value argument) {
  Value x = argument, smallest = m.f(1.17549435e-38f);
  Value isSmall = m.compare(CmpFPredicate::OLT, x, smallest);
  x = m.select(isSmall, m.mul(x, m.f(8388608.0f)), x); // subnormals: times 2^23
  // The exponent of x / sqrt(1/2), as bits, is that of the power to divide by.
  Value offset = m.op<arith::SubIOp>(m.bits(x), m.i(0x3f3504f3));
  Value e = m.op<arith::ShRSIOp>(offset, m.i(23));
  Value f = m.fromBits(
      m.op<arith::SubIOp>(m.bits(x), m.op<arith::ShLIOp>(e, m.i(23))));
  f = m.sub(f, m.f(1.0f));
  e = m.op<arith::SubIOp>(e, m.select(isSmall, m.i(23), m.i(0)));
  // |e| < 2^8: exact through the bits of a large float, as in expandExp.
  Value shift = m.f(12582912.0f);
  Value n = m.sub(m.fromBits(m.op<arith::AddIOp>(e, m.bits(shift))), shift);
  Value z = m.mul(f, f);
  Value p = m.polynomial(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
                             -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                             2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
  Value tail = m.mul(m.mul(f, z), p);
  tail = m.fma(n, m.f(ln2Low), tail);
  tail = m.fma(z, m.f(-0.5f), tail);
  Value result = m.fma(n, m.f(ln2High), m.add(f, tail));
  Value zero = m.f(0.0f), infinity = m.f(INFINITY);
  result = m.select(m.compare(CmpFPredicate::OLT, argument, zero), m.f(NAN), result);
  result = m.select(m.compare(CmpFPredicate::OEQ, argument, zero), m.f(-INFINITY), result);
  // Infinity and NaN are their own logarithms.
  return m.select(m.compare(CmpFPredicate::ULT, argument, infinity),
                  m.select(m.compare(CmpFPredicate::UNO, argument, argument), argument, result),
                  argument);
}

Value absolute(const FloatBuilder &m, Value x) {
  return m.fromBits(m.op<arith::AndIOp>(m.bits(x), m.i(0x7fffffff)));
}

/// `magnitude`, which is not negative, with the sign of `x`.
Value withSignOf(const FloatBuilder &m, Value magnitude, Value x) {
  Value sign = m.op<arith::AndIOp>(m.bits(x), m.i(0x80000000u));
  return m.fromBits(m.op<arith::OrIOp>(m.bits(magnitude), sign));
}

/// Near 0 Cephes' tanhf polynomial in x^2, elsewhere 1 - 2 / (exp(2 |x|) + 1).
Value expandTanh(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = absolute(m, x), z = m.mul(x, x);
  Value p = m.polynomial(z, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                             1.33314422036e-1f, -3.33332819422e-1f});
  Value near = m.fma(m.mul(p, z), x, x);
  Value e = expandExp(m, m.add(size, size));
  Value far = m.sub(one, m.div(m.f(2.0f), m.add(e, one)));
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.625f)), near, withSignOf(m, far, x));
}

/// Two polynomials as in N. Juffa's erff: x + x q(x^2) near 0, elsewhere
/// 1 - exp(-t - t q(t)) of t = |x|.
Value expandErf(const FloatBuilder &m, Value x) {
  Value one = m.f(1.0f), size = absolute(m, x), s = m.mul(x, x);
  Value p = m.polynomial(s, {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f, 1.12819925e-1f,
                             -3.76125336e-1f, 1.28379166e-1f});
  Value near = m.fma(p, x, x);
  // From 4 on the result is 1 in f32; NaN passes.
  Value four = m.f(4.0f);
  Value t = m.select(m.compare(CmpFPredicate::OGT, size, four), four, size);
  Value q = m.polynomial(t, {-1.72853470e-5f, 3.83197126e-4f, -3.88396438e-3f, 2.42546219e-2f,
                             -1.06777877e-1f, -6.34846687e-1f, -1.28717512e-1f});
  q = m.sub(m.mul(q, t), t);
  Value far = withSignOf(m, m.sub(one, expandExp(m, q)), x);
  return m.select(m.compare(CmpFPredicate::OLT, size, m.f(0.927734375f)), near, far);
}

template <typename OpT, Value (*expand)(const FloatBuilder &, Value)>
struct ExpandFunction : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    auto vector = dyn_cast<VectorType>(type);
    if (!getElementTypeOrSelf(type).isF32() || (!vector && isa<ShapedType>(type)) ||
        (vector && vector.isScalable()))
      return rewriter.notifyMatchFailure(op, "not f32, or a vector of it, of fixed size");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    rewriter.replaceOp(op, expand(FloatBuilder(b, type), op.getOperand()));
    return success();
  }
};

template <typename OpT>
struct ExpandFma : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    Value product =
        arith::MulFOp::create(rewriter, op.getLoc(), op->getOperand(0), op->getOperand(1));
    rewriter.replaceOpWithNewOp<arith::AddFOp>(op, product, op->getOperand(2));
    return success();
  }
};

} // namespace

void populateMathExpansions(RewritePatternSet &patterns, PatternBenefit benefit) {
  patterns.add<ExpandFunction<math::ExpOp, expandExp>, ExpandFunction<math::LogOp, expandLog>,
               ExpandFunction<math::TanhOp, expandTanh>, ExpandFunction<math::ErfOp, expandErf>>(
      patterns.getContext(), benefit);
}

void populateFmaExpansions(RewritePatternSet &patterns) {
  patterns.add<ExpandFma<math::FmaOp>, ExpandFma<vector::FMAOp>>(patterns.getContext());
}

} // namespace moec::codegen
