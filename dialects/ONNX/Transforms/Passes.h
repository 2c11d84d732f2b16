//===- Passes.h - Passes on the onnx dialect --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H
#define MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace moec::onnx {

class ShapeContext;

/// Gives the arguments of `function` symbolic shapes: sizes that
/// the attribute `names` of arguments names alike are one symbol.
void nameArgumentSizes(mlir::func::FuncOp function, ShapeContext &context,
                       llvm::StringRef names = dimNamesAttrName);

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "dialects/ONNX/Transforms/Passes.h.inc"

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES_H
