//===- InferIndexOps.cpp - Inference of gather, scatter, top-k --*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// Gather
//===----------------------------------------------------------------------===//

LogicalResult GatherOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &indices = context.get(getIndices());
  if (!x.shape || !indices.shape)
    return context.set(getResult(), makeFacts(x.elementType, std::nullopt));
  if (failed(checkAxis(context, *this, getAxis(), x.shape->size())))
    return failure();
  ArrayRef<Size> outer = ArrayRef<Size>(*x.shape).take_front(getAxis());
  std::optional<Shape> shape = Shape(outer.begin(), outer.end());
  shape->append(indices.shape->begin(), indices.shape->end());
  shape->append(x.shape->begin() + getAxis() + 1, x.shape->end());

  std::optional<int64_t> bound = (*x.shape)[getAxis()].getConstant();
  std::optional<SmallVector<int64_t>> constants = indices.getConstants();
  if (bound && constants)
    for (int64_t index : *constants)
      if (index < -*bound || index >= *bound)
        return context.error(*this) << "index " << index << " is out of range for axis "
                                    << getAxis() << " of size " << *bound;
  std::optional<Elements> elements;
  size_t indexRank = indices.shape->size();
  if (x.elements && constants && bound)
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) -> std::optional<Size> {
      std::optional<Size> at = elementAt(indices, index.slice(getAxis(), indexRank));
      if (!at)
        return std::nullopt;
      int64_t row = *at->getConstant();
      SmallVector<int64_t> source = llvm::to_vector(index.take_front(getAxis()));
      source.push_back(row < 0 ? row + *bound : row);
      llvm::append_range(source, index.drop_front(getAxis() + indexRank));
      return elementAt(x, source);
    });
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape), std::move(elements)));
}

LogicalResult GatherElementsOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &indices = context.get(getIndices());
  if (x.shape && (failed(checkAxis(context, *this, getAxis(), x.shape->size())) ||
                  failed(checkRank(context, *this, "indices", indices, x.shape->size()))))
    return failure();
  return context.set(getResult(), makeFacts(x.elementType, indices.shape));
}

/// Requires the tuples in the last axis of `indices` to address axes of `x` after the batch axes;
/// returns their length, absent if unknown.
static FailureOr<std::optional<int64_t>> checkTuples(ShapeContext &context, Operation *op,
                                                     const ValueFacts &x, const ValueFacts &indices,
                                                     int64_t batch) {
  if (batch < 0)
    return context.error(op) << "expects batch_dims >= 0, got " << batch;
  if (!x.shape || !indices.shape)
    return std::optional<int64_t>();
  int64_t rank = x.shape->size(), indexRank = indices.shape->size();
  if (rank < 1 || indexRank < 1)
    return context.error(op) << "expects x and indices of rank >= 1, got " << rank << " and "
                             << indexRank;
  if (batch >= std::min(rank, indexRank))
    return context.error(op) << "expects batch_dims below both ranks, got " << batch;
  std::optional<int64_t> length = indices.shape->back().getConstant();
  if (length && (*length < 1 || *length > rank - batch))
    return context.error(op) << "expects index tuples of 1 to " << rank - batch << " entries, got "
                             << *length;
  return length;
}

LogicalResult GatherNDOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &indices = context.get(getIndices());
  int64_t batch = getBatchDims();
  FailureOr<std::optional<int64_t>> length = checkTuples(context, *this, x, indices, batch);
  if (failed(length))
    return failure();
  if (!*length)
    return context.set(getResult(), makeFacts(x.elementType, std::nullopt));
  Shape shape(indices.shape->begin(), indices.shape->end() - 1);
  for (int64_t axis = 0; axis < batch; ++axis)
    if (failed(meet(context, *this, "batch axis " + Twine(axis) + " of indices", shape[axis],
                    (*x.shape)[axis])))
      return failure();
  shape.append(x.shape->begin() + batch + **length, x.shape->end());
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape)));
}

//===----------------------------------------------------------------------===//
// Scatter
//===----------------------------------------------------------------------===//

static LogicalResult checkReduction(ShapeContext &context, Operation *op, ScatterReduction kind,
                                    const ValueFacts &x, const ValueFacts &updates) {
  if (failed(checkSameType(context, op, "updates", x, updates)))
    return failure();
  if (kind != ScatterReduction::None && x.elementType.isInteger(1))
    return context.error(op) << "reduction " << stringifyScatterReduction(kind)
                             << " expects numbers, got " << x.elementType;
  return success();
}

LogicalResult ScatterElementsOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &indices = context.get(getIndices());
  const ValueFacts &updates = context.get(getUpdates());
  if (failed(checkReduction(context, *this, getReduction(), x, updates)))
    return failure();
  if (x.shape && (failed(checkAxis(context, *this, getAxis(), x.shape->size())) ||
                  failed(checkRank(context, *this, "indices", indices, x.shape->size()))))
    return failure();
  if (indices.shape) {
    Shape shape = *indices.shape;
    if (failed(checkRank(context, *this, "updates", updates, shape.size())))
      return failure();
    if (updates.shape)
      for (auto [axis, size] : llvm::enumerate(*updates.shape))
        if (failed(meet(context, *this, "axis " + Twine(axis) + " of updates", shape[axis], size)))
          return failure();
  }
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}

