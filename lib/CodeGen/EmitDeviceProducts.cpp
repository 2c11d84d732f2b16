//===- EmitDeviceProducts.cpp - The emit-device-products pass  -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/Epilogue.h"
#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/ProductUnits.h"
#include "lib/CodeGen/RowAlignment.h"
#include "lib/CodeGen/WarpProduct.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/NVGPU/IR/NVGPUDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITDEVICEPRODUCTSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// Columns of a result that a thread has side by side.
constexpr int64_t epilogueLanes = 4;

class DeviceProductEmitter {
public:
  DeviceProductEmitter(tile::RaggedMatmulOp op, const DeviceProductSchedule &schedule)
      : op(op), schedule(schedule), b(op.getLoc(), op), sizes(b, op), thread(b, schedule),
        shared(gpu::DynamicSharedMemoryOp::create(b, sharedType())),
        units(b, op, sizes, schedule, thread, shared),
        tiles(b, op, sizes, schedule, thread, shared), warp(b, tiles, schedule) {}

  void emit() {
    Value first = gpu::BlockIdOp::create(b, gpu::Dimension::x);
    Value blocks = gpu::GridDimOp::create(b, gpu::Dimension::x);
    auto loop = scf::ForOp::create(b, first, units.emitCount(), blocks);
    b.setInsertionPointToStart(loop.getBody());
    ProductTile tile = units.emitTile(loop.getInductionVar());
    tiles.emitStart(tile);
    Value rows = b.sub(tile.numRows, thread.firstRow);
    // Rows of a last tile are looked at block by block; a whole tile asks nothing.
    Value isWhole = b.isLess(b.index(schedule.warpRows - WarpProduct::blockRows), rows);
    SmallVector<Value> zero = warp.emitZero();
    SmallVector<Value> sums = b.choose(
        isWhole, ValueRange(zero).getTypes(), [&] { return emitSteps(zero, Value()); },
        [&] { return emitSteps(zero, rows); });
    emitResults(tile, rows, sums);
  }

private:
  MemRefType sharedType() {
    auto space = gpu::AddressSpaceAttr::get(b.getContext(), gpu::AddressSpace::Workgroup);
    return MemRefType::get({ShapedType::kDynamic}, b.getI8Type(), MemRefLayoutAttrInterface(),
                           space);
  }

  /// The sums of a tile. Warps of a block may be in different copies of this loop: they meet at its
  /// barriers all the same.
  SmallVector<Value> emitSteps(ValueRange zero, Value rows) {
    Value numSteps =
        b.createOrFold<arith::CeilDivUIOp>(sizes.depth, b.index(sizes.types.depth(schedule)));
    int64_t ahead = schedule.stages - 1;
    // Everybody is done with the tile before.
    gpu::BarrierOp::create(b);
    for (int64_t step = 0; step < ahead; ++step)
      emitLoad(b.index(step), numSteps);
    auto loop = scf::ForOp::create(b, b.index(0), numSteps, b.index(1), zero);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value step = loop.getInductionVar();
    NVVM::CpAsyncWaitGroupOp::create(b, ahead - 1);
    // All threads' copies of this step are there, and the stage that the next ones go to is free.
    gpu::BarrierOp::create(b);
    emitLoad(b.add(step, ahead), numSteps);
    Value stage = arith::RemUIOp::create(b, step, b.index(schedule.stages));
    scf::YieldOp::create(b, warp.emitStep(stage, loop.getRegionIterArgs(), rows));
    return loop.getResults();
  }

  /// A group of copies is committed where there is nothing left to copy, too, so that the number of
  /// the last ones says what is there.
  void emitLoad(Value step, Value numSteps) {
    Value stage = arith::RemUIOp::create(b, step, b.index(schedule.stages));
    b.when(b.isLess(step, numSteps), [&] { tiles.emitLoad(step, stage); });
    NVVM::CpAsyncCommitGroupOp::create(b);
  }

  void emitResults(const ProductTile &tile, Value rows, ValueRange sums) {
    for (int64_t panel = 0; panel < schedule.warpPanels; ++panel)
      emitPanelResults(tile, rows, sums, panel);
  }

  void emitPanelResults(const ProductTile &tile, Value rows, ValueRange sums, int64_t inWarp) {
    Value panel = b.add(tile.firstPanel, b.add(thread.panel, inWarp));
    int64_t perPanel = productPanelColumns / sizes.columnsPerResult;
    Value first = b.add(b.mul(panel, perPanel), b.mul(thread.inQuad, epilogueLanes));
    for (int64_t eight = 0; eight < schedule.warpRows / 8; ++eight) {
      Value rowInWarp = b.add(thread.quad, 8 * eight);
      b.when(b.isLess(rowInWarp, rows), [&] {
        Value row = b.add(b.add(tile.firstRow, thread.firstRow), rowInWarp);
        SmallVector<Value> operands{warp.emitColumns(sums, inWarp, eight, 0),
                                    warp.emitColumns(sums, inWarp, eight, 1)};
        if (sizes.columnsPerResult == 2)
          return emitColumns(tile.slab, row, first, operands);
        emitColumns(tile.slab, row, first, operands[0]);
        emitColumns(tile.slab, row, b.add(first, perPanel / 2), operands[1]);
      });
    }
  }

