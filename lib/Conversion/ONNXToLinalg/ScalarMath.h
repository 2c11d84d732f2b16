//===- ScalarMath.h - Arithmetic of scalar bodies ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_SCALARMATH_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_SCALARMATH_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec {

/// Short names for arithmetic on scalars of one type, an integer or a float.
class ScalarMath {
public:
  ScalarMath(mlir::ImplicitLocOpBuilder &b, mlir::Type type) : b(b), type(type) {}

  /// A number of the type; of integers its low bits.
  mlir::Value number(double value) const {
    if (mlir::isa<mlir::FloatType>(type))
      return mlir::arith::ConstantOp::create(b, b.getFloatAttr(type, value));
    return integer(static_cast<int64_t>(value));
  }
  mlir::Value integer(int64_t value) const {
    llvm::APInt bits(64, value, /*isSigned=*/true);
    return mlir::arith::ConstantOp::create(
        b, b.getIntegerAttr(type, bits.trunc(type.getIntOrFloatBitWidth())));
  }

  template <typename OpT, typename... Args>
  mlir::Value op(Args &&...args) const {
    return OpT::create(b, std::forward<Args>(args)...);
  }
  mlir::Value add(mlir::Value x, mlir::Value y) const {
    return either<mlir::arith::AddFOp, mlir::arith::AddIOp>(x, y);
  }
  mlir::Value sub(mlir::Value x, mlir::Value y) const {
    return either<mlir::arith::SubFOp, mlir::arith::SubIOp>(x, y);
  }
  mlir::Value mul(mlir::Value x, mlir::Value y) const {
    return either<mlir::arith::MulFOp, mlir::arith::MulIOp>(x, y);
  }
  /// Of floats.
  mlir::Value div(mlir::Value x, mlir::Value y) const { return op<mlir::arith::DivFOp>(x, y); }
  /// Of floats: NaN if either is.
  mlir::Value max(mlir::Value x, mlir::Value y) const { return op<mlir::arith::MaximumFOp>(x, y); }
  mlir::Value min(mlir::Value x, mlir::Value y) const { return op<mlir::arith::MinimumFOp>(x, y); }
  mlir::Value compare(mlir::arith::CmpFPredicate how, mlir::Value x, mlir::Value y) const {
    return op<mlir::arith::CmpFOp>(how, x, y);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate how, mlir::Value x, mlir::Value y) const {
    return op<mlir::arith::CmpIOp>(how, x, y);
  }
  mlir::Value select(mlir::Value condition, mlir::Value yes, mlir::Value no) const {
    return op<mlir::arith::SelectOp>(condition, yes, no);
  }
  mlir::Value both(mlir::Value x, mlir::Value y) const { return op<mlir::arith::AndIOp>(x, y); }
  mlir::Value any(mlir::Value x, mlir::Value y) const { return op<mlir::arith::OrIOp>(x, y); }

private:
  template <typename FloatOp, typename IntegerOp>
  mlir::Value either(mlir::Value x, mlir::Value y) const {
    return mlir::isa<mlir::FloatType>(type) ? op<FloatOp>(x, y) : op<IntegerOp>(x, y);
  }

  mlir::ImplicitLocOpBuilder &b;
  mlir::Type type;
};

/// The type that sums and functions of `type` are computed in: f32 of f16 and
/// bf16, others as they are.
mlir::Type getWideType(mlir::Type type);
mlir::Value widen(mlir::ImplicitLocOpBuilder &b, mlir::Value value);
/// `value` rounded to `type` if that is narrower; other values as they are.
mlir::Value narrow(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Type type);

/// The remainder with the sign of `x`, exact; f32 and f64.
mlir::Value emitFloatRemainder(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value y);

/// A power for an integer exponent, by squaring; `base` is an integer or a
/// float. Negative powers of integers truncate: 0 but for bases 1 and -1.
mlir::Value emitIntegerPower(mlir::ImplicitLocOpBuilder &b, mlir::Value base, mlir::Value exponent,
                             bool isExponentUnsigned);

/// A scalar of original type `from` as the original type `to`, as ONNX's Cast.
mlir::Value emitCast(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Type from, mlir::Type to);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_SCALARMATH_H
