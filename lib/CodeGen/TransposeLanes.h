//===- TransposeLanes.h - 16 x 16 transposition in registers -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_TRANSPOSELANES_H
#define MOEC_LIB_CODEGEN_TRANSPOSELANES_H

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Of 16 vectors of 16 lanes, the 16 vectors whose lane i is a lane of vector i,
/// by 64 shuffles of two vectors each, all of them instructions of AVX-512.
llvm::SmallVector<mlir::Value> transposeLanes(mlir::ImplicitLocOpBuilder &b,
                                              llvm::ArrayRef<mlir::Value> rows);

/// The fold of 16 lanes by `combine`, of vectors, in lane 0: those 8 apart, then
/// 4, 2 and 1.
mlir::Value foldLanes(mlir::ImplicitLocOpBuilder &b, mlir::Value vector,
                      llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_TRANSPOSELANES_H
