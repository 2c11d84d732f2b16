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

LogicalResult moec::lowerToLLVM(ModuleOp module, const EmitOptions &options) {
  PassManager passes(module.getContext());
  rt::ConvertRTToLLVMPassOptions conversion;
  conversion.producer = options.producer;
  passes.addPass(rt::createConvertRTToLLVMPass(conversion));
  // LLVM would move bf16 through f32 and call a library to get back.
  passes.addPass(codegen::createBf16AsIntegersPass());
  return passes.run(module);
}

LogicalResult moec::emitArtifact(ModuleOp module, ArtifactKind kind, StringRef path,
                                 const EmitOptions &options, const PackOptions &packOptions) {
  auto diagnose = [&](llvm::Error error) {
    return module.emitError() << llvm::toString(std::move(error));
  };
  auto object = emitObject(module, options);
  if (!object)
    return diagnose(object.takeError());
  // Weights first: an artifact that exists should be usable.
  if (llvm::Error error = writeWeights(module, (path + ".weights").str(), packOptions))
    return diagnose(std::move(error));
  if (llvm::Error error = linkArtifact((*object)->getMemBufferRef(), kind, path, options))
    return diagnose(std::move(error));
  return success();
}
