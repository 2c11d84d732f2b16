//===- ObjectEmitter.cpp - Object files of lowered modules ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Emit/TargetCode.h"

#include "dialects/RT/IR/RT.h"
#include "moert/abi.h"

#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Object/ObjectFile.h"

using namespace llvm;

/// Translates `module` without its weights, which are no code.
static std::unique_ptr<Module> translate(mlir::ModuleOp module, LLVMContext &context) {
  mlir::DialectRegistry registry;
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
  module.getContext()->appendDialectRegistry(registry);

  SmallVector<mlir::Operation *> weights;
  for (auto weight : make_early_inc_range(module.getOps<moec::rt::WeightOp>())) {
    weight->remove();
    weights.push_back(weight);
  }
  std::unique_ptr<Module> result = mlir::translateModuleToLLVMIR(module, context, "artifact");
  for (mlir::Operation *weight : reverse(weights))
    module.getBody()->push_front(weight);
  return result;
}

/// Names of ours must not hide those that the code generator calls, such as memcpy.
static void renameInternals(Module &module) {
  for (Function &function : module)
    if (function.hasLocalLinkage())
      function.setName("moec." + function.getName());
}

static Expected<std::unique_ptr<Module>> createModule(mlir::ModuleOp module,
                                                      const moec::EmitOptions &options,
                                                      TargetMachine &machine,
                                                      LLVMContext &context) {
  std::unique_ptr<Module> code = translate(module, context);
  if (!code)
    return createStringError("translation to LLVM IR failed");
  renameInternals(*code);
  code->setTargetTriple(machine.getTargetTriple());
  code->setDataLayout(machine.createDataLayout());
  std::string problem;
  raw_string_ostream stream(problem);
  if (verifyModule(*code, &stream))
    return createStringError("invalid LLVM IR: " + problem);
  moec::optimise(*code, machine, options.optLevel);
  return code;
}

/// Requires every undefined symbol to be one that each libc has.
static Error checkImports(MemoryBufferRef buffer) {
  static const StringSet<> allowed = {"memcpy", "memmove", "memset", "memcmp", "bcmp"};
  Expected<std::unique_ptr<object::ObjectFile>> object =
      object::ObjectFile::createObjectFile(buffer);
  if (!object)
    return object.takeError();
  std::string others;
  for (const object::SymbolRef &symbol : (*object)->symbols()) {
    Expected<uint32_t> flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (!(*flags & object::SymbolRef::SF_Undefined) ||
        (*flags & object::SymbolRef::SF_FormatSpecific))
      continue;
    Expected<StringRef> name = symbol.getName();
    if (!name)
      return name.takeError();
    if (!name->empty() && !allowed.contains(*name))
      others += (others.empty() ? "" : ", ") + name->str();
  }
  if (others.empty())
    return Error::success();
  return createStringError("the code would call " + others +
                           ", which an artifact may not: expand math functions and conversions of "
                           "narrow types before --convert-rt-to-llvm");
}

Expected<std::unique_ptr<MemoryBuffer>> moec::emitObject(mlir::ModuleOp module,
                                                         const EmitOptions &options) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options.optLevel);
  if (!machine)
    return machine.takeError();
  LLVMContext context;
  Expected<std::unique_ptr<Module>> code = createModule(module, options, **machine, context);
  if (!code)
    return code.takeError();
  if (!(*code)->getNamedGlobal(MOERT_ARTIFACT_SYMBOL))
    return createStringError("the module has no " MOERT_ARTIFACT_SYMBOL
                             "; --convert-rt-to-llvm makes it");
  Expected<std::unique_ptr<MemoryBuffer>> object = compile(**code, **machine);
  if (!object)
    return object.takeError();
  if (Error error = checkImports((*object)->getMemBufferRef()))
    return std::move(error);
  return object;
}

Error moec::emitLLVM(mlir::ModuleOp module, const EmitOptions &options, raw_ostream &os) {
  Expected<std::unique_ptr<TargetMachine>> machine = createTargetMachine(options.optLevel);
  if (!machine)
    return machine.takeError();
  LLVMContext context;
  Expected<std::unique_ptr<Module>> code = createModule(module, options, **machine, context);
  if (!code)
    return code.takeError();
  (*code)->print(os, nullptr);
  return Error::success();
}
