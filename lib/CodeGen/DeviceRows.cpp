//===- DeviceRows.cpp - Kernels of structured ops on a device - -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceRows.h"

#include "lib/CodeGen/KernelFormer.h"
#include "lib/CodeGen/RowAlignment.h"
#include "lib/CodeGen/RowEmitter.h"
#include "lib/CodeGen/RowGrid.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Transforms/RegionUtils.h"

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

/// Forms the kernel of a group, which begins with a row of `select` unless that is null.
void form(const RowGroup &group, tile::SelectOp select, TeamKind kind, Value vectors,
          StringRef name, ImplicitLocOpBuilder &b, DeviceFormer &former) {
  const RowGroup::Member &first = group.members.front();
  Value count = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> extents;
  for (int64_t dim : first.rowDims) {
    extents.push_back(getExtent(b, first.op, dim));
    count = b.createOrFold<arith::MulIOp>(count, extents.back());
  }
  LaunchOperands operands;
  if (select)
    for (Value operand : select->getOperands())
      operands.add(operand);
  for (const RowGroup::Member &member : group.members)
    operands.addOp(member.op);
  // The outermost one follows from the number of the row.
  for (Value extent : ArrayRef(extents).drop_front(!extents.empty()))
    operands.add(extent);
  launchRows(b, former, name, kind, count, vectors, operands,
             [&](ImplicitLocOpBuilder &k, IRMapping &mapping, Value row) {
               SmallVector<Value> rows = splitRow(k, row, extents, mapping);
               if (select)
                 cloneSelectRow(k, select, mapping, rows.front());
               for (const RowGroup::Member &member : group.members) {
                 if (select || &member != &first)
                   emitTeamSync(k, kind);
                 SmallVector<LoopPart> parts;
                 for (auto [dim, at] : llvm::zip_equal(member.rowDims, rows))
                   parts.push_back({dim, at, Value()});
                 linalg::LinalgOp clone = clonePart(k, member.op, mapping, parts);
                 clone->setAttr(widthAttrName, k.getI64IntegerAttr(planLanes(member.op).width));
               }
             });
  for (const RowGroup::Member &member : group.members)
    member.op->erase();
  if (select)
    select->erase();
}

/// How a group meets what a selection writes.
enum class Meeting { Never, RowByRow, Otherwise };

Meeting findMeeting(const RowGroup::Member &member, tile::SelectOp select) {
  linalg::LinalgOp op = member.op;
  Value written[] = {getRoot(select.getIds()), getRoot(select.getValues())};
  llvm::SetVector<Value> captured;
  getUsedValuesDefinedAbove(op->getRegions(), captured);
  for (Value value : captured)
    if (isa<BaseMemRefType>(value.getType()) && llvm::is_contained(written, getRoot(value)))
      return Meeting::Otherwise;
  Meeting meeting = Meeting::Never;
  for (OpOperand &operand : op->getOpOperands()) {
    Value memref = operand.get();
    if (!isa<MemRefType>(memref.getType()))
      continue;
    bool isInput = getRoot(memref) == getRoot(select.getKeys()) ||
                   (select.getSource() && getRoot(memref) == getRoot(select.getSource()));
    if (isInput && op.isDpsInit(&operand))
      return Meeting::Otherwise;
    if (!llvm::is_contained(written, getRoot(memref)))
      continue;
    AffineMap map = op.getMatchingIndexingMap(&operand);
    bool isWhole = memref == select.getIds() || memref == select.getValues();
    if (!isWhole || member.rowDims.size() != 1 ||
        getPositions(map, member.rowDims.front()) != SmallVector<int64_t>{0})
      return Meeting::Otherwise;
    meeting = Meeting::RowByRow;
  }
  return meeting;
}

/// The selection right before a group that works on its results row by row; null if there is none.
tile::SelectOp findSelectBefore(const RowGroup &group) {
  Operation *first = group.members.front().op;
  for (const RowGroup::Member &member : group.members)
    if (member.op->isBeforeInBlock(first))
      first = member.op;
  Operation *before = first->getPrevNode();
  while (before && isTransparent(*before))
    before = before->getPrevNode();
  auto select = dyn_cast_if_present<tile::SelectOp>(before);
  if (!select || !select.hasPureBufferSemantics() || !isOwn(getRoot(select.getIds())) ||
      !isOwn(getRoot(select.getValues())))
    return {};
  bool meets = false;
  for (const RowGroup::Member &member : group.members) {
    Meeting meeting = findMeeting(member, select);
    if (meeting == Meeting::Otherwise)
      return {};
    meets |= meeting == Meeting::RowByRow;
  }
  return meets ? select : tile::SelectOp();
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
  form(group, /*select=*/{}, kind, vectors, getKernelName(op), b, former);
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
  TeamKind kind = chooseTeam(vectors);
  // One warp does both if either takes one. Teams of blocks differ in their sizes.
  tile::SelectOp select = findSelectBefore(group);
  if (select &&
      (kind != TeamKind::Warp || chooseTeam(countSelectVectors(b, select)) != TeamKind::Warp))
    select = {};
  form(group, select, kind, vectors, select ? "select_group" : "row_group", b, former);
}

void formDeviceSelect(tile::SelectOp op, DeviceFormer &former) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  Value rows = b.createOrFold<memref::DimOp>(op.getKeys(), 0);
  Value vectors = countSelectVectors(b, op);
  LaunchOperands operands;
  for (Value operand : op->getOperands())
    operands.add(operand);
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
  for (Value operand : op->getOperands())
    operands.add(operand);
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
