//===- TensorAttribute.h - ONNX types and tensors as MLIR's -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_TENSORATTRIBUTE_H
#define MOEC_IMPORT_TENSORATTRIBUTE_H

#include "lib/Import/OnnxModel.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

namespace moec {

/// The element type of an ONNX tensor in the `onnx` dialect; null for strings and complex numbers.
mlir::Type getElementType(mlir::MLIRContext *context, DataType type);

/// The elements as a constant. Reads the file where they lie there. Strings and complex numbers
/// are ImportError::Unsupported.
llvm::Expected<mlir::DenseElementsAttr>
getConstant(mlir::MLIRContext *context, const OnnxModel &model, const OnnxTensor &tensor);

} // namespace moec

#endif // MOEC_IMPORT_TENSORATTRIBUTE_H
