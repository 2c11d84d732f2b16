//===- SquareTranspose.cpp - Rows of a square to columns ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/SquareTranspose.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

SmallVector<Value> transposeSquare(ImplicitLocOpBuilder &b, ArrayRef<Value> rows) {
  int64_t size = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t lane = 0; lane < size; ++lane) {
    int64_t from = lane / 2 + lane % 2 * size;
    low.push_back(from);
    high.push_back(from + size / 2);
  }
  // Interleaving row i with row i + n/2 moves the top bit of the row's number to the bottom of the
  // lane's and the top bit of the lane's to the bottom of the row's: after log2(n) rounds the
  // numbers have changed places.
  SmallVector<Value> current(rows);
  for (int64_t round = 1; round < size; round *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < size / 2; ++i)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(b, current[i], current[i + size / 2], mask));
    current = std::move(next);
  }
  return current;
}

} // namespace moec::codegen
