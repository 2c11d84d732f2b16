//===- Passes.h - Passes on the onnx dialect --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H
#define MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace moec::onnx {

class ShapeContext;

/// Gives the arguments of `function` symbolic shapes: sizes that
/// `onnx.dim_names` names alike are one symbol.
void nameArgumentSizes(mlir::func::FuncOp function, ShapeContext &context);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/ONNX/Transforms/Passes.h.inc"

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H
