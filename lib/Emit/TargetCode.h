//===- TargetCode.h - LLVM modules of artifacts and their target -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_TARGETCODE_H
#define MOEC_LIB_EMIT_TARGETCODE_H

#include "moec/Emit.h"

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

namespace moec {

/// The machine that host code is for: x86-64-v2; kernels carry their own features.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(unsigned optLevel);

/// The back end's effort at an optimisation level of 0 to 3.
llvm::CodeGenOptLevel toCodeGenLevel(unsigned optLevel);

/// Runs LLVM's passes of that level over `module`, which any machine may be for.
void runPassPipeline(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel);

/// Optimises host code for `machine` and leaves nothing that `compile` would make calls of.
void optimise(llvm::Module &module, llvm::TargetMachine &machine, unsigned optLevel);

/// The object file of an optimised module.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> compile(llvm::Module &module,
                                                            llvm::TargetMachine &machine);

} // namespace moec

#endif // MOEC_LIB_EMIT_TARGETCODE_H
