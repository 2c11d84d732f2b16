//===- LowerShapes.cpp - Shapes, filled tensors, numbers in a row - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Movement.h"
#include "lib/Conversion/ONNXToLinalg/SizeArithmetic.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Sizes as tensors
//===----------------------------------------------------------------------===//

static Value makeI64Tensor(ImplicitLocOpBuilder &b, Type type, ArrayRef<OpFoldResult> sizes) {
  SizeArithmetic arithmetic(b);
  SmallVector<Value> elements;
  for (OpFoldResult size : sizes)
    elements.push_back(
        arith::IndexCastOp::create(b, b.getI64Type(), arithmetic.value(size)).getResult());
  return tensor::FromElementsOp::create(b, cast<RankedTensorType>(type), elements);
}

LogicalResult moec::lower(onnx::ShapeOp op, Lowering &lowering) {
  auto type = dyn_cast<RankedTensorType>(op.getX().getType());
  auto resultType = dyn_cast<RankedTensorType>(op.getType());
  if (!type || !resultType || !resultType.hasStaticShape())
    return op.emitOpError() << "has no code for operands of " << op.getX().getType();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  int64_t rank = type.getRank();
  auto clamp = [&](int64_t axis) {
    return std::clamp<int64_t>(axis < 0 ? axis + rank : axis, 0, rank);
  };
  int64_t start = clamp(op.getStart()), end = clamp(op.getEnd().value_or(rank));
  SizeList sizes;
  for (int64_t axis = start; axis < end; ++axis)
    sizes.push_back(lowering.getSize(b, op.getX(), axis));
  lowering.replace(op, makeI64Tensor(b, resultType, sizes));
  return success();
}

LogicalResult moec::lower(onnx::SizeOp op, Lowering &lowering) {
  if (!isa<RankedTensorType>(op.getX().getType()))
    return op.emitOpError() << "has no code for operands of " << op.getX().getType();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  OpFoldResult count = SizeArithmetic(b).product(lowering.getSizes(b, op.getX()));
  lowering.replace(op, makeI64Tensor(b, op.getType(), count));
  return success();
}

//===----------------------------------------------------------------------===//
// Filled and repeated
//===----------------------------------------------------------------------===//

/// Sizes from the elements of an operand, where they are data.
static SizeList readSizes(ImplicitLocOpBuilder &b, Lowering &lowering, Operation *op,
                          Value operand) {
  SizeArithmetic arithmetic(b);
  SizeList sizes = getElements(b, lowering, op, operand);
  for (OpFoldResult size : sizes)
    if (!getConstantIntValue(size))
      Lowering::check(
          b, arithmetic.compare(arith::CmpIPredicate::sge, size, arithmetic.number(0)),
          "a size is negative");
  return sizes;
}

LogicalResult moec::lower(onnx::ConstantOfShapeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeList sizes =
      settleSizes(b, lowering, op.getResult(), readSizes(b, lowering, op, op.getShape()));
  Type element = getLoweredType(op.getType()).getElementType();
  auto attribute = cast<DenseElementsAttr>(op.getValue());
  if (attribute.getElementType() != element)
    attribute = attribute.bitcast(element);
  Value value = arith::ConstantOp::create(b, cast<TypedAttr>(*attribute.value_begin<Attribute>()));
  lowering.replace(op,
                   linalg::FillOp::create(b, value, emptyTensor(b, sizes, element)).getResults());
  return success();
}

LogicalResult moec::lower(onnx::ExpandOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  auto self = [](ImplicitLocOpBuilder &, ValueRange operands) { return operands[0]; };
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SizeList> known = lowering.getResultSizes(b, cast<OpResult>(op.getResult()));
  if (known && lowering.getFacts(op.getShape()).elements)
    return lowerBroadcasting(op, lowering, *known, op.getX(), self);

  // Both broadcast: where one size is 1 the other counts.
  SizeArithmetic arithmetic(b);
  SizeList given = readSizes(b, lowering, op, op.getShape()), own = lowering.getSizes(b, op.getX());
  SizeList sizes(std::max(given.size(), own.size()), arithmetic.number(1));
  llvm::copy(own, sizes.end() - own.size());
  OpFoldResult one = arithmetic.number(1);
  for (auto [i, size] : llvm::enumerate(llvm::reverse(given))) {
    OpFoldResult &result = sizes[sizes.size() - 1 - i];
    Value givenIsOne = arithmetic.compare(arith::CmpIPredicate::eq, size, one);
    Value isOne = arithmetic.compare(arith::CmpIPredicate::eq, result, one);
    Value isEqual = arithmetic.compare(arith::CmpIPredicate::eq, result, size);
    Value fits = b.createOrFold<arith::OrIOp>(givenIsOne,
                                              b.createOrFold<arith::OrIOp>(isOne, isEqual));
    Lowering::check(b, fits, "the operand does not broadcast to the shape");
    result = arithmetic.select(isOne, size, result);
  }
  return lowerBroadcasting(op, lowering, settleSizes(b, lowering, op.getResult(), sizes), op.getX(),
                           self);
}

//===----------------------------------------------------------------------===//
// Range
//===----------------------------------------------------------------------===//

