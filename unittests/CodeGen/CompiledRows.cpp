//===- CompiledRows.cpp - Compiling host functions for tests -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "unittests/CodeGen/CompiledRows.h"

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/IsaLevel.h"
#include "lib/CodeGen/Passes.h"
#include "moec/InitAll.h"

#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/ExecutionEngine/OptUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"
#include "gtest/gtest.h"

using namespace mlir;

namespace moec {

struct CompiledRows::Impl {
  std::unique_ptr<MLIRContext> context;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<ExecutionEngine> engine;
};

static std::vector<std::string> getLevelsOfThisCpu() {
  auto features = llvm::sys::getHostCPUFeatures();
  std::vector<std::string> levels;
  for (const codegen::IsaLevel &level : codegen::getIsaLevels()) {
    SmallVector<StringRef> names;
    level.features.split(names, ',');
    if (llvm::all_of(names, [&](StringRef name) { return features.lookup(name.drop_front()); }))
      levels.push_back(level.name.str());
  }
  return levels;
}

/// Copies @host per level and way of splitting; launches become calls.
static void bindHosts(ModuleOp module, ArrayRef<std::string> levels) {
  auto host = module.lookupSymbol<func::FuncOp>("host");
  OpBuilder b(host);
  for (const std::string &level : levels)
    for (bool split : {false, true}) {
      auto clone = cast<func::FuncOp>(b.clone(*host));
      clone.setName("host_" + level + (split ? "_split" : ""));
      clone->setAttr("llvm.emit_c_interface", b.getUnitAttr());
      clone.walk([&](rt::LaunchOp launch) {
        ImplicitLocOpBuilder at(launch.getLoc(), launch);
        Value zero = arith::ConstantIndexOp::create(at, 0), units = launch.getUnits();
        Value one = arith::ConstantIndexOp::create(at, 1);
        auto loop = scf::ForOp::create(at, zero, split ? units : one, one);
        at.setInsertionPointToStart(loop.getBody());
        Value begin = loop.getInductionVar(), end = units;
        if (split)
          end = arith::AddIOp::create(at, begin, one);
        SmallVector<Value> arguments{begin, end};
        llvm::append_range(arguments, launch.getArgs());
        func::CallOp::create(at, (launch.getKernel() + "_" + level).str(), TypeRange(), arguments);
        launch.erase();
      });
    }
  host.erase();
  for (auto kernel : llvm::make_early_inc_range(module.getOps<rt::KernelOp>()))
    kernel.erase();
  for (auto function : module.getOps<func::FuncOp>()) {
    function->removeAttr(rt::RTDialect::kKernel);
    function->removeAttr(codegen::isaAttrName);
  }
}

static LogicalResult runPipeline(ModuleOp module, const std::string &pipeline) {
  PassManager manager(module.getContext());
  if (failed(parsePassPipeline(pipeline, manager)))
    return failure();
  return manager.run(module);
}

CompiledRows::CompiledRows(const std::string &text) : impl(std::make_unique<Impl>()) {
  static bool registered = [] {
    registerAllPasses();
    moec::registerPasses();
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)registered;
  DialectRegistry registry;
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllToLLVMIRTranslations(registry);
  moec::registerDialects(registry);
  impl->context = std::make_unique<MLIRContext>(registry);
  impl->module = parseSourceString<ModuleOp>(text, impl->context.get());
  if (!impl->module)
    return;
  std::vector<std::string> available = getLevelsOfThisCpu();
  ModuleOp module = *impl->module;
  if (failed(runPipeline(module,
                         "fuse-rows,cse,one-shot-bufferize{bufferize-function-boundaries=1 "
                         "function-boundary-type-conversion=identity-layout-map},form-kernels,cse,"
                         "rt-release-buffers,"
                         "canonicalize,clone-isa-levels{levels=" +
                             llvm::join(available, ",") +
                             "},emit-linalg-rows,expand-math,cse,canonicalize")))
    return;
  bindHosts(module, available);
  if (failed(runPipeline(module, "expand-strided-metadata,lower-affine,convert-scf-to-cf,"
                                 "convert-vector-to-llvm,convert-to-llvm,"
                                 "reconcile-unrealized-casts")))
    return;

  // A processor without features, so that those of each function count.
  std::string error;
  llvm::Triple triple(llvm::sys::getProcessTriple());
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return;
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, "x86-64", "", {}, llvm::Reloc::PIC_));
  ExecutionEngineOptions options;
  options.jitCodeGenOptLevel = llvm::CodeGenOptLevel::Default;
  auto transformer = makeOptimizingTransformer(2, 0, machine.get());
  options.transformer = transformer;
  auto engine = ExecutionEngine::create(module, options, std::move(machine));
  if (!engine) {
    llvm::errs() << llvm::toString(engine.takeError()) << "\n";
    return;
  }
  impl->engine = std::move(*engine);
  levels = available;
}

CompiledRows::~CompiledRows() = default;

void *CompiledRows::lookup(const std::string &level, bool split) {
  auto function = impl->engine->lookup("_mlir_ciface_host_" + level + (split ? "_split" : ""));
  if (function)
    return *function;
  ADD_FAILURE() << llvm::toString(function.takeError());
  return nullptr;
}

} // namespace moec
