//===- EmitDeviceRows.cpp - The emit-device-rows pass --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceEmitters.h"
#include "lib/CodeGen/DeviceTiles.h"
#include "lib/CodeGen/Passes.h"
#include "lib/CodeGen/RowEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_EMITDEVICEROWSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {
struct EmitDeviceRows : impl::EmitDeviceRowsPassBase<EmitDeviceRows> {
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
      if (isa<linalg::LinalgOp, tile::BucketOp, tile::CompactOp, tile::ScanOp, tile::ScatterOp,
              tile::SelectOp, tile::SortOp, tile::WeightedGatherOp>(op))
        ops.push_back(op);
    });
    if (ops.empty())
      return success();
    auto name = kernel->getAttrOfType<StringAttr>(teamAttrName);
    std::optional<TeamKind> kind = name ? findTeamKind(name.getValue()) : std::nullopt;
    if (!kind)
      return kernel.emitOpError() << "has structured ops, and needs the attribute '" << teamAttrName
                                  << "': alone, warp or block";
    RowTeam team = makeTeam(kernel, *kind);
    for (Operation *op : ops) {
      auto width = op->getAttrOfType<IntegerAttr>(widthAttrName);
      team.width = width ? width.getInt() : 1;
      if (failed(emitOp(op, team)))
        return failure();
      op->erase();
    }
    return success();
  }

  LogicalResult emitOp(Operation *op, const RowTeam &team) {
    if (!cast<DestinationStyleOpInterface>(op).hasPureBufferSemantics())
      return op->emitOpError("is still on tensors; bufferize before emit-device-rows");
    bool combines = isa<tile::BucketOp, tile::CompactOp, tile::ScatterOp, tile::SelectOp>(op);
    std::optional<RowEmitter> rows;
    if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
      rows.emplace(structured, &team);
      combines = rows->reducesLanes();
    }
    if (combines && team.kind == TeamKind::Alone)
      return op->emitOpError("combines lanes, but the threads of its kernel never meet");
    if (rows)
      rows->emit();
    else
      emitTile(op, team);
    ++(!rows || rows->isVectorised() ? numSpread : numSerial);
    return success();
  }

  static void emitTile(Operation *op, const RowTeam &team) {
    llvm::TypeSwitch<Operation *>(op)
        .Case([&](tile::BucketOp op) {
          op->hasAttr(wholeAttrName) ? emitWholeBucket(op) : emitDeviceBucket(op, team);
        })
        .Case([&](tile::CompactOp op) { emitDeviceCompact(op, team); })
        .Case([&](tile::ScanOp op) { emitDeviceScan(op, team); })
        .Case([&](tile::ScatterOp op) { emitDeviceScatter(op, team); })
        .Case([&](tile::SelectOp op) { emitDeviceSelect(op, team); })
        .Case([&](tile::SortOp op) { emitDeviceSort(op, team); })
        .Case([&](tile::WeightedGatherOp op) { emitDeviceGather(op, team); });
  }

  /// The thread's place, at the start of the kernel. Threads that never meet may be of several
  /// blocks.
  static RowTeam makeTeam(gpu::GPUFuncOp kernel, TeamKind kind) {
    ImplicitLocOpBuilder b(kernel.getLoc(), kernel.getContext());
    b.setInsertionPointToStart(&kernel.getBody().front());
    Value size;
    if (auto known = kernel.getKnownBlockSize())
      size = arith::ConstantIndexOp::create(b, (*known)[0]);
    else
      size = gpu::BlockDimOp::create(b, gpu::Dimension::x);
    Value first = gpu::ThreadIdOp::create(b, gpu::Dimension::x);
    if (kind == TeamKind::Alone) {
      Value block = gpu::BlockIdOp::create(b, gpu::Dimension::y);
      first = arith::AddIOp::create(b, arith::MulIOp::create(b, block, size), first);
      size = arith::MulIOp::create(b, size, gpu::GridDimOp::create(b, gpu::Dimension::y));
    }
    return {kind, 1, first, size};
  }
};
} // namespace

} // namespace moec::codegen
