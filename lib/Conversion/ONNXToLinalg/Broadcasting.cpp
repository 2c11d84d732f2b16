//===- Broadcasting.cpp - Element-wise ops on tensors -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moec;

namespace {
/// How an operand is read along the loops of the result.
struct Reading {
  Value tensor;
  TypedAttr constant;       // the element, if there is only one known number
  AffineMap map;            // null: by computed indices, through tensor.extract
  SmallVector<Value> isOne; // per axis of the operand: whether its size is one; null if known
  SmallVector<bool> repeats;
};
} // namespace

/// A size that a run decides: one that repeats, or the result's.
static Value compareSize(ImplicitLocOpBuilder &b, Value size, Value resultSize) {
  Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size,
                                      arith::ConstantIndexOp::create(b, 1));
  Value isEqual = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, size, resultSize);
  Lowering::check(b, arith::OrIOp::create(b, isOne, isEqual),
                  "shapes of the operands do not broadcast");
  return isOne;
}

static Reading getReading(ImplicitLocOpBuilder &b, Lowering &lowering, Value operand,
                          OpResult result, ArrayRef<OpFoldResult> resultSizes) {
  int64_t rank = resultSizes.size();
  auto type = cast<RankedTensorType>(operand.getType());
  int64_t missing = rank - type.getRank();
  Reading reading{lowering.get(operand), TypedAttr(), AffineMap(), {}, {}};
  DenseElementsAttr elements;
  if (matchPattern(reading.tensor, m_Constant(&elements)) && elements.getNumElements() != 0 &&
      elements.isSplat())
    reading.constant = cast<TypedAttr>(elements.getSplatValue<Attribute>());
  SmallVector<AffineExpr> exprs;
  bool isKnown = true;
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    onnx::Size size = lowering.getSymbolicSize(operand, axis);
    onnx::Size resultSize = lowering.getSymbolicSize(result, missing + axis);
    bool isResult = lowering.isEqual(size, resultSize);
    bool repeats = !isResult && size.isConstant(1);
    reading.repeats.push_back(repeats);
    reading.isOne.push_back(Value());
    exprs.push_back(repeats ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(missing + axis));
    if (isResult || repeats)
      continue;
    isKnown = false;
    Value here = getValueOrCreateConstantIndexOp(b, b.getLoc(), lowering.getSize(b, operand, axis));
    Value there = getValueOrCreateConstantIndexOp(b, b.getLoc(), resultSizes[missing + axis]);
    reading.isOne.back() = compareSize(b, here, there);
  }
  if (isKnown)
    reading.map = AffineMap::get(rank, 0, exprs, b.getContext());
  return reading;
}

/// The operand's element at the current point.
static Value extract(ImplicitLocOpBuilder &b, const Reading &reading, int64_t rank) {
  SmallVector<Value> indices;
  int64_t missing = rank - reading.isOne.size();
  Value zero = arith::ConstantIndexOp::create(b, 0);
  for (auto [axis, isOne] : llvm::enumerate(reading.isOne)) {
    if (reading.repeats[axis]) {
      indices.push_back(zero);
      continue;
    }
    Value index = linalg::IndexOp::create(b, missing + axis);
    indices.push_back(isOne ? arith::SelectOp::create(b, isOne, zero, index).getResult() : index);
  }
  return tensor::ExtractOp::create(b, reading.tensor, indices);
}

LogicalResult moec::lowerBroadcasting(Operation *op, Lowering &lowering, ValueRange operands,
                                      ScalarBody body) {
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SmallVector<OpFoldResult>> sizes = lowering.getResultSizes(b, op->getResult(0));
  if (!sizes)
    return op->emitOpError("has a result whose sizes do not follow from its operands");
  return lowerBroadcasting(op, lowering, *sizes, operands, body);
}

LogicalResult moec::lowerBroadcasting(Operation *op, Lowering &lowering,
                                      ArrayRef<OpFoldResult> sizes, ValueRange operands,
                                      ScalarBody body) {
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  OpResult result = op->getResult(0);
  RankedTensorType type = getLoweredType(result.getType());
  if (!type)
    return op->emitOpError() << "has no code for results of " << result.getType();
  for (Value operand : operands)
    if (!getLoweredType(operand.getType()))
      return op->emitOpError() << "has no code for operands of " << operand.getType();

  int64_t rank = type.getRank();
  SmallVector<Reading> readings;
  SmallVector<Value> inputs;
  SmallVector<AffineMap> maps;
  for (Value operand : operands) {
    readings.push_back(getReading(b, lowering, operand, result, sizes));
    if (readings.back().constant || !readings.back().map)
      continue;
    inputs.push_back(readings.back().tensor);
    maps.push_back(readings.back().map);
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value init = emptyTensor(b, sizes, type.getElementType());
  bool isComplete = true;
  auto generic = linalg::GenericOp::create(
      b, TypeRange(init.getType()), inputs, ValueRange(init), maps,
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &builder, Location loc, ValueRange arguments) {
        ImplicitLocOpBuilder inner(loc, builder);
        SmallVector<Value> scalars;
        for (const Reading &reading : readings) {
          if (reading.constant) {
            scalars.push_back(arith::ConstantOp::create(inner, reading.constant));
            continue;
          }
          if (!reading.map) {
            scalars.push_back(extract(inner, reading, rank));
            continue;
          }
          scalars.push_back(arguments.front());
          arguments = arguments.drop_front();
        }
        Value value = body(inner, scalars);
        isComplete = value && value.getType() == type.getElementType();
        if (isComplete)
          linalg::YieldOp::create(inner, value);
        else
          linalg::YieldOp::create(inner, arguments.back());
      });
  if (!isComplete) {
    generic.erase();
    return op->emitOpError() << "has no code for elements of "
                             << getElementTypeOrSelf(operands.front().getType());
  }
  lowering.replace(op, generic.getResults());
  return success();
}
