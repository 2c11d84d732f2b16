//===- EmitLinalgRows.cpp - The emit-linalg-rows pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/RowEmitter.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITLINALGROWSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
bool writesAlongReduction(linalg::LinalgOp op) {
  SmallVector<unsigned> dims;
  op.getReductionDims(dims);
  return llvm::any_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
    return llvm::any_of(
        dims, [&](unsigned dim) { return op.getMatchingIndexingMap(&init).isFunctionOfDim(dim); });
  });
}

struct EmitLinalgRows : impl::EmitLinalgRowsPassBase<EmitLinalgRows> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(rt::RTDialect::kKernel))
        function.walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : ops) {
      if (!op.hasPureBufferSemantics()) {
        op->emitOpError("is still on tensors; bufferize before emit-linalg-rows");
        return signalPassFailure();
      }
      if (writesAlongReduction(op)) {
        op->emitOpError("writes an output along a dimension that it reduces; split it");
        return signalPassFailure();
      }
      RowEmitter emitter(op);
      emitter.emit();
      ++(emitter.isVectorised() ? numVectorised : numScalar);
      op->erase();
    }
  }
};
} // namespace

} // namespace moec::codegen
