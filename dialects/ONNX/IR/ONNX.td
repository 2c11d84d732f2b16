//===- ONNX.td - The onnx dialect --------------------------*- tablegen -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNX
#define MOEC_DIALECTS_ONNX_IR_ONNX

include "dialects/ONNX/IR/ONNXDialect.td"
include "dialects/ONNX/IR/ONNXAttrs.td"
include "dialects/ONNX/IR/ONNXElementwiseOps.td"
include "dialects/ONNX/IR/ONNXShapeOps.td"
include "dialects/ONNX/IR/ONNXIndexOps.td"
include "dialects/ONNX/IR/ONNXMathOps.td"
include "dialects/ONNX/IR/ONNXTransformerOps.td"

#endif // MOEC_DIALECTS_ONNX_IR_ONNX
