//===- MoEToTilePass.cpp - Walks the ops of a layer in order - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MoEToTile/Lowerings.h"
#include "lib/Conversion/MoEToTile/MoEToTile.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {
#define GEN_PASS_DEF_CONVERTMOETOTILEPASS
#include "lib/Conversion/MoEToTile/Passes.h.inc"

namespace {
struct ConvertMoEToTile : impl::ConvertMoEToTilePassBase<ConvertMoEToTile> {
  void runOnOperation() override {
    WeightTable weights(getOperation());
    Dispatches dispatches;
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      // The end of a body goes with the op around it.
      if (isa<moe::MoEDialect>(op->getDialect()) && !isa<moe::YieldOp>(op))
        ops.push_back(op);
    });
    // Every op of every layer is tried, so that one run reports all that is
    // missing. Definitions come before uses in a walk, and bodies before what
    // is around them.
    bool hasFailed = false;
    for (Operation *op : ops) {
      // A body of which something is left cannot leave its op.
      if (hasFailed && isa<moe::ExpertParallelOp>(op))
        continue;
      hasFailed |= failed(lower(op, weights, dispatches));
    }
    if (hasFailed)
      return signalPassFailure();
    for (Operation *op : llvm::reverse(ops))
      op->erase();
    noteOwners(getOperation());
    if (failed(lowerGrids(getOperation())))
      signalPassFailure();
  }

  LogicalResult lower(Operation *op, WeightTable &weights, Dispatches &dispatches) {
    if (auto route = dyn_cast<moe::RouteOp>(op)) {
      ++numRouters;
      return lowerRoute(route);
    }
    if (auto dispatch = dyn_cast<moe::DispatchOp>(op))
      return lowerDispatch(dispatch, dispatches);
    if (auto expert = dyn_cast<moe::ExpertOp>(op)) {
      numProducts += 2;
      return lowerExpert(expert, dispatches, weights);
    }
    if (auto half = dyn_cast<moe::ExpertHiddenOp>(op)) {
      ++numProducts;
      return lowerExpertHidden(half, dispatches, weights);
    }
    if (auto product = dyn_cast<moe::GroupedMatmulOp>(op)) {
      ++numProducts;
      return lowerGroupedMatmul(product, dispatches, weights);
    }
    if (auto combine = dyn_cast<moe::CombineOp>(op))
      return lowerCombine(combine);
    if (auto parallel = dyn_cast<moe::ExpertParallelOp>(op)) {
      ++numExchanges;
      return lowerExpertParallel(parallel, dispatches);
    }
    if (isa<moe::ExchangeOp, moe::ExchangeBackOp>(op))
      return op->emitOpError("has no window yet; run --moe-plan-windows first");
    return op->emitOpError("has no lowering yet; `moec run --interpret` runs it");
  }
};
} // namespace

Value emptyTensor(ImplicitLocOpBuilder &b, RankedTensorType type, ValueRange sizes) {
  return tensor::EmptyOp::create(b, type.getShape(), type.getElementType(),
                                 sizes.take_front(type.getNumDynamicDims()));
}

} // namespace moec
