//===- ProductBuilder.cpp - Products of tensors as tile ops -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include "dialects/RT/IR/WeightBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec {

bool isPanelType(Type type) { return isa<Float32Type, Float16Type, BFloat16Type>(type); }

static bool allSame(ArrayRef<AxisKind> kinds) {
  return llvm::all_of(kinds, [](AxisKind kind) { return kind == AxisKind::Same; });
}

/// `alpha * sum + beta * term`, rounded to `type`.
static void buildEpilogue(ImplicitLocOpBuilder &b, tile::RaggedMatmulOp op, Type type,
                          const ProductEpilogue &epilogue) {
  Block &body = op.getEpilogue().emplaceBlock();
  Location loc = b.getLoc();
  Type f32 = b.getF32Type();
  Value value = body.addArgument(f32, loc), term;
  for (Value argument : {epilogue.rowTerm, epilogue.columnTerm, epilogue.elementTerm})
    if (argument)
      term = body.addArgument(getElementTypeOrSelf(argument.getType()), loc);
  OpBuilder inner = OpBuilder::atBlockEnd(&body);
  auto scale = [&](Value scaled, double factor) -> Value {
    if (factor == 1.0)
      return scaled;
    Value constant =
        arith::ConstantOp::create(inner, loc, inner.getF32FloatAttr(static_cast<float>(factor)));
    return arith::MulFOp::create(inner, loc, scaled, constant);
  };
  value = scale(value, epilogue.alpha);
  if (term) {
    if (!term.getType().isF32())
      term = arith::ExtFOp::create(inner, loc, f32, term);
    value = arith::AddFOp::create(inner, loc, value, scale(term, epilogue.beta));
  }
  if (!type.isF32())
    value = arith::TruncFOp::create(inner, loc, type, value);
  tile::YieldOp::create(inner, loc, value);
}

Value ProductBuilder::multiplyRows(Value rows, Value gather, Value batch, Value slabs,
                                   OpFoldResult count, OpFoldResult columns, Type element,
                                   const ProductEpilogue &epilogue) {
  Value outs = tensor::EmptyOp::create(b, ArrayRef<OpFoldResult>{count, columns}, element);
  auto arguments = [](const Value &term) { return term ? ValueRange(term) : ValueRange(); };
  auto op = tile::RaggedMatmulOp::create(
      b, outs.getType(), rows, gather, Value(), batch, slabs, arguments(epilogue.rowTerm),
      arguments(epilogue.columnTerm), arguments(epilogue.elementTerm), outs);
  buildEpilogue(b, op, element, epilogue);
  return op.getResult();
}

Value ProductBuilder::packAtRunTime(Value rhs, bool transposed) {
  auto type = cast<RankedTensorType>(rhs.getType());
  SmallVector<OpFoldResult> sizes = getSizes(rhs);
  Value columns = toIndex(sizes[transposed ? 1 : 2]), summands = toIndex(sizes[transposed ? 2 : 1]);
  auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
  auto roundUp = [&](Value value, int64_t to) -> Value {
    return arith::MulIOp::create(b, arith::CeilDivUIOp::create(b, value, constant(to)),
                                 constant(to));
  };
  if (type.getElementType().isBF16())
    summands = roundUp(summands, 2);
  Value elements = arith::MulIOp::create(b, toIndex(sizes[0]),
                                         arith::MulIOp::create(b, roundUp(columns, 32), summands));
  auto panels = RankedTensorType::get({ShapedType::kDynamic}, type.getElementType());
  Value outs = tensor::EmptyOp::create(b, panels.getShape(), panels.getElementType(), elements);
  return tile::PackOp::create(b, panels, rhs, outs, transposed).getResult();
}

