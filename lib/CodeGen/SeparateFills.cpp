//===- SeparateFills.cpp - The separate-fills pass ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_SEPARATEFILLSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct SeparateFills : impl::SeparateFillsPassBase<SeparateFills> {
  void runOnOperation() override {
    SmallVector<linalg::FillOp> fills;
    getOperation()->walk([&](linalg::FillOp fill) {
      if (fill.hasPureTensorSemantics() && !fill->use_empty())
        fills.push_back(fill);
    });
    for (linalg::FillOp fill : fills)
      separate(fill);
  }

  void separate(linalg::FillOp fill) {
    auto uses = llvm::map_to_vector(fill->getUses(), [](OpOperand &use) { return &use; });
    for (OpOperand *use : uses) {
      // What only reads the filled tensor may share it.
      auto user = dyn_cast<DestinationStyleOpInterface>(use->getOwner());
      if (!user || !user.isDpsInit(use))
        continue;
      OpBuilder b(user);
      IRMapping mapping;
      Value init = fill.getDpsInits()[0];
      if (auto empty = init.getDefiningOp<tensor::EmptyOp>())
        b.clone(*empty, mapping);
      use->set(b.clone(*fill, mapping)->getResult(0));
      ++numSeparated;
    }
    if (!fill->use_empty())
      return;
    Operation *empty = fill.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
    fill.erase();
    if (empty && empty->use_empty())
      empty->erase();
  }
};
} // namespace

} // namespace moec::codegen
