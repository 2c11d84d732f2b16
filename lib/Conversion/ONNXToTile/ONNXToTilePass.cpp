//===- ONNXToTilePass.cpp - Lowers heavy operators ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToTile/ONNXToTile.h"

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/ONNXToTile/Patterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Rewrite/FrozenRewritePatternSet.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

namespace moec {
#define GEN_PASS_DEF_CONVERTONNXTOTILEPASS
#include "lib/Conversion/ONNXToTile/Passes.h.inc"

namespace {

/// Ops that this pass lowers or reports.
bool isLoweredToTile(Operation *op) {
  return isa<onnx::AttentionOp, onnx::EinsumOp, onnx::GemmOp, onnx::MatMulOp>(op);
}

/// Keeps why patterns declined.
struct Reasons : RewriterBase::Listener {
  void notifyMatchFailure(Location loc, function_ref<void(Diagnostic &)> reason) override {
    Diagnostic diagnostic(loc, DiagnosticSeverity::Remark);
    reason(diagnostic);
    text[loc] = diagnostic.str();
  }
  llvm::DenseMap<Location, std::string> text;
};

struct ConvertONNXToTile : impl::ConvertONNXToTilePassBase<ConvertONNXToTile> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isLoweredToTile(op))
        ops.push_back(op);
    });
    ProductShapes shapes;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (failed(shapes.analyse(function, isLoweredToTile)))
        return signalPassFailure();
    WeightTable weights(getOperation());
    RewritePatternSet patterns(&getContext());
    populateAttentionPatterns(patterns, weights);
    populateEinsumPatterns(patterns, weights, shapes);
    populateMatMulPatterns(patterns, weights, shapes);
    populateGemmPatterns(patterns, weights, shapes);
    Reasons reasons;
    GreedyRewriteConfig config;
    config.setListener(&reasons).setStrictness(GreedyRewriteStrictness::ExistingOps);
    bool hasChanged = false;
    (void)applyOpPatternsGreedily(ops, FrozenRewritePatternSet(std::move(patterns)), config,
                                  &hasChanged);
    unsigned numLeft = 0;
    getOperation().walk([&](Operation *op) {
      if (!isLoweredToTile(op))
        return;
      ++numLeft;
      InFlightDiagnostic error = op->emitOpError("has no lowering yet");
      if (auto reason = reasons.text.find(op->getLoc()); reason != reasons.text.end())
        error << ": " << reason->second;
    });
    numLowered += ops.size() - numLeft;
    if (numLeft != 0)
      signalPassFailure();
  }
};

} // namespace
} // namespace moec
