//===- FormKernels.cpp - The form-kernels pass ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/FormLinalgKernels.h"
#include "lib/CodeGen/KernelFormer.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

struct FormKernels : impl::FormKernelsPassBase<FormKernels> {
  void runOnOperation() override {
    KernelFormer former(getOperation());
    SmallVector<Operation *> ops;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function->hasAttr(rt::RTDialect::kKernel))
        continue;
      function.walk([&](Operation *op) {
        if (isa<tile::RaggedMatmulOp, tile::SelectOp, tile::BucketOp, tile::WeightedGatherOp>(op))
          ops.push_back(op);
        // Not what stands in the bodies of structured ops.
        else if (isLinalgWork(op) && !isa<linalg::LinalgOp>(op->getParentOp()))
          ops.push_back(op);
      });
    }
    for (Operation *op : ops) {
      if (isLinalgWork(op)) {
        if (failed(formLinalgKernel(op, former)))
          return signalPassFailure();
        continue;
      }
      if (op->getNumResults() != 0) {
        op->emitOpError("is still on tensors; bufferize before form-kernels");
        return signalPassFailure();
      }
      if (auto product = dyn_cast<tile::RaggedMatmulOp>(op))
        formProduct(product, former);
      else if (auto select = dyn_cast<tile::SelectOp>(op))
        formSelect(select, former);
      else if (auto bucket = dyn_cast<tile::BucketOp>(op))
        formBucket(bucket, former);
      else
        formGather(cast<tile::WeightedGatherOp>(op), former);
      op->erase();
    }
    numKernels += former.numKernels;
    numLaunches += former.numLaunches;
  }

  void formProduct(tile::RaggedMatmulOp op, KernelFormer &former);
  void formSelect(tile::SelectOp op, KernelFormer &former);
  void formBucket(tile::BucketOp op, KernelFormer &former);
  void formGather(tile::WeightedGatherOp op, KernelFormer &former);
};

void FormKernels::formProduct(tile::RaggedMatmulOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  tile::PackedType slabs = op.getSlabs().getType();
  int64_t depth = slabs.getPanelElements() / tile::PackedType::panelWidth;
  Value count = memref::DimOp::create(b, op.getOuts(), 0);
  Value elements = arith::MulIOp::create(b, count, arith::ConstantIndexOp::create(b, depth));
  Value packed = memref::AllocOp::create(b, MemRefType::get({ShapedType::kDynamic}, b.getF32Type()),
                                         ValueRange{elements});

  SmallVector<Value> packing{op.getRows(), op.getGather(), op.getRanges(), count, packed};
  former.launch(b, "pack_rows", count, packing,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  tile::PackRowsOp::create(k, begin, end, in[0], in[1], in[2], in[3], in[4],
                                           k.getI64IntegerAttr(depth));
                });

  SmallVector<Value> captures{count, packed, op.getRanges(), op.getSlabs()};
  llvm::append_range(captures, op.getRowArgs());
  llvm::append_range(captures, op.getColArgs());
  captures.push_back(op.getOuts());
  unsigned numRowArgs = op.getRowArgs().size(), numColArgs = op.getColArgs().size();
  Value panels = arith::ConstantIndexOp::create(b, slabs.getNumPanels());
  former.launch(b, "panel_product", panels, captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  auto product = tile::PanelProductOp::create(
                      k, begin, end, in[0], in[1], in[2], in[3], in.slice(4, numRowArgs),
                      in.slice(4 + numRowArgs, numColArgs), in.back());
                  product.getEpilogue().takeBody(op.getEpilogue());
                });
}

void FormKernels::formSelect(tile::SelectOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value rows = memref::DimOp::create(b, op.getKeys(), 0);
  SmallVector<Value> captures{op.getKeys(), op.getSource(), op.getIds(), op.getValues()};
  former.launch(b, "select", rows, captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  Value count = arith::SubIOp::create(k, end, begin);
                  SmallVector<Value> views;
                  for (Value value : in)
                    views.push_back(subviewRows(k, value, begin, count));
                  tile::SelectOp::create(k, TypeRange(), views[0], views[1], views[2], views[3],
                                         op.getTieAttr());
                });
}

void FormKernels::formBucket(tile::BucketOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  former.launch(b, "bucket", arith::ConstantIndexOp::create(b, 1), op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value, Value, ValueRange in) {
                  tile::BucketOp::create(k, TypeRange(), in[0], in[1], in[2], in[3]);
                });
}

void FormKernels::formGather(tile::WeightedGatherOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value rows = memref::DimOp::create(b, op.getOuts(), 0);
  former.launch(b, "weighted_gather", rows, op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  Value count = arith::SubIOp::create(k, end, begin);
                  tile::WeightedGatherOp::create(
                      k, Type(), in[0], subviewRows(k, in[1], begin, count),
                      subviewRows(k, in[2], begin, count), subviewRows(k, in[3], begin, count),
                      op.getTermAttr());
                });
}

} // namespace
} // namespace moec::codegen
