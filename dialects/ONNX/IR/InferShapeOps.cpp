//===- InferShapeOps.cpp - Inference of data movement -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// Constants and shapes
//===----------------------------------------------------------------------===//

LogicalResult ConstantOp::inferShapes(ShapeContext &context) {
  ShapedType type = getValue().getShapedType();
  Shape shape;
  for (int64_t size : type.getShape())
    shape.push_back(size);
  if (failed(context.set(getResult(), makeFacts(type.getElementType(), std::move(shape)))))
    return failure();
  context.setConstant(getResult(), getValue());
  return success();
}

/// The shape that the elements of a 1-d operand spell; unknown entries become fresh symbols.
static FailureOr<std::optional<Shape>> readShape(ShapeContext &context, Operation *op,
                                                 StringRef name, const ValueFacts &operand) {
  if (failed(checkRank(context, op, name, operand, 1)))
    return failure();
  std::optional<int64_t> rank = operand.getNumElements();
  // A bound on memory: a file may declare any length.
  if (rank && *rank > ShapeContext::maxElements)
    return context.error(op) << "expects " << name << " of at most " << ShapeContext::maxElements
                             << " elements, got " << *rank;
  if (!operand.elements)
    return rank ? std::optional(freshShape(context.sizes(), *rank)) : std::optional<Shape>();
  return std::optional(Shape(operand.elements->begin(), operand.elements->end()));
}

static LogicalResult checkSizes(ShapeContext &context, Operation *op, const Shape &shape) {
  for (const Size &size : shape)
    if (std::optional<int64_t> value = size.getConstant(); value && *value < 0)
      return context.error(op) << "expects sizes >= 0, got " << *value;
  return success();
}

LogicalResult ConstantOfShapeOp::inferShapes(ShapeContext &context) {
  FailureOr<std::optional<Shape>> shape =
      readShape(context, *this, "shape", context.get(getShape()));
  if (failed(shape) || (*shape && failed(checkSizes(context, *this, **shape))))
    return failure();
  auto value = dyn_cast<DenseElementsAttr>(getValue());
  if (!value || value.getNumElements() != 1)
    return context.error(*this) << "expects a value of one element, got "
                                << getValue().getShapedType();
  std::optional<Elements> elements;
  if (auto integer = dyn_cast<IntegerType>(value.getElementType());
      integer && integer.getWidth() <= 64) {
    APInt scalar = *value.getValues<APInt>().begin();
    int64_t number = integer.isUnsigned() || integer.getWidth() == 1
                         ? static_cast<int64_t>(scalar.getZExtValue())
                         : scalar.getSExtValue();
    elements = buildElements(*shape, [&](ArrayRef<int64_t>) { return Size(number); });
  }
  return context.set(getResult(),
                     makeFacts(value.getElementType(), std::move(*shape), std::move(elements)));
}

LogicalResult ShapeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  Type type = IntegerType::get(getContext(), 64);
  if (!x.shape)
    return context.set(getResult(), makeFacts(type, freshShape(context.sizes(), 1)));
  int64_t rank = x.shape->size();
  auto clamp = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = clamp(getStart()), end = clamp(getEnd().value_or(rank));
  Elements elements(x.shape->begin() + start, x.shape->begin() + std::max(start, end));
  Shape shape{Size(elements.size())};
  return context.set(getResult(), makeFacts(type, std::move(shape), std::move(elements)));
}

LogicalResult SizeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  ValueFacts result = makeFacts(IntegerType::get(getContext(), 64), Shape());
  if (x.shape)
    result.elements = Elements{product(context.sizes(), *x.shape)};
  return context.set(getResult(), std::move(result));
}

//===----------------------------------------------------------------------===//
// The same elements in another shape
//===----------------------------------------------------------------------===//

