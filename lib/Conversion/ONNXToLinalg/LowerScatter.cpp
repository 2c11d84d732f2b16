//===- LowerScatter.cpp - Putting elements at indices --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/ONNXToLinalg/Movement.h"
#include "lib/Conversion/ONNXToLinalg/SizeArithmetic.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;
using onnx::ScatterReduction;

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

/// The tile op's word for a reduction of `element`, an original type.
static tile::Combine getCombine(ScatterReduction reduction, Type element) {
  bool isUnsigned = element.isUnsignedInteger();
  switch (reduction) {
  case ScatterReduction::None:
    return tile::Combine::Replace;
  case ScatterReduction::Add:
    return tile::Combine::Add;
  case ScatterReduction::Mul:
    return tile::Combine::Mul;
  case ScatterReduction::Min:
    return isUnsigned ? tile::Combine::MinU : tile::Combine::Min;
  case ScatterReduction::Max:
    return isUnsigned ? tile::Combine::MaxU : tile::Combine::Max;
  }
  return tile::Combine::Replace;
}

/// Elements as another float type.
static Value convertFloats(ImplicitLocOpBuilder &b, Value tensor, ArrayRef<OpFoldResult> sizes,
                           Type element) {
  Type from = getElementTypeOrSelf(tensor.getType());
  if (from == element)
    return tensor;
  return mapPoints(
      b, sizes, element, tensor, b.getMultiDimIdentityMap(sizes.size()),
      [&](ImplicitLocOpBuilder &inner, ValueRange, ValueRange elements) -> Value {
        if (from.getIntOrFloatBitWidth() < element.getIntOrFloatBitWidth())
          return arith::ExtFOp::create(inner, element, elements[0]);
        return arith::TruncFOp::create(inner, element, elements[0]);
      });
}

/// Rows `updates` to rows `places` of `x`, both seen as matrices with `width`
/// columns; the result has the shape of `x`. Sums of narrow floats are in f32.
static Value scatterRows(ImplicitLocOpBuilder &b, Lowering &lowering, Value places, Value originalX,
                         Value originalUpdates, OpFoldResult width, tile::Combine combine) {
  SizeArithmetic arithmetic(b);
  SizeList sizes = lowering.getSizes(b, originalX);
  Value x = lowering.get(originalX), updates = lowering.get(originalUpdates);
  Type element = getElementTypeOrSelf(x.getType()), wide = element;
  if (combine != tile::Combine::Replace && isa<FloatType>(element) &&
      element.getIntOrFloatBitWidth() < 32)
    wide = b.getF32Type();
  x = convertFloats(b, x, sizes, wide);
  updates = convertFloats(b, updates, lowering.getSizes(b, originalUpdates), wide);

  // A width of zero leaves nothing to divide.
  OpFoldResult divisor = arithmetic.max(width, arithmetic.number(1));
  OpFoldResult numRows = arithmetic.div(arithmetic.product(sizes), divisor);
  OpFoldResult numUpdates = tensor::getMixedSize(b, b.getLoc(), places, 0);
  Value target = reshapeTensor(b, x, {numRows, width});
  Value source = reshapeTensor(b, updates, {numUpdates, width});
  Value result = tile::ScatterOp::create(b, target.getType(), source, places, target, combine)
                     .getResult();
  result = reshapeTensor(b, result, sizes);
  return convertFloats(b, result, sizes, element);
}

/// Checks that `updates` has the sizes that inference could not compare.
static void checkUpdates(ImplicitLocOpBuilder &b, Lowering &lowering, Value updates,
                         ArrayRef<OpFoldResult> sizes, ArrayRef<onnx::Size> symbolic) {
  for (auto [axis, size] : llvm::enumerate(lowering.getSizes(b, updates)))
    checkEqual(b, lowering, size, lowering.getSymbolicSize(updates, axis), sizes[axis],
               symbolic[axis], "updates differ in size from what the indices address");
}

