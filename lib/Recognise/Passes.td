//===- Passes.td - Finding structure in onnx ------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_PASSES
#define MOEC_LIB_RECOGNISE_PASSES

include "mlir/Pass/PassBase.td"

def RecogniseContribMoEPass : Pass<"recognise-contrib-moe", "::mlir::ModuleOp"> {
  let summary = "com.microsoft::MoE as route, dispatch, expert, combine";
  let description = [{
    `onnx.contrib_moe` becomes ops of `moe`, with a collapse to T x H and back for inputs of three dimensions. Router
    weights stay in f32 until the sum over choices is rounded.

    Providers of ONNX Runtime read the operator differently; `dialect` chooses:

    | | `ort-cuda` (the schema's reading) | `ort-cpu` |
    |---|---|---|
    | equal scores | the lower expert id | the higher |
    | `use_sparse_mixer` | honoured | ignored |
    | `swiglu_fusion` 0 without fc3 | rows of fc1 alternate | an error |
  }];
  let options = [
    Option<"dialect", "dialect", "std::string", "\"ort-cuda\"", "whose reading: ort-cuda or ort-cpu">];
  let statistics = [Statistic<"numLayers", "layers", "Layers recognised">];
  let dependentDialects = ["::moec::moe::MoEDialect", "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect",
    "::moec::rt::RTDialect"];
}

def MakeEntriesPass : Pass<"make-entries", "::mlir::ModuleOp"> {
  let summary = "public functions of a model as entries of an artifact";
  let description = [{
    Functions whose arguments carry `onnx.name` become entries: `onnx.name` and `onnx.dim_names` become `rt.name` and
    `rt.dim_names`.
  }];
  let dependentDialects = ["::moec::rt::RTDialect"];
}

#endif // MOEC_LIB_RECOGNISE_PASSES