Value ProductBuilder::gatherRows(const MatrixProduct &product, ArrayRef<OpFoldResult> batch) {
  SmallVector<OpFoldResult> own = getSizes(product.lhs), all(batch);
  OpFoldResult rows = own[own.size() - 2];
  all.push_back(rows);
  int64_t rank = all.size(), missing = rank + 1 - static_cast<int64_t>(own.size());
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  // Row-major distances in the operand, none along axes of size 1.
  SmallVector<Value> strides(rank, zero);
  OpFoldResult stride = b.getIndexAttr(1);
  for (int64_t axis = rank - 1; axis >= missing; --axis) {
    AxisKind kind = axis == rank - 1 ? AxisKind::Same : product.lhsBatch[axis];
    Value distance = toIndex(stride);
    if (kind == AxisKind::One)
      distance = zero;
    if (kind == AxisKind::Unknown) {
      Value isOne =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, toIndex(own[axis - missing]), one);
      distance = arith::SelectOp::create(b, isOne, zero, distance);
    }
    strides[axis] = distance;
    stride = multiply({stride, own[axis - missing]});
  }
  Value init = tensor::EmptyOp::create(b, all, b.getI32Type());
  auto generic = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, ValueRange{}, ValueRange{init},
      ArrayRef<AffineMap>{b.getMultiDimIdentityMap(rank)},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location loc, ValueRange) {
        Value row;
        for (int64_t axis = 0; axis < rank; ++axis) {
          Value index = linalg::IndexOp::create(nested, loc, axis);
          Value step = arith::MulIOp::create(nested, loc, index, strides[axis]);
          row = row ? arith::AddIOp::create(nested, loc, row, step).getResult() : step;
        }
        row = arith::IndexCastOp::create(nested, loc, nested.getI32Type(), row);
        linalg::YieldOp::create(nested, loc, row);
      });
  return collapse(generic.getResult(0), 0, rank);
}

/// Products of f64 and integers: plain sums of products in their own type.
Value ProductBuilder::multiplyGeneric(Value lhs, Value rhs, bool transposed) {
  auto type = cast<RankedTensorType>(lhs.getType());
  Type element = type.getElementType();
  bool isFloat = isa<FloatType>(element);
  SmallVector<OpFoldResult> sizes = getSizes(lhs);
  sizes[2] = getSizes(rhs)[transposed ? 1 : 2];
  Value init = tensor::EmptyOp::create(b, sizes, element);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(element));
  init = linalg::FillOp::create(b, zero, init).getResult(0);
  AffineExpr g = b.getAffineDimExpr(0), m = b.getAffineDimExpr(1), k = b.getAffineDimExpr(2),
             n = b.getAffineDimExpr(3);
  auto map = [&](AffineExpr x, AffineExpr y, AffineExpr z) {
    return AffineMap::get(4, 0, {x, y, z}, b.getContext());
  };
  using utils::IteratorType;
  auto generic = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, ValueRange{lhs, rhs}, ValueRange{init},
      ArrayRef<AffineMap>{map(g, m, k), transposed ? map(g, n, k) : map(g, k, n), map(g, m, n)},
      ArrayRef<IteratorType>{IteratorType::parallel, IteratorType::parallel,
                             IteratorType::reduction, IteratorType::parallel},
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value sum;
        if (isFloat)
          sum = arith::AddFOp::create(nested, loc, args[2],
                                      arith::MulFOp::create(nested, loc, args[0], args[1]));
        else
          sum = arith::AddIOp::create(nested, loc, args[2],
                                      arith::MulIOp::create(nested, loc, args[0], args[1]));
        linalg::YieldOp::create(nested, loc, sum);
      });
  return generic.getResult(0);
}

