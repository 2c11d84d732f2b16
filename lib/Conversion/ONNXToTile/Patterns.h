//===- Patterns.h - One group of patterns per operator ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A pattern replaces its op or declines with notifyMatchFailure; the pass
// reports the reason as an error at every op of `isLoweredToTile` that is left.
// A new operator: a file Lower<Op>.cpp, its populate function here, a line in
// `isLoweredToTile` and one in ONNXToTilePass.cpp.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOTILE_PATTERNS_H
#define MOEC_LIB_CONVERSION_ONNXTOTILE_PATTERNS_H

#include "lib/Conversion/ONNXToTile/ProductShapes.h"
#include "lib/Conversion/WeightTable/WeightTable.h"

#include "mlir/IR/PatternMatch.h"

namespace moec {

void populateAttentionPatterns(mlir::RewritePatternSet &patterns, WeightTable &weights);
void populateEinsumPatterns(mlir::RewritePatternSet &patterns, WeightTable &weights,
                            ProductShapes &shapes);
void populateMatMulPatterns(mlir::RewritePatternSet &patterns, WeightTable &weights,
                            ProductShapes &shapes);
void populateGemmPatterns(mlir::RewritePatternSet &patterns, WeightTable &weights,
                          ProductShapes &shapes);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOTILE_PATTERNS_H
