//===- Powers.cpp - Powers and remainders, which need loops -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"

#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moec;
using arith::CmpFPredicate;
using arith::CmpIPredicate;

Value moec::emitIntegerPower(ImplicitLocOpBuilder &b, Value base, Value exponent,
                             bool isExponentUnsigned) {
  Type type = base.getType(), exponentType = exponent.getType();
  ScalarMath m(b, type), e(b, exponentType);
  Value zero = e.integer(0), one = m.number(1);
  Value isNegative = e.compare(CmpIPredicate::slt, exponent, zero);
  Value count = exponent;
  if (!isExponentUnsigned)
    count = e.select(isNegative, e.sub(zero, exponent), exponent);
  // power * square^count stays the same.
  auto loop = scf::WhileOp::create(
      b, TypeRange{exponentType, type, type}, ValueRange{count, base, one},
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        Value isLeft = arith::CmpIOp::create(builder, loc, CmpIPredicate::ne, state[0], zero);
        scf::ConditionOp::create(builder, loc, isLeft, state);
      },
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        ImplicitLocOpBuilder inner(loc, builder);
        ScalarMath m(inner, type), e(inner, exponentType);
        Value isOdd = e.compare(CmpIPredicate::ne, e.both(state[0], e.integer(1)), e.integer(0));
        Value power = m.select(isOdd, m.mul(state[2], state[1]), state[2]);
        Value rest = e.op<arith::ShRUIOp>(state[0], e.integer(1));
        scf::YieldOp::create(inner, ValueRange{rest, m.mul(state[1], state[1]), power});
      });
  Value power = loop.getResult(2);
  if (isExponentUnsigned)
    return power;
  if (isa<FloatType>(type))
    return m.select(isNegative, m.div(one, power), power);
  Value isUnit = m.any(m.compare(CmpIPredicate::eq, base, one),
                       m.compare(CmpIPredicate::eq, base, m.integer(-1)));
  return m.select(isNegative, m.select(isUnit, power, m.integer(0)), power);
}

namespace {
/// |x| = mantissa * 2^(exponent - 1075), where a mantissa below 2^52 has exponent 1.
struct Parts {
  Parts(ImplicitLocOpBuilder &b, Value x) {
    ScalarMath i(b, b.getI64Type());
    if (!x.getType().isF64())
      x = arith::ExtFOp::create(b, b.getF64Type(), x);
    Value bits = arith::BitcastOp::create(b, b.getI64Type(), x);
    Value field = i.both(i.op<arith::ShRUIOp>(bits, i.integer(52)), i.integer(0x7ff));
    Value fraction = i.both(bits, i.integer((int64_t(1) << 52) - 1));
    Value isSmall = i.compare(CmpIPredicate::eq, field, i.integer(0));
    mantissa = i.select(isSmall, fraction, i.any(fraction, i.integer(int64_t(1) << 52)));
    exponent = i.select(isSmall, i.integer(1), field);
  }
  Value mantissa, exponent;
};
} // namespace

/// 2^exponent, a normal number of `type`, f32 or f64.
static Value emitPowerOfTwo(ImplicitLocOpBuilder &b, Value exponent, Type type) {
  bool isDouble = type.isF64();
  Type bitsType = b.getIntegerType(isDouble ? 64 : 32);
  if (!isDouble)
    exponent = arith::TruncIOp::create(b, bitsType, exponent);
  ScalarMath i(b, bitsType);
  Value field = i.add(exponent, i.integer(isDouble ? 1023 : 127));
  Value bits = i.op<arith::ShLIOp>(field, i.integer(isDouble ? 52 : 23));
  return arith::BitcastOp::create(b, type, bits);
}

/// Long division on mantissas, 11 bits of the quotient at a time: what is left
/// has 53 bits and 64 are there.
Value moec::emitFloatRemainder(ImplicitLocOpBuilder &b, Value x, Value y) {
  Type type = x.getType(), i64 = b.getI64Type();
  ScalarMath i(b, i64), m(b, type);
  Value xSize = m.op<math::AbsFOp>(x), ySize = m.op<math::AbsFOp>(y), infinity = m.number(INFINITY);
  Parts dividend(b, x), divisor(b, y);
  Value zero = i.integer(0);
  Value isZero = i.compare(CmpIPredicate::eq, divisor.mantissa, zero);
  Value modulus = i.select(isZero, i.integer(1), divisor.mantissa);
  Value distance = i.sub(dividend.exponent, divisor.exponent);
  Value count = i.op<arith::MaxSIOp>(distance, zero);
  auto loop = scf::WhileOp::create(
      b, TypeRange{i64, i64},
      ValueRange{count, i.op<arith::RemUIOp>(dividend.mantissa, modulus)},
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        Value isLeft = arith::CmpIOp::create(builder, loc, CmpIPredicate::sgt, state[0], zero);
        scf::ConditionOp::create(builder, loc, isLeft, state);
      },
      [&](OpBuilder &builder, Location loc, ValueRange state) {
        ImplicitLocOpBuilder inner(loc, builder);
        ScalarMath i(inner, i64);
        Value bits = i.op<arith::MinSIOp>(state[0], i.integer(11));
        Value rest =
            i.op<arith::RemUIOp>(i.op<arith::ShLIOp>(state[1], bits), modulus);
        scf::YieldOp::create(inner, ValueRange{i.sub(state[0], bits), rest});
      });
  // In two factors: the power alone may be below all normal numbers.
  Value power = i.sub(divisor.exponent, i.integer(1075));
  Value half = i.op<arith::ShRSIOp>(power, i.integer(1));
  Value rest = arith::UIToFPOp::create(b, type, loop.getResult(1));
  rest = m.mul(m.mul(rest, emitPowerOfTwo(b, half, type)),
               emitPowerOfTwo(b, i.sub(power, half), type));
  rest = m.select(m.compare(CmpFPredicate::OLT, xSize, ySize), xSize, rest);
  // Of infinity, of NaN and by zero.
  Value isDefined = m.both(m.compare(CmpFPredicate::OLT, xSize, infinity),
                           m.compare(CmpFPredicate::OGT, ySize, m.number(0)));
  rest = m.select(isDefined, rest, m.number(NAN));
  return m.op<math::CopySignOp>(rest, x);
}