  bool hasVectors() {
    if (!sizes.staticColumns || *sizes.staticColumns % epilogueLanes != 0)
      return false;
    SmallVector<Value> memrefs{op.getOuts()};
    llvm::append_range(memrefs, op.getColArgs());
    llvm::append_range(memrefs, op.getElemArgs());
    return llvm::all_of(memrefs,
                        [](Value memref) { return hasAlignedRows(memref, epilogueLanes); });
  }

  /// The epilogue of 4 columns from `column` on.
  void emitColumns(Value slab, Value row, Value column, ValueRange accumulators) {
    if (hasVectors()) {
      b.when(b.isLess(column, sizes.columns),
             [&] { emitEpilogueAt(slab, row, column, accumulators, epilogueLanes); });
      return;
    }
    for (int64_t i = 0; i < epilogueLanes; ++i) {
      Value own = b.add(column, i);
      b.when(b.isLess(own, sizes.columns), [&] {
        SmallVector<Value> elements;
        for (Value vector : accumulators)
          elements.push_back(vector::ExtractOp::create(b, vector, i));
        emitEpilogueAt(slab, row, own, elements, 1);
      });
    }
  }

  Value load(Value memref, ValueRange at, int64_t lanes) {
    if (lanes == 1)
      return memref::LoadOp::create(b, memref, at);
    auto type = VectorType::get({lanes}, getElementTypeOrSelf(memref.getType()));
    return vector::LoadOp::create(b, type, memref, at, /*nontemporal=*/false, alignmentOf(type));
  }

  static llvm::MaybeAlign alignmentOf(VectorType type) {
    return llvm::MaybeAlign(type.getNumElements() * type.getElementTypeBitWidth() / 8);
  }

  void emitEpilogueAt(Value slab, Value row, Value column, ValueRange accumulators, int64_t lanes) {
    SmallVector<Value> arguments(accumulators);
    for (Value memref : op.getRowArgs()) {
      Value element = memref::LoadOp::create(b, memref, row);
      if (lanes > 1)
        element =
            vector::BroadcastOp::create(b, VectorType::get({lanes}, element.getType()), element);
      arguments.push_back(element);
    }
    for (Value memref : op.getColArgs())
      arguments.push_back(load(memref, {slab, column}, lanes));
    for (Value memref : op.getElemArgs())
      arguments.push_back(load(memref, {row, column}, lanes));
    Value result = emitEpilogue(b, op.getEpilogue().front(), arguments, lanes);
    if (lanes == 1)
      memref::StoreOp::create(b, result, op.getOuts(), ValueRange{row, column});
    else
      vector::StoreOp::create(b, result, op.getOuts(), ValueRange{row, column},
                              /*nontemporal=*/false,
                              alignmentOf(cast<VectorType>(result.getType())));
  }

  tile::RaggedMatmulOp op;
  const DeviceProductSchedule &schedule;
  LoopBuilder b;
  ProductSizes sizes;
  ProductThread thread;
  Value shared;
  ProductUnits units;
  ProductTiles tiles;
  WarpProduct warp;
};

struct EmitDeviceProducts : impl::EmitDeviceProductsPassBase<EmitDeviceProducts> {
  void runOnOperation() override {
    bool isGood = true;
    for (auto kernel : getOperation().getOps<gpu::GPUFuncOp>())
      isGood &= succeeded(emitKernel(kernel));
    if (!isGood)
      signalPassFailure();
  }

  LogicalResult emitKernel(gpu::GPUFuncOp kernel) {
    SmallVector<Operation *> ops;
    kernel.walk([&](Operation *op) {
      if (isa<tile::RaggedMatmulOp, tile::PackOp>(op))
        ops.push_back(op);
    });
    auto name = kernel->getAttrOfType<StringAttr>(productAttrName);
    for (Operation *op : ops) {
      if (!cast<DestinationStyleOpInterface>(op).hasPureBufferSemantics())
        return op->emitOpError("is still on tensors; bufferize before emit-device-products");
      if (auto pack = dyn_cast<tile::PackOp>(op)) {
        emitDevicePack(pack);
      } else {
        const DeviceProductSchedule *schedule =
            name ? findDeviceProductSchedule(name.getValue()) : nullptr;
        if (!schedule)
          return kernel.emitOpError() << "has a product, and needs the attribute '"
                                      << productAttrName << "': the name of its schedule";
        auto product = cast<tile::RaggedMatmulOp>(op);
        DeviceProductEmitter(product, *schedule).emit();
        ++numProducts;
      }
      op->erase();
    }
    return success();
  }
};

} // namespace
} // namespace moec::codegen
