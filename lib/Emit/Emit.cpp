//===- Emit.cpp - From modules to artifacts ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Emit.h"

#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/RTToLLVM/RTToLLVM.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;

char moec::WeightRangeError::ID = 0;

LogicalResult moec::lowerToLLVM(ModuleOp module, const EmitOptions &options) {
  PassManager passes(module.getContext());
  rt::ConvertRTToLLVMPassOptions conversion;
  conversion.producer = options.producer;
  passes.addPass(rt::createConvertRTToLLVMPass(conversion));
  // LLVM would move bf16 through f32 and call a library to get back.
  passes.addPass(codegen::createBf16AsIntegersPass());
  return passes.run(module);
}

llvm::Error moec::emitArtifact(ModuleOp module, ArtifactKind kind, StringRef path,
                               const EmitOptions &options, const PackOptions &packOptions) {
  auto object = emitObject(module, options);
  if (!object)
    return object.takeError();
  // Weights first: an artifact that exists should be usable.
  if (llvm::Error error = writeWeights(module, (path + ".weights").str(), packOptions))
    return error;
  return linkArtifact((*object)->getMemBufferRef(), kind, path, options);
}
