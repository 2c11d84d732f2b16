//===- PtxEmitter.cpp - PTX of device modules -------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "moec/EmitPtx.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/Emit/TargetCode.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/GPU/GPUToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/NVVM/NVVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm-c/Target.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"

using namespace llvm;

static Expected<std::unique_ptr<TargetMachine>>
createNvptxMachine(const moec::codegen::GpuTarget &chip, unsigned optLevel) {
  // Only the parts that emission needs: this LLVM may lack the others.
  LLVMInitializeNVPTXTargetInfo();
  LLVMInitializeNVPTXTarget();
  LLVMInitializeNVPTXTargetMC();
  LLVMInitializeNVPTXAsmPrinter();
  Triple triple("nvptx64-nvidia-cuda");
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError("this LLVM cannot generate PTX: " + error);
  TargetOptions options;
  // As on the host: what is to be fused says so. ptxas leaves `.rn` alone, too.
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(
      target->createTargetMachine(triple, chip.chip, chip.ptxFeature(), options, Reloc::PIC_,
                                  std::nullopt, moec::toCodeGenLevel(optLevel)));
}

static std::unique_ptr<Module> translate(mlir::gpu::GPUModuleOp device, LLVMContext &context) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerGPUDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  mlir::registerNVVMDialectTranslation(registry);
  device.getContext()->appendDialectRegistry(registry);
  return mlir::translateModuleToLLVMIR(device, context, device.getName());
}

/// PTX has no linker of ours: what is not defined here is nowhere.
static Error checkDefinitions(const Module &code) {
  std::string missing;
  for (const Function &function : code)
    if (function.isDeclaration() && !function.isIntrinsic())
      missing += (missing.empty() ? "" : ", ") + function.getName().str();
  if (missing.empty())
    return Error::success();
  return createStringError("the kernels would call " + missing +
                           ", which no device library provides: expand math functions first");
}

Expected<std::string> moec::emitPtx(mlir::ModuleOp module, const PtxOptions &options) {
  const codegen::GpuTarget *chip = codegen::findGpuTarget(options.chip);
  if (!chip)
    return createStringError("unknown chip '" + options.chip + "'; there are " +
                             codegen::listGpuTargets());
  auto devices = to_vector(module.getOps<mlir::gpu::GPUModuleOp>());
  if (devices.size() != 1)
    return createStringError("expects one gpu.module, got " + Twine(devices.size()));
  Expected<std::unique_ptr<TargetMachine>> machine = createNvptxMachine(*chip, options.optLevel);
  if (!machine)
    return machine.takeError();

  LLVMContext context;
  // The default handler would end the process at an error.
  std::string problem;
  context.setDiagnosticHandlerCallBack(
      [](const DiagnosticInfo *info, void *into) {
        if (info->getSeverity() != DS_Error)
          return;
        raw_string_ostream stream(*static_cast<std::string *>(into));
        DiagnosticPrinterRawOStream printer(stream);
        info->print(printer);
      },
      &problem);
  std::unique_ptr<Module> code = translate(devices.front(), context);
  if (!code)
    return createStringError("translation of @" + devices.front().getName() + " to LLVM IR failed");
  code->setTargetTriple((*machine)->getTargetTriple());
  code->setDataLayout((*machine)->createDataLayout());
  raw_string_ostream stream(problem);
  if (verifyModule(*code, &stream))
    return createStringError("invalid LLVM IR: " + problem);
  runPassPipeline(*code, **machine, options.optLevel);
  if (Error error = checkDefinitions(*code))
    return std::move(error);

  SmallVector<char, 0> text;
  raw_svector_ostream textStream(text);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, textStream, nullptr, CodeGenFileType::AssemblyFile))
    return createStringError("this LLVM cannot write PTX");
  passes.run(*code);
  if (!problem.empty())
    return createStringError("LLVM's back end for PTX: " + problem);
  return std::string(text.begin(), text.end());
}
