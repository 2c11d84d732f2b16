//===- ONNXFolders.cpp - Folders and canonicalisation -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Small integer arithmetic folds through each op's inference; what else folds
// here are ops that do nothing and views of views.
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ElementTypes.h"
#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace moec::onnx;

static OpFoldResult foldInteger(Operation *op, ArrayRef<Attribute> operands) {
  SmallVector<OpFoldResult> results;
  if (failed(foldSmallIntegers(op, operands, results)))
    return {};
  return results.front();
}

/// An op that can only change shape changes nothing if its types are equal and static.
static bool keepsShape(Operation *op) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  return type && type.hasStaticShape() && type == op->getOperand(0).getType();
}

#define MOEC_FOLD_INTEGERS(OP)                                                                     \
  OpFoldResult OP::fold(FoldAdaptor adaptor) {                                                     \
    return foldInteger(getOperation(), adaptor.getOperands());                                     \
  }
MOEC_FOLD_INTEGERS(UnaryOp)
MOEC_FOLD_INTEGERS(BinaryOp)
MOEC_FOLD_INTEGERS(CompareOp)
MOEC_FOLD_INTEGERS(WhereOp)
MOEC_FOLD_INTEGERS(ConstantOfShapeOp)
MOEC_FOLD_INTEGERS(ShapeOp)
MOEC_FOLD_INTEGERS(SizeOp)
MOEC_FOLD_INTEGERS(SliceOp)
MOEC_FOLD_INTEGERS(RangeOp)
MOEC_FOLD_INTEGERS(GatherOp)
#undef MOEC_FOLD_INTEGERS

#define MOEC_FOLD_VIEW(OP)                                                                         \
  OpFoldResult OP::fold(FoldAdaptor adaptor) {                                                     \
    if (keepsShape(*this))                                                                         \
      return getX();                                                                               \
    return foldInteger(getOperation(), adaptor.getOperands());                                     \
  }
MOEC_FOLD_VIEW(ReshapeOp)
MOEC_FOLD_VIEW(FlattenOp)
MOEC_FOLD_VIEW(SqueezeOp)
MOEC_FOLD_VIEW(UnsqueezeOp)
MOEC_FOLD_VIEW(ExpandOp)
MOEC_FOLD_VIEW(TileOp)
#undef MOEC_FOLD_VIEW

OpFoldResult ConstantOp::fold(FoldAdaptor) { return getValue(); }

bool moec::onnx::holdsExactly(Type wide, Type narrow) {
  if (auto from = dyn_cast<IntegerType>(narrow)) {
    auto to = dyn_cast<IntegerType>(wide);
    // One bit is a truth value, not a number.
    return to && from.isSignless() && to.isSignless() && from.getWidth() > 1 &&
           to.getWidth() >= from.getWidth();
  }
  // Types of 8 bits and less saturate or lack infinities.
  auto isPlain = [](Type type) {
    return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
  };
  if (!isPlain(wide) || !isPlain(narrow))
    return false;
  return APFloat::isRepresentableBy(cast<FloatType>(narrow).getFloatSemantics(),
                                    cast<FloatType>(wide).getFloatSemantics());
}

OpFoldResult CastOp::fold(FoldAdaptor adaptor) {
  if (getX().getType() == getResult().getType())
    return getX();
  // To a wider type and back.
  if (auto inner = getX().getDefiningOp<CastOp>();
      inner && inner.getX().getType() == getResult().getType()) {
    Type wide = getElementTypeOrSelf(getX().getType());
    Type narrow = getElementTypeOrSelf(getResult().getType());
    // Truth values come back from any number.
    if (holdsExactly(wide, narrow) || narrow.isInteger(1))
      return inner.getX();
  }
  return foldInteger(getOperation(), adaptor.getOperands());
}

OpFoldResult TransposeOp::fold(FoldAdaptor adaptor) {
  if (llvm::equal(getPerm(), llvm::seq<int64_t>(0, getPerm().size())) &&
      getX().getType() == getResult().getType())
    return getX();
  return foldInteger(getOperation(), adaptor.getOperands());
}

OpFoldResult ConcatOp::fold(FoldAdaptor adaptor) {
  if (getInputs().size() == 1 && getInputs().front().getType() == getResult().getType())
    return getInputs().front();
  return foldInteger(getOperation(), adaptor.getOperands());
}

/// Over no axis, a sum of one element each is the element.
OpFoldResult ReduceOp::fold(FoldAdaptor adaptor) {
  bool isPlain = getFn() == ReduceFn::Sum || getFn() == ReduceFn::Mean ||
                 getFn() == ReduceFn::Prod || getFn() == ReduceFn::Max || getFn() == ReduceFn::Min;
  if (isPlain && getX().getType() == getResult().getType())
    if (std::optional<SmallVector<int64_t>> axes = getStaticAxes(); axes && axes->empty())
      return getX();
  return foldInteger(getOperation(), adaptor.getOperands());
}

LogicalResult SplitOp::fold(FoldAdaptor adaptor, SmallVectorImpl<OpFoldResult> &results) {
  if (getNumResults() == 1 && getResult(0).getType() == getX().getType()) {
    results.push_back(getX());
    return success();
  }
  return foldSmallIntegers(*this, adaptor.getOperands(), results);
}

namespace {

/// transpose(transpose(x, p), q) = transpose(x, p[q]).
struct MergeTransposes : OpRewritePattern<TransposeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TransposeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<TransposeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "the operand is no transpose");
    SmallVector<int64_t> perm;
    for (int64_t axis : op.getPerm())
      perm.push_back(inner.getPerm()[axis]);
    rewriter.replaceOpWithNewOp<TransposeOp>(op, op.getType(), inner.getX(), perm);
    return success();
  }
};

/// A reshape of a reshape reads only the elements, not the shape in between, unless it copies
/// sizes of it.
struct MergeReshapes : OpRewritePattern<ReshapeOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(ReshapeOp op, PatternRewriter &rewriter) const override {
    auto inner = op.getX().getDefiningOp<ReshapeOp>();
    if (!inner)
      return rewriter.notifyMatchFailure(op, "the operand is no reshape");
    std::optional<SmallVector<int64_t>> target = getConstantIntegers(op.getShape());
    if (!target || (llvm::is_contained(*target, 0) && !op.getAllowzero()))
      return rewriter.notifyMatchFailure(op, "the target may copy sizes of the operand");
    rewriter.modifyOpInPlace(op, [&] { op.getXMutable().assign(inner.getX()); });
    return success();
  }
};

} // namespace

void TransposeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeTransposes>(context);
}

void ReshapeOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<MergeReshapes>(context);
}
