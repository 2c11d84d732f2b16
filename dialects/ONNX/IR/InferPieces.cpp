//===- InferPieces.cpp - Inference of concat, split and slice ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

LogicalResult ConcatOp::inferShapes(ShapeContext &context) {
  if (getInputs().empty())
    return context.error(*this) << "expects at least one input";
  SmallVector<const ValueFacts *> inputs;
  for (Value input : getInputs())
    inputs.push_back(&context.get(input));
  const ValueFacts &first = *inputs.front();
  std::optional<Shape> shape;
  for (auto [index, input] : llvm::enumerate(inputs)) {
    std::string name = ("input " + Twine(index)).str();
    if (failed(checkSameType(context, *this, name, first, *input)))
      return failure();
    if (!input->shape)
      continue;
    if (!shape) {
      shape = input->shape;
      if (failed(checkAxis(context, *this, getAxis(), shape->size())))
        return failure();
      (*shape)[getAxis()] = 0;
    }
    if (failed(checkRank(context, *this, name, *input, shape->size())))
      return failure();
    for (auto [axis, size] : llvm::enumerate(*input->shape)) {
      if (axis == getAxis())
        (*shape)[axis] = context.sizes().add((*shape)[axis], size);
      else if (failed(meet(context, *this, "axis " + Twine(axis) + " of " + name, (*shape)[axis],
                           size)))
        return failure();
    }
  }
  bool allRanked = llvm::all_of(inputs, [](const ValueFacts *input) { return !!input->shape; });
  if (shape && !allRanked)
    (*shape)[getAxis()] = context.sizes().fresh();
  std::optional<Elements> elements;
  if (allRanked && llvm::all_of(inputs, [](const ValueFacts *in) { return !!in->elements; }))
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) -> std::optional<Size> {
      SmallVector<int64_t> source = llvm::to_vector(index);
      int64_t &at = source[getAxis()];
      for (const ValueFacts *input : inputs) {
        int64_t size = (*input->shape)[getAxis()].getConstant().value_or(0);
        if (at < size)
          return elementAt(*input, source);
        at -= size;
      }
      return std::nullopt;
    });
  return context.set(getResult(),
                     makeFacts(first.elementType, std::move(shape), std::move(elements)));
}

/// Sizes of the pieces of an axis of a known size.
static FailureOr<Shape> getPieces(ShapeContext &context, SplitOp op, const Size &size) {
  SizeTable &sizes = context.sizes();
  size_t count = op->getNumResults();
  if (!op.getSplit()) {
    if (std::optional<Size> piece = sizes.divideExactly(size, count))
      return Shape(count, *piece);
    Size piece = sizes.apply(SizeFn::FloorDiv, sizes.add(size, count - 1), count);
    Shape pieces(count, piece);
    pieces.back() = sizes.sub(size, sizes.mul(piece, count - 1));
    if (std::optional<int64_t> last = pieces.back().getConstant(); last && *last < 0)
      return context.error(op) << "cannot split an axis of size " << *size.getConstant() << " into "
                               << count << " pieces";
    return pieces;
  }
  const ValueFacts &split = context.get(op.getSplit());
  if (failed(checkRank(context, op, "split", split, 1)))
    return failure();
  if (std::optional<int64_t> given = split.getNumElements();
      given && *given != static_cast<int64_t>(count))
    return context.error(op) << "expects one split size per result, got " << *given << " for "
                             << count << " results";
  if (!split.elements)
    return freshShape(sizes, count);
  Shape pieces(split.elements->begin(), split.elements->end());
  Size sum = 0;
  for (const Size &piece : pieces) {
    if (std::optional<int64_t> value = piece.getConstant(); value && *value < 0)
      return context.error(op) << "expects split sizes >= 0, got " << *value;
    sum = sizes.add(sum, piece);
  }
  Size expected = size;
  if (failed(meet(context, op, "the sum of the split sizes", expected, sum)))
    return failure();
  return pieces;
}

LogicalResult SplitOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  if (getNumResults() == 0)
    return context.error(*this) << "expects at least one result";
  if (!x.shape) {
    for (Value result : getResults())
      if (failed(context.set(result, makeFacts(x.elementType, std::nullopt))))
        return failure();
    return success();
  }
  if (failed(checkAxis(context, *this, getAxis(), x.shape->size())))
    return failure();
  FailureOr<Shape> pieces = getPieces(context, *this, (*x.shape)[getAxis()]);
  if (failed(pieces))
    return failure();
  std::optional<int64_t> offset = 0;
  for (auto [result, piece] : llvm::zip_equal(getResults(), *pieces)) {
    std::optional<Shape> shape = x.shape;
    (*shape)[getAxis()] = piece;
    std::optional<Elements> elements;
    if (x.elements && offset)
      elements = buildElements(shape, [&](ArrayRef<int64_t> index) {
        SmallVector<int64_t> source = llvm::to_vector(index);
        source[getAxis()] += *offset;
        return elementAt(x, source);
      });
    std::optional<int64_t> size = piece.getConstant();
    offset = offset && size ? std::optional(*offset + *size) : std::nullopt;
    if (failed(
            context.set(result, makeFacts(x.elementType, std::move(shape), std::move(elements)))))
      return failure();
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// A sliced axis: `count` indices from `start`, `step` apart.
struct AxisSlice {
  Size count;
  std::optional<int64_t> start;
  int64_t step = 1;
};
} // namespace

