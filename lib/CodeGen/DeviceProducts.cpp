//===- DeviceProducts.cpp - Kernels of products on a device  -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceProducts.h"

#include "lib/CodeGen/DeviceProductSchedule.h"

#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Host values that follow from the shapes of a product, with an index builder of their own:
/// everything folds if it is static.
class ProductGrid {
public:
  ProductGrid(ImplicitLocOpBuilder &b, tile::RaggedMatmulOp op, const GpuTarget &target)
      : b(b), target(target), types{getElementTypeOrSelf(op.getRows().getType()), Type()} {
    auto packed = dyn_cast<tile::PackedType>(op.getSlabs().getType());
    types.slabs = packed ? packed.getElementType() : getElementTypeOrSelf(op.getSlabs().getType());
    rows = b.createOrFold<memref::DimOp>(op.getOuts(), 0);
    Value columns = packed ? index(packed.getN()) : b.createOrFold<memref::DimOp>(op.getOuts(), 1);
    panels = ceilDiv(columns, productPanelColumns);
    ranges = op.getBatch() ? op.getBatch() : index(1);
    if (op.getRanges()) {
      Value bounds = b.createOrFold<memref::DimOp>(op.getRanges(), 0);
      ranges = b.createOrFold<arith::SubIOp>(bounds, index(1));
      tableBytes = b.createOrFold<arith::MulIOp>(bounds, index(4));
    }
  }

  /// Whether rows are many enough for the large tiles to be filled by an average range, and their
  /// number for every SM to have one.
  Value prefersTiles() {
    Value half = b.createOrFold<arith::MulIOp>(ranges, index(tileSchedule.rows / 2));
    Value isTall = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::uge, rows, half);
    Value isEnough = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::uge,
                                                   countTiles(tileSchedule), index(target.numSMs));
    return b.createOrFold<arith::AndIOp>(isTall, isEnough);
  }

  /// Whether rows are so many that column tiles of 64 would read them again for more than a few
  /// percent of what they read of weights, and wide tiles enough to keep the memory busy.
  Value prefersWide() {
    if (std::optional<int64_t> known = getConstantIntValue(panels);
        known && *known < wideSchedule.panels)
      return arith::ConstantOp::create(b, b.getBoolAttr(false));
    Value few = b.createOrFold<arith::MulIOp>(ranges, index(wideSchedule.rows / 16));
    Value isMore = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::uge, rows, few);
    Value isEnough = b.createOrFold<arith::CmpIOp>(
        arith::CmpIPredicate::uge, countTiles(wideSchedule), index(target.numSMs / 2));
    return b.createOrFold<arith::AndIOp>(isMore, isEnough);
  }

  /// Blocks that stay and take one tile after the other: as many as the device holds at once, or
  /// as there may be tiles.
  DeviceGrid getGrid(const DeviceProductSchedule &schedule) {
    int64_t bytes = schedule.stages * types.stageBytes(schedule);
    int64_t perSM =
        std::clamp<int64_t>(target.sharedBytes / bytes, 1, target.warpsPerSM / schedule.numWarps());
    DeviceGrid grid;
    grid.gridX = b.createOrFold<arith::MinUIOp>(countTiles(schedule), index(perSM * target.numSMs));
    grid.blockX = index(schedule.numThreads());
    grid.sharedBytes =
        tableBytes ? b.createOrFold<arith::AddIOp>(tableBytes, index(bytes)) : index(bytes);
    return grid;
  }

private:
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, value); }
  Value ceilDiv(Value value, int64_t by) {
    return b.createOrFold<arith::CeilDivUIOp>(value, index(by));
  }

  /// The most tiles that there can be: every range may end in a tile of its own.
  Value countTiles(const DeviceProductSchedule &schedule) {
    Value tall = ceilDiv(rows, schedule.rows);
    if (std::optional<int64_t> known = getConstantIntValue(ranges); !known || *known != 1)
      tall = b.createOrFold<arith::AddIOp>(tall, b.createOrFold<arith::MinUIOp>(ranges, rows));
    return b.createOrFold<arith::MulIOp>(tall, ceilDiv(panels, schedule.panels));
  }

  ImplicitLocOpBuilder &b;
  const GpuTarget &target;
  ProductTypes types;
  Value rows, panels, ranges; // numbers of them
  Value tableBytes;           // null without ranges in memory
};

} // namespace

void formDeviceProduct(tile::RaggedMatmulOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  LaunchOperands operands;
  for (Value operand : op->getOperands())
    operands.add(operand);
  ProductGrid shapes(b, op, former.target);
  // Each is launched; all but one have no blocks.
  Value isTile = shapes.prefersTiles(), isWide = shapes.prefersWide();
  Value isSmall = b.createOrFold<arith::OrIOp>(isTile, isWide);
  Value yes = arith::ConstantOp::create(b, b.getBoolAttr(true));
  isWide = b.createOrFold<arith::AndIOp>(isWide, b.createOrFold<arith::XOrIOp>(isTile, yes));
  isSmall = b.createOrFold<arith::XOrIOp>(isSmall, yes);
  const std::pair<const DeviceProductSchedule *, Value> choices[] = {
      {&tileSchedule, isTile}, {&wideSchedule, isWide}, {&streamSchedule, isSmall}};
  for (const auto &choice : choices) {
    const DeviceProductSchedule *schedule = choice.first;
    Value isChosen = choice.second;
    std::optional<int64_t> known = getConstantIntValue(isChosen);
    if (known && *known == 0)
      continue;
    DeviceGrid grid = shapes.getGrid(*schedule);
    if (!known)
      grid.gridX =
          arith::SelectOp::create(b, isChosen, grid.gridX, arith::ConstantIndexOp::create(b, 0));
    NamedAttribute mark(b.getStringAttr(productAttrName), b.getStringAttr(schedule->name));
    former.launch(b, ("ragged_matmul_" + schedule->name).str(), std::optional(mark), grid, operands,
                  [&](ImplicitLocOpBuilder &k, IRMapping &mapping) {
                    // Left alone ptxas prefers 128 registers with a few spills.
                    Operation *kernel = k.getInsertionBlock()->getParentOp();
                    if (schedule->numThreads() <= 256)
                      kernel->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(),
                                      k.getI32IntegerAttr(1));
                    k.clone(*op, mapping);
                  });
  }
  op.erase();
}

void formDevicePack(tile::PackOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  constexpr int64_t threads = 256, mostBlocks = 1 << 16;
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  Value elements = b.createOrFold<memref::DimOp>(op.getOuts(), 0);
  DeviceGrid grid;
  Value blocks = b.createOrFold<arith::CeilDivUIOp>(elements, index(threads));
  grid.gridX = b.createOrFold<arith::MinUIOp>(blocks, index(mostBlocks));
  grid.blockX = index(threads);
  LaunchOperands operands;
  operands.add(op.getSource());
  operands.add(op.getOuts());
  NamedAttribute mark(b.getStringAttr(productAttrName), b.getStringAttr("pack"));
  former.launch(b, "pack", std::optional(mark), grid, operands,
                [&](ImplicitLocOpBuilder &k, IRMapping &mapping) { k.clone(*op, mapping); });
  op.erase();
}

} // namespace moec::codegen
