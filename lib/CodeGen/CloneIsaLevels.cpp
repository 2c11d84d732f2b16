//===- CloneIsaLevels.cpp - The clone-isa-levels pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/IsaLevel.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_CLONEISALEVELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct CloneIsaLevels : impl::CloneIsaLevelsPassBase<CloneIsaLevels> {
  using CloneIsaLevelsPassBase::CloneIsaLevelsPassBase;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SmallVector<const IsaLevel *> chosen;
    for (const std::string &name : levels) {
      const IsaLevel *level = findIsaLevel(name);
      if (!level) {
        module.emitError("unknown instruction-set level '")
            << name << "'; there are v2, avx2 and avx512";
        return signalPassFailure();
      }
      if (!llvm::is_contained(chosen, level))
        chosen.push_back(level);
    }
    if (chosen.empty())
      for (const IsaLevel &level : getIsaLevels())
        chosen.push_back(&level);

    SymbolTable symbols(module);
    for (auto kernel : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      if (kernel->hasAttr(rt::RTDialect::kKernel) && !kernel->hasAttr(isaAttrName))
        cloneKernel(kernel, chosen, symbols);
  }

  void cloneKernel(func::FuncOp kernel, ArrayRef<const IsaLevel *> chosen, SymbolTable &symbols) {
    std::string name = kernel.getName().str();
    OpBuilder b(kernel);
    OperationState table(kernel.getLoc(), rt::KernelOp::getOperationName());
    table.addAttribute(SymbolTable::getSymbolAttrName(), b.getStringAttr(name));
    for (const IsaLevel *level : chosen) {
      auto clone = cast<func::FuncOp>(b.clone(*kernel));
      clone.setName((Twine(name) + "_" + level->name).str());
      setIsaLevel(clone, *level);
      // Renames on a clash with a function of the user's.
      table.addAttribute(level->name, FlatSymbolRefAttr::get(symbols.insert(clone)));
      ++numClones;
    }
    Operation *levelTable = b.create(table);
    symbols.erase(kernel);
    symbols.insert(levelTable);
  }
};
} // namespace

} // namespace moec::codegen
