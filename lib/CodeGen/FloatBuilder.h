//===- FloatBuilder.h - Arithmetic on scalars and vectors ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_FLOATBUILDER_H
#define MOEC_LIB_CODEGEN_FLOATBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Short names for the arithmetic of expansions, which runs on f32 and i32
/// scalars or on vectors of one shape alike.
class FloatBuilder {
public:
  /// For values of the shape of `like`.
  FloatBuilder(mlir::ImplicitLocOpBuilder &b, mlir::Type like) : b(b), like(like) {}

  mlir::ImplicitLocOpBuilder &builder() const { return b; }

  /// `element`, or the vector of it of this shape.
  mlir::Type typeOf(mlir::Type element) const {
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(like))
      return vector.clone(element);
    return element;
  }
  mlir::Type f32() const { return typeOf(b.getF32Type()); }
  mlir::Type i32() const { return typeOf(b.getI32Type()); }

  mlir::Value constant(mlir::TypedAttr value) const {
    mlir::Type type = typeOf(value.getType());
    if (auto vector = mlir::dyn_cast<mlir::VectorType>(type))
      return mlir::arith::ConstantOp::create(
          b, mlir::DenseElementsAttr::get(vector, mlir::ArrayRef<mlir::Attribute>(value)));
    return mlir::arith::ConstantOp::create(b, value);
  }
  mlir::Value f(float value) const { return constant(b.getF32FloatAttr(value)); }
  mlir::Value i(uint32_t value) const {
    return constant(b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }

  template <typename OpT>
  mlir::Value op(mlir::Value lhs, mlir::Value rhs) const {
    return OpT::create(b, lhs, rhs);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) const { return op<mlir::arith::AddFOp>(x, y); }
  mlir::Value sub(mlir::Value x, mlir::Value y) const { return op<mlir::arith::SubFOp>(x, y); }
  mlir::Value mul(mlir::Value x, mlir::Value y) const { return op<mlir::arith::MulFOp>(x, y); }
  mlir::Value div(mlir::Value x, mlir::Value y) const { return op<mlir::arith::DivFOp>(x, y); }
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z) const {
    return mlir::math::FmaOp::create(b, x, y, z);
  }
  mlir::Value bits(mlir::Value x) const { return mlir::arith::BitcastOp::create(b, i32(), x); }
  mlir::Value fromBits(mlir::Value x) const { return mlir::arith::BitcastOp::create(b, f32(), x); }
  mlir::Value compare(mlir::arith::CmpFPredicate how, mlir::Value x, mlir::Value y) const {
    return mlir::arith::CmpFOp::create(b, how, x, y);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate how, mlir::Value x, mlir::Value y) const {
    return mlir::arith::CmpIOp::create(b, how, x, y);
  }
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no) const {
    return mlir::arith::SelectOp::create(b, condition, yes, no);
  }
  mlir::Value squareRoot(mlir::Value x) const { return mlir::math::SqrtOp::create(b, x); }
  mlir::Value floor(mlir::Value x) const { return mlir::math::FloorOp::create(b, x); }
  mlir::Value absolute(mlir::Value x) const {
    return fromBits(op<mlir::arith::AndIOp>(bits(x), i(0x7fffffff)));
  }
  /// `magnitude`, which is not negative, with the sign of `x`.
  mlir::Value withSignOf(mlir::Value magnitude, mlir::Value x) const {
    mlir::Value sign = op<mlir::arith::AndIOp>(bits(x), i(0x80000000u));
    return fromBits(op<mlir::arith::OrIOp>(bits(magnitude), sign));
  }
  /// The polynomial with `coefficients`, highest first, by Horner's rule.
  mlir::Value polynomial(mlir::Value x, mlir::ArrayRef<float> coefficients) const {
    mlir::Value sum = f(coefficients.front());
    for (float coefficient : coefficients.drop_front())
      sum = fma(sum, x, f(coefficient));
    return sum;
  }

private:
  mlir::ImplicitLocOpBuilder &b;
  mlir::Type like;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_FLOATBUILDER_H
