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
#include "lib/CodeGen/LinalgParts.h"
#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/ProductSchedule.h"
#include "lib/CodeGen/RowBlocks.h"
#include "lib/CodeGen/RowGroups.h"

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
  using FormKernelsPassBase::FormKernelsPassBase;

  void runOnOperation() override {
    eraseEmptyWork(getOperation());
    KernelFormer former(getOperation(), threadWork);
    for (auto function : llvm::to_vector(getOperation().getOps<func::FuncOp>()))
      if (groupRows && !function->hasAttr(rt::RTDialect::kKernel))
        for (const RowGroup &group : findRowGroups(function))
          formRowGroup(group, former);
    SmallVector<Operation *> ops;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      if (function->hasAttr(rt::RTDialect::kKernel))
        continue;
      function.walk([&](Operation *op) {
        if (isa<tile::RaggedMatmulOp, tile::PackOp, tile::SelectOp, tile::BucketOp, tile::ScanOp,
                tile::SortOp, tile::WeightedGatherOp, tile::AttentionOp, tile::ScatterOp,
                tile::CompactOp>(op))
          ops.push_back(op);
        // Not what stands in the bodies of structured ops.
        else if (isLinalgWork(op) && !isa<linalg::LinalgOp>(op->getParentOp()))
          ops.push_back(op);
      });
    }
    for (Operation *op : ops) {
      // What bufferization leaves of a piece that was computed in its place.
      if (auto copy = dyn_cast<memref::CopyOp>(op); copy && copy.getSource() == copy.getTarget()) {
        op->erase();
        continue;
      }
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
      else if (auto pack = dyn_cast<tile::PackOp>(op))
        formPack(pack, former);
      else if (auto select = dyn_cast<tile::SelectOp>(op))
        formSelect(select, former);
      else if (auto bucket = dyn_cast<tile::BucketOp>(op))
        formBucket(bucket, former);
      else if (auto attention = dyn_cast<tile::AttentionOp>(op))
        formAttention(attention, former);
      else if (auto scatter = dyn_cast<tile::ScatterOp>(op))
        formScatter(scatter, former);
      else if (auto compact = dyn_cast<tile::CompactOp>(op))
        formCompact(compact, former);
      else if (isa<tile::ScanOp, tile::SortOp>(op))
        formAlongAxis(op, former);
      else
        formGather(cast<tile::WeightedGatherOp>(op), former);
      op->erase();
    }
    numKernels += former.numKernels;
    numLaunches += former.numLaunches;
  }

  void formProduct(tile::RaggedMatmulOp op, KernelFormer &former);
  void formPack(tile::PackOp op, KernelFormer &former);
  void formSelect(tile::SelectOp op, KernelFormer &former);
  void formBucket(tile::BucketOp op, KernelFormer &former);
  void formAlongAxis(Operation *op, KernelFormer &former);
  void formGather(tile::WeightedGatherOp op, KernelFormer &former);
  void formAttention(tile::AttentionOp op, KernelFormer &former);
  void formScatter(tile::ScatterOp op, KernelFormer &former);
  void formCompact(tile::CompactOp op, KernelFormer &former);
};

/// Panels of `columns` columns.
static Value countPanels(ImplicitLocOpBuilder &b, Value columns) {
  return arith::CeilDivUIOp::create(
      b, columns, arith::ConstantIndexOp::create(b, tile::PackedType::panelWidth));
}

