//===- LowerGemm.cpp - onnx.gemm as a product ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"
#include "lib/Conversion/ONNXToTile/Patterns.h"
#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {
namespace {

struct LowerGemm : OpRewritePattern<onnx::GemmOp> {
  LowerGemm(MLIRContext *context, WeightTable &weights, ProductShapes &shapes)
      : OpRewritePattern(context), weights(weights), shapes(shapes) {}

  LogicalResult matchAndRewrite(onnx::GemmOp op, PatternRewriter &rewriter) const override {
    auto aType = dyn_cast<RankedTensorType>(op.getA().getType());
    auto bType = dyn_cast<RankedTensorType>(op.getB().getType());
    auto cType = op.getC() ? dyn_cast<RankedTensorType>(op.getC().getType()) : RankedTensorType();
    if (!aType || !bType || (op.getC() && !cType))
      return rewriter.notifyMatchFailure(op, "the rank of an operand is unknown");
    Type element = aType.getElementType();
    bool isInteger = element.isSignlessInteger();
    if (!isPanelType(element) && !element.isF64() && !isInteger)
      return rewriter.notifyMatchFailure(
          op, [&](Diagnostic &diagnostic) { diagnostic << "products of " << element; });
    double alpha = op.getAlpha().convertToFloat(), beta = op.getBeta().convertToFloat();
    if (isInteger && (alpha != 1 || (op.getC() && beta != 1)))
      return rewriter.notifyMatchFailure(op, "alpha and beta other than 1 for integers");

    ImplicitLocOpBuilder b(op.getLoc(), rewriter);
    ProductBuilder builder(b, weights);
    MatrixProduct product;
    product.op = op;
    product.lhs = op.getTransA() ? builder.transpose(op.getA(), {1, 0}) : op.getA();
    product.rhs = op.getB();
    product.transposed = op.getTransB();
    product.weight = weights.find(op.getB());
    product.sameSummands = shapes.isSame(op, 0, op.getTransA() ? 0 : 1, 1, op.getTransB() ? 1 : 0);

    SmallVector<OpFoldResult> sizes{builder.getSizes(product.lhs)[0],
                                    builder.getSizes(product.rhs)[op.getTransB() ? 0 : 1]};
    ProductEpilogue epilogue;
    epilogue.alpha = alpha;
    epilogue.beta = beta;
    Value result;
    if (isPanelType(element)) {
      if (op.getC())
        addTerm(builder, op, sizes, epilogue);
      result = builder.multiply(product, epilogue);
    } else {
      result = builder.multiply(product);
      Value term =
          op.getC() ? builder.broadcast(op.getC(), sizes, getKinds(builder, op, sizes)) : Value();
      result = scaleAndAdd(b, result, term, alpha, beta);
    }
    if (result.getType() != op.getType())
      result = tensor::CastOp::create(b, op.getType(), result);
    rewriter.replaceOp(op, result);
    return success();
  }

  /// How the axes of c compare with the result's; a run ends where they do not fit.
  SmallVector<AxisKind> getKinds(ProductBuilder &builder, onnx::GemmOp op,
                                 ArrayRef<OpFoldResult> sizes) const {
    auto type = cast<RankedTensorType>(op.getC().getType());
    SmallVector<AxisKind> kinds(2 - type.getRank(), AxisKind::One);
    std::pair<unsigned, int64_t> sources[] = {{0, op.getTransA() ? 1 : 0},
                                              {1, op.getTransB() ? 0 : 1}};
    SmallVector<OpFoldResult> own = builder.getSizes(op.getC());
    for (int64_t axis = 0; axis < type.getRank(); ++axis) {
      int64_t at = 2 - type.getRank() + axis;
      auto [operand, operandAxis] = sources[at];
      if (shapes.isSame(op, 2, axis, operand, operandAxis)) {
        kinds.push_back(AxisKind::Same);
      } else if (shapes.isOne(op, 2, axis)) {
        kinds.push_back(AxisKind::One);
      } else {
        builder.checkSizes(op, own[axis], sizes[at], "an axis of c", /*mayBroadcast=*/true);
        kinds.push_back(AxisKind::Unknown);
      }
    }
    return kinds;
  }

  /// c as what the epilogue reads: per column or row where it is known to be, else a copy of the
  /// result's size.
  void addTerm(ProductBuilder &builder, onnx::GemmOp op, ArrayRef<OpFoldResult> sizes,
               ProductEpilogue &epilogue) const {
    SmallVector<AxisKind> kinds = getKinds(builder, op, sizes);
    Value c = op.getC();
    int64_t rank = cast<RankedTensorType>(c.getType()).getRank();
    bool hasRows = kinds[0] == AxisKind::Same, hasColumns = kinds[1] == AxisKind::Same;
    if (hasRows && hasColumns)
      epilogue.elementTerm = c;
    else if (kinds[0] == AxisKind::One && hasColumns)
      epilogue.columnTerm = rank == 1 ? builder.collapse(c, 0, 0) : c;
    else if (hasRows && kinds[1] == AxisKind::One)
      epilogue.rowTerm = builder.collapse(c, 0, 2);
    else
      epilogue.elementTerm = builder.broadcast(c, sizes, kinds);
  }

  /// alpha * product + beta * term in the type of the product: f64, or integers without factors.
  static Value scaleAndAdd(ImplicitLocOpBuilder &b, Value product, Value term, double alpha,
                           double beta) {
    if (!term && alpha == 1)
      return product;
    SmallVector<Value> inputs{product};
    if (term)
      inputs.push_back(term);
    auto type = cast<RankedTensorType>(product.getType());
    Value init = tensor::EmptyOp::create(b, tensor::getMixedSizes(b, b.getLoc(), product),
                                         type.getElementType());
    SmallVector<AffineMap> maps(inputs.size() + 1, b.getMultiDimIdentityMap(2));
    auto generic = linalg::GenericOp::create(
        b, TypeRange{init.getType()}, inputs, ValueRange{init}, maps,
        SmallVector<utils::IteratorType>(2, utils::IteratorType::parallel),
        [&](OpBuilder &nested, Location loc, ValueRange args) {
          auto scale = [&](Value value, double factor) -> Value {
            if (factor == 1)
              return value;
            Value constant = arith::ConstantOp::create(
                nested, loc, nested.getFloatAttr(value.getType(), factor));
            return arith::MulFOp::create(nested, loc, value, constant);
          };
          Value sum = scale(args[0], alpha);
          if (term && isa<FloatType>(sum.getType()))
            sum = arith::AddFOp::create(nested, loc, sum, scale(args[1], beta));
          else if (term)
            sum = arith::AddIOp::create(nested, loc, sum, args[1]);
          linalg::YieldOp::create(nested, loc, sum);
        });
    return generic.getResult(0);
  }

  WeightTable &weights;
  ProductShapes &shapes;
};

} // namespace

void populateGemmPatterns(RewritePatternSet &patterns, WeightTable &weights,
                          ProductShapes &shapes) {
  patterns.add<LowerGemm>(patterns.getContext(), weights, shapes);
}

} // namespace moec
