//===- EmitX86Panels.cpp - The emit-x86-panels pass ---------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/IsaLevel.h"
#include "lib/CodeGen/PanelKernel.h"
#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/ProductSchedule.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITX86PANELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct EmitX86Panels : impl::EmitX86PanelsPassBase<EmitX86Panels> {
  using EmitX86PanelsPassBase::EmitX86PanelsPassBase;

  void runOnOperation() override {
    // Pairs of bf16 are never split between blocks of k.
    if (depth < 0 || depth % 2 != 0) {
      getOperation().emitError("emit-x86-panels expects an even depth of at least 2, or 0, got ")
          << static_cast<int64_t>(depth);
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      function.walk([&](Operation *op) {
        if (isa<tile::PackRowsOp, tile::PackPanelsOp, tile::PanelProductOp, tile::AttentionRowsOp>(
                op))
          ops.push_back(op);
      });
    PanelKernels kernels(getOperation());
    for (Operation *op : ops) {
      const IsaLevel *level = getIsaLevel(op);
      if (!level)
        return signalPassFailure();
      if (auto pack = dyn_cast<tile::PackRowsOp>(op)) {
        emitPackRows(pack, *level);
      } else if (auto attention = dyn_cast<tile::AttentionRowsOp>(op)) {
        emitAttention(attention, *level, kernels);
        ++numAttentions;
      } else if (auto panels = dyn_cast<tile::PackPanelsOp>(op)) {
        emitPackPanels(panels, *level);
      } else {
        emitPanelProduct(cast<tile::PanelProductOp>(op), *level,
                         depth ? static_cast<int64_t>(depth) : chooseBlockDepth(*level), kernels);
        ++numProducts;
      }
      op->erase();
    }
  }
};
} // namespace

} // namespace moec::codegen
