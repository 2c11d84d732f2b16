//===- LowerAttention.cpp - onnx.attention as one operation - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/ONNXToTile/AttentionScores.h"
#include "lib/Conversion/ONNXToTile/Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;
using moec::tile::HeadLayout;

namespace moec {
namespace {

/// A tensor with heads, in the order of its layout.
struct HeadsTensor {
  Value value;
  HeadLayout layout = HeadLayout::BHSD;
};

bool exchangesHeadsAndSequence(Operation *op) {
  auto transpose = dyn_cast_or_null<onnx::TransposeOp>(op);
  return transpose && ArrayRef<int64_t>(transpose.getPerm()) == ArrayRef<int64_t>{0, 2, 1, 3} &&
         isa<RankedTensorType>(transpose.getX().getType());
}

/// Operands and results of one attention in the form of tile.attention.
class AttentionLowering {
public:
  AttentionLowering(onnx::AttentionOp op, RewriterBase &rewriter, WeightTable &weights)
      : op(op), rewriter(rewriter), weights(weights), b(op.getLoc(), rewriter) {}

  void lower() {
    is3D = getType(op.getQ()).getRank() == 3;
    HeadsTensor q = split(op.getQ(), op.getQNumHeads()), k = split(op.getK(), op.getKvNumHeads()),
                v = split(op.getV(), op.getKvNumHeads());
    OpFoldResult batch = getSize(q, 0), queries = getSize(q, 2);
    requireEqual(getSize(k, 0), batch, "k and q have different batch sizes");
    requireEqual(getSize(v, 0), batch, "v and q have different batch sizes");
    requireEqual(getSize(k, 3), getSize(q, 3), "k and q have different head sizes");
    requireEqual(getSize(v, 2), getSize(k, 2), "k and v have different lengths");
    Value offset;
    if (op.getPastKey()) {
      requireEqual(tensor::getMixedSize(b, b.getLoc(), op.getPastValue(), 2),
                   tensor::getMixedSize(b, b.getLoc(), op.getPastKey(), 2),
                   "past_key and past_value have different lengths");
      offset = tensor::DimOp::create(b, op.getPastKey(), 2);
      k = {concatenate(op.getPastKey(), k), HeadLayout::BHSD};
      v = {concatenate(op.getPastValue(), v), HeadLayout::BHSD};
    }
    Value mask = op.getMask() ? getMask(batch, getSize(q, 1), queries, getSize(k, 2)) : Value();
    if (op.getNonpadKvSeqlen())
      requireEqual(tensor::getMixedSize(b, b.getLoc(), op.getNonpadKvSeqlen(), 0), batch,
                   "nonpad_kv_seqlen and q have different batch sizes");

    // A transposition of the result is a layout, too.
    bool isTransposed =
        !is3D && op.getY().hasOneUse() && exchangesHeadsAndSequence(*op.getY().getUsers().begin());
    HeadLayout layout = is3D || isTransposed ? HeadLayout::BSHD : HeadLayout::BHSD;
    SmallVector<OpFoldResult> sizes{batch, getSize(q, 1), queries, getSize(v, 3)};
    if (layout == HeadLayout::BSHD)
      std::swap(sizes[1], sizes[2]);
    auto layoutAttr = [&](HeadLayout of) { return tile::HeadLayoutAttr::get(b.getContext(), of); };
    auto outs = tensor::EmptyOp::create(b, sizes, getType(op.getQ()).getElementType());
    IntegerAttr left = getWindow(op.getLeftWindow()),
                right = getWindow(op.getCausal() ? 0 : op.getRightWindow());
    FloatAttr softcap = op.getSoftcap().isZero() ? FloatAttr() : op.getSoftcapAttr();
    auto attention = tile::AttentionOp::create(
        b, outs.getType(), q.value, k.value, v.value, mask, op.getNonpadKvSeqlen(),
        left || right ? offset : Value(), outs, getScale(q), softcap, left, right,
        op.getNanRowsAttr(), layoutAttr(q.layout), layoutAttr(k.layout), layoutAttr(v.layout),
        layoutAttr(layout));

    if (op.getQkMatmulOutput() && !op.getQkMatmulOutput().use_empty())
      replace(op.getQkMatmulOutput(), getScores(q, k, attention));
    Value result = attention.getResult();
    if (is3D)
      result = tensor::CollapseShapeOp::create(b, result,
                                               ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
    if (isTransposed)
      replace((*op.getY().getUsers().begin())->getResult(0), result);
    else
      replace(op.getY(), result);
    if (op.getPresentKey() && !op.getPresentKey().use_empty())
      replace(op.getPresentKey(), byHeads(k));
    if (op.getPresentValue() && !op.getPresentValue().use_empty())
      replace(op.getPresentValue(), byHeads(v));
    if (isTransposed)
      rewriter.eraseOp(*op.getY().getUsers().begin());
    rewriter.eraseOp(op);
  }

private:
  static RankedTensorType getType(Value value) { return cast<RankedTensorType>(value.getType()); }

  /// `value` as a tensor with heads; a transposition before it becomes its layout.
  HeadsTensor split(Value value, int64_t numHeads) {
    auto type = getType(value);
    if (type.getRank() == 4) {
      if (exchangesHeadsAndSequence(value.getDefiningOp()))
        return {value.getDefiningOp()->getOperand(0), HeadLayout::BSHD};
      return {value, HeadLayout::BHSD};
    }
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), value);
    int64_t hidden = type.getDimSize(2);
    OpFoldResult headSize;
    if (ShapedType::isDynamic(hidden))
      headSize = arith::DivUIOp::create(b, getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[2]),
                                        arith::ConstantIndexOp::create(b, numHeads))
                     .getResult();
    else
      headSize = b.getIndexAttr(hidden / numHeads);
    sizes[2] = b.getIndexAttr(numHeads);
    sizes.push_back(headSize);
    auto [shape, dynamic] = decomposeMixedValues(sizes);
    Value result = tensor::ExpandShapeOp::create(
        b, type.clone(shape), value, ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}}, sizes);
    return {result, HeadLayout::BSHD};
  }

  /// Batch (0), heads (1), sequence (2) or head size (3).
  OpFoldResult getSize(const HeadsTensor &tensor, int64_t dim) {
    if (tensor.layout == HeadLayout::BSHD && (dim == 1 || dim == 2))
      dim = 3 - dim;
    return tensor::getMixedSize(b, b.getLoc(), tensor.value, dim);
  }

  Value asValue(OpFoldResult size) { return getValueOrCreateConstantIndexOp(b, b.getLoc(), size); }

  void require(Value condition, const Twine &message) {
    auto name = b.getLoc()->findInstanceOf<NameLoc>();
    std::string text = name ? (name.getName().getValue() + ": ").str() : "";
    rt::CheckOp::create(b, condition, rt::Failure::InvalidArgument, text + message.str());
  }
  Value compare(arith::CmpIPredicate how, OpFoldResult lhs, OpFoldResult rhs) {
    return arith::CmpIOp::create(b, how, asValue(lhs), asValue(rhs));
  }
  /// A check at run time unless both sizes are known.
  void requireEqual(OpFoldResult lhs, OpFoldResult rhs, const Twine &message) {
    if (getConstantIntValue(lhs) && getConstantIntValue(rhs))
      return;
    require(compare(arith::CmpIPredicate::eq, lhs, rhs), message);
  }

  /// The same with heads before the sequence.
  Value byHeads(const HeadsTensor &tensor) {
    if (tensor.layout == HeadLayout::BHSD)
      return tensor.value;
    SmallVector<OpFoldResult> sizes;
    for (int64_t dim = 0; dim < 4; ++dim)
      sizes.push_back(getSize(tensor, dim));
    Value init = tensor::EmptyOp::create(b, sizes, getType(tensor.value).getElementType());
    return linalg::TransposeOp::create(b, tensor.value, init, ArrayRef<int64_t>{0, 2, 1, 3})
        ->getResult(0);
  }

  /// What the op says of its scores is what `attention`, which does not keep them, says.
  Value getScores(const HeadsTensor &q, const HeadsTensor &k, tile::AttentionOp attention) {
    AttentionScores scores;
    scores.op = op;
    scores.stage = static_cast<ScoreStage>(op.getQkMatmulOutputMode());
    scores.query = byHeads(q);
    scores.key = byHeads(k);
    scores.scale = attention.getScale().convertToFloat();
    if (std::optional<APFloat> softcap = attention.getSoftcap())
      scores.softcap = softcap->convertToFloat();
    scores.mask = attention.getMask();
    scores.lengths = attention.getLengths();
    scores.offset = attention.getOffset();
    scores.left = attention.getLeftWindow();
    scores.right = attention.getRightWindow();
    scores.nanRows = attention.getNanRows();
    return buildAttentionScores(b, weights, scores);
  }

  /// `past`, then `tensor`, along the sequence.
  Value concatenate(Value past, const HeadsTensor &tensor) {
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), past), added;
    for (int64_t dim = 0; dim < 4; ++dim)
      added.push_back(getSize(tensor, dim));
    requireEqual(sizes[0], added[0], "the cache has another batch size");
    requireEqual(sizes[1], added[1], "the cache has another number of heads");
    requireEqual(sizes[3], added[3], "the cache has another head size");
    SmallVector<OpFoldResult> zeros(4, b.getIndexAttr(0)), ones(4, b.getIndexAttr(1));
    SmallVector<OpFoldResult> start = zeros, pastSizes = added, whole = added;
    start[2] = pastSizes[2] = sizes[2];
    whole[2] = sum(sizes[2], added[2]);
    Value result = tensor::EmptyOp::create(b, whole, getType(past).getElementType());
    // Either type may leave open what the other states.
    RankedTensorType pastType = getType(past).clone(decomposeMixedValues(pastSizes).first);
    if (past.getType() != pastType)
      past = tensor::CastOp::create(b, pastType, past);
    result = tensor::InsertSliceOp::create(b, past, result, zeros, pastSizes, ones);
    return tensor::InsertSliceOp::create(b, byHeads(tensor), result, start, added, ones);
  }

  OpFoldResult sum(OpFoldResult lhs, OpFoldResult rhs) {
    std::optional<int64_t> x = getConstantIntValue(lhs), y = getConstantIntValue(rhs);
    if (x && y)
      return b.getIndexAttr(*x + *y);
    return arith::AddIOp::create(b, asValue(lhs), asValue(rhs)).getResult();
  }

  /// The mask with four dimensions; i8 where it is boolean.
  Value getMask(OpFoldResult batch, OpFoldResult heads, OpFoldResult queries, OpFoldResult keys) {
    Value mask = op.getMask();
    RankedTensorType type = getType(mask);
    SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), mask);
    if (type.getElementType().isInteger(1)) {
      // A vector of i1 has its bits elsewhere than a buffer of them.
      type = type.clone(b.getI8Type());
      Value init = tensor::EmptyOp::create(b, sizes, b.getI8Type());
      SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(type.getRank()));
      SmallVector<utils::IteratorType> loops(type.getRank(), utils::IteratorType::parallel);
      mask = linalg::GenericOp::create(
                 b, TypeRange{init.getType()}, ValueRange{mask}, ValueRange{init}, maps, loops,
                 [](OpBuilder &inner, Location loc, ValueRange arguments) {
                   Value wide = arith::ExtUIOp::create(inner, loc, inner.getI8Type(), arguments[0]);
                   linalg::YieldOp::create(inner, loc, wide);
                 })
                 .getResult(0);
    }
    if (int64_t missing = 4 - type.getRank()) {
      SmallVector<ReassociationIndices> groups(type.getRank());
      for (int64_t dim = 0; dim < 4; ++dim)
        groups[std::max<int64_t>(0, dim - missing)].push_back(dim);
      sizes.insert(sizes.begin(), missing, b.getIndexAttr(1));
      auto [shape, dynamic] = decomposeMixedValues(sizes);
      mask = tensor::ExpandShapeOp::create(b, RankedTensorType::get(shape, type.getElementType()),
                                           mask, groups, sizes);
    }
    OpFoldResult served[] = {batch, heads, queries};
    for (auto [dim, size] : llvm::enumerate(served)) {
      std::optional<int64_t> given = getConstantIntValue(sizes[dim]);
      if (given == 1 || (given && given == getConstantIntValue(size)))
        continue;
      Value isOne = compare(arith::CmpIPredicate::eq, sizes[dim], b.getIndexAttr(1));
      Value isEqual = compare(arith::CmpIPredicate::eq, sizes[dim], size);
      require(arith::OrIOp::create(b, isOne, isEqual),
              "the mask does not broadcast to batch, heads and queries");
    }
    if (!getConstantIntValue(sizes[3]) || !getConstantIntValue(keys) ||
        *getConstantIntValue(sizes[3]) > *getConstantIntValue(keys))
      require(compare(arith::CmpIPredicate::sle, sizes[3], keys),
              "the mask has more columns than there are keys");
    return mask;
  }

  /// No bound where the window is negative or wider than any sequence.
  IntegerAttr getWindow(int64_t window) {
    if (window < 0 || window > std::numeric_limits<int32_t>::max())
      return {};
    return b.getI64IntegerAttr(window);
  }

  FloatAttr getScale(const HeadsTensor &q) {
    if (op.getScaleAttr())
      return op.getScaleAttr();
    double headSize = getType(q.value).getDimSize(3);
    return b.getF32FloatAttr(static_cast<float>(1 / std::sqrt(headSize)));
  }

  void replace(Value original, Value value) {
    if (original.getType() != value.getType())
      value = tensor::CastOp::create(b, original.getType(), value);
    rewriter.replaceAllUsesWith(original, value);
  }

  onnx::AttentionOp op;
  RewriterBase &rewriter;
  WeightTable &weights;
  ImplicitLocOpBuilder b;
  bool is3D = false;
};

