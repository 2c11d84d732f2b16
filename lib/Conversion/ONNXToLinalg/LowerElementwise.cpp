//===- LowerElementwise.cpp - Operators on single elements -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"

#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

LogicalResult moec::lower(onnx::UnaryOp op, Lowering &lowering) {
  return lowerBroadcasting(
      op, lowering, op.getX(),
      [&](ImplicitLocOpBuilder &b, ValueRange operands) { return emitUnary(b, op, operands[0]); });
}

LogicalResult moec::lower(onnx::BinaryOp op, Lowering &lowering) {
  return lowerBroadcasting(
      op, lowering, op->getOperands(), [&](ImplicitLocOpBuilder &b, ValueRange operands) {
        return emitBinary(b, op.getFn(), getElementTypeOrSelf(op.getLhs().getType()), operands[0],
                          operands[1], getElementTypeOrSelf(op.getRhs().getType()));
      });
}

LogicalResult moec::lower(onnx::CompareOp op, Lowering &lowering) {
  return lowerBroadcasting(
      op, lowering, op->getOperands(), [&](ImplicitLocOpBuilder &b, ValueRange operands) {
        return emitCompare(b, op.getFn(), getElementTypeOrSelf(op.getLhs().getType()), operands[0],
                           operands[1]);
      });
}

LogicalResult moec::lower(onnx::WhereOp op, Lowering &lowering) {
  return lowerBroadcasting(
      op, lowering, op->getOperands(), [](ImplicitLocOpBuilder &b, ValueRange operands) -> Value {
        return arith::SelectOp::create(b, operands[0], operands[1], operands[2]);
      });
}

LogicalResult moec::lower(onnx::CastOp op, Lowering &lowering) {
  Type from = getElementTypeOrSelf(op.getX().getType()), to = getElementTypeOrSelf(op.getType());
  // Integers that differ in sign only have the same bits.
  if (getLoweredElementType(from) && getLoweredElementType(from) == getLoweredElementType(to)) {
    lowering.replace(op, lowering.get(op.getX()));
    return success();
  }
  return lowerBroadcasting(
      op, lowering, op.getX(), [&](ImplicitLocOpBuilder &b, ValueRange operands) {
        return emitCast(b, operands[0], from, to);
      });
}

/// The only element of a tensor of any rank.
static Value extractScalar(ImplicitLocOpBuilder &b, Value tensor) {
  int64_t rank = cast<RankedTensorType>(tensor.getType()).getRank();
  SmallVector<Value> zeros(rank, rank ? arith::ConstantIndexOp::create(b, 0) : Value());
  return b.createOrFold<tensor::ExtractOp>(tensor, zeros);
}

LogicalResult moec::lower(onnx::ClipOp op, Lowering &lowering) {
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!getLoweredElementType(element))
    return op.emitOpError() << "has no code for elements of " << element;
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Value low = op.getMin() ? extractScalar(b, lowering.get(op.getMin())) : Value();
  Value high = op.getMax() ? extractScalar(b, lowering.get(op.getMax())) : Value();
  return lowerBroadcasting(op, lowering, op.getX(),
                           [&](ImplicitLocOpBuilder &b, ValueRange operands) {
                             Value x = operands[0];
                             if (low)
                               x = emitBinary(b, onnx::BinaryFn::Max, element, x, low, element);
                             if (high)
                               x = emitBinary(b, onnx::BinaryFn::Min, element, x, high, element);
                             return x;
                           });
}

LogicalResult moec::lower(onnx::ConstantOp op, Lowering &lowering) {
  RankedTensorType type = getLoweredType(op.getType());
  if (!type)
    return op.emitOpError() << "has no code for constants of " << op.getType();
  ElementsAttr value = op.getValue();
  // The same bits without the sign.
  if (auto dense = dyn_cast<DenseElementsAttr>(value); dense && dense.getType() != type)
    value = dense.bitcast(type.getElementType());
  else if (value.getShapedType() != type)
    return op.emitOpError("has no code for constants in this form");
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  lowering.replace(op, arith::ConstantOp::create(b, type, cast<TypedAttr>(value)).getResult());
  return success();
}
