//===- LowerRotary.cpp - Rotary embedding -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;
using namespace moec;
using arith::CmpIPredicate;

namespace {
/// x as four axes: batch, then heads and sequence in the order of x, then the
/// features of a head, of which the first 2 * pairs rotate.
struct Rotation {
  Rotation(onnx::RotaryEmbeddingOp op, Lowering &lowering, ImplicitLocOpBuilder &b)
      : op(op), lowering(lowering), b(b) {}

  LogicalResult split();
  /// cos or sin of each batch, position and pair, as a body reads it; without a
  /// tensor where a run decides whether all batches share one.
  Input getCache(Value original);
  Value emitAngle(ImplicitLocOpBuilder &b, Value cache, Value argument);
  void checkPositions(Value positions, Value cache);
  Value emit();

  /// `count` features from `first` on, `step` apart.
  Value slice(Value tensor, int64_t first, OpFoldResult count, int64_t step);
  Value insert(Value part, Value tensor, OpFoldResult first, OpFoldResult count, int64_t step);
  SmallVector<OpFoldResult> offsets(OpFoldResult last) const {
    SmallVector<OpFoldResult> result(3, b.getIndexAttr(0));
    result.push_back(last);
    return result;
  }
  SmallVector<OpFoldResult> sizesWith(OpFoldResult last) const {
    SmallVector<OpFoldResult> result(ArrayRef(sizes).drop_back());
    result.push_back(last);
    return result;
  }

  onnx::RotaryEmbeddingOp op;
  Lowering &lowering;
  ImplicitLocOpBuilder &b;
  Value x;
  SmallVector<OpFoldResult> sizes;
  unsigned sequenceAxis = 2;
  int64_t pairs = 0;
};
} // namespace

LogicalResult Rotation::split() {
  x = lowering.get(op.getX());
  sizes = lowering.getSizes(b, op.getX());
  if (sizes.size() == 3) {
    std::optional<int64_t> hidden = getConstantIntValue(sizes[2]);
    if (!hidden)
      return op.emitOpError("has no code for a run-time number of features");
    sequenceAxis = 1;
    sizes[2] = b.getIndexAttr(op.getNumHeads());
    sizes.push_back(b.getIndexAttr(*hidden / op.getNumHeads()));
    auto [staticSizes, dynamicSizes] = decomposeMixedValues(sizes);
    auto type = RankedTensorType::get(staticSizes, getElementTypeOrSelf(x.getType()));
    x = tensor::ExpandShapeOp::create(b, type, x, ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}},
                                      sizes);
  }
  std::optional<int64_t> features = getConstantIntValue(sizes[3]);
  if (!features)
    return op.emitOpError("has no code for a run-time number of features");
  pairs = (op.getRotaryDim() ? op.getRotaryDim() : *features) / 2;
  return success();
}

/// Ends the run where a position is not in the caches.
void Rotation::checkPositions(Value original, Value cache) {
  Value positions = lowering.get(original);
  Value count = tensor::DimOp::create(b, cache, 0);
  Value limit = arith::IndexCastOp::create(b, b.getI64Type(), count);
  Reducer reducer(b, lowering.getSizes(b, original), {0, 1});
  Value all = reducer.reduce(
      b.getBoolAttr(true), reducer.whole(positions),
      [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        return arith::CmpIOp::create(b, CmpIPredicate::ult, in[0], limit);
      },
      [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        return arith::AndIOp::create(b, in[0], in[1]);
      });
  Lowering::check(b, tensor::ExtractOp::create(b, all, ValueRange()),
                  "a position is beyond the caches");
}

Input Rotation::getCache(Value original) {
  Value cache = lowering.get(original);
  AffineExpr batch = b.getAffineDimExpr(0), sequence = b.getAffineDimExpr(sequenceAxis);
  if (op.getPositionIds()) // read at the position, which is the argument
    return {lowering.get(op.getPositionIds()),
            AffineMap::get(4, 0, {batch, sequence}, b.getContext())};
  onnx::Size count = lowering.getSymbolicSize(original, 0);
  if (!lowering.isEqual(count, lowering.getSymbolicSize(op.getX(), 0))) {
    if (!count.isConstant(1)) {
      return {Value(), AffineMap()}; // a run decides
    }
    batch = b.getAffineConstantExpr(0);
  }
  return {cache, AffineMap::get(4, 0, {batch, sequence, b.getAffineDimExpr(3)}, b.getContext())};
}

Value Rotation::emitAngle(ImplicitLocOpBuilder &b, Value original, Value argument) {
  Value pair = linalg::IndexOp::create(b, 3), cache = lowering.get(original);
  if (op.getPositionIds()) {
    Value position = arith::IndexCastOp::create(b, b.getIndexType(), argument);
    return tensor::ExtractOp::create(b, cache, ValueRange{position, pair});
  }
  return argument;
}

