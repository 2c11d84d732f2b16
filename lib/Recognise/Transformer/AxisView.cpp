//===- AxisView.cpp - Where elements of a view come from --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Transformer/AxisView.h"

#include "dialects/ONNX/Transforms/Passes.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {

//===----------------------------------------------------------------------===//
// FunctionShapes
//===----------------------------------------------------------------------===//

FunctionShapes::FunctionShapes(func::FuncOp function)
    : context({/*readConstants=*/true, /*quiet=*/true}) {
  nameArgumentSizes(function, context);
  for (Block &block : function.getBody())
    for (Operation &op : block)
      // Where inference fails the types remain.
      if (auto inferred = dyn_cast<ShapeInference>(op))
        (void)inferred.inferShapes(context);
}

const Shape *FunctionShapes::get(Value value) {
  const ValueFacts &facts = context.get(value);
  return facts.shape ? &*facts.shape : nullptr;
}

std::optional<SmallVector<int64_t>> FunctionShapes::getIntegers(Value value) {
  return context.get(value).getConstants();
}

void FunctionShapes::copy(Value to, Value from) {
  if (const Shape *shape = get(from))
    context.setShape(to, Shape(*shape));
}

//===----------------------------------------------------------------------===//
// AxisView
//===----------------------------------------------------------------------===//

AxisView::AxisView(ArrayRef<Size> shape, SizeTable &sizes) : sizes(sizes) {
  for (const Size &size : shape) {
    base.emplace_back();
    if (!size.isConstant(1))
      base.back().push_back(add(size, false));
  }
  result = base;
}

bool AxisView::isView(Operation *op) {
  if (auto concat = dyn_cast_or_null<ConcatOp>(op))
    return llvm::all_equal(concat.getInputs());
  return isa_and_nonnull<ReshapeOp, FlattenOp, TransposeOp, SqueezeOp, UnsqueezeOp, ExpandOp,
                         TileOp>(op);
}

bool AxisView::isIdentity() const { return base == result; }

unsigned AxisView::add(Size size, bool isRepeat) {
  factors.push_back({std::move(size), isRepeat});
  return factors.size() - 1;
}

void AxisView::split(unsigned factor, Size outer, Size inner) {
  factors[factor].size = std::move(outer);
  unsigned added = add(std::move(inner), factors[factor].isRepeat);
  for (SmallVector<Axis> *axes : {&base, &result})
    for (Axis &axis : *axes)
      if (auto *it = llvm::find(axis, factor); it != axis.end())
        axis.insert(it + 1, added);
}

LogicalResult AxisView::regroup(ArrayRef<Size> shape) {
  SmallVector<Axis> target(shape.size());
  auto flatten = [&] {
    SmallVector<unsigned> all;
    for (const Axis &axis : result)
      all.append(axis.begin(), axis.end());
    return all;
  };
  SmallVector<unsigned> all = flatten();
  size_t next = 0;
  for (auto [axis, wanted] : llvm::zip_equal(target, shape)) {
    // What is still to be covered of this axis.
    Size rest = wanted;
    while (!rest.isConstant(1)) {
      if (next == all.size())
        return failure();
      unsigned factor = all[next];
      if (std::optional<Size> left = sizes.divideExactly(rest, factors[factor].size)) {
        rest = *left;
      } else if (std::optional<Size> inner = sizes.divideExactly(factors[factor].size, rest)) {
        split(factor, rest, *inner);
        all = flatten();
        rest = 1;
      } else {
        return failure();
      }
      axis.push_back(factor);
      ++next;
    }
  }
  if (next != all.size())
    return failure();
  result = std::move(target);
  return success();
}

LogicalResult AxisView::expand(ArrayRef<Size> from, ArrayRef<Size> to) {
  if (to.size() < from.size())
    return failure();
  result.insert(result.begin(), to.size() - from.size(), Axis());
  for (size_t i = 0; i < to.size(); ++i) {
    bool isNew = i < to.size() - from.size();
    if (!isNew && from[i - (to.size() - from.size())] == to[i])
      continue;
    if (!result[i].empty())
      return failure();
    if (!to[i].isConstant(1))
      result[i].push_back(add(to[i], true));
  }
  return success();
}

LogicalResult AxisView::append(Operation *op, FunctionShapes &shapes) {
  const Shape *input = shapes.get(op->getOperand(0));
  if (!input || !shapes.get(op->getResult(0)))
    return failure();
  Shape from = *input, to = *shapes.get(op->getResult(0));
  if (auto transpose = dyn_cast<TransposeOp>(op)) {
    SmallVector<Axis> permuted;
    for (int64_t axis : transpose.getPerm())
      permuted.push_back(result[axis]);
    result = std::move(permuted);
    return success();
  }
  if (isa<ExpandOp>(op))
    return expand(from, to);
  if (auto tile = dyn_cast<TileOp>(op)) {
    std::optional<SmallVector<int64_t>> repeats = shapes.getIntegers(tile.getRepeats());
    if (!repeats || repeats->size() != result.size())
      return failure();
    for (auto [axis, count] : llvm::zip_equal(result, *repeats))
      if (count != 1)
        axis.insert(axis.begin(), add(count, true));
    return success();
  }
  if (auto concat = dyn_cast<ConcatOp>(op)) {
    Axis &axis = result[concat.getAxis()];
    if (concat.getInputs().size() > 1)
      axis.insert(axis.begin(), add(concat.getInputs().size(), true));
    return success();
  }
  return regroup(to);
}

} // namespace moec::recognise