LogicalResult ReshapeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &target = context.get(getShape());
  SizeTable &sizes = context.sizes();
  FailureOr<std::optional<Shape>> read = readShape(context, *this, "shape", target);
  if (failed(read))
    return failure();
  ValueFacts result = makeFacts(x.elementType, std::nullopt, x.elements);
  if (!*read || !target.elements) {
    result.shape = std::move(*read);
    return context.set(getResult(), std::move(result));
  }
  Shape shape = std::move(**read);
  std::optional<size_t> open;
  bool othersKnown = true;
  for (auto [axis, size] : llvm::enumerate(shape)) {
    std::optional<int64_t> value = size.getConstant();
    if (value && *value < -1)
      return context.error(*this) << "expects sizes >= -1 in shape, got " << *value;
    if (value == 0 && !getAllowzero()) {
      if (!x.shape) {
        size = sizes.fresh();
        continue;
      }
      if (axis >= x.shape->size())
        return context.error(*this) << "copies the size of axis " << axis
                                    << " of an operand of rank " << x.shape->size();
      size = (*x.shape)[axis];
    } else if (value == -1) {
      if (open)
        return context.error(*this) << "expects at most one -1 in shape";
      open = axis;
    } else if (!value && sizes.getLowerBound(size).value_or(-1) < 0) {
      // The value may be -1 itself.
      size = sizes.fresh();
      othersKnown = false;
    }
  }
  if (!x.shape) {
    if (open)
      shape[*open] = sizes.fresh();
    result.shape = std::move(shape);
    return context.set(getResult(), std::move(result));
  }
  Size total = product(sizes, *x.shape);
  if (open) {
    shape[*open] = 1;
    Size others = product(sizes, shape);
    std::optional<int64_t> numTotal = total.getConstant(), numOthers = others.getConstant();
    if (numTotal && numOthers && (*numOthers == 0 || *numTotal % *numOthers != 0))
      return context.error(*this) << "cannot distribute " << *numTotal
                                  << " elements over sizes of product " << *numOthers;
    shape[*open] = othersKnown ? sizes.apply(SizeFn::FloorDiv, total, others) : sizes.fresh();
  } else {
    std::optional<int64_t> numTotal = total.getConstant();
    std::optional<int64_t> numTarget = product(sizes, shape).getConstant();
    if (numTotal && numTarget && *numTotal != *numTarget)
      return context.error(*this) << "expects " << *numTotal << " elements, got a shape of "
                                  << *numTarget;
  }
  result.shape = std::move(shape);
  return context.set(getResult(), std::move(result));
}

LogicalResult FlattenOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  ValueFacts result = makeFacts(x.elementType, freshShape(context.sizes(), 2), x.elements);
  if (x.shape) {
    int64_t axis = getAxis(), rank = x.shape->size();
    if (axis < 0 || axis > rank)
      return context.error(*this) << "expects 0 <= axis <= rank, got axis " << axis << " of rank "
                                  << rank;
    ArrayRef<Size> shape = *x.shape;
    result.shape = Shape{product(context.sizes(), shape.take_front(axis)),
                         product(context.sizes(), shape.drop_front(axis))};
  }
  return context.set(getResult(), std::move(result));
}

LogicalResult SqueezeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  ValueFacts result = makeFacts(x.elementType, std::nullopt, x.elements);
  if (!x.shape)
    return context.set(getResult(), std::move(result));
  SmallVector<int64_t> axes;
  if (!getAxes()) {
    for (auto [axis, size] : llvm::enumerate(*x.shape)) {
      if (!size.getConstant()) // whether it is 1 decides the rank
        return context.set(getResult(), makeFacts(x.elementType, std::nullopt));
      if (size.isConstant(1))
        axes.push_back(axis);
    }
  } else {
    const ValueFacts &operand = context.get(getAxes());
    if (failed(checkRank(context, *this, "axes", operand, 1)))
      return failure();
    std::optional<SmallVector<int64_t>> constants = operand.getConstants();
    if (!constants) {
      if (std::optional<int64_t> count = operand.getNumElements();
          count && *count <= static_cast<int64_t>(x.shape->size()))
        result.shape = freshShape(context.sizes(), x.shape->size() - *count);
      return context.set(getResult(), std::move(result));
    }
    FailureOr<SmallVector<int64_t>> checked =
        checkAxes(context, *this, *constants, x.shape->size());
    if (failed(checked))
      return failure();
    axes = std::move(*checked);
  }
  result.shape.emplace();
  for (auto [axis, size] : llvm::enumerate(*x.shape)) {
    if (!llvm::is_contained(axes, static_cast<int64_t>(axis)))
      result.shape->push_back(size);
    else if (std::optional<int64_t> value = size.getConstant(); value && *value != 1)
      return context.error(*this) << "expects axis " << axis << " to have size 1, got " << *value;
  }
  return context.set(getResult(), std::move(result));
}

