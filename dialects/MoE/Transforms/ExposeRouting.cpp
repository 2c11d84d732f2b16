//===- ExposeRouting.cpp - The load of experts as an output ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/Transforms/Passes.h"
#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec::moe {
#define GEN_PASS_DEF_EXPOSEROUTINGPASS
#include "dialects/MoE/Transforms/Passes.h.inc"
} // namespace moec::moe

using namespace mlir;
using namespace moec;

namespace {
struct ExposeRouting : moe::impl::ExposeRoutingPassBase<ExposeRouting> {
  void runOnOperation() override {
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(rt::RTDialect::kEntry) && !function.isDeclaration() &&
          function.getBody().hasOneBlock())
        expose(function);
  }

  void expose(func::FuncOp function) {
    auto terminator = cast<func::ReturnOp>(function.front().getTerminator());
    OpBuilder builder(&getContext());
    int64_t number = 0;
    for (auto dispatch : function.front().getOps<moe::DispatchOp>()) {
      std::string name = ("routing." + Twine(number++)).str();
      auto attributes = builder.getDictionaryAttr(
          builder.getNamedAttr(rt::RTDialect::kName, builder.getStringAttr(name)));
      if (failed(function.insertResult(function.getNumResults(), dispatch.getOffsets().getType(),
                                       attributes)))
        return signalPassFailure();
      terminator->insertOperands(terminator->getNumOperands(), dispatch.getOffsets());
      ++numLayers;
    }
  }
};
} // namespace