void FormKernels::formProduct(tile::RaggedMatmulOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto slabs = dyn_cast<tile::PackedType>(op.getSlabs().getType());
  auto constant = [](ImplicitLocOpBuilder &at, int64_t value) -> Value {
    return arith::ConstantIndexOp::create(at, value);
  };
  // A packed weight tells its sizes, a buffer of panels leaves them to the other operands.
  int64_t staticDepth =
      slabs ? slabs.getPanelElements() / tile::PackedType::panelWidth : ShapedType::kDynamic;
  Value depth, panels;
  if (slabs) {
    depth = constant(b, staticDepth);
    panels = constant(b, slabs.getNumPanels());
  } else {
    depth = memref::DimOp::create(b, op.getRows(), 1);
    if (getElementTypeOrSelf(op.getSlabs().getType()).isBF16())
      depth = arith::MulIOp::create(b, arith::CeilDivUIOp::create(b, depth, constant(b, 2)),
                                    constant(b, 2));
    panels = countPanels(b, memref::DimOp::create(b, op.getOuts(), 1));
  }
  Value count = memref::DimOp::create(b, op.getOuts(), 0);
  Value elements = arith::MulIOp::create(b, count, depth);
  Value packed = memref::AllocOp::create(b, MemRefType::get({ShapedType::kDynamic}, b.getF32Type()),
                                         ValueRange{elements});
  Value passedDepth = slabs ? Value() : depth;

  SmallVector<Value> packing{op.getRows(), op.getGather(), op.getRanges(), op.getBatch(),
                             count,        packed,         passedDepth};
  Value packingWork = arith::MulIOp::create(b, depth, constant(b, 2));
  former.launch(b, "pack_rows", {count, packingWork}, packing,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  tile::PackRowsOp::create(k, begin, end, in[0], in[1], in[2], in[3], in[4], in[5],
                                           slabs ? constant(k, staticDepth) : in[6]);
                });

  SmallVector<Value> captures{count,         packed,      op.getRanges(),
                              op.getBatch(), passedDepth, op.getSlabs()};
  constexpr unsigned numFixed = 6;
  for (OperandRange arguments : {op.getRowArgs(), op.getColArgs(), op.getElemArgs()})
    llvm::append_range(captures, arguments);
  captures.push_back(op.getOuts());
  unsigned numRowArgs = op.getRowArgs().size(), numColArgs = op.getColArgs().size(),
           numElemArgs = op.getElemArgs().size();
  LaunchUnits units(panels);
  if (op.getBatch()) {
    units.count = arith::MulIOp::create(b, panels, op.getBatch());
  } else if (op.getRanges()) {
    // All panels of one range before those of the next: threads share its rows.
    Value ranges = countFilledRanges(b, op.getRanges());
    units.count = arith::MulIOp::create(b, panels, ranges);
    units.grain = emitPanelsAtOnce(b, count, ranges, panels);
  }
  former.launch(b, "panel_product", units, captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  auto product = tile::PanelProductOp::create(
                      k, begin, end, in[0], in[1], in[2], in[3], in[4], in[5],
                      in.slice(numFixed, numRowArgs), in.slice(numFixed + numRowArgs, numColArgs),
                      in.slice(numFixed + numRowArgs + numColArgs, numElemArgs), in.back());
                  product.getEpilogue().takeBody(op.getEpilogue());
                });
}

void FormKernels::formPack(tile::PackOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value batch = memref::DimOp::create(b, op.getSource(), 0);
  Value columns = memref::DimOp::create(b, op.getSource(), op.getTransposed() ? 1 : 2);
  Value units = arith::MulIOp::create(b, batch, countPanels(b, columns));
  former.launch(b, "pack_panels", units, op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  tile::PackPanelsOp::create(k, begin, end, in[0], in[1], op.getTransposed());
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
  former.launch(b, "bucket", Value(arith::ConstantIndexOp::create(b, 1)), op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value, Value, ValueRange in) {
                  tile::BucketOp::create(k, TypeRange(), in[0], in[1], in[2], in[3]);
                });
}

