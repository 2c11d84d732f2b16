//===- Match.cpp - What recognition of transformers shares - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Transformer/Match.h"

#include "dialects/ONNX/IR/ElementTypes.h"

#include <cmath>

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {

LogicalResult Proof::decline(StringRef obligation, const Twine &reason, Operation *blame) const {
  if (!why)
    return failure();
  InFlightDiagnostic diagnostic = anchor->emitRemark()
                                  << "no " << kind << ": " << obligation << ": " << reason;
  if (blame && blame != anchor)
    diagnostic.attachNote(blame->getLoc()) << "here";
  return diagnostic;
}

BinaryOp getBinary(Value value, BinaryFn fn) {
  auto op = value.getDefiningOp<BinaryOp>();
  return op && op.getFn() == fn ? op : BinaryOp();
}

UnaryOp getUnary(Value value, UnaryFn fn) {
  auto op = value.getDefiningOp<UnaryOp>();
  return op && op.getFn() == fn ? op : UnaryOp();
}

Value getOther(BinaryOp op, Value value) {
  if (op.getLhs() == value)
    return op.getRhs();
  return op.getRhs() == value ? op.getLhs() : Value();
}

Operation *getOnlyUser(Value value) { return value.hasOneUse() ? *value.user_begin() : nullptr; }

/// `number` as an element of this type holds it.
static std::optional<double> roundTo(double number, Type elementType) {
  if (isa<IntegerType>(elementType))
    return std::trunc(number);
  auto type = dyn_cast<FloatType>(elementType);
  if (!type)
    return std::nullopt;
  APFloat value(number);
  bool losesInfo;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToDouble();
}

static std::optional<double> getElement(ElementsAttr attribute) {
  if (isa<FloatType>(attribute.getElementType())) {
    APFloat value = *attribute.value_begin<APFloat>();
    bool losesInfo;
    value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
    return value.convertToDouble();
  }
  auto type = dyn_cast<IntegerType>(attribute.getElementType());
  if (!type || type.getWidth() > 64)
    return std::nullopt;
  APInt value = *attribute.value_begin<APInt>();
  return type.isUnsigned() || type.getWidth() == 1 ? value.roundToDouble()
                                                   : value.signedRoundToDouble();
}

static std::optional<double> apply(UnaryFn fn, double x) {
  switch (fn) {
  case UnaryFn::Sqrt:
    return std::sqrt(x);
  case UnaryFn::Reciprocal:
    return 1 / x;
  case UnaryFn::Neg:
    return -x;
  default:
    return std::nullopt;
  }
}

static std::optional<double> apply(BinaryFn fn, double x, double y) {
  switch (fn) {
  case BinaryFn::Add:
    return x + y;
  case BinaryFn::Sub:
    return x - y;
  case BinaryFn::Mul:
    return x * y;
  case BinaryFn::Div:
    return x / y;
  case BinaryFn::Pow:
    return std::pow(x, y);
  default:
    return std::nullopt;
  }
}

static std::optional<double> getNumber(Value value, unsigned depth) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  // Deeper than any scale that an exporter writes; shared operands would be visited again and
  // again.
  if (depth > 8 || !type || !type.hasStaticShape() || type.getNumElements() != 1)
    return std::nullopt;
  Operation *op = value.getDefiningOp();
  if (!op)
    return std::nullopt;
  if (auto constant = dyn_cast<ConstantOp>(op))
    return getElement(constant.getValue());
  std::optional<double> result;
  if (isa<CastOp, ReshapeOp, SqueezeOp, UnsqueezeOp>(op)) {
    result = getNumber(op->getOperand(0), depth + 1);
  } else if (auto unary = dyn_cast<UnaryOp>(op)) {
    if (std::optional<double> x = getNumber(unary.getX(), depth + 1))
      result = apply(unary.getFn(), *x);
  } else if (auto binary = dyn_cast<BinaryOp>(op)) {
    std::optional<double> x = getNumber(binary.getLhs(), depth + 1);
    std::optional<double> y = x ? getNumber(binary.getRhs(), depth + 1) : std::nullopt;
    if (y)
      result = apply(binary.getFn(), *x, *y);
  }
  return result ? roundTo(*result, type.getElementType()) : std::nullopt;
}

std::optional<double> getNumber(Value value) { return getNumber(value, 0); }

Value skipWidening(Value value) {
  auto cast = value.getDefiningOp<CastOp>();
  while (cast && holdsExactly(getElementTypeOrSelf(cast.getResult().getType()),
                              getElementTypeOrSelf(cast.getX().getType()))) {
    value = cast.getX();
    cast = value.getDefiningOp<CastOp>();
  }
  return value;
}

void eraseDead(func::FuncOp function) {
  for (Block &block : function.getBody())
    for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
      if (isa<ShapeInference>(op) && isOpTriviallyDead(&op))
        op.erase();
}

} // namespace moec::recognise
