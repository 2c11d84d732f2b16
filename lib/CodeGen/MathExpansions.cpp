//===- MathExpansions.cpp - Elementary functions in f32 ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/MathExpansions.h"

#include "lib/CodeGen/ElementaryFunctions.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
namespace {

template <typename OpT, auto expand>
struct ExpandFunction : OpRewritePattern<OpT> {
  using OpRewritePattern<OpT>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpT op, PatternRewriter &rewriter) const override {
    Type type = op.getType();
    auto vector = dyn_cast<VectorType>(type);
    if (!getElementTypeOrSelf(type).isF32() || (!vector && isa<ShapedType>(type)) ||
        (vector && vector.isScalable()))
      return rewriter.notifyMatchFailure(op, "not f32, or a vector of it, of fixed size");
    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    FloatBuilder m(b, type);
    if constexpr (OpT::template hasTrait<OpTrait::OneOperand>())
      rewriter.replaceOp(op, expand(m, op->getOperand(0)));
    else
      rewriter.replaceOp(op, expand(m, op->getOperand(0), op->getOperand(1)));
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

/// Upstream lowers vector.fma to what LLVM may fuse; this is what it must.
struct FuseFma : OpRewritePattern<vector::FMAOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(vector::FMAOp op, PatternRewriter &rewriter) const override {
    rewriter.replaceOpWithNewOp<math::FmaOp>(op, op.getLhs(), op.getRhs(), op.getAcc());
    return success();
  }
};

} // namespace

void populateMathExpansions(RewritePatternSet &patterns, PatternBenefit benefit) {
  patterns
      .add<ExpandFunction<math::ExpOp, expandExp>, ExpandFunction<math::Exp2Op, expandExp2>,
           ExpandFunction<math::TanhOp, expandTanh>, ExpandFunction<math::SinhOp, expandSinh>,
           ExpandFunction<math::CoshOp, expandCosh>, ExpandFunction<math::ErfOp, expandErf>,
           ExpandFunction<math::LogOp, expandLog>, ExpandFunction<math::Log2Op, expandLog2>,
           ExpandFunction<math::AsinhOp, expandAsinh>, ExpandFunction<math::AcoshOp, expandAcosh>,
           ExpandFunction<math::AtanhOp, expandAtanh>, ExpandFunction<math::SinOp, expandSin>,
           ExpandFunction<math::CosOp, expandCos>, ExpandFunction<math::AtanOp, expandAtan>,
           ExpandFunction<math::PowFOp, expandPow>>(patterns.getContext(), benefit);
}

void populateFmaExpansions(RewritePatternSet &patterns) {
  patterns.add<ExpandFma<math::FmaOp>, ExpandFma<vector::FMAOp>>(patterns.getContext());
}

void populateFusedMultiplyAdds(RewritePatternSet &patterns) {
  patterns.add<FuseFma>(patterns.getContext());
}

} // namespace moec::codegen