Value Rotation::slice(Value tensor, int64_t first, OpFoldResult count, int64_t step) {
  SmallVector<OpFoldResult> steps(4, b.getIndexAttr(1));
  steps[3] = b.getIndexAttr(step);
  return tensor::ExtractSliceOp::create(b, tensor, offsets(b.getIndexAttr(first)),
                                        sizesWith(count), steps);
}

Value Rotation::insert(Value part, Value tensor, OpFoldResult first, OpFoldResult count,
                       int64_t step) {
  SmallVector<OpFoldResult> steps(4, b.getIndexAttr(1));
  steps[3] = b.getIndexAttr(step);
  return tensor::InsertSliceOp::create(b, part, tensor, offsets(first), sizesWith(count), steps);
}

/// Both elements of the pairs are tensors of their own, so that pairs are lanes.
Value Rotation::emit() {
  Type element = getElementTypeOrSelf(x.getType());
  int64_t step = op.getInterleaved() ? 2 : 1, second = op.getInterleaved() ? 1 : pairs;
  OpFoldResult count = b.getIndexAttr(pairs);
  Value left = slice(x, 0, count, step), right = slice(x, second, count, step);
  if (op.getPositionIds()) {
    checkPositions(op.getPositionIds(), lowering.get(op.getCosCache()));
    if (!lowering.isEqual(lowering.getSymbolicSize(op.getCosCache(), 0),
                          lowering.getSymbolicSize(op.getSinCache(), 0)))
      checkPositions(op.getPositionIds(), lowering.get(op.getSinCache()));
  }
  SmallVector<Input> inputs{{left, AffineMap()}, {right, AffineMap()},
                            getCache(op.getCosCache()), getCache(op.getSinCache())};
  auto rotate = [&](bool isRight) {
    return buildMap(b, sizesWith(count), element, inputs,
                    [&](ImplicitLocOpBuilder &b, ValueRange in) {
                      Value cosine = widen(b, emitAngle(b, op.getCosCache(), in[2]));
                      Value sine = widen(b, emitAngle(b, op.getSinCache(), in[3]));
                      Value a = widen(b, in[0]), c = widen(b, in[1]);
                      ScalarMath m(b, a.getType());
                      Value value = isRight ? m.add(m.mul(a, sine), m.mul(c, cosine))
                                            : m.sub(m.mul(a, cosine), m.mul(c, sine));
                      return narrow(b, value, element);
                    });
  };
  Value result = tensor::EmptyOp::create(b, sizes, element);
  result = insert(rotate(false), result, b.getIndexAttr(0), count, step);
  result = insert(rotate(true), result, b.getIndexAttr(second), count, step);
  int64_t rest = *getConstantIntValue(sizes[3]) - 2 * pairs;
  if (rest != 0)
    result = insert(slice(x, 2 * pairs, b.getIndexAttr(rest), 1), result,
                    b.getIndexAttr(2 * pairs), b.getIndexAttr(rest), 1);
  return result;
}

LogicalResult moec::lower(onnx::RotaryEmbeddingOp op, Lowering &lowering) {
  for (Value operand : op->getOperands())
    if (!getLoweredType(operand.getType()))
      return op.emitOpError() << "has no code for operands of " << operand.getType();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Rotation rotation(op, lowering, b);
  if (failed(rotation.split()))
    return failure();
  for (Value cache : {op.getCosCache(), op.getSinCache()}) {
    if (op.getPositionIds())
      continue;
    if (!rotation.getCache(cache).tensor)
      return op.emitOpError("has caches that may be of one batch or of all; give their first "
                            "size, or the name of that of x");
    OpFoldResult here = lowering.getSize(b, cache, 1);
    OpFoldResult there = rotation.sizes[rotation.sequenceAxis];
    if (lowering.isEqual(lowering.getSymbolicSize(cache, 1),
                         lowering.getSymbolicSize(op.getX(), rotation.sequenceAxis)))
      continue;
    Value fits = arith::CmpIOp::create(b, CmpIPredicate::eq,
                                       getValueOrCreateConstantIndexOp(b, b.getLoc(), here),
                                       getValueOrCreateConstantIndexOp(b, b.getLoc(), there));
    Lowering::check(b, fits, "the caches are not as long as the sequence");
  }
  Value result = rotation.emit();
  if (cast<RankedTensorType>(op.getX().getType()).getRank() == 3)
    result = tensor::CollapseShapeOp::create(b, result,
                                             ArrayRef<ReassociationIndices>{{0}, {1}, {2, 3}});
  lowering.replace(op, result);
  return success();
}
