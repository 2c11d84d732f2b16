//===- SizeArithmetic.h - Sums and bounds of sizes ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZEARITHMETIC_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZEARITHMETIC_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec {

/// Signed arithmetic on sizes and positions; known numbers stay attributes, so
/// that they become part of types.
class SizeArithmetic {
public:
  explicit SizeArithmetic(mlir::ImplicitLocOpBuilder &b) : b(b) {}

  mlir::OpFoldResult number(int64_t value) { return b.getIndexAttr(value); }
  mlir::Value value(mlir::OpFoldResult size) {
    return mlir::getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
  }

  mlir::OpFoldResult add(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::AddIOp>(x, y);
  }
  mlir::OpFoldResult sub(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::SubIOp>(x, y);
  }
  mlir::OpFoldResult mul(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::MulIOp>(x, y);
  }
  mlir::OpFoldResult min(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::MinSIOp>(x, y);
  }
  mlir::OpFoldResult max(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::MaxSIOp>(x, y);
  }
  /// Of a divisor that is not zero.
  mlir::OpFoldResult div(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return apply<mlir::arith::DivSIOp>(x, y);
  }
  mlir::OpFoldResult product(llvm::ArrayRef<mlir::OpFoldResult> factors) {
    mlir::OpFoldResult result = number(1);
    for (mlir::OpFoldResult factor : factors)
      result = mul(result, factor);
    return result;
  }

  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::OpFoldResult x,
                      mlir::OpFoldResult y) {
    return b.createOrFold<mlir::arith::CmpIOp>(predicate, value(x), value(y));
  }
  mlir::OpFoldResult select(mlir::Value condition, mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return mlir::getAsOpFoldResult(
        b.createOrFold<mlir::arith::SelectOp>(condition, value(x), value(y)));
  }

private:
  template <typename Op>
  mlir::OpFoldResult apply(mlir::OpFoldResult x, mlir::OpFoldResult y) {
    return mlir::getAsOpFoldResult(b.createOrFold<Op>(value(x), value(y)));
  }

  mlir::ImplicitLocOpBuilder &b;
};

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZEARITHMETIC_H