/// Units are entries of the first dimension that is not the axis.
void FormKernels::formAlongAxis(Operation *op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op->getLoc(), op);
  auto type = cast<MemRefType>(op->getOperand(0).getType());
  int64_t axis = op->getAttrOfType<IntegerAttr>("axis").getInt();
  int64_t cut = axis == 0 ? 1 : 0;
  Value units = arith::ConstantIndexOp::create(b, 1);
  if (cut < type.getRank())
    units = memref::DimOp::create(b, op->getOperand(0), cut);
  former.launch(b, op->getName().stripDialect(), units, op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  SmallVector<Value> operands(in);
                  if (cut < type.getRank())
                    for (Value &operand : operands)
                      operand = subview(k, operand, {cut}, begin,
                                        Value(arith::SubIOp::create(k, end, begin)));
                  Operation *clone = k.clone(*op);
                  clone->setOperands(operands);
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

void FormKernels::formAttention(tile::AttentionOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  bool isBySequence = op.getQueryLayout() == tile::HeadLayout::BSHD;
  auto query = cast<MemRefType>(op.getQuery().getType());
  auto key = cast<MemRefType>(op.getKey().getType());
  int64_t keyHeads = key.getDimSize(op.getKeyLayout() == tile::HeadLayout::BSHD ? 2 : 1);
  int64_t groupSize = query.getDimSize(isBySequence ? 2 : 1) / keyHeads;
  auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
  Value rows = arith::MulIOp::create(
      b, memref::DimOp::create(b, op.getQuery(), isBySequence ? 1 : 2), constant(groupSize));
  int64_t unitRows = tile::AttentionRowsOp::unitRows;
  Value blocks = arith::DivUIOp::create(b, arith::AddIOp::create(b, rows, constant(unitRows - 1)),
                                        constant(unitRows));
  Value heads =
      arith::MulIOp::create(b, memref::DimOp::create(b, op.getQuery(), 0), constant(keyHeads));
  Value units = arith::MulIOp::create(b, heads, blocks);
  // A unit packs each key and value, and multiplies them with a few rows at least.
  Value keys =
      memref::DimOp::create(b, op.getKey(), op.getKeyLayout() == tile::HeadLayout::BSHD ? 1 : 2);
  Value work = arith::MulIOp::create(
      b, keys, arith::MulIOp::create(b, memref::DimOp::create(b, op.getKey(), 3), constant(4)));
  SmallVector<Value> captures{op.getQuery(),   op.getKey(),    op.getValue(), op.getMask(),
                              op.getLengths(), op.getOffset(), op.getOuts()};
  former.launch(b, "attention", {units, work}, captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  tile::AttentionRowsOp::create(
                      k, begin, end, in[0], in[1], in[2], in[3], in[4], in[5], in[6],
                      op.getScaleAttr(), op.getSoftcapAttr(), op.getLeftWindowAttr(),
                      op.getRightWindowAttr(), op.getNanRowsAttr(), op.getQueryLayoutAttr(),
                      op.getKeyLayoutAttr(), op.getValueLayoutAttr(), op.getOutsLayoutAttr());
                });
}

/// Columns of a unit of a scatter.
constexpr int64_t scatterBlock = 256;

/// Updates of one place must stay in order, so units are blocks of columns.
void FormKernels::formScatter(tile::ScatterOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value columns = b.createOrFold<memref::DimOp>(op.getOuts(), 1);
  Value block = arith::ConstantIndexOp::create(b, scatterBlock);
  SmallVector<Value> captures(op->getOperands());
  former.launch(b, "scatter", Value(arith::CeilDivUIOp::create(b, columns, block)), captures,
                [&](ImplicitLocOpBuilder &k, Value begin, Value end, ValueRange in) {
                  Value width = arith::ConstantIndexOp::create(k, scatterBlock);
                  Value all = k.createOrFold<memref::DimOp>(in[2], 1);
                  Value first = arith::MulIOp::create(k, begin, width);
                  Value last = arith::MinUIOp::create(k, arith::MulIOp::create(k, end, width), all);
                  Value count = arith::SubIOp::create(k, last, first);
                  tile::ScatterOp::create(k, Type(), subview(k, in[0], {1}, first, count), in[1],
                                          subview(k, in[2], {1}, first, count),
                                          op.getCombineAttr());
                });
}

void FormKernels::formCompact(tile::CompactOp op, KernelFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  former.launch(b, "compact", Value(arith::ConstantIndexOp::create(b, 1)), op->getOperands(),
                [&](ImplicitLocOpBuilder &k, Value, Value, ValueRange in) {
                  tile::CompactOp::create(k, Type(), in[0], in[1]);
                });
}

} // namespace
} // namespace moec::codegen
