//===- ElementTypes.h - What element types can hold -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_ELEMENTTYPES_H
#define MOEC_DIALECTS_ONNX_IR_ELEMENTTYPES_H

#include "mlir/IR/Types.h"

namespace moec::onnx {

/// Whether a cast from `narrow` to `wide` keeps every value. Both are signless integers of more
/// than one bit, or floats of 16, 32 or 64 bits; false for other types.
bool holdsExactly(mlir::Type wide, mlir::Type narrow);

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_ELEMENTTYPES_H
