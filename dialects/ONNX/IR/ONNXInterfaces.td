//===- ONNXInterfaces.td - Shape inference -----------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNXINTERFACES
#define MOEC_DIALECTS_ONNX_IR_ONNXINTERFACES

include "mlir/IR/OpBase.td"

def ONNX_ShapeInference : OpInterface<"ShapeInference"> {
  let cppNamespace = "::moec::onnx";
  let description = [{
    Types, shapes and small integer contents of an op's results, computed from what a `ShapeContext` knows of its
    operands. One function serves three users: the verifier (which knows types only), the folders (types and
    constant operands) and shape inference over a function (symbolic sizes and the contents of shape tensors). It
    reports what can be proved wrong with an error on the op and records everything else with `ShapeContext::set`.
  }];
  let methods = [
    InterfaceMethod<"Infers all results; fails, after an error on the op, where the op is not legal.",
                    "::llvm::LogicalResult", "inferShapes", (ins "::moec::onnx::ShapeContext &":$context)>
  ];
  let verify = [{ return ::moec::onnx::verifyShapes($_op); }];
}

#endif // MOEC_DIALECTS_ONNX_IR_ONNXINTERFACES
