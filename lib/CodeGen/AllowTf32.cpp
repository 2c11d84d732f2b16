//===- AllowTf32.cpp - The allow-tf32 pass -------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceProductSchedule.h"
#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/RankedProducts.h"

#include "dialects/Tile/IR/Tile.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_ALLOWTF32PASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct AllowTf32 : impl::AllowTf32PassBase<AllowTf32> {
  void runOnOperation() override {
    DenseSet<Operation *> ranked = findRankedProducts(getOperation());
    getOperation()->walk([&](tile::RaggedMatmulOp op) {
      if (ranked.contains(op)) {
        ++numKept;
        return;
      }
      op->setAttr(allowTf32AttrName, UnitAttr::get(&getContext()));
      ++numAllowed;
    });
  }
};
} // namespace

} // namespace moec::codegen
