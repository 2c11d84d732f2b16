//===- ScalarFunctions.cpp - Bodies of element-wise ops by type -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moec;
using arith::CmpFPredicate;
using arith::CmpIPredicate;
using onnx::BinaryFn;
using onnx::CompareFn;

Type moec::getWideType(Type type) {
  return type.isF16() || type.isBF16() ? Float32Type::get(type.getContext()) : type;
}

Value moec::widen(ImplicitLocOpBuilder &b, Value value) {
  Type wide = getWideType(value.getType());
  return wide == value.getType() ? value : arith::ExtFOp::create(b, wide, value).getResult();
}

Value moec::narrow(ImplicitLocOpBuilder &b, Value value, Type type) {
  if (!value || !isa<FloatType>(value.getType()) || value.getType() == type)
    return value;
  return arith::TruncFOp::create(b, type, value);
}

/// Booleans count as unsigned.
static bool isUnsigned(Type element) {
  return element.isUnsignedInteger() || element.isInteger(1);
}

Value moec::emitUnary(ImplicitLocOpBuilder &b, onnx::UnaryOp op, Value x) {
  if (isa<FloatType>(x.getType()))
    return narrow(b, emitFloatUnary(b, op, widen(b, x)), x.getType());
  return emitIntegerUnary(b, op.getFn(), isUnsigned(getElementTypeOrSelf(op.getX())), x);
}

/// The exponent has a type of its own.
static Value emitPow(ImplicitLocOpBuilder &b, Type element, Value base, Type exponentElement,
                     Value exponent) {
  Type type = base.getType();
  bool isFloatExponent = isa<FloatType>(exponent.getType());
  if (isa<FloatType>(type)) {
    Value x = widen(b, base);
    if (x.getType().isF64()) {
      if (!isFloatExponent)
        return emitIntegerPower(b, x, exponent, isUnsigned(exponentElement));
      // These become arithmetic; other powers have no code.
      APFloat value(0.0);
      if (!matchPattern(exponent, m_ConstantFloat(&value)) ||
          !llvm::is_contained({-1.0, 0.5, 1.0, 2.0, 3.0}, value.convertToDouble()))
        return {};
    }
    Value power = emitCast(b, exponent, exponentElement, x.getType());
    return narrow(b, math::PowFOp::create(b, x, power), type);
  }
  if (!isFloatExponent)
    return emitIntegerPower(b, base, exponent, isUnsigned(exponentElement));
  // Powers of integers are exact where the exponent is whole.
  Value power = widen(b, exponent);
  if (power.getType().isF64())
    return {};
  ScalarMath m(b, power.getType());
  Value isWhole = m.both(m.compare(CmpFPredicate::OEQ, m.op<math::FloorOp>(power), power),
                         m.compare(CmpFPredicate::OLT, m.op<math::AbsFOp>(power), m.number(0x1p62)));
  Value whole = m.select(isWhole, power, m.number(0));
  Value exact =
      emitIntegerPower(b, base, arith::FPToSIOp::create(b, b.getI64Type(), whole), false);
  Value real = math::PowFOp::create(b, emitCast(b, base, element, b.getF32Type()), power);
  return m.select(isWhole, exact, emitCast(b, real, b.getF32Type(), element));
}

Value moec::emitBinary(ImplicitLocOpBuilder &b, BinaryFn fn, Type element, Value lhs, Value rhs,
                       Type exponent) {
  if (fn == BinaryFn::Pow)
    return emitPow(b, element, lhs, exponent, rhs);
  if (isa<FloatType>(element))
    return narrow(b, emitFloatBinary(b, fn, widen(b, lhs), widen(b, rhs)), lhs.getType());
  return emitIntegerBinary(b, fn, isUnsigned(element), lhs, rhs);
}

Value moec::emitCompare(ImplicitLocOpBuilder &b, CompareFn fn, Type element, Value lhs, Value rhs) {
  bool hasSign = !isUnsigned(element);
  auto choose = [&](CmpFPredicate ofFloats, CmpIPredicate ofSigned,
                    CmpIPredicate ofUnsigned) -> Value {
    if (isa<FloatType>(element))
      return arith::CmpFOp::create(b, ofFloats, widen(b, lhs), widen(b, rhs));
    return arith::CmpIOp::create(b, hasSign ? ofSigned : ofUnsigned, lhs, rhs);
  };
  switch (fn) {
  case CompareFn::Equal:
    return choose(CmpFPredicate::OEQ, CmpIPredicate::eq, CmpIPredicate::eq);
  case CompareFn::Greater:
    return choose(CmpFPredicate::OGT, CmpIPredicate::sgt, CmpIPredicate::ugt);
  case CompareFn::GreaterEqual:
    return choose(CmpFPredicate::OGE, CmpIPredicate::sge, CmpIPredicate::uge);
  case CompareFn::Less:
    return choose(CmpFPredicate::OLT, CmpIPredicate::slt, CmpIPredicate::ult);
  case CompareFn::LessEqual:
    return choose(CmpFPredicate::OLE, CmpIPredicate::sle, CmpIPredicate::ule);
  }
  return {};
}

/// A float as an integer of `type`, truncated. Numbers that do not fit into a
/// small type wrap around, as on processors.
static Value floatToInteger(ImplicitLocOpBuilder &b, Value x, IntegerType type, bool toUnsigned) {
  unsigned width = type.getWidth();
  if (width == 64 && toUnsigned)
    return arith::FPToUIOp::create(b, type, x);
  unsigned through = width == 64 || (width == 32 && toUnsigned) ? 64 : 32;
  Value wide = arith::FPToSIOp::create(b, b.getIntegerType(through), x);
  return through == width ? wide : arith::TruncIOp::create(b, type, wide).getResult();
}

Value moec::emitCast(ImplicitLocOpBuilder &b, Value x, Type from, Type to) {
  Type type = getLoweredElementType(to);
  ScalarMath m(b, x.getType());
  if (x.getType() == type && isa<FloatType>(type))
    return x;
  if (type.isInteger(1)) {
    if (isa<FloatType>(from)) {
      Value wide = widen(b, x);
      return m.compare(CmpFPredicate::UNE, wide, ScalarMath(b, wide.getType()).number(0));
    }
    return m.compare(CmpIPredicate::ne, x, m.integer(0));
  }
  unsigned fromWidth = x.getType().getIntOrFloatBitWidth(), width = type.getIntOrFloatBitWidth();
  if (isa<FloatType>(from)) {
    Value wide = widen(b, x);
    if (auto integer = dyn_cast<IntegerType>(type))
      return floatToInteger(b, wide, integer, to.isUnsignedInteger());
    if (width < wide.getType().getIntOrFloatBitWidth())
      return arith::TruncFOp::create(b, type, wide);
    return wide.getType() == type ? wide : arith::ExtFOp::create(b, type, wide).getResult();
  }
  if (isa<FloatType>(type)) {
    Type wide = getWideType(type);
    Value value = isUnsigned(from) ? arith::UIToFPOp::create(b, wide, x).getResult()
                                   : arith::SIToFPOp::create(b, wide, x).getResult();
    return narrow(b, value, type);
  }
  if (width == fromWidth)
    return x;
  if (width < fromWidth)
    return arith::TruncIOp::create(b, type, x);
  return isUnsigned(from) ? arith::ExtUIOp::create(b, type, x).getResult()
                          : arith::ExtSIOp::create(b, type, x).getResult();
}