struct LowerAttention : OpRewritePattern<onnx::AttentionOp> {
  LowerAttention(MLIRContext *context, WeightTable &weights)
      : OpRewritePattern(context), weights(weights) {}

  LogicalResult matchAndRewrite(onnx::AttentionOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> operands{op.getQ(), op.getK(), op.getV()};
    for (Value operand : op->getOperands())
      if (!isa<RankedTensorType>(operand.getType()))
        return rewriter.notifyMatchFailure(op, "the rank of an operand is unknown");
    auto q = cast<RankedTensorType>(op.getQ().getType());
    for (Value operand : operands) {
      auto type = cast<RankedTensorType>(operand.getType());
      if (!isa<Float32Type, Float16Type, BFloat16Type>(type.getElementType()))
        return rewriter.notifyMatchFailure(op, [&](Diagnostic &diagnostic) {
          diagnostic << "attention of " << type.getElementType() << " is not supported yet";
        });
      if (type.getRank() != q.getRank())
        return rewriter.notifyMatchFailure(op, "q, k and v have different ranks");
      if (type.getRank() == 4 && type.isDynamicDim(1))
        return rewriter.notifyMatchFailure(op, "the number of heads is unknown");
    }
    if (op.getSoftmaxType() && op.getSoftmaxType()->isF64())
      return rewriter.notifyMatchFailure(
          op, "softmax_precision f64 is not supported, only f32 and narrower");
    bool is3D = q.getRank() == 3;
    if (q.getRank() != 4 && (!is3D || op.getQNumHeads() < 1 || op.getKvNumHeads() < 1))
      return rewriter.notifyMatchFailure(op, "3-d operands need q_num_heads and kv_num_heads");
    if (!op.getScaleAttr() && q.isDynamicDim(is3D ? 2 : 3))
      return rewriter.notifyMatchFailure(op, "without scale the head size must be known");
    AttentionLowering(op, rewriter, weights).lower();
    return success();
  }

  WeightTable &weights;
};

} // namespace

void populateAttentionPatterns(RewritePatternSet &patterns, WeightTable &weights) {
  patterns.add<LowerAttention>(patterns.getContext(), weights);
}

} // namespace moec
