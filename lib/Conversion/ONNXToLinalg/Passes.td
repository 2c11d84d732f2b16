//===- Passes.td - From onnx to linalg ----------------------- -*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_PASSES
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_PASSES

include "mlir/Pass/PassBase.td"

def ConvertONNXToLinalgPass : Pass<"convert-onnx-to-linalg", "::mlir::ModuleOp"> {
  let summary = "write element-wise, reducing and moving operators as structured ops on tensors";
  let description = [{
    Operators become `linalg` ops, `tensor` views and, for sizes, arithmetic on the host. Symbolic shape inference
    runs over each function first: an operand broadcasts only where its size is not proved equal, and sizes and
    contents of shape tensors are computed from the sizes of inputs instead of by kernels.

    Integers lose their signedness and take the ops of their kind; entries remember it in `rt.dtype`. Narrow floats are
    widened to f32 for each function and rounded after it, as ONNX defines them.

    Operators without a lowering stay as they are. A setting without one, or a type, is an error at the op.

    In: `onnx`, mixed with tensors of other dialects. Out: `linalg`, `tensor`, `arith`, `math`, `rt.check`, and `tile`
    for sorting, running sums and where results depend on the order of indices.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
    "::moec::rt::RTDialect", "::moec::tile::TileDialect"];
  let statistics = [
    Statistic<"numLowered", "lowered", "Operators lowered">,
    Statistic<"numFolded", "folded", "Integer tensors computed from sizes on the host">];
}

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_PASSES
