//===- WeightVerifiers.cpp - Types of weight expressions --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec::rt;

using EmitError = function_ref<InFlightDiagnostic()>;

//===----------------------------------------------------------------------===//
// Checks that several expressions share
//===----------------------------------------------------------------------===//

/// Requires a static shape whose size in bytes fits 63 bits, and elements of whole bytes.
static LogicalResult verifyType(EmitError emitError, RankedTensorType type) {
  if (!type.hasStaticShape())
    return emitError() << "expects a static shape, got " << type;
  Type element = type.getElementType();
  if (!element.isIntOrFloat() || element.getIntOrFloatBitWidth() % 8 != 0)
    return emitError() << "expects elements of whole bytes, got " << element;
  int64_t bytes = element.getIntOrFloatBitWidth() / 8;
  for (int64_t size : type.getShape())
    if (llvm::MulOverflow(bytes, size, bytes))
      return emitError() << "size in bytes of " << type << " does not fit 64 bits";
  return success();
}

/// Requires `source` to be a tensor that operations may be applied to.
static LogicalResult verifySource(EmitError emitError, WeightExprInterface source) {
  if (isa<PackAttr>(source))
    return emitError() << "a packed expression cannot be part of another one";
  if (!source.getExprType())
    return emitError() << "expects a ranked tensor, got " << source;
  return verifyType(emitError, source.getExprType());
}