LogicalResult moec::lower(onnx::ScatterElementsOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  int64_t axis = op.getAxis();
  SizeList sizesOfX = lowering.getSizes(b, op.getX());
  SizeList sizes = lowering.getSizes(b, op.getIndices());
  SmallVector<onnx::Size> symbolic;
  for (size_t i = 0; i < sizes.size(); ++i)
    symbolic.push_back(lowering.getSymbolicSize(op.getIndices(), i));
  checkUpdates(b, lowering, op.getUpdates(), sizes, symbolic);
  checkInside(b, lowering, op.getX(), op.getIndices(), axis);
  checkRange(b, lowering, op.getIndices(), sizesOfX[axis]);

  SmallVector<Value> bounds;
  for (OpFoldResult size : sizesOfX)
    bounds.push_back(arithmetic.value(size));
  Value places = mapPoints(
      b, sizes, b.getI64Type(), lowering.get(op.getIndices()),
      b.getMultiDimIdentityMap(sizes.size()),
      [&](ImplicitLocOpBuilder &inner, ValueRange point, ValueRange elements) -> Value {
        Value place;
        for (auto [dim, bound] : llvm::enumerate(bounds)) {
          Value at = static_cast<int64_t>(dim) == axis ? getPosition(inner, elements[0], bound)
                                                       : point[dim];
          if (place)
            at = arith::AddIOp::create(inner, arith::MulIOp::create(inner, place, bound), at);
          place = at;
        }
        return arith::IndexCastOp::create(inner, inner.getI64Type(), place);
      });
  places = reshapeTensor(b, places, arithmetic.product(sizes));
  Type element = getElementTypeOrSelf(op.getX().getType());
  lowering.replace(op, scatterRows(b, lowering, places, op.getX(), op.getUpdates(),
                                   arithmetic.number(1), getCombine(op.getReduction(), element)));
  return success();
}

LogicalResult moec::lower(onnx::ScatterNDOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList sizesOfX = lowering.getSizes(b, op.getX());
  SizeList indexSizes = lowering.getSizes(b, op.getIndices());
  std::optional<int64_t> length = getConstantIntValue(indexSizes.back());
  if (!length)
    return op.emitOpError("has index tuples whose length only a run decides");
  int64_t outer = indexSizes.size() - 1;
  ArrayRef<OpFoldResult> addressed = ArrayRef(sizesOfX).take_front(*length);
  checkTuples(b, lowering, op.getIndices(), addressed);

  SizeList sizes(indexSizes.begin(), indexSizes.end() - 1), expected = sizes;
  expected.append(sizesOfX.begin() + *length, sizesOfX.end());
  SmallVector<onnx::Size> symbolic;
  for (int64_t i = 0; i < outer; ++i)
    symbolic.push_back(lowering.getSymbolicSize(op.getIndices(), i));
  for (size_t i = *length; i < sizesOfX.size(); ++i)
    symbolic.push_back(lowering.getSymbolicSize(op.getX(), i));
  checkUpdates(b, lowering, op.getUpdates(), expected, symbolic);

  SmallVector<Value> bounds;
  for (OpFoldResult size : addressed)
    bounds.push_back(arithmetic.value(size));
  Value places = mapPoints(
      b, sizes, b.getI64Type(), SmallVector<Value>(*length, lowering.get(op.getIndices())),
      getTupleMaps(b, outer, *length, outer),
      [&](ImplicitLocOpBuilder &inner, ValueRange, ValueRange elements) -> Value {
        Value place;
        for (auto [element, bound] : llvm::zip_equal(elements, bounds)) {
          Value at = getPosition(inner, element, bound);
          if (place)
            at = arith::AddIOp::create(inner, arith::MulIOp::create(inner, place, bound), at);
          place = at;
        }
        return arith::IndexCastOp::create(inner, inner.getI64Type(), place);
      });
  places = reshapeTensor(b, places, arithmetic.product(sizes));
  OpFoldResult width = arithmetic.product(ArrayRef(sizesOfX).drop_front(*length));
  Type element = getElementTypeOrSelf(op.getX().getType());
  lowering.replace(op, scatterRows(b, lowering, places, op.getX(), op.getUpdates(), width,
                                   getCombine(op.getReduction(), element)));
  return success();
}

//===----------------------------------------------------------------------===//
// NonZero
//===----------------------------------------------------------------------===//

