//===- Jit.cpp - Compiled tile ops for tests --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Jit.h"

#include "dialects/RT/IR/RT.h"
#include "moec/InitAll.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace moec::test {
namespace {

constexpr const char *tripleName = "x86_64-unknown-linux-gnu";

/// Calls the chosen level's clone for `parts` ranges, last first, in place of a
/// launch.
void callInPlaceOf(rt::LaunchOp launch, StringRef level) {
  auto module = launch->getParentOfType<ModuleOp>();
  auto table = module.lookupSymbol<rt::KernelOp>(launch.getKernel());
  auto kernel =
      module.lookupSymbol<func::FuncOp>(table->getAttrOfType<FlatSymbolRefAttr>(level).getAttr());
  ImplicitLocOpBuilder b(launch.getLoc(), launch);
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  Value parts = launch->getParentOfType<func::FuncOp>().getArgument(0);
  auto loop = scf::ForOp::create(b, zero, parts, one);
  b.setInsertionPointToStart(loop.getBody());
  Value end = arith::SubIOp::create(b, parts, loop.getInductionVar());
  Value begin = arith::SubIOp::create(b, end, one);
  auto share = [&](Value part) -> Value {
    return arith::DivUIOp::create(b, arith::MulIOp::create(b, part, launch.getUnits()), parts);
  };
  SmallVector<Value> arguments{share(begin), share(end)};
  llvm::append_range(arguments, launch.getArgs());
  func::CallOp::create(b, kernel, arguments);
  launch.erase();
}

void removeRuntime(ModuleOp module, StringRef level) {
  SmallVector<rt::LaunchOp> launches;
  module.walk([&](rt::LaunchOp launch) { launches.push_back(launch); });
  for (rt::LaunchOp launch : launches) {
    auto host = launch->getParentOfType<func::FuncOp>();
    for (auto alloc : host.getOps<memref::AllocOp>())
      if (alloc->getUses().end() ==
          std::find_if(alloc->getUses().begin(), alloc->getUses().end(),
                       [](OpOperand &use) { return isa<memref::DeallocOp>(use.getOwner()); })) {
        OpBuilder b(host.getBody().back().getTerminator());
        memref::DeallocOp::create(b, alloc.getLoc(), alloc);
      }
    callInPlaceOf(launch, level);
  }
  for (auto table : llvm::make_early_inc_range(module.getOps<rt::KernelOp>()))
    table.erase();
  for (auto function : module.getOps<func::FuncOp>())
    function->removeAttr(rt::RTDialect::kKernel);
}

LogicalResult runPasses(ModuleOp module, const std::string &pipeline) {
  PassManager passes(module->getName());
  if (failed(parsePassPipeline(pipeline, passes)))
    return failure();
  return passes.run(module);
}

MLIRContext &getContext() {
  static MLIRContext *context = [] {
    llvm::InitializeAllTargets();
    llvm::InitializeAllTargetMCs();
    llvm::InitializeAllAsmPrinters();
    DialectRegistry registry;
    registerAllDialects(registry);
    registerAllExtensions(registry);
    registerAllToLLVMIRTranslations(registry);
    registerAllPasses();
    registerDialects(registry);
    registerPasses();
    return new MLIRContext(registry);
  }();
  return *context;
}

std::unique_ptr<llvm::TargetMachine> createTargetMachine() {
  llvm::Triple triple(tripleName);
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return nullptr;
  // The baseline: functions bring their level's features.
  return std::unique_ptr<llvm::TargetMachine>(
      target->createTargetMachine(triple, "x86-64", "", llvm::TargetOptions(), llvm::Reloc::PIC_));
}

std::unique_ptr<llvm::Module> lower(const std::string &source, const std::string &level,
                                    int64_t blockDepth, llvm::LLVMContext &llvmContext,
                                    llvm::TargetMachine &machine) {
  OwningOpRef<ModuleOp> module = parseSourceString<ModuleOp>(source, &getContext());
  if (!module ||
      failed(runPasses(*module, "form-kernels,clone-isa-levels{levels=" + level +
                                    "},emit-x86-panels{depth=" + std::to_string(blockDepth) +
                                    "},emit-row-kernels,expand-math")))
    return nullptr;
  removeRuntime(*module, level);
  if (failed(runPasses(*module, "func.func(arith-expand{include-bf16=true}),canonicalize,cse,"
                                "convert-scf-to-cf,expand-strided-metadata,lower-affine,"
                                "convert-to-llvm,reconcile-unrealized-casts,bf16-as-integers")))
    return nullptr;
  std::unique_ptr<llvm::Module> llvmModule = translateModuleToLLVMIR(*module, llvmContext);
  if (!llvmModule)
    return nullptr;
  llvmModule->setTargetTriple(machine.getTargetTriple());
  llvmModule->setDataLayout(machine.createDataLayout());

  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager graph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(graph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, graph, modules);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O2).run(*llvmModule, modules);
  return llvmModule;
}

} // namespace

std::vector<std::string> getLevelsOfThisCpu() {
  std::vector<std::string> levels;
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
    levels.push_back("v2");
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
      __builtin_cpu_supports("f16c") && __builtin_cpu_supports("bmi2"))
    levels.push_back("avx2");
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    levels.push_back("avx512");
  return levels;
}

struct CompiledModule::Impl {
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

CompiledModule::CompiledModule(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
CompiledModule::~CompiledModule() = default;

std::unique_ptr<CompiledModule>
CompiledModule::create(const std::string &source, const std::string &level, int64_t blockDepth) {
  getContext();
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine();
  auto llvmContext = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> module =
      machine ? lower(source, level, blockDepth, *llvmContext, *machine) : nullptr;
  if (!module) {
    ADD_FAILURE() << "cannot lower for " << level << ":\n" << source;
    return nullptr;
  }
  llvm::orc::JITTargetMachineBuilder target{llvm::Triple(tripleName)};
  target.setCPU("x86-64");
  target.setCodeGenOptLevel(llvm::CodeGenOptLevel::Default);
  auto jit = llvm::orc::LLJITBuilder().setJITTargetMachineBuilder(std::move(target)).create();
  if (!jit) {
    ADD_FAILURE() << llvm::toString(jit.takeError());
    return nullptr;
  }
  llvm::orc::ThreadSafeModule safe(std::move(module), std::move(llvmContext));
  if (llvm::Error error = (*jit)->addIRModule(std::move(safe))) {
    ADD_FAILURE() << llvm::toString(std::move(error));
    return nullptr;
  }
  auto impl = std::make_unique<Impl>();
  impl->jit = std::move(*jit);
  return std::unique_ptr<CompiledModule>(new CompiledModule(std::move(impl)));
}

void *CompiledModule::lookup(const std::string &name) {
  auto address = impl->jit->lookup(name);
  if (address)
    return address->toPtr<void *>();
  ADD_FAILURE() << llvm::toString(address.takeError());
  return nullptr;
}

std::string getAssembly(const std::string &source, const std::string &level) {
  getContext();
  std::unique_ptr<llvm::TargetMachine> machine = createTargetMachine();
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> module =
      machine ? lower(source, level, 512, llvmContext, *machine) : nullptr;
  llvm::SmallString<0> text;
  llvm::raw_svector_ostream os(text);
  llvm::legacy::PassManager passes;
  if (!module ||
      machine->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::AssemblyFile)) {
    ADD_FAILURE() << "cannot emit assembly for " << level;
    return {};
  }
  passes.run(*module);
  return text.str().str();
}

} // namespace moec::test
