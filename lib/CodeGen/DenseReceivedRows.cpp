//===- DenseReceivedRows.cpp - Rounds as a device has them -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_DENSERECEIVEDROWSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct DenseReceivedRows : impl::DenseReceivedRowsPassBase<DenseReceivedRows> {
  void runOnOperation() override {
    getOperation()->walk([&](rt::ReceiveRowsOp receive) {
      if (isa<MemRefType>(receive.getMemory().getType()))
        readAdjacent(receive);
    });
  }

  void readAdjacent(rt::ReceiveRowsOp receive) {
    SmallVector<tile::RaggedMatmulOp> products;
    for (OpOperand &use : receive.getMemory().getUses())
      if (auto product = dyn_cast<tile::RaggedMatmulOp>(use.getOwner());
          product && &use == &product.getRowsMutable() &&
          product.getGather() == receive.getPlaces())
        products.push_back(product);
    if (products.empty())
      return;
    OpBuilder b(receive);
    b.setInsertionPointAfter(receive);
    auto memory = cast<MemRefType>(receive.getMemory().getType());
    int64_t columns = memory.getDimSize(1);
    auto dense = MemRefType::get(memory.getShape(), memory.getElementType());
    SmallVector<OpFoldResult> sizes{receive.getWindow(), b.getIndexAttr(columns)};
    SmallVector<OpFoldResult> strides{b.getIndexAttr(columns), b.getIndexAttr(1)};
    Value rows = memref::ReinterpretCastOp::create(b, receive.getLoc(), dense, receive.getMemory(),
                                                   OpFoldResult(b.getIndexAttr(0)), sizes, strides);
    for (tile::RaggedMatmulOp product : products) {
      product.getRowsMutable().assign(rows);
      product.getGatherMutable().clear();
      ++numDense;
    }
  }
};
} // namespace

} // namespace moec::codegen
