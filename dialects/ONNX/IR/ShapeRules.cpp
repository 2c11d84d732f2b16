//===- ShapeRules.cpp - Rules that several inferences share -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

LogicalResult moec::onnx::checkAxis(ShapeContext &context, Operation *op, int64_t axis,
                                    size_t rank) {
  if (axis < 0 || axis >= static_cast<int64_t>(rank))
    return context.error(op) << "expects 0 <= axis < rank, got axis " << axis << " of rank "
                             << rank;
  return success();
}

FailureOr<SmallVector<int64_t>> moec::onnx::checkAxes(ShapeContext &context, Operation *op,
                                                      ArrayRef<int64_t> axes, size_t rank) {
  int64_t signedRank = rank;
  SmallVector<int64_t> result;
  for (int64_t axis : axes) {
    if (axis < -signedRank || axis >= signedRank)
      return context.error(op) << "expects -rank <= axis < rank, got axis " << axis << " of rank "
                               << rank;
    result.push_back(axis < 0 ? axis + signedRank : axis);
  }
  llvm::sort(result);
  if (auto twice = std::adjacent_find(result.begin(), result.end()); twice != result.end())
    return context.error(op) << "expects each axis once, got axis " << *twice << " twice";
  return result;
}

LogicalResult moec::onnx::checkRank(ShapeContext &context, Operation *op, StringRef name,
                                    const ValueFacts &facts, size_t rank) {
  if (facts.shape && facts.shape->size() != rank)
    return context.error(op) << "expects " << name << " to have rank " << rank << ", got "
                             << facts.shape->size();
  return success();
}

LogicalResult moec::onnx::checkSameType(ShapeContext &context, Operation *op, StringRef name,
                                        const ValueFacts &expected, const ValueFacts &got) {
  if (expected.elementType != got.elementType)
    return context.error(op) << "expects " << name << " to have element type "
                             << expected.elementType << ", got " << got.elementType;
  return success();
}

LogicalResult moec::onnx::meet(ShapeContext &context, Operation *op, const Twine &what, Size &size,
                               const Size &other) {
  std::optional<int64_t> a = size.getConstant(), b = other.getConstant();
  if (a && b && *a != *b)
    return context.error(op) << "expects " << what << " to be " << *a << ", got " << *b;
  if (!a && b)
    size = other;
  return success();
}

FailureOr<std::optional<Shape>> moec::onnx::broadcastShapes(ShapeContext &context, Operation *op,
                                                            ArrayRef<const ValueFacts *> inputs) {
  size_t rank = 0;
  for (const ValueFacts *input : inputs) {
    if (!input->shape)
      return std::optional<Shape>();
    rank = std::max(rank, input->shape->size());
  }
  Shape result(rank, Size(1));
  for (const ValueFacts *input : inputs) {
    size_t offset = rank - input->shape->size();
    for (auto [index, size] : llvm::enumerate(*input->shape)) {
      std::optional<Size> merged = context.sizes().broadcast(result[offset + index], size);
      if (!merged)
        return context.error(op) << "expects sizes that broadcast, got "
                                 << *result[offset + index].getConstant() << " and "
                                 << *size.getConstant() << " at axis " << offset + index;
      result[offset + index] = *merged;
    }
  }
  return std::optional<Shape>(std::move(result));
}

Size moec::onnx::product(SizeTable &sizes, ArrayRef<Size> factors) {
  Size result = 1;
  for (const Size &factor : factors)
    result = sizes.mul(result, factor);
  return result;
}

Shape moec::onnx::freshShape(SizeTable &sizes, size_t rank) {
  Shape shape;
  for (size_t i = 0; i < rank; ++i)
    shape.push_back(sizes.fresh());
  return shape;
}

std::optional<SmallVector<int64_t>> moec::onnx::getStaticShape(ArrayRef<Size> shape) {
  SmallVector<int64_t> result;
  for (const Size &size : shape) {
    std::optional<int64_t> value = size.getConstant();
    if (!value)
      return std::nullopt;
    result.push_back(*value);
  }
  return result;
}

std::optional<Elements>
moec::onnx::buildElements(const std::optional<Shape> &shape,
                          llvm::function_ref<std::optional<Size>(ArrayRef<int64_t>)> element) {
  if (!shape)
    return std::nullopt;
  std::optional<SmallVector<int64_t>> bounds = getStaticShape(*shape);
  if (!bounds)
    return std::nullopt;
  int64_t count = 1;
  for (int64_t bound : *bounds)
    if (bound < 0 || llvm::MulOverflow(count, bound, count))
      return std::nullopt;
  if (count > ShapeContext::maxElements)
    return std::nullopt;
  Elements result;
  SmallVector<int64_t> index(bounds->size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    std::optional<Size> value = element(index);
    if (!value)
      return std::nullopt;
    result.push_back(std::move(*value));
    for (size_t axis = index.size(); axis-- > 0;) {
      if (++index[axis] < (*bounds)[axis])
        break;
      index[axis] = 0;
    }
  }
  return result;
}

std::optional<Size> moec::onnx::elementAt(const ValueFacts &facts, ArrayRef<int64_t> index) {
  if (!facts.elements || !facts.shape || facts.shape->size() > index.size())
    return std::nullopt;
  size_t offset = index.size() - facts.shape->size();
  int64_t flat = 0;
  for (auto [axis, size] : llvm::enumerate(*facts.shape)) {
    int64_t bound = size.getConstant().value_or(0);
    int64_t at = bound == 1 ? 0 : index[offset + axis];
    if (at < 0 || at >= bound)
      return std::nullopt;
    flat = flat * bound + at;
  }
  if (flat >= static_cast<int64_t>(facts.elements->size()))
    return std::nullopt;
  return (*facts.elements)[flat];
}

std::optional<Elements>
moec::onnx::mapElements(const std::optional<Shape> &shape, ArrayRef<const ValueFacts *> inputs,
                        llvm::function_ref<std::optional<Size>(ArrayRef<Size>)> fn) {
  if (llvm::any_of(inputs, [](const ValueFacts *input) { return !input->elements; }))
    return std::nullopt;
  return buildElements(shape, [&](ArrayRef<int64_t> index) -> std::optional<Size> {
    SmallVector<Size, 3> arguments;
    for (const ValueFacts *input : inputs) {
      std::optional<Size> value = elementAt(*input, index);
      if (!value)
        return std::nullopt;
      arguments.push_back(std::move(*value));
    }
    return fn(arguments);
  });
}
