//===- LowerMovement.cpp - Transpose, tile and pad ------------ -*- C++ -*-===//
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
using onnx::PadMode;

LogicalResult moec::lower(onnx::TransposeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeList sizesOfX = lowering.getSizes(b, op.getX()), sizes;
  SmallVector<AffineExpr> exprs(sizesOfX.size());
  for (auto [position, axis] : llvm::enumerate(op.getPerm())) {
    sizes.push_back(sizesOfX[axis]);
    exprs[axis] = b.getAffineDimExpr(position);
  }
  lowering.replace(op, mapElements(b, sizes, lowering.get(op.getX()),
                                   AffineMap::get(sizes.size(), 0, exprs, b.getContext())));
  return success();
}

/// Axis by axis a dimension that repeats and one that runs over the operand, of
/// which those that are known to be one are left out.
LogicalResult moec::lower(onnx::TileOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList own = lowering.getSizes(b, op.getX());
  SizeList repeats = getElements(b, lowering, op, op.getRepeats());
  SizeList split, whole;
  SmallVector<AffineExpr> exprs;
  SmallVector<ReassociationIndices> groups;
  for (auto [size, repeat] : llvm::zip_equal(own, repeats)) {
    if (!getConstantIntValue(repeat))
      Lowering::check(
          b, arithmetic.compare(arith::CmpIPredicate::sge, repeat, arithmetic.number(0)),
          "a repeat is negative");
    bool isOne = getConstantIntValue(size) == 1, isOnce = getConstantIntValue(repeat) == 1;
    ReassociationIndices &group = groups.emplace_back();
    if (!isOnce) {
      group.push_back(split.size());
      split.push_back(repeat);
    }
    if (!isOne || isOnce) {
      group.push_back(split.size());
      exprs.push_back(b.getAffineDimExpr(split.size()));
      split.push_back(size);
    } else {
      exprs.push_back(b.getAffineConstantExpr(0));
    }
  }
  Value result = mapElements(b, split, lowering.get(op.getX()),
                             AffineMap::get(split.size(), 0, exprs, b.getContext()));
  if (groups.size() != split.size())
    result = tensor::CollapseShapeOp::create(b, result, groups);
  SizeList sizes;
  for (auto [size, repeat] : llvm::zip_equal(own, repeats))
    sizes.push_back(arithmetic.mul(size, repeat));
  settleSizes(b, lowering, op.getResult(), sizes);
  lowering.replace(op, result);
  return success();
}

//===----------------------------------------------------------------------===//
// Pad
//===----------------------------------------------------------------------===//

namespace {
/// Elements to add before and after each axis; none are negative.
struct Borders {
  SizeList before, after;
};
} // namespace

/// A tensor of one element that is zero.
static Value makeZero(ImplicitLocOpBuilder &b, Type element) {
  auto type = RankedTensorType::get({}, element);
  return arith::ConstantOp::create(b, cast<TypedAttr>(b.getZeroAttr(type)));
}

/// The index of `x` that an index of the padded axis shows: in the border too.
static Value getSourceIndex(ImplicitLocOpBuilder &b, PadMode mode, Value index, Value before,
                            Value size) {
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value last = arith::SubIOp::create(b, size, one);
  Value at = arith::SubIOp::create(b, index, before);
  // The remainder towards minus infinity.
  auto wrap = [&](Value value, Value period) -> Value {
    Value rest = arith::RemSIOp::create(b, value, period);
    Value isNegative = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, rest, zero);
    Value next = arith::AddIOp::create(b, rest, period);
    return arith::SelectOp::create(b, isNegative, next, rest);
  };
  switch (mode) {
  case PadMode::Constant:
    return at;
  case PadMode::Edge:
    return arith::MaxSIOp::create(b, arith::MinSIOp::create(b, at, last), zero);
  case PadMode::Wrap:
    return wrap(at, arith::MaxSIOp::create(b, size, one));
  case PadMode::Reflect: {
    // There and back again, neither end twice.
    Value twice = arith::AddIOp::create(b, last, last);
    Value rest = wrap(at, arith::MaxSIOp::create(b, twice, one));
    return arith::MinSIOp::create(b, rest, arith::SubIOp::create(b, twice, rest));
  }
  }
  return {};
}

