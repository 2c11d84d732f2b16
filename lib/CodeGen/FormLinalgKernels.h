//===- FormLinalgKernels.h - Kernels of linalg ops ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_FORMLINALGKERNELS_H
#define MOEC_LIB_CODEGEN_FORMLINALGKERNELS_H

#include "lib/CodeGen/KernelFormer.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace moec::codegen {

/// Whether `op` is of the kind that formLinalgKernel takes: a structured linalg
/// op or a copy between memrefs.
bool isLinalgWork(mlir::Operation *op);

/// `op`, which must be isLinalgWork, as a structured op on memrefs, in its place; null if nothing
/// was to be done and `op` is erased. Emits an error for what no kernel holds.
mlir::FailureOr<mlir::linalg::LinalgOp> takeLinalgWork(mlir::Operation *op);

/// Replaces `op`, which must be isLinalgWork, by a launch of a kernel that holds
/// it, and erases it. Units are entries of the outermost parallel dimension that
/// every output is indexed by and that is not of size 1; blocks of entries where
/// vectors run along that dimension; one where there is none or the
/// op is small. Emits an error for ops on tensors.
mlir::LogicalResult formLinalgKernel(mlir::Operation *op, KernelFormer &former);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_FORMLINALGKERNELS_H
