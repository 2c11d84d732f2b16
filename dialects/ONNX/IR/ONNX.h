//===- ONNX.h - The onnx dialect --------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What an ONNX file says. The ops are described in the .td files beside this
// one; `ShapeContext.h` is what their inference reads and writes.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ONNX_H
#define MOEC_DIALECTS_ONNX_IR_ONNX_H

#include "dialects/ONNX/IR/ShapeContext.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/ONNX/IR/ONNXDialect.h.inc"
#include "dialects/ONNX/IR/ONNXEnums.h.inc"
#include "dialects/ONNX/IR/ONNXInterfaces.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/ONNX/IR/ONNXAttrs.h.inc"
#define GET_OP_CLASSES
#include "dialects/ONNX/IR/ONNXOpShards.h.inc"

namespace moec::onnx {

/// Argument attributes of an imported function, see the dialect's description.
inline constexpr llvm::StringLiteral dimNamesAttrName = "onnx.dim_names";
inline constexpr llvm::StringLiteral valueNameAttrName = "onnx.name";

/// Elements of a constant integer operand, if `value` is defined by one.
std::optional<llvm::SmallVector<int64_t>> getConstantIntegers(mlir::Value value);

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_ONNX_H
