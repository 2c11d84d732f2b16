//===- IntegerFunctions.cpp - Functions of integers and booleans -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"

using namespace mlir;
using namespace moec;
using arith::CmpIPredicate;
using onnx::BinaryFn;
using onnx::UnaryFn;

Value moec::emitIntegerUnary(ImplicitLocOpBuilder &b, UnaryFn fn, bool isUnsigned, Value x) {
  ScalarMath m(b, x.getType());
  Value zero = m.integer(0);
  switch (fn) {
  case UnaryFn::Abs:
    return isUnsigned ? x : m.op<arith::MaxSIOp>(x, m.sub(zero, x));
  case UnaryFn::Neg:
    return m.sub(zero, x);
  case UnaryFn::Relu:
    return isUnsigned ? x : m.op<arith::MaxSIOp>(x, zero);
  case UnaryFn::Sign: {
    Value one = m.integer(1);
    Value sign = m.select(m.compare(CmpIPredicate::eq, x, zero), zero, one);
    if (isUnsigned)
      return sign;
    return m.select(m.compare(CmpIPredicate::slt, x, zero), m.integer(-1), sign);
  }
  case UnaryFn::Not:
  case UnaryFn::BitwiseNot:
    return m.op<arith::XOrIOp>(x, m.integer(-1));
  default:
    return {};
  }
}

namespace {
/// Division that never traps: by 0 it gives 0, and the lowest number over -1
/// wraps around to itself.
struct SafeDivision {
  SafeDivision(const ScalarMath &m, bool isUnsigned, Value lhs, Value rhs)
      : m(m), isUnsigned(isUnsigned), lhs(lhs), rhs(rhs) {
    isZero = m.compare(CmpIPredicate::eq, rhs, m.integer(0));
    isMinusOne = m.compare(CmpIPredicate::eq, rhs, m.integer(-1));
    Value isSpecial = isUnsigned ? isZero : m.any(isZero, isMinusOne);
    divisor = m.select(isSpecial, m.integer(1), rhs);
  }

  Value quotient() const {
    if (isUnsigned)
      return m.select(isZero, m.integer(0), m.op<arith::DivUIOp>(lhs, divisor));
    Value value = m.op<arith::DivSIOp>(lhs, divisor);
    value = m.select(isMinusOne, m.sub(m.integer(0), lhs), value);
    return m.select(isZero, m.integer(0), value);
  }
  /// With the sign of the dividend.
  Value remainder() const {
    return isUnsigned ? m.op<arith::RemUIOp>(lhs, divisor) : m.op<arith::RemSIOp>(lhs, divisor);
  }

  const ScalarMath &m;
  bool isUnsigned;
  Value lhs, rhs, isZero, isMinusOne, divisor;
};
} // namespace

/// With the sign of the divisor.
static Value emitModulo(const ScalarMath &m, bool isUnsigned, Value lhs, Value rhs) {
  Value rest = SafeDivision(m, isUnsigned, lhs, rhs).remainder();
  if (isUnsigned)
    return rest;
  Value zero = m.integer(0);
  auto isNegative = [&](Value x) { return m.compare(CmpIPredicate::slt, x, zero); };
  Value differ = m.op<arith::XOrIOp>(isNegative(rest), isNegative(rhs));
  Value isShort = m.both(differ, m.compare(CmpIPredicate::ne, rest, zero));
  return m.select(isShort, m.add(rest, rhs), rest);
}

/// A shift by the width or more leaves nothing but the sign.
static Value emitShift(const ScalarMath &m, BinaryFn fn, bool isUnsigned, Value x, Value count) {
  unsigned width = x.getType().getIntOrFloatBitWidth();
  Value last = m.integer(width - 1);
  Value isLong = m.compare(CmpIPredicate::ugt, count, last);
  Value safe = m.select(isLong, last, count);
  if (fn == BinaryFn::BitshiftRight && !isUnsigned)
    return m.op<arith::ShRSIOp>(x, safe);
  Value shifted = fn == BinaryFn::BitshiftLeft ? m.op<arith::ShLIOp>(x, safe)
                                               : m.op<arith::ShRUIOp>(x, safe);
  return m.select(isLong, m.integer(0), shifted);
}

Value moec::emitIntegerBinary(ImplicitLocOpBuilder &b, BinaryFn fn, bool isUnsigned, Value lhs,
                              Value rhs) {
  ScalarMath m(b, lhs.getType());
  switch (fn) {
  case BinaryFn::Add:
    return m.add(lhs, rhs);
  case BinaryFn::Sub:
    return m.sub(lhs, rhs);
  case BinaryFn::Mul:
    return m.mul(lhs, rhs);
  case BinaryFn::Div:
    return SafeDivision(m, isUnsigned, lhs, rhs).quotient();
  case BinaryFn::Fmod:
    return SafeDivision(m, isUnsigned, lhs, rhs).remainder();
  case BinaryFn::Mod:
    return emitModulo(m, isUnsigned, lhs, rhs);
  case BinaryFn::Max:
    return isUnsigned ? m.op<arith::MaxUIOp>(lhs, rhs) : m.op<arith::MaxSIOp>(lhs, rhs);
  case BinaryFn::Min:
    return isUnsigned ? m.op<arith::MinUIOp>(lhs, rhs) : m.op<arith::MinSIOp>(lhs, rhs);
  case BinaryFn::And:
  case BinaryFn::BitwiseAnd:
    return m.op<arith::AndIOp>(lhs, rhs);
  case BinaryFn::Or:
  case BinaryFn::BitwiseOr:
    return m.op<arith::OrIOp>(lhs, rhs);
  case BinaryFn::Xor:
  case BinaryFn::BitwiseXor:
    return m.op<arith::XOrIOp>(lhs, rhs);
  case BinaryFn::BitshiftLeft:
  case BinaryFn::BitshiftRight:
    return emitShift(m, fn, isUnsigned, lhs, rhs);
  case BinaryFn::Prelu:
    if (isUnsigned)
      return lhs;
    return m.select(m.compare(CmpIPredicate::slt, lhs, m.integer(0)), m.mul(lhs, rhs), lhs);
  case BinaryFn::Pow:
    return {};
  }
  return {};
}
