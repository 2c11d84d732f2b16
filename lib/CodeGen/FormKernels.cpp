//===- FormKernels.cpp - The form-kernels pass ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_FORMKERNELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Makes kernel functions and launches of them.
class KernelFormer {
public:
  explicit KernelFormer(ModuleOp module) : module(module), symbols(module) {}

  /// Emits, before the builder's point, a launch of a kernel over [0, units)
  /// whose body `build` writes, given the kernel's range and its copies of
  /// `captures` (null values stay null).
  void launch(ImplicitLocOpBuilder &b, StringRef name, Value units, ValueRange captures,
              function_ref<void(ImplicitLocOpBuilder &, Value begin, Value end, ValueRange)> build);

  int64_t numKernels = 0, numLaunches = 0;

private:
  ModuleOp module;
  SymbolTable symbols;
  llvm::StringMap<func::FuncOp> kernels;
};

void KernelFormer::launch(
    ImplicitLocOpBuilder &b, StringRef name, Value units, ValueRange captures,
    function_ref<void(ImplicitLocOpBuilder &, Value, Value, ValueRange)> build) {
  SmallVector<Value> present;
  for (Value capture : captures)
    if (capture)
      present.push_back(capture);
  SmallVector<Type> types{b.getIndexType(), b.getIndexType()};
  llvm::append_range(types, ValueRange(present).getTypes());

  OpBuilder atEnd = OpBuilder::atBlockEnd(module.getBody());
  auto kernel = func::FuncOp::create(atEnd, b.getLoc(), name, b.getFunctionType(types, {}));
  kernel.setPrivate();
  kernel->setAttr(rt::RTDialect::kKernel, b.getUnitAttr());
  Block *entry = kernel.addEntryBlock();
  SmallVector<Value> inside;
  unsigned next = 2;
  for (Value capture : captures)
    inside.push_back(capture ? entry->getArgument(next++) : Value());
  ImplicitLocOpBuilder body(b.getLoc(), b.getContext());
  body.setInsertionPointToStart(entry);
  build(body, entry->getArgument(0), entry->getArgument(1), inside);
  func::ReturnOp::create(body);

  // Equal text under the name that all kernels of an op start with is equal code.
  std::string text;
  llvm::raw_string_ostream os(text);
  kernel.print(os, OpPrintingFlags().useLocalScope().assumeVerified());
  auto [known, isNew] = kernels.try_emplace(text, kernel);
  if (isNew) {
    symbols.insert(kernel); // renames on a clash
    ++numKernels;
  } else {
    kernel.erase();
  }
  rt::LaunchOp::create(b, FlatSymbolRefAttr::get(known->second), units, present);
  ++numLaunches;
}

/// Rows [begin, end) of a matrix or entries of a vector.
Value subviewRows(ImplicitLocOpBuilder &b, Value memref, Value begin, Value count) {
  if (!memref)
    return {};
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      strides(type.getRank(), b.getIndexAttr(1)), sizes;
  offsets[0] = begin;
  for (int64_t d = 0; d < type.getRank(); ++d)
    sizes.push_back(type.isDynamicDim(d)
                        ? OpFoldResult(memref::DimOp::create(b, memref, d).getResult())
                        : OpFoldResult(b.getIndexAttr(type.getDimSize(d))));
  sizes[0] = count;
  return memref::SubViewOp::create(b, memref, offsets, sizes, strides);
}

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
      });
    }
    for (Operation *op : ops) {
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