/// A bound counted from the start of an axis: not yet clamped.
static std::optional<Size> fromStart(SizeTable &sizes, const Size &bound, const Size &size) {
  if (std::optional<int64_t> value = bound.getConstant())
    return *value < 0 ? sizes.add(size, *value) : bound;
  if (sizes.getLowerBound(bound).value_or(-1) >= 0)
    return bound;
  return std::nullopt;
}

static AxisSlice sliceAxis(SizeTable &sizes, const Size &size, const Size &start, const Size &end,
                           int64_t step) {
  AxisSlice result;
  result.step = step;
  std::optional<int64_t> number = size.getConstant(), from = start.getConstant(),
                         to = end.getConstant();
  if (step < 0) {
    if (number == 0) {
      result.start = 0;
      result.count = 0;
    } else if (number && from && to) {
      int64_t first = std::clamp<int64_t>(*from < 0 ? *from + *number : *from, 0, *number - 1);
      int64_t last = *to < 0 ? std::max<int64_t>(*to, -*number - 1) + *number
                             : std::min<int64_t>(*to, *number - 1);
      result.start = first;
      result.count = first > last ? (first - last - step - 1) / -step : 0;
    } else if (from && to && (*from == -1 || *from >= INT32_MAX) && *to <= INT32_MIN + 1) {
      result.count = sizes.apply(SizeFn::FloorDiv, sizes.add(size, -step - 1), -step);
    } else {
      result.count = sizes.fresh();
    }
    return result;
  }
  std::optional<Size> first = fromStart(sizes, start, size), last = fromStart(sizes, end, size);
  if (to && *to >= INT32_MAX)
    last = size; // what exporters write for "to the end"
  if (!first || !last) {
    result.count = sizes.fresh();
    return result;
  }
  auto clamp = [&](const Size &bound) {
    return sizes.apply(SizeFn::Min, sizes.apply(SizeFn::Max, bound, 0), size);
  };
  Size clampedFirst = clamp(*first), clampedLast = clamp(*last);
  result.start = clampedFirst.getConstant();
  Size length = sizes.apply(SizeFn::Max, sizes.sub(clampedLast, clampedFirst), 0);
  result.count =
      step == 1 ? length : sizes.apply(SizeFn::FloorDiv, sizes.add(length, step - 1), step);
  return result;
}

LogicalResult SliceOp::verify() {
  Type type = getElementTypeOrSelf(getStarts());
  for (Value operand : {Value(getEnds()), Value(getAxes()), Value(getSteps())})
    if (operand && getElementTypeOrSelf(operand) != type)
      return emitOpError("expects starts, ends, axes and steps of one element type, got ")
             << type << " and " << getElementTypeOrSelf(operand);
  return success();
}

LogicalResult SliceOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  const ValueFacts &starts = context.get(getStarts()), &ends = context.get(getEnds());
  const ValueFacts &axes = context.get(getAxes());
  const ValueFacts *steps = getSteps() ? &context.get(getSteps()) : nullptr;
  std::optional<int64_t> count;
  for (auto [name, facts] : std::initializer_list<std::pair<StringRef, const ValueFacts *>>{
           {"starts", &starts}, {"ends", &ends}, {"axes", &axes}, {"steps", steps}}) {
    if (!facts)
      continue;
    if (failed(checkRank(context, *this, name, *facts, 1)))
      return failure();
    std::optional<int64_t> length = facts->getNumElements();
    if (count && length && *count != *length)
      return context.error(*this) << "expects " << name << " to have " << *count
                                  << " elements, got " << *length;
    count = count ? count : length;
  }
  if (!x.shape)
    return context.set(getResult(), makeFacts(x.elementType, std::nullopt));
  size_t rank = x.shape->size();
  std::optional<SmallVector<int64_t>> sliced = axes.getConstants();
  if (!sliced)
    return context.set(getResult(), makeFacts(x.elementType, freshShape(context.sizes(), rank)));
  if (failed(checkAxes(context, *this, *sliced, rank)))
    return failure();

  std::optional<SmallVector<int64_t>> strides = SmallVector<int64_t>(sliced->size(), 1);
  if (steps)
    strides = steps->getConstants();
  SmallVector<AxisSlice> slices;
  for (const Size &size : *x.shape)
    slices.push_back({size, 0, 1});
  for (auto [index, signedAxis] : llvm::enumerate(*sliced)) {
    int64_t axis = signedAxis < 0 ? signedAxis + rank : signedAxis;
    if (strides && (*strides)[index] == 0)
      return context.error(*this) << "expects steps other than 0";
    if (strides && (*strides)[index] != INT64_MIN && starts.elements && ends.elements)
      slices[axis] = sliceAxis(context.sizes(), (*x.shape)[axis], (*starts.elements)[index],
                               (*ends.elements)[index], (*strides)[index]);
    else
      slices[axis] = {context.sizes().fresh(), std::nullopt, 1};
  }
  std::optional<Shape> shape = Shape();
  for (const AxisSlice &slice : slices)
    shape->push_back(slice.count);
  std::optional<Elements> elements;
  if (x.elements && llvm::all_of(slices, [](const AxisSlice &slice) { return !!slice.start; }))
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> source;
      for (auto [at, slice] : llvm::zip_equal(index, slices))
        source.push_back(*slice.start + at * slice.step);
      return elementAt(x, source);
    });
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape), std::move(elements)));
}