Value ProductBuilder::multiply(const MatrixProduct &product, const ProductEpilogue &epilogue) {
  Type element = getElementTypeOrSelf(product.lhs.getType());
  SmallVector<OpFoldResult> lhsSizes = getSizes(product.lhs), rhsSizes = getSizes(product.rhs);
  int64_t lhsRank = lhsSizes.size(), rhsRank = rhsSizes.size();
  int64_t batchRank = product.lhsBatch.size();
  OpFoldResult rows = lhsSizes[lhsRank - 2];
  OpFoldResult columns = rhsSizes[rhsRank - (product.transposed ? 2 : 1)];
  if (!product.sameSummands)
    checkSizes(product.op, lhsSizes.back(), rhsSizes[rhsRank - (product.transposed ? 1 : 2)],
               "the axis that is summed over", /*mayBroadcast=*/false);

  SmallVector<OpFoldResult> batch;
  for (int64_t axis = 0; axis < batchRank; ++axis) {
    int64_t inLhs = axis - (batchRank - (lhsRank - 2)), inRhs = axis - (batchRank - (rhsRank - 2));
    if (product.lhsBatch[axis] == AxisKind::Same || inRhs < 0) {
      batch.push_back(lhsSizes[inLhs]);
    } else if (product.rhsBatch[axis] == AxisKind::Same || inLhs < 0) {
      batch.push_back(rhsSizes[inRhs]);
    } else {
      checkSizes(product.op, lhsSizes[inLhs], rhsSizes[inRhs],
                 "axis " + std::to_string(axis) + " of the result", /*mayBroadcast=*/true);
      Value left = toIndex(lhsSizes[inLhs]), right = toIndex(rhsSizes[inRhs]);
      Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, left,
                                          arith::ConstantIndexOp::create(b, 1));
      batch.push_back(arith::SelectOp::create(b, isOne, right, left).getResult());
    }
  }
  OpFoldResult count = multiply(batch);
  bool isShared =
      llvm::all_of(product.rhsBatch, [](AxisKind kind) { return kind == AxisKind::One; });

  Value result;
  if (!isPanelType(element)) {
    auto asBatch = [&](Value operand, ArrayRef<AxisKind> kinds) {
      if (!allSame(kinds)) {
        SmallVector<OpFoldResult> own = getSizes(operand), sizes(batch);
        sizes.append(own.end() - 2, own.end());
        SmallVector<AxisKind> all(kinds);
        all.append(2, AxisKind::Same);
        operand = broadcast(operand, sizes, all);
      }
      return collapse(operand, 0, batchRank);
    };
    result = multiplyGeneric(asBatch(product.lhs, product.lhsBatch),
                             asBatch(product.rhs, product.rhsBatch), product.transposed);
    return expand(result, 0, batch);
  }

  rt::WeightExprInterface weight = product.weight;
  // No panel of nothing can be packed before the run.
  if (weight && weight.getExprType().getNumElements() == 0)
    weight = {};
  bool isPacked = weight && (isShared || (allSame(product.rhsBatch) && rhsRank - 2 == batchRank));
  Value slabs, groups, gather, lhs;
  if (isPacked) {
    ArrayRef<int64_t> shape = weight.getExprType().getShape();
    int64_t k = shape[rhsRank - (product.transposed ? 1 : 2)],
            n = shape[rhsRank - (product.transposed ? 2 : 1)],
            g = isShared ? 1 : weight.getExprType().getNumElements() / (k * n);
    // A single matrix keeps its rank, so that equal weights stay equal expressions.
    SmallVector<int64_t> matrix{product.transposed ? n : k, product.transposed ? k : n};
    SmallVector<int64_t> order{1, 0};
    if (g != 1) {
      matrix.insert(matrix.begin(), g);
      order = {0, 2, 1};
    }
    weight = rt::reshaped(weight, matrix);
    if (!product.transposed)
      weight = rt::transposed(weight, order);
    slabs = weights.get(b, rt::packed(weight, 1),
                        tile::PackedType::get(b.getContext(), g, n, k, element, 1), "packed");
    if (g != 1)
      groups = arith::ConstantIndexOp::create(b, g);
  } else {
    Value rhs = product.rhs;
    if (!isShared && !allSame(product.rhsBatch)) {
      SmallVector<OpFoldResult> sizes(batch);
      sizes.append(rhsSizes.end() - 2, rhsSizes.end());
      SmallVector<AxisKind> all(product.rhsBatch);
      all.append(2, AxisKind::Same);
      rhs = broadcast(rhs, sizes, all);
      rhsRank = batchRank + 2;
    }
    rhs = collapse(rhs, 0, rhsRank - 2);
    slabs = packAtRunTime(rhs, product.transposed);
    if (!isShared)
      groups = toIndex(count);
  }
  if (isShared || allSame(product.lhsBatch)) {
    lhs = collapse(product.lhs, 0, lhsRank - 1);
  } else {
    gather = gatherRows(product, batch);
    lhs = collapse(product.lhs, 0, lhsRank - 1);
  }
  result = multiplyRows(lhs, gather, groups, slabs, multiply({count, rows}), columns,
                        product.resultType ? product.resultType : element, epilogue);
  batch.push_back(rows);
  return expand(result, 0, batch);
}

} // namespace moec
