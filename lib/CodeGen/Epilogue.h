//===- Epilogue.h - Epilogues on vectors --------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_EPILOGUE_H
#define MOEC_LIB_CODEGEN_EPILOGUE_H

#include "mlir/IR/Block.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Clones the scalar element-wise ops of `body` (which ends in tile.yield) with
/// vectors of `lanes` elements in place of scalars; `arguments` are vectors, one
/// per block argument. Returns the yielded vector.
mlir::Value emitEpilogue(mlir::ImplicitLocOpBuilder &b, mlir::Block &body,
                         mlir::ValueRange arguments, int64_t lanes);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_EPILOGUE_H
