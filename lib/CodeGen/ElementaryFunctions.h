//===- ElementaryFunctions.h - Formulas of elementary functions -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Each takes and returns f32, scalars or vectors of the builder's shape. NaN
// gives NaN; infinities and subnormals are handled; where a function is not
// defined the result is NaN. Errors are checked in unittests/CodeGen/MathTest.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H
#define MOEC_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H

#include "lib/CodeGen/FloatBuilder.h"

namespace moec::codegen {

// ExpExpansions.cpp
mlir::Value expandExp(const FloatBuilder &m, mlir::Value x);
mlir::Value expandExp2(const FloatBuilder &m, mlir::Value x);
mlir::Value expandTanh(const FloatBuilder &m, mlir::Value x);
mlir::Value expandSinh(const FloatBuilder &m, mlir::Value x);
mlir::Value expandCosh(const FloatBuilder &m, mlir::Value x);
mlir::Value expandErf(const FloatBuilder &m, mlir::Value x);
/// As C's pow, with an error that grows with the logarithm of the result, up to
/// about 100 units of the last place at the ends of the range.
mlir::Value expandPow(const FloatBuilder &m, mlir::Value base, mlir::Value exponent);

// LogExpansions.cpp
mlir::Value expandLog(const FloatBuilder &m, mlir::Value x);
mlir::Value expandLog2(const FloatBuilder &m, mlir::Value x);
mlir::Value expandAsinh(const FloatBuilder &m, mlir::Value x);
mlir::Value expandAcosh(const FloatBuilder &m, mlir::Value x);
mlir::Value expandAtanh(const FloatBuilder &m, mlir::Value x);

// TrigExpansions.cpp
/// For arguments up to 2^30, beyond which neighbouring floats are several
/// periods apart; the result stays in [-1, 1].
mlir::Value expandSin(const FloatBuilder &m, mlir::Value x);
mlir::Value expandCos(const FloatBuilder &m, mlir::Value x);
mlir::Value expandAtan(const FloatBuilder &m, mlir::Value x);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ELEMENTARYFUNCTIONS_H
