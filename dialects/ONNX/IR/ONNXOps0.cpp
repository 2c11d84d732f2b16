//===- ONNXOps0.cpp - Generated op definitions, part 1 of 3 ---*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNXOps.h"

using namespace mlir;
using namespace moec::onnx;

#define GET_OP_DEFS_0
#include "dialects/ONNX/IR/ONNXOpShards.cpp.inc"