/// The only element of a lowered operand.
static Value getScalar(ImplicitLocOpBuilder &b, Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> indices(type.getRank(), arith::ConstantIndexOp::create(b, 0));
  return tensor::ExtractOp::create(b, tensor, indices);
}

/// max(0, ceil((limit - start) / delta)) of integers, on the host.
static OpFoldResult countIntegers(ImplicitLocOpBuilder &b, Lowering &lowering, onnx::RangeOp op) {
  SizeArithmetic arithmetic(b);
  OpFoldResult zero = arithmetic.number(0), one = arithmetic.number(1);
  OpFoldResult start = lowering.getElement(b, op, op.getStart(), 0);
  OpFoldResult limit = lowering.getElement(b, op, op.getLimit(), 0);
  OpFoldResult delta = lowering.getElement(b, op, op.getDelta(), 0);
  if (!getConstantIntValue(delta))
    Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::ne, delta, zero), "delta is zero");
  Value isUp = arithmetic.compare(arith::CmpIPredicate::sgt, delta, zero);
  OpFoldResult distance =
      arithmetic.select(isUp, arithmetic.sub(limit, start), arithmetic.sub(start, limit));
  OpFoldResult width = arithmetic.select(isUp, delta, arithmetic.sub(zero, delta));
  OpFoldResult last = arithmetic.sub(arithmetic.max(distance, zero), one);
  // A division that rounds towards zero gives 0 for -1 / width, and a width of
  // one needs its own -1.
  Value isEmpty = arithmetic.compare(arith::CmpIPredicate::slt, last, zero);
  return arithmetic.select(isEmpty, zero, arithmetic.add(arithmetic.div(last, width), one));
}

/// The same of floats: the difference in their type, the quotient in f64.
static OpFoldResult countFloats(ImplicitLocOpBuilder &b, Value start, Value limit, Value delta) {
  Type f64 = b.getF64Type();
  auto widen = [&](Value value, Type type) -> Value {
    return value.getType() == type ? value : arith::ExtFOp::create(b, type, value).getResult();
  };
  Type type = start.getType();
  if (type.getIntOrFloatBitWidth() < 32)
    type = b.getF32Type();
  Value distance = arith::SubFOp::create(b, widen(limit, type), widen(start, type));
  Value quotient = arith::DivFOp::create(b, widen(distance, f64), widen(delta, f64));
  // Beyond 2^40 elements no run gets memory; of NaN the comparison is false.
  Value bound = arith::ConstantOp::create(b, b.getF64FloatAttr(1099511627776.0));
  Lowering::check(b, arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, quotient, bound),
                  "the range has no end");
  Value zero = arith::ConstantOp::create(b, b.getF64FloatAttr(0.0));
  quotient = arith::MaximumFOp::create(b, quotient, zero);
  Value whole = arith::FPToSIOp::create(b, b.getI64Type(), quotient);
  Value back = arith::SIToFPOp::create(b, f64, whole);
  Value hasRest = arith::CmpFOp::create(b, arith::CmpFPredicate::OLT, back, quotient);
  Value count =
      arith::AddIOp::create(b, whole, arith::ExtUIOp::create(b, b.getI64Type(), hasRest));
  return arith::IndexCastOp::create(b, b.getIndexType(), count).getResult();
}

LogicalResult moec::lower(onnx::RangeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Type element = getLoweredType(op.getType()).getElementType();
  bool isFloat = isa<FloatType>(element);
  Value start = lowering.get(op.getStart()), delta = lowering.get(op.getDelta());
  SizeList sizes;
  if (isFloat)
    sizes = {countFloats(b, getScalar(b, start), getScalar(b, lowering.get(op.getLimit())),
                         getScalar(b, delta))};
  else
    sizes = {countIntegers(b, lowering, op)};
  sizes = settleSizes(b, lowering, op.getResult(), sizes);

  auto mapOf = [&](Value scalar) {
    SmallVector<AffineExpr> exprs(cast<RankedTensorType>(scalar.getType()).getRank(),
                                  b.getAffineConstantExpr(0));
    return AffineMap::get(1, 0, exprs, b.getContext());
  };
  Value result = mapPoints(
      b, sizes, element, {start, delta}, {mapOf(start), mapOf(delta)},
      [&](ImplicitLocOpBuilder &inner, ValueRange indices, ValueRange scalars) -> Value {
        Type wide = element;
        if (isFloat && element.getIntOrFloatBitWidth() < 32)
          wide = inner.getF32Type();
        auto widen = [&](Value value) -> Value {
          return wide == element ? value : arith::ExtFOp::create(inner, wide, value).getResult();
        };
        if (!isFloat) {
          Value i = arith::IndexCastOp::create(inner, element, indices[0]);
          return arith::AddIOp::create(inner, scalars[0],
                                       arith::MulIOp::create(inner, i, scalars[1]));
        }
        Value i = arith::IndexCastOp::create(inner, inner.getI64Type(), indices[0]);
        Value product = arith::MulFOp::create(inner, arith::SIToFPOp::create(inner, wide, i),
                                              widen(scalars[1]));
        Value sum = arith::AddFOp::create(inner, widen(scalars[0]), product);
        return wide == element ? sum : arith::TruncFOp::create(inner, element, sum).getResult();
      });
  lowering.replace(op, result);
  return success();
}