/// `x` with borders that show its own elements.
static Value padFromInside(ImplicitLocOpBuilder &b, PadMode mode, Value x,
                           ArrayRef<OpFoldResult> sizes, const Borders &borders,
                           ArrayRef<OpFoldResult> padded) {
  SizeArithmetic arithmetic(b);
  SmallVector<Value> befores, sizeValues;
  for (auto [size, before, after] : llvm::zip_equal(sizes, borders.before, borders.after)) {
    bool isWhole = getConstantIntValue(before) == 0 && getConstantIntValue(after) == 0;
    befores.push_back(isWhole ? Value() : arithmetic.value(before));
    sizeValues.push_back(isWhole ? Value() : arithmetic.value(size));
    if (isWhole || getConstantIntValue(size).value_or(0) > 0)
      continue;
    OpFoldResult added = arithmetic.add(before, after);
    Value isPlain = arithmetic.compare(arith::CmpIPredicate::eq, added, arithmetic.number(0));
    Value hasElements = arithmetic.compare(arith::CmpIPredicate::sgt, size, arithmetic.number(0));
    Lowering::check(b, b.createOrFold<arith::OrIOp>(isPlain, hasElements),
                    "an axis without elements has nothing to fill its border with");
  }
  return mapPoints(b, padded, getElementTypeOrSelf(x.getType()), {}, {},
                   [&](ImplicitLocOpBuilder &inner, ValueRange indices, ValueRange) -> Value {
                     SmallVector<Value> at;
                     for (auto [index, before, size] :
                          llvm::zip_equal(indices, befores, sizeValues))
                       at.push_back(before ? getSourceIndex(inner, mode, index, before, size)
                                           : index);
                     return tensor::ExtractOp::create(inner, x, at);
                   });
}

LogicalResult moec::lower(onnx::PadOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  OpFoldResult zero = arithmetic.number(0);
  Value x = lowering.get(op.getX());
  SizeList sizes = lowering.getSizes(b, op.getX());
  size_t rank = sizes.size();

  // Negative pads take elements away before borders are made.
  SizeList axes = getAxes(b, lowering, op, op.getAxes(), rank);
  SizeList pads = getElements(b, lowering, op, op.getPads()), nothing(rank, zero);
  SizeList befores = spreadOverAxes(b, axes, ArrayRef(pads).take_front(axes.size()), nothing);
  SizeList afters = spreadOverAxes(b, axes, ArrayRef(pads).drop_front(axes.size()), nothing);
  Borders borders{SizeList(rank, zero), SizeList(rank, zero)};
  SizeList offsets(rank, zero), kept = sizes;
  bool isCropped = false;
  for (size_t axis = 0; axis < rank; ++axis) {
    OpFoldResult before = befores[axis], after = afters[axis];
    borders.before[axis] = arithmetic.max(before, zero);
    borders.after[axis] = arithmetic.max(after, zero);
    if (getConstantIntValue(before).value_or(-1) >= 0 &&
        getConstantIntValue(after).value_or(-1) >= 0)
      continue;
    isCropped = true;
    offsets[axis] = arithmetic.sub(borders.before[axis], before);
    OpFoldResult dropped = arithmetic.sub(borders.after[axis], after);
    kept[axis] = arithmetic.sub(arithmetic.sub(sizes[axis], offsets[axis]), dropped);
    if (!getConstantIntValue(kept[axis]))
      Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::sge, kept[axis], zero),
                      "pads take away more elements than there are");
    else if (*getConstantIntValue(kept[axis]) < 0)
      return op.emitOpError() << "takes away more elements than axis " << axis << " has";
  }
  if (isCropped)
    x = takeSlice(b, x, offsets, kept);
  SizeList padded;
  for (size_t axis = 0; axis < rank; ++axis)
    padded.push_back(arithmetic.add(
        arithmetic.add(kept[axis], borders.before[axis]), borders.after[axis]));
  padded = settleSizes(b, lowering, op.getResult(), padded);

  if (op.getMode() != PadMode::Constant) {
    lowering.replace(op, padFromInside(b, op.getMode(), x, kept, borders, padded));
    return success();
  }
  Type element = getElementTypeOrSelf(x.getType());
  Value value = op.getValue() ? lowering.get(op.getValue()) : makeZero(b, element);
  SmallVector<AffineExpr> exprs(cast<RankedTensorType>(value.getType()).getRank(),
                                b.getAffineConstantExpr(0));
  Value filled =
      mapElements(b, padded, value, AffineMap::get(rank, 0, exprs, b.getContext()));
  lowering.replace(op, putSlice(b, x, filled, borders.before, kept));
  return success();
}
