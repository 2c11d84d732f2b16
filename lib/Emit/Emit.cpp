//===- Emit.cpp - From modules to artifacts ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/Emit.h"

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/Passes.h"
#include "lib/Conversion/RTToLLVM/RTToLLVM.h"
#include "lib/Emit/StagedFile.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/Path.h"

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
  std::string weightsPath = (path + ".weights").str();
  bool hasWeights = !module.getOps<rt::WeightOp>().empty();
  StagedFile artifact, weights;
  if (llvm::Error error = artifact.create(path))
    return error;
  if (hasWeights)
    if (llvm::Error error = weights.create(weightsPath))
      return error;
  if (llvm::Error error = linkArtifact((*object)->getMemBufferRef(), kind, artifact.path(),
                                       llvm::sys::path::filename(path), options))
    return error;
  if (llvm::Error error = writeWeights(module, weights.path(), packOptions))
    return error;
  // Weights first: an artifact that exists should be usable.
  if (hasWeights)
    if (llvm::Error error = weights.commit())
      return error;
  return artifact.commit();
}
