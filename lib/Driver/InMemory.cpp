//===- InMemory.cpp - Compiled models in this process -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/InMemory.h"

#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Import/ImportError.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace moec;

/// Reports an error on stderr and returns `code`, or that of the error's kind.
static int report(llvm::Error failure, int code) {
  if (failure.isA<WeightRangeError>())
    return reportRangeError(std::move(failure));
  llvm::errs() << "moec: " << escapeMessage(toString(std::move(failure))) << "\n";
  return code;
}

int InMemoryModel::load(Compilation &compilation, const Target &target,
                        const RecogniseOptions &recognise, const RankOptions &ranks,
                        llvm::function_ref<void(ModuleOp)> scheduled,
                        llvm::function_ref<void(ModuleOp)> formed) {
  if (int code = compilation.recognise(recognise))
    return code;
  if (int code = compilation.shard(ranks))
    return code;
  const CpuOptions &cpu = target.cpu;
  if (int code = compilation.schedule(target.gpu ? static_cast<const ScheduleOptions &>(*target.gpu)
                                                 : cpu))
    return code;
  if (scheduled)
    scheduled(compilation.getModule());
  if (target.gpu) {
    // For one run the driver's assembler is as good.
    if (int code = compileForDevice(compilation, *target.gpu, MachineCode::None))
      return code;
  } else {
    if (int code = compilation.run([&](OpPassManager &pm) { buildKernelStage(pm, cpu); }))
      return code;
    if (formed)
      formed(compilation.getModule());
    if (int code = compilation.run([&](OpPassManager &pm) { buildX86Stage(pm, cpu); }))
      return code;
  }
  EmitOptions emitOptions;
  if (failed(lowerToLLVM(compilation.getModule(), emitOptions)))
    return exitUnsupported;

  if (llvm::Error failure = weights.createTemporary("weights"))
    return report(std::move(failure), exitResource);
  if (llvm::Error failure =
          writeWeights(compilation.getModule(), weights.path(), compilation.getPackOptions()))
    return report(std::move(failure), exitResource);
  auto object = emitObject(compilation.getModule(), emitOptions);
  if (!object)
    return report(object.takeError(), exitInternal);
  auto loaded = JitArtifact::load(std::move(*object));
  if (!loaded)
    return report(loaded.takeError(), exitInternal);
  artifact = std::move(*loaded);
  return exitSuccess;
}