LogicalResult UnsqueezeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &operand = context.get(getAxes());
  if (failed(checkRank(context, *this, "axes", operand, 1)))
    return failure();
  ValueFacts result = makeFacts(x.elementType, std::nullopt, x.elements);
  std::optional<int64_t> count = operand.getNumElements();
  if (!x.shape || !count)
    return context.set(getResult(), std::move(result));
  if (*count > ShapeContext::maxElements)
    return context.error(*this) << "expects axes of at most " << ShapeContext::maxElements
                                << " elements, got " << *count;
  size_t rank = x.shape->size() + *count;
  std::optional<SmallVector<int64_t>> axes = operand.getConstants();
  if (!axes) {
    result.shape = freshShape(context.sizes(), rank);
    return context.set(getResult(), std::move(result));
  }
  FailureOr<SmallVector<int64_t>> checked = checkAxes(context, *this, *axes, rank);
  if (failed(checked))
    return failure();
  result.shape.emplace();
  auto next = x.shape->begin();
  for (size_t axis = 0; axis < rank; ++axis)
    result.shape->push_back(llvm::is_contained(*checked, static_cast<int64_t>(axis)) ? Size(1)
                                                                                     : *next++);
  return context.set(getResult(), std::move(result));
}

LogicalResult TransposeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  SmallVector<int64_t> sorted = llvm::to_vector(getPerm());
  llvm::sort(sorted);
  for (auto [index, axis] : llvm::enumerate(sorted))
    if (axis != static_cast<int64_t>(index))
      return context.error(*this) << "expects perm to be a permutation of 0 ... "
                                  << static_cast<int64_t>(sorted.size()) - 1;
  if (failed(checkRank(context, *this, "x", x, getPerm().size())))
    return failure();
  if (!x.shape)
    return context.set(getResult(),
                       makeFacts(x.elementType, freshShape(context.sizes(), getPerm().size())));
  std::optional<Shape> shape = Shape();
  for (int64_t axis : getPerm())
    shape->push_back((*x.shape)[axis]);
  std::optional<Elements> elements;
  if (x.elements)
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) {
      SmallVector<int64_t> source(index.size());
      for (auto [position, axis] : llvm::enumerate(getPerm()))
        source[axis] = index[position];
      return elementAt(x, source);
    });
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape), std::move(elements)));
}

//===----------------------------------------------------------------------===//
// Repetition and borders
//===----------------------------------------------------------------------===//

LogicalResult ExpandOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  FailureOr<std::optional<Shape>> target =
      readShape(context, *this, "shape", context.get(getShape()));
  if (failed(target) || (*target && failed(checkSizes(context, *this, **target))))
    return failure();
  ValueFacts asShape = makeFacts(x.elementType, std::move(*target));
  FailureOr<std::optional<Shape>> shape = broadcastShapes(context, *this, {&x, &asShape});
  if (failed(shape))
    return failure();
  std::optional<Elements> elements =
      mapElements(*shape, {&x}, [](ArrayRef<Size> a) -> std::optional<Size> { return a[0]; });
  return context.set(getResult(), makeFacts(x.elementType, std::move(*shape), std::move(elements)));
}

LogicalResult TileOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  FailureOr<std::optional<Shape>> repeats =
      readShape(context, *this, "repeats", context.get(getRepeats()));
  if (failed(repeats) || (*repeats && failed(checkSizes(context, *this, **repeats))))
    return failure();
  if (!x.shape || !*repeats) {
    std::optional<Shape> shape;
    if (x.shape || *repeats)
      shape = freshShape(context.sizes(), x.shape ? x.shape->size() : (*repeats)->size());
    return context.set(getResult(), makeFacts(x.elementType, std::move(shape)));
  }
  if ((*repeats)->size() != x.shape->size())
    return context.error(*this) << "expects one repeat per axis, got " << (*repeats)->size()
                                << " for rank " << x.shape->size();
  std::optional<Shape> shape = Shape();
  for (auto [size, repeat] : llvm::zip_equal(*x.shape, **repeats))
    shape->push_back(context.sizes().mul(size, repeat));
  std::optional<Elements> elements;
  if (x.elements)
    elements = buildElements(shape, [&](ArrayRef<int64_t> index) -> std::optional<Size> {
      SmallVector<int64_t> source;
      for (auto [at, size] : llvm::zip_equal(index, *x.shape))
        source.push_back(at % *size.getConstant()); // no size is 0 where there is an index
      return elementAt(x, source);
    });
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape), std::move(elements)));
}

