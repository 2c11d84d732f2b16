//===- LowerPieces.cpp - Concat, split and slice -------------- -*- C++ -*-===//
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
// Concat and split
//===----------------------------------------------------------------------===//

LogicalResult moec::lower(onnx::ConcatOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  int64_t axis = op.getAxis();
  SizeList sizes = lowering.getSizes(b, op.getInputs().front());
  for (Value input : op.getInputs().drop_front())
    for (auto [i, size] : llvm::enumerate(lowering.getSizes(b, input))) {
      if (static_cast<int64_t>(i) == axis)
        sizes[i] = arithmetic.add(sizes[i], size);
      else
        checkEqual(b, lowering, size, lowering.getSymbolicSize(input, i), sizes[i],
                   lowering.getSymbolicSize(op.getInputs().front(), i),
                   "the inputs differ in size along another axis");
    }
  RankedTensorType type = getLoweredType(op.getType());
  sizes = settleSizes(b, lowering, op.getResult(), sizes);
  Value result = emptyTensor(b, sizes, type.getElementType());
  SizeList offsets(type.getRank(), b.getIndexAttr(0));
  for (Value input : op.getInputs()) {
    SizeList piece = sizes;
    piece[axis] = lowering.getSize(b, input, axis);
    result = putSlice(b, lowering.get(input), result, offsets, piece);
    offsets[axis] = arithmetic.add(offsets[axis], piece[axis]);
  }
  lowering.replace(op, result);
  return success();
}

/// The sizes of the pieces in this run.
static SizeList getPieces(ImplicitLocOpBuilder &b, Lowering &lowering, onnx::SplitOp op,
                          OpFoldResult size) {
  SizeArithmetic arithmetic(b);
  int64_t count = op->getNumResults();
  SizeList pieces;
  if (op.getSplit()) {
    pieces = getElements(b, lowering, op, op.getSplit());
    onnx::Size symbolic = 0;
    OpFoldResult sum = arithmetic.number(0);
    for (auto [i, piece] : llvm::enumerate(pieces)) {
      if (!getConstantIntValue(piece))
        Lowering::check(
            b, arithmetic.compare(arith::CmpIPredicate::sge, piece, arithmetic.number(0)),
            "a split size is negative");
      sum = arithmetic.add(sum, piece);
      symbolic = lowering.getSizeTable().add(
          symbolic, lowering.getSymbolicSize(op->getResult(i), op.getAxis()));
    }
    checkEqual(b, lowering, sum, symbolic, size,
               lowering.getSymbolicSize(op.getX(), op.getAxis()),
               "the split sizes do not add up to the size of the axis");
    return pieces;
  }
  OpFoldResult piece = arithmetic.div(arithmetic.add(size, arithmetic.number(count - 1)),
                                      arithmetic.number(count));
  OpFoldResult last =
      arithmetic.sub(size, arithmetic.mul(piece, arithmetic.number(count - 1)));
  bool isExact = lowering.isEqual(lowering.getSymbolicSize(op->getResult(0), op.getAxis()),
                                  lowering.getSymbolicSize(op->getResult(count - 1), op.getAxis()));
  if (!isExact && !getConstantIntValue(last))
    Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::sge, last, arithmetic.number(0)),
                    "the axis is too short for this many pieces");
  pieces.assign(count, piece);
  if (!isExact)
    pieces.back() = last;
  return pieces;
}

LogicalResult moec::lower(onnx::SplitOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList sizes = lowering.getSizes(b, op.getX());
  SizeList pieces = getPieces(b, lowering, op, sizes[op.getAxis()]);
  SizeList offsets(sizes.size(), arithmetic.number(0));
  SmallVector<Value> results;
  for (OpFoldResult piece : pieces) {
    sizes[op.getAxis()] = piece;
    results.push_back(takeSlice(b, lowering.get(op.getX()), offsets, sizes));
    offsets[op.getAxis()] = arithmetic.add(offsets[op.getAxis()], piece);
  }
  lowering.replace(op, results);
  return success();
}

//===----------------------------------------------------------------------===//
// Slice
//===----------------------------------------------------------------------===//

namespace {
/// What is taken of one axis: `count` indices from `first`, `step` apart.
struct AxisSlice {
  OpFoldResult first, count, step;
};
} // namespace

