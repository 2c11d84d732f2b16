//===- FloatFunctions.cpp - Functions of one float --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/ScalarMath.h"

using namespace mlir;
using namespace moec;
using arith::CmpFPredicate;
using onnx::UnaryFn;

/// Whether a function is made of arithmetic and square roots, which f64 has.
static bool isArithmetic(UnaryFn fn) {
  switch (fn) {
  case UnaryFn::Abs:
  case UnaryFn::Ceil:
  case UnaryFn::Floor:
  case UnaryFn::HardSigmoid:
  case UnaryFn::HardSwish:
  case UnaryFn::IsInf:
  case UnaryFn::IsInfNegative:
  case UnaryFn::IsInfPositive:
  case UnaryFn::IsNan:
  case UnaryFn::LeakyRelu:
  case UnaryFn::Neg:
  case UnaryFn::Reciprocal:
  case UnaryFn::Relu:
  case UnaryFn::Round:
  case UnaryFn::Shrink:
  case UnaryFn::Sign:
  case UnaryFn::Softsign:
  case UnaryFn::Sqrt:
  case UnaryFn::ThresholdedRelu:
    return true;
  default:
    return false;
  }
}

/// log(1 + exp(x)) without overflow.
static Value emitSoftplus(const ScalarMath &m, Value x) {
  Value size = m.op<math::AbsFOp>(x);
  Value tail = m.op<math::Log1pOp>(m.op<math::ExpOp>(m.op<arith::NegFOp>(size)));
  return m.add(m.max(x, m.number(0)), tail);
}

/// x / (1 + exp(-slope * x)).
static Value emitSwish(const ScalarMath &m, Value x, Value slope) {
  Value scaled = m.op<arith::NegFOp>(slope ? m.mul(slope, x) : x);
  return m.div(x, m.add(m.number(1), m.op<math::ExpOp>(scaled)));
}

