//===- SquareTranspose.h - Rows of a square to columns -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_SQUARETRANSPOSE_H
#define MOEC_LIB_CODEGEN_SQUARETRANSPOSE_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// The columns of a square whose rows are given: `rows.size()` vectors of as
/// many lanes, a power of two. log2(n) rounds of n two-operand shuffles.
llvm::SmallVector<mlir::Value> transposeSquare(mlir::ImplicitLocOpBuilder &b,
                                               llvm::ArrayRef<mlir::Value> rows);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_SQUARETRANSPOSE_H
