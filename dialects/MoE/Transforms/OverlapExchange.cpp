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
static double getSliceSize(Value stack) {
  if (!stack)
    return 0;
  double size = 1;
  for (int64_t dim : cast<RankedTensorType>(stack.getType()).getShape().drop_front())
    size *= ShapedType::isDynamic(dim) ? 0 : static_cast<double>(dim);
  return size;
}

/// More than any row takes, and exact in both types.
constexpr double kMostFlops = 0x1p62;

/// Multiplications and additions of the products that `op` makes of a row.
static double countFlops(Operation *op) {
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
      double flops = 0;
      for (Operation &inner : op.getBody().front())
        flops += countFlops(&inner);
      op.setRowFlops(static_cast<int64_t>(std::min(flops, kMostFlops)));
      if (given > 0)
        op.setChunks(given);
      ++numExchanges;
    });
  }
};
} // namespace
