//===- LowerMatMul.cpp - onnx.matmul as a product ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/WeightBuilders.h"
#include "lib/Conversion/ONNXToTile/Patterns.h"
#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {

namespace {

bool isKnownNotOne(Value value, int64_t axis) {
  auto type = cast<RankedTensorType>(value.getType());
  return !type.isDynamicDim(axis) && type.getDimSize(axis) != 1;
}

/// The kind of each batch axis of the result for operand number `self`; `ranks`
/// are those of the operands as matrices.
SmallVector<AxisKind> compareBatch(ProductShapes &shapes, Operation *op, unsigned self,
                                   ArrayRef<int64_t> ranks) {
  unsigned other = 1 - self;
  int64_t own = ranks[self] - 2, others = ranks[other] - 2, rank = std::max(own, others);
  SmallVector<AxisKind> kinds;
  for (int64_t axis = 0; axis < rank; ++axis) {
    int64_t inOwn = axis - (rank - own), inOther = axis - (rank - others);
    if (inOwn < 0)
      kinds.push_back(AxisKind::One);
    else if (inOther < 0 || shapes.isOne(op, other, inOther) ||
             shapes.isSame(op, self, inOwn, other, inOther))
      kinds.push_back(AxisKind::Same);
    else if (shapes.isOne(op, self, inOwn))
      kinds.push_back(AxisKind::One);
    else
      kinds.push_back(isKnownNotOne(op->getOperand(self), inOwn) ? AxisKind::Same
                                                                 : AxisKind::Unknown);
  }
  return kinds;
}

struct LowerMatMul : OpRewritePattern<onnx::MatMulOp> {
  LowerMatMul(MLIRContext *context, WeightTable &weights, ProductShapes &shapes)
      : OpRewritePattern(context), weights(weights), shapes(shapes) {}

  LogicalResult matchAndRewrite(onnx::MatMulOp op, PatternRewriter &rewriter) const override {
    auto lhsType = dyn_cast<RankedTensorType>(op.getLhs().getType());
    auto rhsType = dyn_cast<RankedTensorType>(op.getRhs().getType());
    if (!lhsType || !rhsType)
      return rewriter.notifyMatchFailure(op, "the rank of an operand is unknown");
    if (!isSupportedType(lhsType.getElementType()))
      return rewriter.notifyMatchFailure(op, [&](Diagnostic &diagnostic) {
        diagnostic << "products of " << lhsType.getElementType();
      });

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ProductBuilder builder(b, weights);
    MatrixProduct product;
    product.op = op;
    int64_t lhsRank = lhsType.getRank(), rhsRank = rhsType.getRank();
    product.sameSummands = shapes.isSame(op, 0, lhsRank - 1, 1, rhsRank == 1 ? 0 : rhsRank - 2);
    product.lhs = op.getLhs();
    product.rhs = op.getRhs();
    product.weight = weights.find(op.getRhs());
    foldTranspose(product);
    // A vector is a matrix with one row or column.
    int64_t ranks[] = {std::max<int64_t>(lhsRank, 2), std::max<int64_t>(rhsRank, 2)};
    if (lhsRank == 1)
      product.lhs = builder.collapse(product.lhs, 0, 0);
    if (rhsRank == 1) {
      product.rhs = builder.collapse(product.rhs, 0, 0);
      product.transposed = true;
      if (product.weight)
        product.weight = rt::reshaped(product.weight, {1, rhsType.getDimSize(0)});
    }
    product.lhsBatch = compareBatch(shapes, op, 0, ranks);
    product.rhsBatch = compareBatch(shapes, op, 1, ranks);

    rt::WeightExprInterface lhsWeight =
        product.weight || lhsRank != 2 ? rt::WeightExprInterface() : weights.find(op.getLhs());
    Value result = lhsWeight && isPanelType(lhsType.getElementType())
                       ? multiplyTransposed(builder, product, lhsWeight)
                       : builder.multiply(product);
    int64_t rank = ranks[0] > ranks[1] ? ranks[0] : ranks[1];
    if (rhsRank == 1)
      result = builder.expand(result, rank - 1, {});
    if (lhsRank == 1)
      result = builder.expand(result, rank - 2, {});
    if (result.getType() != op.getType())
      result = tensor::CastOp::create(b, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  static bool isSupportedType(Type type) {
    return isPanelType(type) || type.isF64() || type.isSignlessInteger();
  }

  /// Panels are made from either order: a transpose of the last two axes is none.
  static void foldTranspose(MatrixProduct &product) {
    auto transpose = product.rhs.getDefiningOp<onnx::TransposeOp>();
    if (!transpose || product.weight)
      return;
    SmallVector<int64_t> order(transpose.getPerm());
    int64_t rank = order.size();
    if (rank < 2)
      return;
    std::swap(order[rank - 1], order[rank - 2]);
    if (!llvm::equal(order, llvm::seq<int64_t>(0, rank)))
      return;
    product.rhs = transpose.getX();
    product.transposed = true;
  }

  /// W x = (x' W')': so that the weight is what was packed before the run.
  static Value multiplyTransposed(ProductBuilder &builder, const MatrixProduct &product,
                                  rt::WeightExprInterface weight) {
    MatrixProduct other;
    other.op = product.op;
    other.sameSummands = product.sameSummands;
    other.lhs = product.transposed ? product.rhs : swapLast(builder, product.rhs);
    other.rhs = product.lhs;
    other.transposed = true;
    other.weight = weight;
    other.lhsBatch = product.rhsBatch;
    other.rhsBatch = product.lhsBatch;
    return swapLast(builder, builder.multiply(other));
  }

  static Value swapLast(ProductBuilder &builder, Value tensor) {
    auto order =
        llvm::to_vector(llvm::seq<int64_t>(0, cast<RankedTensorType>(tensor.getType()).getRank()));
    std::swap(order[order.size() - 1], order[order.size() - 2]);
    return builder.transpose(tensor, order);
  }

  WeightTable &weights;
  ProductShapes &shapes;
};

} // namespace

void populateMatMulPatterns(RewritePatternSet &patterns, WeightTable &weights,
                            ProductShapes &shapes) {
  patterns.add<LowerMatMul>(patterns.getContext(), weights, shapes);
}

} // namespace moec
