//===- MathExpansions.h - Elementary functions in f32 --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_MATHEXPANSIONS_H
#define MOEC_LIB_CODEGEN_MATHEXPANSIONS_H

#include "mlir/IR/PatternMatch.h"

namespace moec::codegen {

/// Patterns for the functions of ElementaryFunctions.h on f32, scalars and
/// vectors of fixed size. `benefit` should exceed that of other patterns for
/// these ops.
void populateMathExpansions(mlir::RewritePatternSet &patterns, mlir::PatternBenefit benefit);

/// Patterns that make a product and a sum of math.fma and vector.fma.
void populateFmaExpansions(mlir::RewritePatternSet &patterns);

/// `vector.fma` as one rounding whatever LLVM thinks of fusing, for levels with the instruction.
void populateFusedMultiplyAdds(mlir::RewritePatternSet &patterns);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_MATHEXPANSIONS_H