Value moec::emitFloatUnary(ImplicitLocOpBuilder &b, onnx::UnaryOp op, Value x) {
  Type type = x.getType();
  if (type.isF64() && !isArithmetic(op.getFn()))
    return {};
  ScalarMath m(b, type);
  Value zero = m.number(0), one = m.number(1);
  auto parameter = [&](std::optional<APFloat> value) {
    return m.number(value ? value->convertToFloat() : 0);
  };
  Value alpha = op.getAlpha() ? parameter(op.getAlpha()) : Value();
  Value beta = op.getBeta() ? parameter(op.getBeta()) : Value();
  auto isPositive = [&] { return m.compare(CmpFPredicate::OGT, x, zero); };
  auto isInfinity = [&](double infinity) {
    return m.compare(CmpFPredicate::OEQ, x, m.number(infinity));
  };

  switch (op.getFn()) {
  case UnaryFn::Abs:
    return m.op<math::AbsFOp>(x);
  case UnaryFn::Acos:
    return m.op<math::AcosOp>(x);
  case UnaryFn::Acosh:
    return m.op<math::AcoshOp>(x);
  case UnaryFn::Asin:
    return m.op<math::AsinOp>(x);
  case UnaryFn::Asinh:
    return m.op<math::AsinhOp>(x);
  case UnaryFn::Atan:
    return m.op<math::AtanOp>(x);
  case UnaryFn::Atanh:
    return m.op<math::AtanhOp>(x);
  case UnaryFn::Ceil:
    return m.op<math::CeilOp>(x);
  case UnaryFn::Celu: {
    Value negative = m.mul(alpha, m.op<math::ExpM1Op>(m.div(x, alpha)));
    return m.add(m.max(x, zero), m.min(zero, negative));
  }
  case UnaryFn::Cos:
    return m.op<math::CosOp>(x);
  case UnaryFn::Cosh:
    return m.op<math::CoshOp>(x);
  case UnaryFn::Elu:
    return m.select(isPositive(), x, m.mul(alpha, m.op<math::ExpM1Op>(x)));
  case UnaryFn::Erf:
    return m.op<math::ErfOp>(x);
  case UnaryFn::Exp:
    return m.op<math::ExpOp>(x);
  case UnaryFn::Floor:
    return m.op<math::FloorOp>(x);
  case UnaryFn::Gelu: {
    Value erf = m.op<math::ErfOp>(m.mul(x, m.number(0.70710678118654752)));
    return m.mul(m.mul(m.number(0.5), x), m.add(one, erf));
  }
  case UnaryFn::GeluTanh: {
    Value cube = m.mul(m.mul(x, x), x);
    Value inner = m.add(x, m.mul(m.number(0.044715), cube));
    Value tanh = m.op<math::TanhOp>(m.mul(m.number(0.79788456080286536), inner));
    return m.mul(m.mul(m.number(0.5), x), m.add(one, tanh));
  }
  case UnaryFn::HardSigmoid:
    return m.max(zero, m.min(one, m.add(m.mul(alpha, x), beta)));
  case UnaryFn::HardSwish: {
    Value ramp = m.add(m.mul(m.number(1.0 / 6), x), m.number(0.5));
    return m.mul(x, m.max(zero, m.min(one, ramp)));
  }
  case UnaryFn::IsInf:
    return m.compare(CmpFPredicate::OEQ, m.op<math::AbsFOp>(x), m.number(INFINITY));
  case UnaryFn::IsInfNegative:
    return isInfinity(-INFINITY);
  case UnaryFn::IsInfPositive:
    return isInfinity(INFINITY);
  case UnaryFn::IsNan:
    return m.compare(CmpFPredicate::UNO, x, x);
  case UnaryFn::LeakyRelu:
    return m.select(m.compare(CmpFPredicate::OGE, x, zero), x, m.mul(alpha, x));
  case UnaryFn::Log:
    return m.op<math::LogOp>(x);
  case UnaryFn::Mish:
    return m.mul(x, m.op<math::TanhOp>(emitSoftplus(m, x)));
  case UnaryFn::Neg:
    return m.op<arith::NegFOp>(x);
  case UnaryFn::Reciprocal:
    return m.div(one, x);
  case UnaryFn::Relu:
    return m.max(x, zero);
  case UnaryFn::Round:
    return m.op<math::RoundEvenOp>(x);
  case UnaryFn::Selu: {
    Value negative = m.mul(alpha, m.op<math::ExpM1Op>(x));
    return m.mul(beta, m.select(isPositive(), x, negative));
  }
  case UnaryFn::Shrink: {
    Value low = m.compare(CmpFPredicate::OLT, x, m.op<arith::NegFOp>(alpha));
    Value high = m.compare(CmpFPredicate::OGT, x, alpha);
    return m.select(low, m.add(x, beta), m.select(high, m.sub(x, beta), zero));
  }
  case UnaryFn::Sigmoid:
    return m.div(one, m.add(one, m.op<math::ExpOp>(m.op<arith::NegFOp>(x))));
  case UnaryFn::Sign: {
    // Zeros and NaN are their own signs.
    Value isNegative = m.compare(CmpFPredicate::OLT, x, zero);
    return m.select(isPositive(), one, m.select(isNegative, m.number(-1), x));
  }
  case UnaryFn::Sin:
    return m.op<math::SinOp>(x);
  case UnaryFn::Sinh:
    return m.op<math::SinhOp>(x);
  case UnaryFn::Softplus:
    return emitSoftplus(m, x);
  case UnaryFn::Softsign:
    return m.div(x, m.add(one, m.op<math::AbsFOp>(x)));
  case UnaryFn::Sqrt:
    return m.op<math::SqrtOp>(x);
  case UnaryFn::Swish:
    return emitSwish(m, x, op.getAlpha()->isExactlyValue(1.0) ? Value() : alpha);
  case UnaryFn::Tan:
    return m.op<math::TanOp>(x);
  case UnaryFn::Tanh:
    return m.op<math::TanhOp>(x);
  case UnaryFn::ThresholdedRelu:
    return m.select(m.compare(CmpFPredicate::OGT, x, alpha), x, zero);
  case UnaryFn::BitwiseNot:
  case UnaryFn::Not:
    return {};
  }
  return {};
}

Value moec::emitFloatBinary(ImplicitLocOpBuilder &b, onnx::BinaryFn fn, Value lhs, Value rhs) {
  using onnx::BinaryFn;
  ScalarMath m(b, lhs.getType());
  switch (fn) {
  case BinaryFn::Add:
    return m.add(lhs, rhs);
  case BinaryFn::Sub:
    return m.sub(lhs, rhs);
  case BinaryFn::Mul:
    return m.mul(lhs, rhs);
  case BinaryFn::Div:
    return m.div(lhs, rhs);
  case BinaryFn::Max:
    return m.max(lhs, rhs);
  case BinaryFn::Min:
    return m.min(lhs, rhs);
  case BinaryFn::Prelu: {
    Value isNegative = m.compare(CmpFPredicate::OLT, lhs, m.number(0));
    return m.select(isNegative, m.mul(lhs, rhs), lhs);
  }
  case BinaryFn::Fmod:
    return emitFloatRemainder(b, lhs, rhs);
  case BinaryFn::Mod: {
    Value zero = m.number(0), rest = emitFloatRemainder(b, lhs, rhs);
    auto isNegative = [&](Value x) { return m.compare(CmpFPredicate::OLT, x, zero); };
    Value differ = m.op<arith::XOrIOp>(isNegative(rest), isNegative(rhs));
    Value isShort = m.both(differ, m.compare(CmpFPredicate::ONE, rest, zero));
    return m.select(isShort, m.add(rest, rhs), rest);
  }
  default:
    return {};
  }
}
