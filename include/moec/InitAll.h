//===- InitAll.h - Registration of dialects and passes ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What tools and embedders register before they parse a module. Include this
// in one translation unit only: it pulls in every dialect.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_INITALL_H
#define MOEC_INITALL_H

#include "dialects/MoE/IR/MoE.h"
#include "dialects/RT/IR/RT.h"
#include "dialects/RT/Transforms/Passes.h"
#include "lib/Conversion/RTToLLVM/RTToLLVM.h"

#include "mlir/IR/DialectRegistry.h"

namespace moec {

/// Adds moec's own dialects to `registry`.
inline void registerDialects(mlir::DialectRegistry &registry) {
  registry.insert<moe::MoEDialect, rt::RTDialect>();
}

/// Makes moec's own passes known by name.
inline void registerPasses() {
  rt::registerRTToLLVMPasses();
  rt::registerRTTransformsPasses();
}

} // namespace moec

#endif // MOEC_INITALL_H
