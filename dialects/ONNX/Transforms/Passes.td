//===- Passes.td - Passes on the onnx dialect -----------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES
#define MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def InferShapesPass : Pass<"onnx-infer-shapes", "::mlir::ModuleOp"> {
  let summary = "refine result types by symbolic shapes";
  let description = [{
    Walks each function once, in order, and gives every onnx op the result types that its inference finds. Sizes are
    polynomials over the sizes of the arguments; arguments that name a size alike in `onnx.dim_names` share it. Small
    integer tensors are followed element by element, so that the usual chain of shape, gather, mul, concat and
    reshape yields the sizes it stands for. Integer results whose elements are all known numbers become constants,
    and operations without remaining uses are erased.

    Users outside the dialect keep seeing the old type, through a `tensor.cast`; the function's result types
    are refined unless something calls it.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
  let statistics = [
    Statistic<"numRefined", "refined", "Number of result types refined">,
    Statistic<"numConstants", "constants", "Number of integer results replaced by constants">
  ];
}

#endif // MOEC_DIALECTS_ONNX_TRANSFORMS_PASSES