LogicalResult PadOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &pads = context.get(getPads());
  if (getValue() && failed(checkSameType(context, *this, "value", x, context.get(getValue()))))
    return failure();
  if (getValue() && getMode() != PadMode::Constant)
    return context.error(*this) << "value has no effect on mode " << stringifyPadMode(getMode());
  if (failed(checkRank(context, *this, "pads", pads, 1)))
    return failure();
  if (!x.shape)
    return context.set(getResult(), makeFacts(x.elementType, std::nullopt));
  size_t rank = x.shape->size();
  SmallVector<int64_t> axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (getAxes()) {
    std::optional<SmallVector<int64_t>> constants = context.get(getAxes()).getConstants();
    if (!constants)
      return context.set(getResult(), makeFacts(x.elementType, freshShape(context.sizes(), rank)));
    if (failed(checkAxes(context, *this, *constants, rank)))
      return failure();
    axes.clear();
    for (int64_t axis : *constants)
      axes.push_back(axis < 0 ? axis + rank : axis);
  }
  if (std::optional<int64_t> count = pads.getNumElements();
      count && *count != static_cast<int64_t>(2 * axes.size()))
    return context.error(*this) << "expects two pads per axis, got " << *count << " for "
                                << axes.size() << " axes";
  Shape shape = *x.shape;
  for (auto [index, axis] : llvm::enumerate(axes))
    shape[axis] = pads.elements
                      ? context.sizes().add(
                            shape[axis], context.sizes().add((*pads.elements)[index],
                                                             (*pads.elements)[axes.size() + index]))
                      : context.sizes().fresh();
  if (failed(checkSizes(context, *this, shape)))
    return failure();
  return context.set(getResult(), makeFacts(x.elementType, std::move(shape)));
}

LogicalResult TriluOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX());
  if (x.shape && x.shape->size() < 2)
    return context.error(*this) << "expects a rank of at least 2, got " << x.shape->size();
  if (getK())
    if (std::optional<int64_t> count = context.get(getK()).getNumElements(); count && *count != 1)
      return context.error(*this) << "expects k to be a scalar, got " << getK().getType();
  return context.set(getResult(), makeFacts(x.elementType, x.shape));
}

LogicalResult RangeOp::inferShapes(ShapeContext &context) {
  const ValueFacts &start = context.get(getStart()), &limit = context.get(getLimit());
  const ValueFacts &delta = context.get(getDelta());
  for (auto [name, facts] : {std::make_pair("limit", &limit), std::make_pair("delta", &delta)})
    if (failed(checkSameType(context, *this, name, start, *facts)))
      return failure();
  for (const ValueFacts *facts : {&start, &limit, &delta})
    if (std::optional<int64_t> count = facts->getNumElements(); count && *count != 1)
      return context.error(*this) << "expects scalars, got a tensor of " << *count << " elements";
  SizeTable &sizes = context.sizes();
  ValueFacts result = makeFacts(start.elementType, freshShape(sizes, 1));
  if (!start.elements || !limit.elements || !delta.elements)
    return context.set(getResult(), std::move(result));
  std::optional<int64_t> step = delta.elements->front().getConstant();
  if (step == 0)
    return context.error(*this) << "expects a delta other than 0";
  if (!step || *step == INT64_MIN)
    return context.set(getResult(), std::move(result));
  const Size &first = start.elements->front(), &last = limit.elements->front();
  Size distance = *step > 0 ? sizes.sub(last, first) : sizes.sub(first, last);
  int64_t width = std::abs(*step);
  Size count = sizes.apply(SizeFn::Max, 0,
                           sizes.apply(SizeFn::FloorDiv, sizes.add(distance, width - 1), width));
  result.shape = Shape{count};
  result.elements = buildElements(result.shape, [&](ArrayRef<int64_t> index) {
    return sizes.add(first, sizes.mul(index[0], *step));
  });
  return context.set(getResult(), std::move(result));
}