LogicalResult ScatterNDOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &indices = context.get(getIndices());
  const ValueFacts &updates = context.get(getUpdates());
  FailureOr<std::optional<int64_t>> length = checkTuples(context, *this, x, indices, 0);
  if (failed(length) || failed(checkReduction(context, *this, getReduction(), x, updates)))
    return failure();
  if (*length) {
    Shape expected(indices.shape->begin(), indices.shape->end() - 1);
    expected.append(x.shape->begin() + **length, x.shape->end());
    if (failed(checkRank(context, *this, "updates", updates, expected.size())))
      return failure();
    if (updates.shape)
      for (auto [axis, size] : llvm::enumerate(*updates.shape))
        if (failed(
                meet(context, *this, "axis " + Twine(axis) + " of updates", expected[axis], size)))
          return failure();
  }
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}

//===----------------------------------------------------------------------===//
// Selection
//===----------------------------------------------------------------------===//

LogicalResult OneHotOp::inferShapes(ShapeContext &context) {
  const ValueFacts &indices = context.get(getIndices()), &depth = context.get(getDepth());
  const ValueFacts &values = context.get(getValues());
  if (std::optional<int64_t> count = depth.getNumElements(); count && *count != 1)
    return context.error(*this) << "expects depth to be a scalar, got " << getDepth().getType();
  if (failed(checkRank(context, *this, "values", values, 1)))
    return failure();
  if (std::optional<int64_t> count = values.getNumElements(); count && *count != 2)
    return context.error(*this) << "expects values to hold two elements, got " << *count;
  std::optional<Shape> shape = indices.shape;
  if (shape) {
    if (failed(checkAxis(context, *this, getAxis(), shape->size() + 1)))
      return failure();
    Size size = depth.elements ? depth.elements->front() : context.sizes().fresh();
    if (std::optional<int64_t> value = size.getConstant(); value && *value < 0)
      return context.error(*this) << "expects depth >= 0, got " << *value;
    shape->insert(shape->begin() + getAxis(), size);
  }
  // TorchScript writes the repeats of a tile in this way.
  std::optional<Elements> elements;
  std::optional<SmallVector<int64_t>> constants = indices.getConstants();
  std::optional<int64_t> count = depth.elements ? depth.elements->front().getConstant()
                                                : std::optional<int64_t>();
  if (constants && count && values.elements)
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) -> std::optional<Size> {
      SmallVector<int64_t> own = llvm::to_vector(index);
      own.erase(own.begin() + getAxis());
      std::optional<Size> at = elementAt(indices, own);
      if (!at)
        return std::nullopt;
      int64_t hot = *at->getConstant();
      return (*values.elements)[index[getAxis()] == (hot < 0 ? hot + *count : hot)];
    });
  return context.set(getResult(),
                     makeFacts(values.elementType, std::move(shape), std::move(elements)));
}

LogicalResult NonZeroOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  Shape shape{x.shape ? Size(x.shape->size()) : context.sizes().fresh(), context.sizes().fresh()};
  return context.set(getResult(), makeFacts(IntegerType::get(getContext(), 64), std::move(shape)));
}

LogicalResult TopKOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &k = context.get(getK());
  if (std::optional<int64_t> count = k.getNumElements(); count && *count != 1)
    return context.error(*this) << "expects k to hold one element, got " << *count;
  std::optional<Shape> shape = x.shape;
  if (shape) {
    if (failed(checkAxis(context, *this, getAxis(), shape->size())))
      return failure();
    Size &size = (*shape)[getAxis()];
    Size wanted = k.elements ? k.elements->front() : context.sizes().fresh();
    std::optional<int64_t> number = wanted.getConstant(), bound = size.getConstant();
    if (number && (*number < 0 || (bound && *number > *bound)))
      return context.error(*this) << "expects 0 <= k <= size of the axis, got k = " << *number
                                  << (bound ? " of " + std::to_string(*bound) : "");
    size = wanted;
  }
  if (failed(context.set(getValues(), makeFacts(x.elementType, shape))))
    return failure();
  return context.set(getIndices(), makeFacts(IntegerType::get(getContext(), 64), std::move(shape)));
}

template <typename Op>
static LogicalResult inferArg(Op op, ShapeContext &context) {
  const ValueFacts &x = context.get(op.getX());
  std::optional<Shape> shape = x.shape;
  if (shape) {
    if (failed(checkAxis(context, op, op.getAxis(), shape->size())))
      return failure();
    if ((*shape)[op.getAxis()].isConstant(0))
      return context.error(op) << "has no element to choose along an axis of size 0";
    if (op.getKeepdims())
      (*shape)[op.getAxis()] = 1;
    else
      shape->erase(shape->begin() + op.getAxis());
  }
  return context.set(op.getResult(),
                     makeFacts(IntegerType::get(op.getContext(), 64), std::move(shape)));
}

LogicalResult ArgMaxOp::inferShapes(ShapeContext &context) { return inferArg(*this, context); }
LogicalResult ArgMinOp::inferShapes(ShapeContext &context) { return inferArg(*this, context); }

LogicalResult CumSumOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &axis = context.get(getAxis());
  if (x.elementType.isInteger(1))
    return context.error(*this) << "expects numbers, got " << x.elementType;
  if (std::optional<int64_t> count = axis.getNumElements(); count && *count != 1)
    return context.error(*this) << "expects axis to hold one element, got " << *count;
  if (std::optional<SmallVector<int64_t>> axes = axis.getConstants();
      axes && x.shape && failed(checkAxes(context, *this, *axes, x.shape->size())))
    return failure();
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}
