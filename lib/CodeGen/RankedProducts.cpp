//===- RankedProducts.cpp - Products that decide in jumps ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/RankedProducts.h"

#include "dialects/Tile/IR/Tile.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace moec::codegen {

DenseSet<Operation *> findRankedProducts(ModuleOp module) {
  SetVector<Value> values;
  module.walk([&](Operation *op) {
    if (auto select = dyn_cast<tile::SelectOp>(op))
      values.insert(select.getKeys());
    else if (auto sort = dyn_cast<tile::SortOp>(op))
      values.insert(sort.getKeys());
    else if (auto bucket = dyn_cast<tile::BucketOp>(op))
      values.insert(bucket.getKeys());
  });
  DenseSet<Operation *> products;
  for (size_t at = 0; at < values.size(); ++at) { // grows
    Operation *op = values[at].getDefiningOp();
    // A size says nothing about what is in a tensor.
    if (!op || values[at].getType().isIndex() || isa<tile::AttentionOp, tile::WeightedGatherOp>(op))
      continue;
    if (isa<tile::RaggedMatmulOp>(op))
      products.insert(op);
    else
      values.insert(op->operand_begin(), op->operand_end());
  }
  return products;
}

} // namespace moec::codegen
