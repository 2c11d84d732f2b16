//===- FormDeviceKernels.cpp - The form-device-kernels pass --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "dialects/Tile/IR/Tile.h"
#include "lib/CodeGen/DeviceAttention.h"
#include "lib/CodeGen/DeviceProducts.h"
#include "lib/CodeGen/DeviceRows.h"
#include "lib/CodeGen/DeviceTiles.h"
#include "lib/CodeGen/FormLinalgKernels.h"
#include "lib/CodeGen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace moec::codegen {
#define GEN_PASS_DEF_FORMDEVICEKERNELSPASS
#include "lib/CodeGen/Passes.h.inc"

namespace {

/// What forms the kernels of one kind of op, and erases it.
using FormKernel = LogicalResult (*)(Operation *, DeviceFormer &);

LogicalResult formLinalg(Operation *op, DeviceFormer &former) {
  FailureOr<linalg::LinalgOp> work = takeLinalgWork(op);
  if (failed(work))
    return failure();
  if (*work)
    formDeviceRow(*work, former);
  return success();
}

template <typename OpT, void (*form)(OpT, DeviceFormer &)>
LogicalResult formTile(Operation *op, DeviceFormer &former) {
  if (op->getNumResults() != 0)
    return op->emitOpError("is still on tensors; bufferize before kernels are formed");
  form(cast<OpT>(op), former);
  return success();
}

/// Null for ops without a kernel.
FormKernel findFormer(Operation *op) {
  if (isLinalgWork(op))
    return formLinalg;
  if (isa<tile::SelectOp>(op))
    return formTile<tile::SelectOp, formDeviceSelect>;
  if (isa<tile::BucketOp>(op))
    return formTile<tile::BucketOp, formDeviceBucket>;
  if (isa<tile::CompactOp>(op))
    return formTile<tile::CompactOp, formDeviceCompact>;
  if (isa<tile::ScanOp>(op))
    return formTile<tile::ScanOp, formDeviceScan>;
  if (isa<tile::SortOp>(op))
    return formTile<tile::SortOp, formDeviceSort>;
  if (isa<tile::ScatterOp>(op))
    return formTile<tile::ScatterOp, formDeviceScatter>;
  if (isa<tile::WeightedGatherOp>(op))
    return formTile<tile::WeightedGatherOp, formDeviceGather>;
  if (isa<tile::RaggedMatmulOp>(op))
    return formTile<tile::RaggedMatmulOp, formDeviceProduct>;
  if (isa<tile::PackOp>(op))
    return formTile<tile::PackOp, formDevicePack>;
  if (isa<tile::AttentionOp>(op))
    return formTile<tile::AttentionOp, formDeviceAttention>;
  return nullptr;
}

/// Whether `op` is work for the device: structured ops that are not in the body of another.
bool isWork(Operation *op) {
  return (isa<tile::TileDialect>(op->getDialect()) && !isa<tile::YieldOp>(op)) ||
         (isLinalgWork(op) && !isa<linalg::LinalgOp>(op->getParentOp()));
}

struct FormDeviceKernels : impl::FormDeviceKernelsPassBase<FormDeviceKernels> {
  using FormDeviceKernelsPassBase::FormDeviceKernelsPassBase;

  void runOnOperation() override {
    eraseEmptyWork(getOperation());
    const GpuTarget *target = findGpuTarget(chip);
    if (!target) {
      getOperation().emitError() << "unknown chip '" << chip << "'; known are " << listGpuTargets();
      return signalPassFailure();
    }
    if (failed(checkWork(findWork())))
      return signalPassFailure();
    DeviceFormer former(getOperation(), *target);
    if (groupRows)
      for (auto function : getOperation().getOps<func::FuncOp>())
        for (const RowGroup &group : findRowGroups(function, GroupKinds::WithSelections))
          for (const RowGroup &part : splitDeviceGroup(group))
            formDeviceGroup(part, former);
    for (Operation *op : findWork())
      if (failed(findFormer(op)(op, former)))
        return signalPassFailure();
    numKernels += former.numKernels;
    numLaunches += former.numLaunches;
  }

  SmallVector<Operation *> findWork() {
    SmallVector<Operation *> work;
    for (auto function : getOperation().getOps<func::FuncOp>())
      function.walk([&](Operation *op) {
        if (isWork(op))
          work.push_back(op);
      });
    return work;
  }

  /// Reports every kind of op without a kernel at its first place, before anything is changed.
  LogicalResult checkWork(ArrayRef<Operation *> work) {
    llvm::MapVector<OperationName, SmallVector<Operation *>> left;
    for (Operation *op : work)
      if (!findFormer(op))
        left[op->getName()].push_back(op);
    for (auto &[name, ops] : left) {
      InFlightDiagnostic diag = ops.front()->emitOpError("has no kernel for GPUs in this version");
      if (ops.size() > 1)
        diag << ", here and in " << ops.size() - 1 << " more places";
      diag << "; --target=cpu compiles it";
    }
    return success(left.empty());
  }
};

} // namespace
} // namespace moec::codegen
