//===- DeviceRows.cpp - Kernels of structured ops on a device - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceRows.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/RowAlignment.h"
#include "lib/CodeGen/RowEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;

namespace moec::codegen {
namespace {

/// Threads of a block whose teams are smaller than a block.
constexpr int64_t blockThreads = 256;

/// The most rows of blocks that a grid may have.
constexpr int64_t mostGridRows = 65535;

/// Vectors of a row up to which a warp does it, and half a large team: a thread then has four to
/// itself, or eight, which are under way at once.
constexpr int64_t warpVectors = 4 * warpSize, smallTeamThreads = 128,
                  smallTeamVectors = 8 * smallTeamThreads;

/// How one op runs over the lanes of its rows.
struct LanePlan {
  int64_t laneDim; // -1: there is none
  bool isReduced;  // lanes are combined
  int64_t width;   // elements of a vector
};

LanePlan planLanes(linalg::LinalgOp op) {
  RowTeam wide{TeamKind::Alone, reducedWidth, Value(), Value()};
  RowEmitter vectors(op, &wide);
  int64_t laneDim = vectors.getLaneDim();
  if (vectors.reducesLanes())
    return {laneDim, true, reducedWidth};
  if (laneDim >= 0)
    return {laneDim, false, chooseElementwiseWidth(op, laneDim)};
  RowTeam narrow{TeamKind::Alone, 1, Value(), Value()};
  return {RowEmitter(op, &narrow).getLaneDim(), false, 1};
}

/// Vectors of a row of `op`, as a host value.
Value countVectors(ImplicitLocOpBuilder &b, linalg::LinalgOp op, const LanePlan &plan) {
  if (plan.laneDim < 0)
    return arith::ConstantIndexOp::create(b, 1);
  return b.createOrFold<arith::CeilDivUIOp>(getExtent(b, op, plan.laneDim),
                                            arith::ConstantIndexOp::create(b, plan.width));
}

/// Threads of a team that reduces rows of so many vectors.
int64_t getTeamThreads(int64_t vectors) {
  return vectors <= warpVectors        ? warpSize
         : vectors <= smallTeamVectors ? smallTeamThreads
                                       : mostTeamThreads;
}

Value emitTeamThreads(ImplicitLocOpBuilder &b, Value vectors) {
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  auto isAtMost = [&](int64_t count) {
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ule, vectors, index(count));
  };
  Value large = b.createOrFold<arith::SelectOp>(isAtMost(smallTeamVectors), index(smallTeamThreads),
                                                index(mostTeamThreads));
  return b.createOrFold<arith::SelectOp>(isAtMost(warpVectors), index(warpSize), large);
}

/// The length of the rows that a member reduces, as a host value; null if it reduces none.
Value getReducedLength(linalg::LinalgOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  LanePlan plan = planLanes(op);
  return plan.isReduced ? getExtent(b, op, plan.laneDim) : Value();
}

/// The kernel's part: which row, and each member for it.
void buildRows(ImplicitLocOpBuilder &k, IRMapping &mapping, const RowGroup &group, TeamKind kind,
               ArrayRef<Value> extents, Value count) {
  Value row = gpu::BlockIdOp::create(k, gpu::Dimension::x);
  OpBuilder::InsertionGuard guard(k);
  if (kind != TeamKind::Block) {
    // Blocks have several rows, the last one perhaps fewer.
    Value perBlock = gpu::BlockDimOp::create(k, gpu::Dimension::y);
    Value inBlock = gpu::ThreadIdOp::create(k, gpu::Dimension::y);
    row = arith::AddIOp::create(k, arith::MulIOp::create(k, row, perBlock), inBlock);
    Value isRow = arith::CmpIOp::create(k, arith::CmpIPredicate::ult, row, mapping.lookup(count));
    auto branch = scf::IfOp::create(k, isRow, /*withElseRegion=*/false);
    k.setInsertionPointToStart(branch.thenBlock());
  }
  SmallVector<Value> rows(extents.size());
  Value rest = row;
  for (size_t at = extents.size(); at-- > 1;) {
    Value extent = mapping.lookup(extents[at]);
    rows[at] = arith::RemUIOp::create(k, rest, extent);
    rest = arith::DivUIOp::create(k, rest, extent);
  }
  if (!rows.empty())
    rows[0] = rest;
  for (const RowGroup::Member &member : group.members) {
    if (&member != &group.members.front())
      emitTeamSync(k, kind);
    SmallVector<LoopPart> parts;
    for (auto [dim, at] : llvm::zip_equal(member.rowDims, rows))
      parts.push_back({dim, at, Value()});
    linalg::LinalgOp clone = clonePart(k, member.op, mapping, parts);
    clone->setAttr(widthAttrName, k.getI64IntegerAttr(planLanes(member.op).width));
  }
}

/// The smallest power of two that is not less than `vectors`, at most a block.
int64_t getLaneThreads(int64_t vectors) {
  return std::min<int64_t>(llvm::PowerOf2Ceil(std::max<int64_t>(vectors, 1)), blockThreads);
}

/// Blocks for `rows` rows of `vectors` vectors each, by threads that never meet.
DeviceGrid makeAloneGrid(ImplicitLocOpBuilder &b, Value rows, Value vectors,
                         std::optional<int64_t> knownVectors) {
  auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value).getResult(); };
  DeviceGrid grid;
  if (knownVectors) {
    grid.blockX = index(getLaneThreads(*knownVectors));
  } else {
    Value isShort =
        arith::CmpIOp::create(b, arith::CmpIPredicate::ule, vectors, index(warpVectors));
    grid.blockX = arith::SelectOp::create(b, isShort, index(warpSize), index(blockThreads));
  }
  grid.blockY = b.createOrFold<arith::DivUIOp>(index(blockThreads), grid.blockX);
  grid.gridX = b.createOrFold<arith::CeilDivUIOp>(rows, grid.blockY);
  Value chunks = b.createOrFold<arith::CeilDivUIOp>(vectors, grid.blockX);
  grid.gridY = b.createOrFold<arith::MinUIOp>(chunks, index(mostGridRows));
  return grid;
}

