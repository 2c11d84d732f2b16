//===- Movement.cpp - Shared by lowerings that move elements -- -*- C++ -*-===//
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

LogicalResult moec::checkTypes(Operation *op) {
  for (Value operand : op->getOperands())
    if (!getLoweredType(operand.getType()))
      return op->emitOpError() << "has no code for operands of " << operand.getType();
  for (Value result : op->getResults())
    if (!getLoweredType(result.getType()))
      return op->emitOpError() << "has no code for results of " << result.getType();
  return success();
}

SizeList moec::getElements(ImplicitLocOpBuilder &b, Lowering &lowering, Operation *user,
                           Value operand) {
  SizeList elements;
  auto type = cast<RankedTensorType>(operand.getType());
  std::optional<int64_t> count = lowering.getFacts(operand).getNumElements();
  for (int64_t i = 0; i < count.value_or(type.isDynamicDim(0) ? 0 : type.getDimSize(0)); ++i)
    elements.push_back(lowering.getElement(b, user, operand, i));
  return elements;
}

SizeList moec::getAxes(ImplicitLocOpBuilder &b, Lowering &lowering, Operation *user, Value operand,
                       int64_t rank) {
  SizeArithmetic arithmetic(b);
  SizeList axes;
  if (!operand) {
    for (int64_t axis = 0; axis < rank; ++axis)
      axes.push_back(arithmetic.number(axis));
    return axes;
  }
  OpFoldResult zero = arithmetic.number(0), end = arithmetic.number(rank);
  for (OpFoldResult axis : getElements(b, lowering, user, operand)) {
    Value isNegative = arithmetic.compare(arith::CmpIPredicate::slt, axis, zero);
    axes.push_back(arithmetic.select(isNegative, arithmetic.add(axis, end), axis));
    if (!getConstantIntValue(axis))
      Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::ult, axes.back(), end),
                      "an axis is out of range");
  }
  return axes;
}

SizeList moec::spreadOverAxes(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> axes,
                              ArrayRef<OpFoldResult> values, SizeList otherwise) {
  SizeArithmetic arithmetic(b);
  for (auto [axis, result] : llvm::enumerate(otherwise))
    for (auto [place, value] : llvm::zip(axes, values)) {
      std::optional<int64_t> known = getConstantIntValue(place);
      if (known == static_cast<int64_t>(axis))
        result = value;
      else if (!known)
        result = arithmetic.select(
            arithmetic.compare(arith::CmpIPredicate::eq, place, arithmetic.number(axis)), value,
            result);
    }
  return otherwise;
}

static SmallVector<int64_t> getShape(ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return shape;
}

/// Whether a part of a tensor of `shape` is known to have no elements.
static bool isEmptyPart(ArrayRef<int64_t> shape, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes) {
  return llvm::any_of(llvm::zip_equal(shape, offsets, sizes), [](auto axis) {
    auto [whole, offset, size] = axis;
    std::optional<int64_t> start = getConstantIntValue(offset);
    return getConstantIntValue(size) == 0 ||
           (!ShapedType::isDynamic(whole) && start && *start >= whole);
  });
}

Value moec::takeSlice(ImplicitLocOpBuilder &b, Value x, ArrayRef<OpFoldResult> offsets,
                      ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(x.getType());
  if (isEmptyPart(type.getShape(), offsets, sizes))
    return emptyTensor(b, sizes, type.getElementType());
  SizeList steps(sizes.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, x, offsets, sizes, steps);
}

Value moec::putSlice(ImplicitLocOpBuilder &b, Value x, Value target, ArrayRef<OpFoldResult> offsets,
                     ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(target.getType());
  if (isEmptyPart(type.getShape(), offsets, sizes))
    return target;
  SizeList steps(sizes.size(), b.getIndexAttr(1));
  return tensor::InsertSliceOp::create(b, castTensor(b, x, type.clone(getShape(sizes))), target,
                                       offsets, sizes, steps);
}

void moec::checkEqual(ImplicitLocOpBuilder &b, Lowering &lowering, OpFoldResult size,
                      const onnx::Size &symbolic, OpFoldResult expected,
                      const onnx::Size &expectedSymbolic, const Twine &message) {
  if (lowering.isEqual(symbolic, expectedSymbolic) || isEqualConstantIntOrValue(size, expected))
    return;
  SizeArithmetic sizes(b);
  Lowering::check(b, sizes.compare(arith::CmpIPredicate::eq, size, expected), message);
}

SizeList moec::settleSizes(ImplicitLocOpBuilder &b, Lowering &lowering, Value result,
                           SizeList computed) {
  SizeArithmetic arithmetic(b);
  for (auto [axis, size] : llvm::enumerate(computed)) {
    std::optional<OpFoldResult> known =
        lowering.build(b, lowering.getSymbolicSize(result, axis), result.getDefiningOp());
    if (!known)
      continue;
    if (getConstantIntValue(*known) && !getConstantIntValue(size))
      Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::eq, size, *known),
                      "the result has other sizes than its type states");
    size = *known;
  }
  return computed;
}

Value moec::mapPoints(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Type element,
                      ValueRange inputs, ArrayRef<AffineMap> inputMaps, PointBody body) {
  int64_t rank = sizes.size();
  SmallVector<AffineMap> maps(inputMaps);
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value init = emptyTensor(b, sizes, element);
  auto generic = linalg::GenericOp::create(
      b, TypeRange(init.getType()), inputs, ValueRange(init), maps,
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Value> indices;
        for (int64_t dim = 0; dim < rank; ++dim)
          indices.push_back(linalg::IndexOp::create(inner, dim));
        linalg::YieldOp::create(inner, body(inner, indices, arguments.drop_back()));
      });
  return generic.getResult(0);
}

