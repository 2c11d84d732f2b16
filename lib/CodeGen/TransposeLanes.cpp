//===- TransposeLanes.cpp - 16 x 16 transposition in registers  -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/TransposeLanes.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

constexpr int64_t lanes = 16;

/// A shuffle that does the same in every group of 4 lanes; `order` counts the 4
/// lanes of `lhs`, then those of `rhs`.
static Value shuffleInQuads(ImplicitLocOpBuilder &b, Value lhs, Value rhs,
                            ArrayRef<int64_t> order) {
  SmallVector<int64_t> mask;
  for (int64_t quad = 0; quad < lanes; quad += 4)
    for (int64_t place : order)
      mask.push_back(quad + (place < 4 ? place : lanes + place - 4));
  return vector::ShuffleOp::create(b, lhs, rhs, mask);
}

/// Groups `first` and `first + 2` of 4 lanes of `lhs`, then of `rhs`.
static Value pickQuads(ImplicitLocOpBuilder &b, Value lhs, Value rhs, int64_t first) {
  SmallVector<int64_t> mask;
  for (int64_t quad : {first, first + 2, first + 4, first + 6})
    for (int64_t lane = 0; lane < 4; ++lane)
      mask.push_back(quad * 4 + lane);
  return vector::ShuffleOp::create(b, lhs, rhs, mask);
}

SmallVector<Value> transposeLanes(ImplicitLocOpBuilder &b, ArrayRef<Value> rows) {
  // Each 4 x 4 block in place ...
  SmallVector<Value> blocks;
  for (int64_t row = 0; row < lanes; row += 4) {
    Value low01 = shuffleInQuads(b, rows[row], rows[row + 1], {0, 4, 1, 5});
    Value high01 = shuffleInQuads(b, rows[row], rows[row + 1], {2, 6, 3, 7});
    Value low23 = shuffleInQuads(b, rows[row + 2], rows[row + 3], {0, 4, 1, 5});
    Value high23 = shuffleInQuads(b, rows[row + 2], rows[row + 3], {2, 6, 3, 7});
    blocks.push_back(shuffleInQuads(b, low01, low23, {0, 1, 4, 5}));
    blocks.push_back(shuffleInQuads(b, low01, low23, {2, 3, 6, 7}));
    blocks.push_back(shuffleInQuads(b, high01, high23, {0, 1, 4, 5}));
    blocks.push_back(shuffleInQuads(b, high01, high23, {2, 3, 6, 7}));
  }
  // ... then the blocks.
  SmallVector<Value> columns(lanes);
  for (int64_t lane = 0; lane < 4; ++lane)
    for (int64_t parity : {0, 1}) {
      Value upper = pickQuads(b, blocks[lane], blocks[4 + lane], parity);
      Value lower = pickQuads(b, blocks[8 + lane], blocks[12 + lane], parity);
      columns[4 * parity + lane] = pickQuads(b, upper, lower, 0);
      columns[4 * (parity + 2) + lane] = pickQuads(b, upper, lower, 1);
    }
  return columns;
}

Value foldLanes(ImplicitLocOpBuilder &b, Value vector, function_ref<Value(Value, Value)> combine) {
  for (int64_t distance = lanes / 2; distance > 0; distance /= 2) {
    SmallVector<int64_t> mask(lanes);
    for (auto [lane, source] : llvm::enumerate(mask))
      source = (lane + distance) % lanes;
    vector = combine(vector, vector::ShuffleOp::create(b, vector, vector, mask));
  }
  return vector;
}

} // namespace moec::codegen
