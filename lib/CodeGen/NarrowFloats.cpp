//===- NarrowFloats.cpp - Conversions of f16 and bf16 --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/NarrowFloats.h"

#include "lib/CodeGen/FloatBuilder.h"

using namespace mlir;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

namespace moec::codegen {
namespace {

/// f16 or bf16 to f64.
struct ExtendThroughF32 : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getIn().getType()) || !getElementTypeOrSelf(op.getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not an extension to f64");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FloatBuilder m(b, op.getType());
    Value between = arith::ExtFOp::create(b, m.f32(), op.getIn());
    rewriter.replaceOpWithNewOp<arith::ExtFOp>(op, op.getType(), between);
    return success();
  }
};

/// f64 to f16 or bf16, through the f32 next to it towards zero whose last bit is
/// set if anything was dropped (rounding to odd).
struct TruncateThroughF32 : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()) || !getElementTypeOrSelf(op.getIn().getType()).isF64())
      return rewriter.notifyMatchFailure(op, "not a rounding from f64");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FloatBuilder m(b, op.getType());
    Value x = op.getIn();
    Value near = arith::TruncFOp::create(b, m.f32(), x);
    Value back = arith::ExtFOp::create(b, x.getType(), near);
    Value isLarger =
        m.compare(CmpFPredicate::OGT, math::AbsFOp::create(b, back), math::AbsFOp::create(b, x));
    Value bits = m.op<arith::SubIOp>(m.bits(near), m.select(isLarger, m.i(1), m.i(0)));
    Value isInexact = m.compare(CmpFPredicate::ONE, back, x);
    bits = m.op<arith::OrIOp>(bits, m.select(isInexact, m.i(1), m.i(0)));
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), m.fromBits(bits));
    return success();
  }
};

template <typename OpT>
struct FromIntegerThroughF32 : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getType()))
      return rewriter.notifyMatchFailure(op, "not to a narrow type");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value wide = OpT::create(b, FloatBuilder(b, op.getType()).f32(), op.getIn());
    rewriter.replaceOpWithNewOp<arith::TruncFOp>(op, op.getType(), wide);
    return success();
  }
};

template <typename OpT>
struct ToIntegerThroughF32 : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;
  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    if (!isNarrowFloat(op.getIn().getType()))
      return rewriter.notifyMatchFailure(op, "not from a narrow type");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    Value wide = arith::ExtFOp::create(b, FloatBuilder(b, op.getType()).f32(), op.getIn());
    rewriter.replaceOpWithNewOp<OpT>(op, op.getType(), wide);
    return success();
  }
};

// f16: 5 bits of exponent with bias 15, 10 of fraction; f32: 8 with bias 127, 23.
constexpr uint32_t fractionShift = 13, biasShift = (127 - 15) << 23;

struct ExtendHalf : OpRewritePattern<arith::ExtFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::ExtFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getIn().getType()).isF16() ||
        !getElementTypeOrSelf(op.getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not f16 to f32");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FloatBuilder m(b, op.getType());
    Value half = arith::BitcastOp::create(b, m.typeOf(b.getI16Type()), op.getIn());
    Value word = arith::ExtUIOp::create(b, m.i32(), half);
    Value size = m.op<arith::AndIOp>(word, m.i(0x7fff));
    Value sign = m.op<arith::ShLIOp>(m.op<arith::AndIOp>(word, m.i(0x8000)), m.i(16));
    Value normal =
        m.op<arith::AddIOp>(m.op<arith::ShLIOp>(size, m.i(fractionShift)), m.i(biasShift));
    // Subnormals count units of 2^-24.
    Value units = arith::SIToFPOp::create(b, m.f32(), size);
    Value subnormal = m.bits(m.mul(units, m.f(5.9604644775390625e-8f)));
    Value special = m.op<arith::AddIOp>(normal, m.i(biasShift));
    Value quiet = m.op<arith::OrIOp>(special, m.i(0x00400000));
    Value bits = m.select(m.compare(CmpIPredicate::ult, size, m.i(0x400)), subnormal, normal);
    bits = m.select(m.compare(CmpIPredicate::uge, size, m.i(0x7c00)), special, bits);
    bits = m.select(m.compare(CmpIPredicate::ugt, size, m.i(0x7c00)), quiet, bits);
    rewriter.replaceOp(op, m.fromBits(m.op<arith::OrIOp>(bits, sign)));
    return success();
  }
};

struct TruncateToHalf : OpRewritePattern<arith::TruncFOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(arith::TruncFOp op, PatternRewriter &rewriter) const override {
    if (!getElementTypeOrSelf(op.getType()).isF16() ||
        !getElementTypeOrSelf(op.getIn().getType()).isF32())
      return rewriter.notifyMatchFailure(op, "not f32 to f16");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FloatBuilder m(b, op.getType());
    Value word = m.bits(op.getIn());
    Value size = m.op<arith::AndIOp>(word, m.i(0x7fffffff));
    Value sign = m.op<arith::AndIOp>(m.op<arith::ShRUIOp>(word, m.i(16)), m.i(0x8000));
    // To nearest even: a carry into the exponent is right as it is, up to infinity.
    Value lastBit = m.op<arith::AndIOp>(m.op<arith::ShRUIOp>(size, m.i(fractionShift)), m.i(1));
    Value rounded = m.op<arith::AddIOp>(m.op<arith::AddIOp>(size, m.i(0xfff)), lastBit);
    Value normal =
        m.op<arith::ShRUIOp>(m.op<arith::SubIOp>(rounded, m.i(biasShift)), m.i(fractionShift));
    // Floats in [1/2, 1) are multiples of 2^-24: the sum rounds to units of subnormals.
    Value half = m.f(0.5f);
    Value subnormal = m.op<arith::SubIOp>(m.bits(m.add(m.fromBits(size), half)), m.i(0x3f000000));
    Value nan = m.op<arith::OrIOp>(
        m.op<arith::AndIOp>(m.op<arith::ShRUIOp>(size, m.i(fractionShift)), m.i(0x3ff)),
        m.i(0x7e00));
    // 65520, half a unit above the largest f16.
    Value bits =
        m.select(m.compare(CmpIPredicate::uge, size, m.i(0x477ff000)), m.i(0x7c00), normal);
    bits = m.select(m.compare(CmpIPredicate::ult, size, m.i(0x38800000)), subnormal, bits);
    bits = m.select(m.compare(CmpIPredicate::ugt, size, m.i(0x7f800000)), nan, bits);
    bits = m.op<arith::OrIOp>(bits, sign);
    Value narrow = arith::TruncIOp::create(b, m.typeOf(b.getI16Type()), bits);
    rewriter.replaceOpWithNewOp<arith::BitcastOp>(op, op.getType(), narrow);
    return success();
  }
};

} // namespace

void populateNarrowFloatDetours(RewritePatternSet &patterns) {
  patterns.add<ExtendThroughF32, TruncateThroughF32, FromIntegerThroughF32<arith::SIToFPOp>,
               FromIntegerThroughF32<arith::UIToFPOp>, ToIntegerThroughF32<arith::FPToSIOp>,
               ToIntegerThroughF32<arith::FPToUIOp>>(patterns.getContext(), /*benefit=*/2);
}

void populateHalfExpansions(RewritePatternSet &patterns) {
  patterns.add<ExtendHalf, TruncateToHalf>(patterns.getContext());
}

} // namespace moec::codegen
