//===- LowerArg.cpp - Positions of extreme elements -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

using namespace mlir;
using namespace moec;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

/// The positions along `axis` as i64: of the first extreme element, or of the
/// last. Two reductions that vectorise: of the elements, and of the positions
/// of those that are extreme. NaN is more extreme than all numbers.
static Value emitArg(ImplicitLocOpBuilder &b, const Reducer &reducer, Value x, Type element,
                     int64_t axis, bool isMax, bool isLast) {
  Type type = getWideType(getLoweredElementType(element)), i64 = b.getI64Type();
  bool isFloat = isa<FloatType>(type);
  bool isUnsigned = element.isUnsignedInteger() || element.isInteger(1);
  TypedAttr identity;
  if (isFloat) {
    identity = b.getFloatAttr(type, isMax ? -INFINITY : INFINITY);
  } else {
    unsigned width = type.getIntOrFloatBitWidth();
    APInt lowest = isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
    APInt highest = isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
    identity = b.getIntegerAttr(type, isMax ? lowest : highest);
  }
  auto fn = isMax ? onnx::BinaryFn::Max : onnx::BinaryFn::Min;
  Value best = reducer.reduce(
      identity, reducer.whole(x),
      [](ImplicitLocOpBuilder &b, ValueRange in) { return widen(b, in[0]); },
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        return isFloat ? emitFloatBinary(b, fn, in[0], in[1])
                       : emitIntegerBinary(b, fn, isUnsigned, in[0], in[1]);
      });
  auto none = b.getI64IntegerAttr(isLast ? INT64_MIN : INT64_MAX);
  return reducer.reduce(
      none, {reducer.whole(x), reducer.group(best)},
      [&](ImplicitLocOpBuilder &b, ValueRange in) {
        ScalarMath m(b, type);
        Value value = widen(b, in[0]), isBest;
        if (isFloat)
          isBest = m.any(m.compare(CmpFPredicate::OEQ, value, in[1]),
                         m.compare(CmpFPredicate::UNO, value, value));
        else
          isBest = m.compare(CmpIPredicate::eq, value, in[1]);
        Value position = arith::IndexCastOp::create(b, i64, linalg::IndexOp::create(b, axis));
        return m.select(isBest, position, arith::ConstantOp::create(b, none));
      },
      [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
        if (isLast)
          return arith::MaxSIOp::create(b, in[0], in[1]);
        return arith::MinSIOp::create(b, in[0], in[1]);
      });
}

template <typename Op>
static LogicalResult lowerArg(Op op, Lowering &lowering, bool isMax) {
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!getLoweredElementType(element))
    return op.emitOpError() << "has no code for elements of " << element;
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Reducer reducer(b, lowering.getSizes(b, op.getX()), op.getAxis());
  Value result = emitArg(b, reducer, lowering.get(op.getX()), element, op.getAxis(), isMax,
                         op.getSelectLastIndex());
  lowering.replace(op, op.getKeepdims() ? reducer.keepAxes(result) : result);
  return success();
}

LogicalResult moec::lower(onnx::ArgMaxOp op, Lowering &lowering) {
  return lowerArg(op, lowering, /*isMax=*/true);
}
LogicalResult moec::lower(onnx::ArgMinOp op, Lowering &lowering) {
  return lowerArg(op, lowering, /*isMax=*/false);
}

LogicalResult moec::lower(onnx::HardmaxOp op, Lowering &lowering) {
  Type element = getElementTypeOrSelf(op.getX().getType());
  if (!getLoweredElementType(element))
    return op.emitOpError() << "has no code for elements of " << element;
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  Reducer reducer(b, lowering.getSizes(b, op.getX()), op.getAxis());
  Value first = emitArg(b, reducer, lowering.get(op.getX()), element, op.getAxis(), /*isMax=*/true,
                        /*isLast=*/false);
  lowering.replace(op, reducer.mapWhole(element, reducer.group(first),
                                        [&](ImplicitLocOpBuilder &b, ValueRange in) {
                                          ScalarMath m(b, element);
                                          Value position = arith::IndexCastOp::create(
                                              b, b.getI64Type(),
                                              linalg::IndexOp::create(b, op.getAxis()));
                                          return m.select(
                                              m.compare(CmpIPredicate::eq, position, in[0]),
                                              m.number(1), m.number(0));
                                        }));
  return success();
}
