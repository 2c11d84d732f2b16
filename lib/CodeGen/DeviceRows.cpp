//===- DeviceRows.cpp - Kernels of structured ops on a device - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceRows.h"

#include "dialects/RT/IR/RT.h"
#include "lib/CodeGen/DeviceTiles.h"
#include "lib/CodeGen/KernelFormer.h"
#include "lib/CodeGen/LastBlock.h"
#include "lib/CodeGen/RowAlignment.h"
#include "lib/CodeGen/RowEmitter.h"
#include "lib/CodeGen/RowGrid.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;

namespace moec::codegen {
namespace {

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

Value emitCeilDiv(ImplicitLocOpBuilder &b, Value count, int64_t by) {
  return b.createOrFold<arith::CeilDivUIOp>(count, arith::ConstantIndexOp::create(b, by));
}

/// Vectors of a row of `op`, as a host value.
Value countVectors(ImplicitLocOpBuilder &b, linalg::LinalgOp op, const LanePlan &plan) {
  if (plan.laneDim < 0)
    return arith::ConstantIndexOp::create(b, 1);
  return emitCeilDiv(b, getExtent(b, op, plan.laneDim), plan.width);
}

/// The length of the rows that a member reduces, as a host value; null if it reduces none.
Value getReducedLength(linalg::LinalgOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  LanePlan plan = planLanes(op);
  return plan.isReduced ? getExtent(b, op, plan.laneDim) : Value();
}

/// The indices of a row's number in sizes `extents`.
SmallVector<Value> splitRow(ImplicitLocOpBuilder &k, Value row, ArrayRef<Value> extents,
                            const IRMapping &mapping) {
  SmallVector<Value> rows(extents.size());
  for (size_t at = extents.size(); at-- > 1;) {
    Value extent = mapping.lookup(extents[at]);
    rows[at] = arith::RemUIOp::create(k, row, extent);
    row = arith::DivUIOp::create(k, row, extent);
  }
  if (!rows.empty())
    rows[0] = row;
  return rows;
}

/// The one row `row` of a matrix; null of null.
Value cutRow(ImplicitLocOpBuilder &k, const IRMapping &mapping, Value matrix, Value row) {
  return matrix ? subview(k, mapping.lookup(matrix), {0}, row, k.getIndexAttr(1)) : Value();
}

/// A row of a selection.
void cloneSelectRow(ImplicitLocOpBuilder &k, tile::SelectOp op, const IRMapping &mapping,
                    Value row) {
  auto cut = [&](Value matrix) { return cutRow(k, mapping, matrix, row); };
  tile::SelectOp::create(k, TypeRange(), cut(op.getKeys()), cut(op.getSource()), cut(op.getIds()),
                         cut(op.getValues()), op.getTieAttr());
}

Value countSelectVectors(ImplicitLocOpBuilder &b, tile::SelectOp op) {
  return emitCeilDiv(b, b.createOrFold<memref::DimOp>(op.getKeys(), 1), reducedWidth);
}

/// Vectors of the rows of a member that a team combines, as a host value; null if its threads never
/// meet.
Value getCombinedVectors(ImplicitLocOpBuilder &b, const RowGroup::Member &member) {
  if (tile::SelectOp select = member.getSelect())
    return countSelectVectors(b, select);
  LanePlan plan = planLanes(member.getLinalg());
  return plan.isReduced ? countVectors(b, member.getLinalg(), plan) : Value();
}

/// The vectors that decide on the team of a group: those of the first member that is combined,
/// else of the first member.
Value getLeadingVectors(ImplicitLocOpBuilder &b, const RowGroup &group) {
  for (const RowGroup::Member &member : group.members)
    if (Value vectors = getCombinedVectors(b, member))
      return vectors;
  linalg::LinalgOp first = group.members.front().getLinalg();
  LanePlan plan = planLanes(first);
  plan.width = reducedWidth;
  return countVectors(b, first, plan);
}

void addOperands(LaunchOperands &operands, Operation *op) {
  for (Value operand : op->getOperands())
    operands.add(operand);
}

/// Forms the kernel of a group. `sort`, unless null, comes after the last row.
void form(const RowGroup &group, TeamKind kind, Value vectors, StringRef name, tile::BucketOp sort,
          ImplicitLocOpBuilder &b, DeviceFormer &former) {
  const RowGroup::Member &first = group.members.front();
  Value count = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> extents;
  for (int64_t dim : first.rowDims) {
    if (tile::SelectOp select = first.getSelect())
      extents.push_back(b.createOrFold<memref::DimOp>(select.getKeys(), dim));
    else
      extents.push_back(getExtent(b, first.getLinalg(), dim));
    count = b.createOrFold<arith::MulIOp>(count, extents.back());
  }
  LaunchOperands operands;
  for (const RowGroup::Member &member : group.members)
    if (linalg::LinalgOp op = member.getLinalg())
      operands.addOp(op);
    else
      addOperands(operands, member.op);
  // The outermost one follows from the number of the row.
  for (Value extent : ArrayRef(extents).drop_front(!extents.empty()))
    operands.add(extent);
  auto buildRow = [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value row) {
    SmallVector<Value> rows = splitRow(k, row, extents, mapping);
    for (const RowGroup::Member &member : group.members) {
      if (&member != &first)
        emitTeamSync(k, kind);
      if (tile::SelectOp select = member.getSelect()) {
        cloneSelectRow(k, select, mapping, rows.front());
        continue;
      }
      SmallVector<LoopPart> parts;
      for (auto [dim, at] : llvm::zip_equal(member.rowDims, rows))
        parts.push_back({dim, at, Value()});
      linalg::LinalgOp clone = clonePart(k, member.getLinalg(), mapping, parts);
      clone->setAttr(widthAttrName, k.getI64IntegerAttr(planLanes(member.getLinalg()).width));
    }
  };
  RowEnd end;
  if (sort) {
    Value counter = rt::DeviceCounterOp::create(b);
    addOperands(operands, sort);
    operands.add(counter);
    end.blockThreads = wholeBucketThreads;
    end.build = [&, counter](ImplicitLocOpBuilder &k, IRMapping &mapping) {
      emitLastBlock(k, mapping.lookup(counter),
                    [&] { k.clone(*sort, mapping)->setAttr(wholeAttrName, k.getUnitAttr()); });
    };
  }
  launchRows(b, former, name, kind, count, vectors, operands, buildRow, end);
  for (const RowGroup::Member &member : group.members)
    member.op->erase();
  if (sort)
    sort->erase();
}

/// The sort by what the group selected right behind it, if one block can do it; else null.
tile::BucketOp findSortAfter(const RowGroup &group) {
  Operation *after = group.members.back().op->getNextNode();
  while (after && isTransparent(*after))
    after = after->getNextNode();
  auto sort = dyn_cast_if_present<tile::BucketOp>(after);
  if (!sort || !sort.hasPureBufferSemantics() || !canBucketInOneBlock(sort))
    return {};
  bool isSelected = llvm::any_of(group.members, [&](const RowGroup::Member &member) {
    tile::SelectOp select = member.getSelect();
    return select && select.getIds() == sort.getKeys();
  });
  return isSelected ? sort : tile::BucketOp();
}

/// Whether one warp can do all members for a row.
bool isWarpGroup(ImplicitLocOpBuilder &b, const RowGroup &group) {
  return llvm::all_of(group.members, [&](const RowGroup::Member &member) {
    Value vectors = getCombinedVectors(b, member);
    return !vectors || chooseTeam(vectors) == TeamKind::Warp;
  });
}

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
  TeamKind kind = plan.isReduced ? chooseTeam(vectors) : TeamKind::Alone;
  form(group, kind, vectors, getKernelName(op), /*sort=*/{}, b, former);
}

SmallVector<RowGroup> splitDeviceGroup(const RowGroup &group) {
  Operation *last = group.members.back().op;
  ImplicitLocOpBuilder b(last->getLoc(), last);
  SmallVector<RowGroup> groups;
  if (isWarpGroup(b, group)) {
    if (group.members.size() > 1 || findSortAfter(group))
      groups.push_back(group);
    return groups;
  }
  // Teams of blocks differ in their sizes, and sums depend on these.
  RowGroup part;
  auto finish = [&] {
    Value length;
    bool isEqual = llvm::all_of(part.members, [&](const RowGroup::Member &member) {
      Value own = getReducedLength(member.getLinalg());
      if (length && own && !isSameSize(length, own))
        return false;
      length = own ? own : length;
      return true;
    });
    if (part.members.size() > 1 && isEqual)
      groups.push_back(part);
    part.members.clear();
  };
  for (const RowGroup::Member &member : group.members)
    if (member.getSelect())
      finish();
    else
      part.members.push_back(member);
  finish();
  return groups;
}

void formDeviceGroup(const RowGroup &group, DeviceFormer &former) {
  Operation *last = group.members.back().op;
  ImplicitLocOpBuilder b(last->getLoc(), last);
  Value vectors = getLeadingVectors(b, group);
  TeamKind kind = isWarpGroup(b, group) ? TeamKind::Warp : chooseTeam(vectors);
  tile::BucketOp sort = findSortAfter(group);
  bool selects = llvm::any_of(
      group.members, [](const RowGroup::Member &member) { return member.getSelect() != nullptr; });
  // Behind what the sort writes to, and before all that reads its results.
  if (sort)
    b.setInsertionPoint(sort);
  form(group, kind, vectors,
       sort      ? "route"
       : selects ? "select_group"
                 : "row_group",
       sort, b, former);
}

void formDeviceSelect(tile::SelectOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value rows = b.createOrFold<memref::DimOp>(op.getKeys(), 0);
  Value vectors = countSelectVectors(b, op);
  LaunchOperands operands;
  addOperands(operands, op);
  launchRows(b, former, "select", chooseTeam(vectors), rows, vectors, operands,
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value row) {
               cloneSelectRow(k, op, mapping, row);
             });
  op.erase();
}

void formDeviceGather(tile::WeightedGatherOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value rows = b.createOrFold<memref::DimOp>(op.getOuts(), 0);
  int64_t width = chooseCommonWidth({op.getRows(), op.getOuts()});
  Value vectors = emitCeilDiv(b, b.createOrFold<memref::DimOp>(op.getOuts(), 1), width);
  LaunchOperands operands;
  addOperands(operands, op);
  launchRows(b, former, "weighted_gather", TeamKind::Alone, rows, vectors, operands,
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value row) {
               auto cut = [&](Value matrix) { return cutRow(k, mapping, matrix, row); };
               auto gather = tile::WeightedGatherOp::create(
                   k, Type(), mapping.lookup(op.getRows()), cut(op.getPlaces()),
                   cut(op.getWeights()), cut(op.getOuts()), op.getTermAttr());
               gather->setAttr(widthAttrName, k.getI64IntegerAttr(width));
             });
  op.erase();
}

} // namespace moec::codegen
