//===- NarrowFloats.h - Conversions of f16 and bf16 ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_NARROWFLOATS_H
#define MOEC_LIB_CODEGEN_NARROWFLOATS_H

#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

namespace moec::codegen {

/// f16 and bf16, and vectors of them.
inline bool isNarrowFloat(mlir::Type type) {
  mlir::Type element = mlir::getElementTypeOrSelf(type);
  return element.isF16() || element.isBF16();
}

/// Patterns that bring every conversion to or from f16 and bf16 to one between
/// them and f32: extensions to f64 go through f32, roundings from f64 through an
/// f32 that keeps a trace of what it drops, so that nothing is rounded twice;
/// integers convert through f32.
void populateNarrowFloatDetours(mlir::RewritePatternSet &patterns);

/// Patterns that make integer arithmetic of the conversions between f16 and f32:
/// to nearest, ties to even; subnormals, infinities and NaN as the processor's
/// own conversions give them.
void populateHalfExpansions(mlir::RewritePatternSet &patterns);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_NARROWFLOATS_H