void form(const RowGroup &group, TeamKind kind, Value vectors, std::optional<int64_t> knownVectors,
          StringRef name, ImplicitLocOpBuilder &b, DeviceFormer &former) {
  const RowGroup::Member &first = group.members.front();
  Value count = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> extents;
  for (int64_t dim : first.rowDims) {
    extents.push_back(getExtent(b, first.op, dim));
    count = b.createOrFold<arith::MulIOp>(count, extents.back());
  }
  LaunchOperands operands;
  for (const RowGroup::Member &member : group.members)
    operands.addOp(member.op);
  // The outermost one follows from the number of the row.
  for (Value extent : ArrayRef(extents).drop_front(!extents.empty()))
    operands.add(extent);

  DeviceGrid grid;
  if (kind == TeamKind::Alone) {
    grid = makeAloneGrid(b, count, vectors, knownVectors);
  } else {
    grid.blockX = knownVectors
                      ? arith::ConstantIndexOp::create(b, getTeamThreads(*knownVectors)).getResult()
                      : emitTeamThreads(b, vectors);
    if (kind == TeamKind::Warp)
      grid.blockY = arith::ConstantIndexOp::create(b, blockThreads / warpSize);
    grid.gridX =
        kind == TeamKind::Warp ? b.createOrFold<arith::CeilDivUIOp>(count, grid.blockY) : count;
  }
  if (kind != TeamKind::Block)
    operands.add(count);
  former.launch(b, name, kind, grid, operands, [&](ImplicitLocOpBuilder &k, IRMapping &mapping) {
    buildRows(k, mapping, group, kind, extents, count);
  });
  for (const RowGroup::Member &member : group.members)
    member.op->erase();
}

/// The kind of team for rows of so many vectors; of unknown ones a block, whose size follows.
TeamKind chooseKind(std::optional<int64_t> vectors) {
  return vectors && getTeamThreads(*vectors) == warpSize ? TeamKind::Warp : TeamKind::Block;
}

std::optional<int64_t> getKnown(Value vectors) { return getConstantIntValue(vectors); }

} // namespace

void formDeviceRow(linalg::LinalgOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  LanePlan plan = planLanes(op);
  RowGroup group;
  RowGroup::Member &member = group.members.emplace_back();
  member.op = op;
  for (auto [dim, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    if (kind == utils::IteratorType::parallel && static_cast<int64_t>(dim) != plan.laneDim)
      member.rowDims.push_back(dim);
  Value vectors = countVectors(b, op, plan);
  std::optional<int64_t> known = getKnown(vectors);
  TeamKind kind = plan.isReduced ? chooseKind(known) : TeamKind::Alone;
  form(group, kind, vectors, known, getKernelName(op), b, former);
}

bool isDeviceGroup(const RowGroup &group) {
  Value length;
  for (const RowGroup::Member &member : group.members) {
    Value own = getReducedLength(member.op);
    if (length && own && !isSameSize(length, own))
      return false;
    if (own)
      length = own;
  }
  return true;
}

void formDeviceGroup(const RowGroup &group, DeviceFormer &former) {
  Operation *last = group.members.back().op;
  ImplicitLocOpBuilder b(last->getLoc(), last);
  // The first member that is reduced decides, else the first one.
  linalg::LinalgOp leading = group.members.front().op;
  for (const RowGroup::Member &member : llvm::reverse(group.members))
    if (planLanes(member.op).isReduced)
      leading = member.op;
  LanePlan plan = planLanes(leading);
  plan.width = reducedWidth;
  Value vectors = countVectors(b, leading, plan);
  std::optional<int64_t> known = getKnown(vectors);
  form(group, chooseKind(known), vectors, known, "row_group", b, former);
}

} // namespace moec::codegen