/// Requires a number per dimension of `type`.
static LogicalResult verifyCount(EmitError emitError, StringRef what, ArrayRef<int64_t> numbers,
                                 RankedTensorType type) {
  if (static_cast<int64_t>(numbers.size()) == type.getRank())
    return success();
  return emitError() << "expects one of " << what << " per dimension of " << type << ", got "
                     << numbers.size();
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

LogicalResult FileAttr::verify(EmitError emitError, StringRef path, int64_t offset,
                               RankedTensorType type) {
  if (path.empty())
    return emitError() << "expects a path";
  if (offset < 0)
    return emitError() << "expects offset >= 0, got " << offset;
  return verifyType(emitError, type);
}

RankedTensorType FileAttr::getExprType() const { return getType(); }
SmallVector<Attribute> FileAttr::getSources() const { return {}; }

LogicalResult TransposeAttr::verify(EmitError emitError, WeightExprInterface source,
                                    ArrayRef<int64_t> permutation) {
  if (failed(verifySource(emitError, source)) ||
      failed(verifyCount(emitError, "permutation", permutation, source.getExprType())))
    return failure();
  if (!isPermutationVector(permutation))
    return emitError() << "expects a permutation of 0 ... " << permutation.size() - 1;
  return success();
}

RankedTensorType TransposeAttr::getExprType() const {
  RankedTensorType type = getSource().getExprType();
  SmallVector<int64_t> shape;
  for (int64_t dim : getPermutation())
    shape.push_back(type.getDimSize(dim));
  return type.clone(shape);
}
SmallVector<Attribute> TransposeAttr::getSources() const { return {getSource()}; }

LogicalResult ReshapeAttr::verify(EmitError emitError, WeightExprInterface source,
                                  ArrayRef<int64_t> shape) {
  if (failed(verifySource(emitError, source)))
    return failure();
  int64_t elements = 1;
  for (int64_t size : shape)
    if (size < 0 || llvm::MulOverflow(elements, size, elements))
      return emitError() << "expects sizes >= 0 whose product fits 64 bits, got " << size;
  int64_t expected = source.getExprType().getNumElements();
  if (elements != expected)
    return emitError() << "expects a shape of " << expected << " elements, got " << elements;
  return success();
}

RankedTensorType ReshapeAttr::getExprType() const {
  return getSource().getExprType().clone(getShape());
}
SmallVector<Attribute> ReshapeAttr::getSources() const { return {getSource()}; }

LogicalResult SliceAttr::verify(EmitError emitError, WeightExprInterface source,
                                ArrayRef<int64_t> offsets, ArrayRef<int64_t> sizes) {
  if (failed(verifySource(emitError, source)) ||
      failed(verifyCount(emitError, "offsets", offsets, source.getExprType())) ||
      failed(verifyCount(emitError, "sizes", sizes, source.getExprType())))
    return failure();
  for (auto [index, offset, size] : llvm::enumerate(offsets, sizes)) {
    int64_t limit = source.getExprType().getDimSize(index);
    if (offset < 0 || size < 0 || offset > limit || size > limit - offset)
      return emitError() << "expects 0 <= offset <= offset + size <= " << limit << " in dimension "
                         << index << ", got offset " << offset << " and size " << size;
  }
  return success();
}

RankedTensorType SliceAttr::getExprType() const {
  return getSource().getExprType().clone(getSizes());
}
SmallVector<Attribute> SliceAttr::getSources() const { return {getSource()}; }

LogicalResult StackAttr::verify(EmitError emitError, ArrayRef<WeightExprInterface> elements) {
  if (elements.empty())
    return emitError() << "expects at least one element";
  for (WeightExprInterface element : elements) {
    if (failed(verifySource(emitError, element)))
      return failure();
    if (element.getExprType() != elements[0].getExprType())
      return emitError() << "expects elements of one type, got " << elements[0].getExprType()
                         << " and " << element.getExprType();
  }
  SmallVector<int64_t> shape{static_cast<int64_t>(elements.size())};
  llvm::append_range(shape, elements[0].getExprType().getShape());
  return verifyType(emitError, elements[0].getExprType().clone(shape));
}

RankedTensorType StackAttr::getExprType() const {
  RankedTensorType type = getElements()[0].getExprType();
  SmallVector<int64_t> shape{static_cast<int64_t>(getElements().size())};
  llvm::append_range(shape, type.getShape());
  return type.clone(shape);
}
SmallVector<Attribute> StackAttr::getSources() const {
  return SmallVector<Attribute>(getElements().begin(), getElements().end());
}

LogicalResult ConcatAttr::verify(EmitError emitError, int64_t axis,
                                 ArrayRef<WeightExprInterface> elements) {
  if (elements.empty())
    return emitError() << "expects at least one element";
  int64_t total = 0;
  for (WeightExprInterface element : elements) {
    if (failed(verifySource(emitError, element)))
      return failure();
    RankedTensorType first = elements[0].getExprType(), type = element.getExprType();
    if (axis < 0 || axis >= type.getRank())
      return emitError() << "expects axis to be a dimension of " << type << ", got " << axis;
    SmallVector<int64_t> expected(first.getShape());
    if (static_cast<int64_t>(expected.size()) == type.getRank())
      expected[axis] = type.getDimSize(axis);
    if (type != first.clone(expected))
      return emitError() << "expects elements that differ in dimension " << axis << " only, got "
                         << first << " and " << type;
    if (llvm::AddOverflow(total, type.getDimSize(axis), total))
      return emitError() << "size along axis " << axis << " does not fit 64 bits";
  }
  SmallVector<int64_t> shape(elements[0].getExprType().getShape());
  shape[axis] = total;
  return verifyType(emitError, elements[0].getExprType().clone(shape));
}

RankedTensorType ConcatAttr::getExprType() const {
  RankedTensorType type = getElements()[0].getExprType();
  SmallVector<int64_t> shape(type.getShape());
  shape[getAxis()] = 0;
  for (WeightExprInterface element : getElements())
    shape[getAxis()] += element.getExprType().getDimSize(getAxis());
  return type.clone(shape);
}
SmallVector<Attribute> ConcatAttr::getSources() const {
  return SmallVector<Attribute>(getElements().begin(), getElements().end());
}

static bool isCastable(Type type) {
  return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(type);
}

LogicalResult CastAttr::verify(EmitError emitError, WeightExprInterface source, Type elementType,
                               bool finite) {
  if (failed(verifySource(emitError, source)))
    return failure();
  for (Type type : {source.getExprType().getElementType(), elementType})
    if (!isCastable(type))
      return emitError() << "expects f16, bf16, f32 or f64, got " << type;
  return verifyType(emitError, RankedTensorType::get(source.getExprType().getShape(), elementType));
}

RankedTensorType CastAttr::getExprType() const {
  return RankedTensorType::get(getSource().getExprType().getShape(), getElementType());
}
SmallVector<Attribute> CastAttr::getSources() const { return {getSource()}; }

LogicalResult PackAttr::verify(EmitError emitError, WeightExprInterface source, int64_t columns) {
  if (failed(verifySource(emitError, source)))
    return failure();
  RankedTensorType type = source.getExprType();
  if (type.getRank() != 2 && type.getRank() != 3)
    return emitError() << "expects [G, N, K] or [N, K], got " << type;
  if (!isa<Float32Type, Float16Type, BFloat16Type>(type.getElementType()))
    return emitError() << "expects f32, f16 or bf16, got " << type.getElementType();
  if (columns != 1 && columns != 2)
    return emitError() << "expects columns to be 1 or 2, got " << columns;
  if (int64_t n = type.getDimSize(type.getRank() - 2); n % columns != 0)
    return emitError() << "expects N to be a multiple of columns = " << columns << ", got " << n;
  return success();
}

RankedTensorType PackAttr::getExprType() const { return getSource().getExprType(); }
SmallVector<Attribute> PackAttr::getSources() const { return {getSource()}; }

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

LogicalResult ValueAttr::verify(EmitError emitError, StringRef name, RankedTensorType type,
                                ArrayRef<StringAttr> dimNames, StringAttr dtype) {
  if (!dimNames.empty())
    return verifyCount(emitError, "the dimension names", SmallVector<int64_t>(dimNames.size(), 0),
                       type);
  return success();
}
