//===- TargetCode.cpp - LLVM modules of artifacts and their target -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/TargetCode.h"

#include "lib/Emit/SinkNegations.h"
#include "lib/Emit/WidenHalves.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"

using namespace llvm;

Expected<std::unique_ptr<TargetMachine>> moec::createTargetMachine(unsigned optLevel) {
  // Fails where LLVM was built for another kind of machine, so the look-up below reports it.
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  Triple triple("x86_64-unknown-linux-gnu");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError("this LLVM cannot generate x86-64 code: " + error);
  TargetOptions options;
  options.FunctionSections = true;
  options.DataSections = true;
  // The sums of kernels are written with explicit FMAs, in the order that the promise of equal bits
  // prescribes; nothing may be fused behind their back.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, "x86-64-v2", /*Features=*/"", options, Reloc::PIC_,
                                  std::nullopt, toCodeGenLevel(optLevel)));
}

CodeGenOptLevel moec::toCodeGenLevel(unsigned optLevel) {
  return optLevel == 0   ? CodeGenOptLevel::None
         : optLevel == 1 ? CodeGenOptLevel::Less
         : optLevel == 2 ? CodeGenOptLevel::Default
                         : CodeGenOptLevel::Aggressive;
}

void moec::runPassPipeline(Module &module, TargetMachine &machine, unsigned optLevel) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  ModulePassManager passes =
      optLevel == 0   ? builder.buildO0DefaultPipeline(OptimizationLevel::O0)
      : optLevel == 1 ? builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1)
      : optLevel == 2 ? builder.buildPerModuleDefaultPipeline(OptimizationLevel::O2)
                      : builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3);
  passes.run(module, modules);
}

void moec::optimise(Module &module, TargetMachine &machine, unsigned optLevel) {
  runPassPipeline(module, machine, optLevel);
  widenHalves(module);
  sinkNegations(module);
}

Expected<std::unique_ptr<MemoryBuffer>> moec::compile(Module &module, TargetMachine &machine) {
  SmallVector<char, 0> bytes;
  {
    raw_svector_ostream stream(bytes);
    legacy::PassManager passes;
    if (machine.addPassesToEmitFile(passes, stream, nullptr, CodeGenFileType::ObjectFile))
      return createStringError("this LLVM cannot write object files for x86-64");
    passes.run(module);
  }
  return std::make_unique<SmallVectorMemoryBuffer>(std::move(bytes), "artifact.o",
                                                   /*RequiresNullTerminator=*/false);
}
