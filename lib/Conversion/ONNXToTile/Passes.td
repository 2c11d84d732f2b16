//===- Passes.td - From onnx to tile --------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOTILE_PASSES
#define MOEC_LIB_CONVERSION_ONNXTOTILE_PASSES

include "mlir/Pass/PassBase.td"

def ConvertONNXToTilePass : Pass<"convert-onnx-to-tile", "::mlir::ModuleOp"> {
  let summary = "choose how heavy operators are computed";
  let description = [{
    | from | to |
    |---|---|
    | `onnx.attention` | `tile.attention`; cache and present are one tensor; scores that are read, a batched product |
    | `onnx.matmul` | `tile.ragged_matmul`, with ranges of one size for batches |
    | `onnx.einsum` | `linalg.generic` for diagonals, sums of one operand and products of elements, else as `onnx.matmul` |
    | `onnx.gemm` | the same; scaling and `c` are its epilogue |

    Right-hand sides that are weights (`rt.get_weight` or constants, also behind transposes, reshapes and casts) are
    packed in a new `rt.weight`'s expression, others by `tile.pack`. A weight on the left of a run-time matrix is
    multiplied from the right, transposed. Where two sizes are not proved equal by symbolic shape inference, rows are
    gathered or matrices repeated as the run's sizes demand, and sizes that do not fit end the run. Products of f64 and
    of integers become `linalg.generic`.

    Other ops stay; values keep their tensor types, so the pass runs before or after the lowering of the rest. An op of
    these kinds that has no lowering is an error that says why.

    In: `onnx` on ranked tensors. Out: `tile`, `linalg`, `tensor`, `arith`, `rt.check`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
    "::mlir::math::MathDialect", "::mlir::tensor::TensorDialect", "::moec::rt::RTDialect",
    "::moec::tile::TileDialect"];
  let statistics = [Statistic<"numLowered", "lowered", "Operators lowered">];
}

#endif // MOEC_LIB_CONVERSION_ONNXTOTILE_PASSES