/// Whether each element differs from zero, as i8, in one dimension.
static Value makeFlags(ImplicitLocOpBuilder &b, Value x, ArrayRef<OpFoldResult> sizes,
                       OpFoldResult count) {
  Type element = getElementTypeOrSelf(x.getType());
  Value flags = mapPoints(
      b, sizes, b.getI8Type(), x, b.getMultiDimIdentityMap(sizes.size()),
      [&](ImplicitLocOpBuilder &inner, ValueRange, ValueRange elements) -> Value {
        Value value = elements[0], differs;
        if (element.isInteger(1)) {
          differs = value;
        } else if (isa<IntegerType>(element)) {
          Value zero = arith::ConstantOp::create(inner, inner.getIntegerAttr(element, 0));
          differs = arith::CmpIOp::create(inner, arith::CmpIPredicate::ne, value, zero);
        } else {
          if (element.getIntOrFloatBitWidth() < 32)
            value = arith::ExtFOp::create(inner, inner.getF32Type(), value);
          Value zero = arith::ConstantOp::create(inner, inner.getFloatAttr(value.getType(), 0));
          differs = arith::CmpFOp::create(inner, arith::CmpFPredicate::UNE, value, zero);
        }
        return arith::ExtUIOp::create(inner, inner.getI8Type(), differs);
      });
  return reshapeTensor(b, flags, count);
}

/// The number of flags that are set, on the host.
static OpFoldResult countFlags(ImplicitLocOpBuilder &b, Value flags) {
  Type i64 = b.getI64Type();
  Value zero = arith::ConstantOp::create(b, b.getI64IntegerAttr(0));
  Value init = linalg::FillOp::create(b, zero, emptyTensor(b, {}, i64)).getResult(0);
  auto sum = linalg::GenericOp::create(
      b, TypeRange(init.getType()), flags, ValueRange(init),
      {b.getMultiDimIdentityMap(1), AffineMap::get(1, 0, {}, b.getContext())},
      SmallVector<utils::IteratorType>{utils::IteratorType::reduction},
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        Value flag = arith::ExtUIOp::create(inner, i64, arguments[0]);
        linalg::YieldOp::create(inner,
                                arith::AddIOp::create(inner, arguments[1], flag).getResult());
      });
  Value total = tensor::ExtractOp::create(b, sum.getResult(0), ValueRange());
  return arith::IndexCastOp::create(b, b.getIndexType(), total).getResult();
}

/// Counts first: the size of the result is data.
LogicalResult moec::lower(onnx::NonZeroOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList sizes = lowering.getSizes(b, op.getX());
  Value flags = makeFlags(b, lowering.get(op.getX()), sizes, arithmetic.product(sizes));
  OpFoldResult count = countFlags(b, flags);
  Value init = emptyTensor(b, count, b.getI64Type());
  Value positions =
      tile::CompactOp::create(b, init.getType(), flags, init).getResult();

  // Row-major positions apart again: a row of the result per axis.
  int64_t rank = sizes.size();
  SmallVector<Value> bounds;
  for (OpFoldResult size : sizes)
    bounds.push_back(arithmetic.value(size));
  AffineMap map = AffineMap::get(2, 0, b.getAffineDimExpr(1), b.getContext());
  Value result = emptyTensor(b, {arithmetic.number(rank), count}, b.getI64Type());
  Value inner = arithmetic.value(arithmetic.number(1));
  for (int64_t axis = rank - 1; axis >= 0; --axis) {
    Value row = mapPoints(
        b, {arithmetic.number(1), count}, b.getI64Type(), positions, map,
        [&](ImplicitLocOpBuilder &body, ValueRange, ValueRange elements) -> Value {
          Value position = arith::IndexCastOp::create(body, body.getIndexType(), elements[0]);
          Value at = arith::RemUIOp::create(
              body, arith::DivUIOp::create(body, position, inner), bounds[axis]);
          return arith::IndexCastOp::create(body, body.getI64Type(), at);
        });
    result = tensor::InsertSliceOp::create(
        b, row, result, SizeList{arithmetic.number(axis), arithmetic.number(0)},
        SizeList{arithmetic.number(1), count}, SizeList(2, arithmetic.number(1)));
    inner = arithmetic.value(arithmetic.mul(inner, sizes[axis]));
  }
  lowering.replace(op, result);
  return success();
}
