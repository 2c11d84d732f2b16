//===- FirstLanes.h - Loads and stores of tails -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Vectors of which only the first lanes lie in a row of memory.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_FIRSTLANES_H
#define MOEC_LIB_CODEGEN_FIRSTLANES_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Loads the first `count` (index) lanes of a vector of `type` from `memref` at
/// `at`; the others are zero.
mlir::Value loadFirstLanes(mlir::ImplicitLocOpBuilder &b, mlir::VectorType type, mlir::Value memref,
                           mlir::ValueRange at, mlir::Value count);

/// Stores the first `count` (index) lanes of `value` to `memref` at `at`.
void storeFirstLanes(mlir::ImplicitLocOpBuilder &b, mlir::Value value, mlir::Value memref,
                     mlir::ValueRange at, mlir::Value count);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_FIRSTLANES_H
