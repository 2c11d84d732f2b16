//===- OverlapExchange.cpp - Chunks of exchanges ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/Transforms/Passes.h"

namespace moec::moe {
#define GEN_PASS_DEF_OVERLAPEXCHANGEPASS
#include "dialects/MoE/Transforms/Passes.h.inc"
} // namespace moec::moe

using namespace mlir;
using namespace moec::moe;

/// Elements of one expert's slice of a stack of weights; 0 where a size is not known.
static int64_t getSliceSize(Value stack) {
  if (!stack)
    return 0;
  ArrayRef<int64_t> shape = cast<RankedTensorType>(stack.getType()).getShape();
  return ShapedType::isDynamicShape(shape.drop_front())
             ? 0
             : ShapedType::getNumElements(shape.drop_front());
}

/// Multiplications and additions of the products that `op` makes of a row.
static int64_t countFlops(Operation *op) {
  if (auto expert = dyn_cast<ExpertOp>(op))
    return 2 * (getSliceSize(expert.getW1()) + getSliceSize(expert.getW3()) +
                getSliceSize(expert.getW2()));
  if (auto half = dyn_cast<ExpertHiddenOp>(op))
    return 2 * (getSliceSize(half.getW1()) + getSliceSize(half.getW3())) / half.getParts();
  if (auto product = dyn_cast<GroupedMatmulOp>(op))
    return 2 * getSliceSize(product.getWeights()) / product.getParts();
  return 0;
}

namespace {
struct OverlapExchange : moec::moe::impl::OverlapExchangePassBase<OverlapExchange> {
  using OverlapExchangePassBase::OverlapExchangePassBase;

  void runOnOperation() override {
    const int64_t given = chunks;
    if (given < 0) {
      getOperation().emitError() << "moe-overlap-exchange expects chunks of at least 0, got "
                                 << given;
      return signalPassFailure();
    }
    getOperation().walk([&](ExpertParallelOp op) {
      int64_t flops = 0;
      for (Operation &inner : op.getBody().front())
        flops += countFlops(&inner);
      op.setRowFlops(flops);
      if (given > 0)
        op.setChunks(given);
      ++numExchanges;
    });
  }
};
} // namespace
