//===- RankedProducts.h - Products that decide in jumps ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_RANKEDPRODUCTS_H
#define MOEC_LIB_CODEGEN_RANKEDPRODUCTS_H

#include "mlir/IR/BuiltinOps.h"

namespace moec::codegen {

/// The `tile.ragged_matmul` that what a selection or sort ranks is computed from, through anything
/// but other products, attention and the sums of experts' results: routers. On tensors.
mlir::DenseSet<mlir::Operation *> findRankedProducts(mlir::ModuleOp module);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_RANKEDPRODUCTS_H