/// A bound from the start of the axis, in [low, high].
static OpFoldResult clampBound(SizeArithmetic &arithmetic, OpFoldResult bound, OpFoldResult size,
                               OpFoldResult low, OpFoldResult high) {
  // What exporters write for "everything".
  if (getConstantIntValue(bound) == INT64_MAX)
    return high;
  if (getConstantIntValue(bound) == INT64_MIN)
    return low;
  Value isNegative = arithmetic.compare(arith::CmpIPredicate::slt, bound, arithmetic.number(0));
  OpFoldResult fromStart = arithmetic.select(isNegative, arithmetic.add(bound, size), bound);
  if (getConstantIntValue(fromStart) == 0 && getConstantIntValue(low) == 0)
    return low;
  return arithmetic.max(low, arithmetic.min(fromStart, high));
}

/// By ONNX's rules: for negative steps indices run from the last one down to 0.
static AxisSlice sliceAxis(ImplicitLocOpBuilder &b, OpFoldResult size, OpFoldResult start,
                           OpFoldResult end, OpFoldResult step) {
  SizeArithmetic arithmetic(b);
  OpFoldResult zero = arithmetic.number(0), one = arithmetic.number(1),
               minusOne = arithmetic.number(-1);
  if (!getConstantIntValue(step))
    Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::ne, step, zero), "a step is zero");
  Value isUp = arithmetic.compare(arith::CmpIPredicate::sgt, step, zero);
  OpFoldResult lastIndex = arithmetic.sub(size, one);
  OpFoldResult low = arithmetic.select(isUp, zero, minusOne);
  OpFoldResult high = arithmetic.select(isUp, size, lastIndex);
  OpFoldResult first = clampBound(arithmetic, start, size, low, high);
  OpFoldResult last = clampBound(arithmetic, end, size, low, high);
  OpFoldResult distance =
      arithmetic.select(isUp, arithmetic.sub(last, first), arithmetic.sub(first, last));
  OpFoldResult width = arithmetic.select(isUp, step, arithmetic.sub(zero, step));
  OpFoldResult count = arithmetic.max(distance, zero);
  if (getConstantIntValue(width) != 1) {
    // Not by adding the width first, which may be the largest number.
    Value isEmpty = arithmetic.compare(arith::CmpIPredicate::sle, distance, zero);
    OpFoldResult more = arithmetic.div(arithmetic.sub(count, one), width);
    count = arithmetic.select(isEmpty, zero, arithmetic.add(more, one));
  }
  return {first, count, step};
}

LogicalResult moec::lower(onnx::SliceOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList sizes = lowering.getSizes(b, op.getX());
  SizeList axes = getAxes(b, lowering, op, op.getAxes(), sizes.size());
  auto read = [&](Value operand, int64_t otherwise) {
    SizeList defaults(sizes.size(), arithmetic.number(otherwise));
    return operand ? spreadOverAxes(b, axes, getElements(b, lowering, op, operand), defaults)
                   : defaults;
  };
  SizeList starts = read(op.getStarts(), 0), ends = read(op.getEnds(), INT64_MAX),
           steps = read(op.getSteps(), 1);
  SmallVector<AxisSlice> slices;
  for (auto [size, start, end, step] : llvm::zip_equal(sizes, starts, ends, steps))
    slices.push_back(sliceAxis(b, size, start, end, step));

  SizeList offsets, counts;
  bool isDense = true;
  for (const AxisSlice &slice : slices) {
    offsets.push_back(slice.first);
    counts.push_back(slice.count);
    isDense &= getConstantIntValue(slice.step) == 1;
  }
  counts = settleSizes(b, lowering, op.getResult(), counts);
  Value x = lowering.get(op.getX());
  if (isDense) {
    lowering.replace(op, takeSlice(b, x, offsets, counts));
    return success();
  }
  SmallVector<Value> firsts, stepValues;
  for (const AxisSlice &slice : slices) {
    bool isWhole = getConstantIntValue(slice.first) == 0 && getConstantIntValue(slice.step) == 1;
    firsts.push_back(isWhole ? Value() : arithmetic.value(slice.first));
    stepValues.push_back(isWhole ? Value() : arithmetic.value(slice.step));
  }
  Value result = mapPoints(
      b, counts, getElementTypeOrSelf(x.getType()), {}, {},
      [&](ImplicitLocOpBuilder &inner, ValueRange indices, ValueRange) -> Value {
        SmallVector<Value> at;
        for (auto [index, first, step] : llvm::zip_equal(indices, firsts, stepValues))
          at.push_back(first ? arith::AddIOp::create(inner, first,
                                                     arith::MulIOp::create(inner, index, step))
                                   .getResult()
                             : index);
        return tensor::ExtractOp::create(inner, x, at);
      });
  lowering.replace(op, result);
  return success();
}
