//===- EmitRowKernels.cpp - The emit-row-kernels pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Emitters.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

#include "dialects/RT/IR/RT.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITROWKERNELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct EmitRowKernels : impl::EmitRowKernelsPassBase<EmitRowKernels> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(rt::RTDialect::kKernel))
        function.walk([&](Operation *op) {
          if (isa<tile::SelectOp, tile::BucketOp, tile::ScanOp, tile::SortOp,
                  tile::WeightedGatherOp, tile::ScatterOp, tile::CompactOp>(op))
            ops.push_back(op);
        });
    for (Operation *op : ops) {
      if (op->getNumResults() != 0) {
        op->emitOpError("is still on tensors; bufferize before emit-row-kernels");
        return signalPassFailure();
      }
      TypeSwitch<Operation *>(op)
          .Case([](tile::SelectOp select) { emitSelect(select); })
          .Case([](tile::BucketOp bucket) { emitBucket(bucket); })
          .Case([](tile::ScanOp scan) { emitScan(scan); })
          .Case([](tile::SortOp sort) { emitSort(sort); })
          .Case([](tile::WeightedGatherOp gather) { emitWeightedGather(gather); })
          .Case([](tile::ScatterOp scatter) { emitScatter(scatter); })
          .Case([](tile::CompactOp compact) { emitCompact(compact); });
      op->erase();
    }
  }
};
} // namespace

} // namespace moec::codegen
