//===- Passes.h - Choosing and emitting instructions ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_PASSES_H
#define MOEC_LIB_CODEGEN_PASSES_H

#include <memory>
#include <string>

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"

namespace moec::codegen {

#define GEN_PASS_DECL
#include "lib/CodeGen/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lib/CodeGen/Passes.h.inc"

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_PASSES_H