Value moec::mapElements(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Value x,
                        AffineMap map) {
  Type element = getElementTypeOrSelf(x.getType());
  return mapPoints(
      b, sizes, element, x, map,
      [](ImplicitLocOpBuilder &, ValueRange, ValueRange elements) { return elements[0]; });
}

Value moec::getPosition(ImplicitLocOpBuilder &b, Value element, Value size) {
  Value position = element.getType().isIndex()
                       ? element
                       : arith::IndexCastOp::create(b, b.getIndexType(), element).getResult();
  Value zero = arith::ConstantIndexOp::create(b, 0);
  Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, position, zero);
  Value fromEnd = arith::AddIOp::create(b, position, size);
  return arith::SelectOp::create(b, isNegative, fromEnd, position);
}

/// Checks at run time that every element lies in [-bound, bound), `bound` being
/// what the function writes in a body over the tensor.
static void checkElements(ImplicitLocOpBuilder &b, Value tensor,
                          function_ref<Value(ImplicitLocOpBuilder &)> bound) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  Type flag = b.getI32Type();
  Value none = arith::ConstantOp::create(b, b.getI32IntegerAttr(0));
  Value init = linalg::FillOp::create(b, none, emptyTensor(b, {}, flag)).getResult(0);
  auto found = linalg::GenericOp::create(
      b, TypeRange(init.getType()), tensor, ValueRange(init),
      {b.getMultiDimIdentityMap(rank), AffineMap::get(rank, 0, {}, b.getContext())},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::reduction),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        Value limit = bound(inner);
        Value position = getPosition(inner, arguments[0], limit);
        // A position that is still negative is a large unsigned number.
        Value isOutside = arith::CmpIOp::create(inner, arith::CmpIPredicate::uge, position, limit);
        Value bit = arith::ExtUIOp::create(inner, flag, isOutside);
        linalg::YieldOp::create(inner, arith::OrIOp::create(inner, arguments[1], bit).getResult());
      });
  Value any = tensor::ExtractOp::create(b, found.getResult(0), ValueRange());
  Lowering::check(b, arith::CmpIOp::create(b, arith::CmpIPredicate::eq, any, none),
                  "an index is out of range");
}

void moec::checkRange(ImplicitLocOpBuilder &b, Lowering &lowering, Value indices,
                      OpFoldResult size) {
  std::optional<int64_t> bound = getConstantIntValue(size);
  std::optional<SmallVector<int64_t>> known = lowering.getConstants(indices);
  if (bound && known &&
      llvm::all_of(*known, [&](int64_t index) { return index >= -*bound && index < *bound; }))
    return;
  Value limit = SizeArithmetic(b).value(size);
  checkElements(b, lowering.get(indices), [&](ImplicitLocOpBuilder &) { return limit; });
}

void moec::checkTuples(ImplicitLocOpBuilder &b, Lowering &lowering, Value indices,
                       ArrayRef<OpFoldResult> sizes) {
  SizeArithmetic arithmetic(b);
  SmallVector<Value> limits;
  for (OpFoldResult size : sizes)
    limits.push_back(arithmetic.value(size));
  int64_t last = cast<RankedTensorType>(indices.getType()).getRank() - 1;
  checkElements(b, lowering.get(indices), [&](ImplicitLocOpBuilder &inner) {
    Value limit = limits[0];
    for (size_t i = 1; i < limits.size(); ++i) {
      Value column = linalg::IndexOp::create(inner, last);
      Value isColumn = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq, column,
                                             arith::ConstantIndexOp::create(inner, i));
      limit = arith::SelectOp::create(inner, isColumn, limits[i], limit);
    }
    return limit;
  });
}

void moec::checkInside(ImplicitLocOpBuilder &b, Lowering &lowering, Value x, Value indices,
                        int64_t axis) {
  SizeArithmetic arithmetic(b);
  SizeList sizes = lowering.getSizes(b, indices), bounds = lowering.getSizes(b, x);
  for (auto [i, size] : llvm::enumerate(sizes)) {
    std::optional<int64_t> known = getConstantIntValue(size), bound = getConstantIntValue(bounds[i]);
    if (static_cast<int64_t>(i) == axis || (known && bound && *known <= *bound) ||
        lowering.isEqual(lowering.getSymbolicSize(indices, i), lowering.getSymbolicSize(x, i)))
      continue;
    Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::sle, size, bounds[i]),
                    "indices are larger than the operand along another axis");
  }
}

SmallVector<AffineMap> moec::getTupleMaps(ImplicitLocOpBuilder &b, int64_t numDims, int64_t length,
                                          int64_t outer) {
  SmallVector<AffineMap> maps;
  for (int64_t i = 0; i < length; ++i) {
    SmallVector<AffineExpr> exprs;
    for (int64_t dim = 0; dim < outer; ++dim)
      exprs.push_back(b.getAffineDimExpr(dim));
    exprs.push_back(b.getAffineConstantExpr(i));
    maps.push_back(AffineMap::get(numDims, 0, exprs, b.getContext()));
  }
  return maps;
}
