//===- MoEExchange.cpp - Groups of ranks, legality of exchanges -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/RankGroup.h"
#include "dialects/MoE/IR/SizeChecks.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "llvm/ADT/SmallBitVector.h"

using namespace mlir;
using namespace moec;
using namespace moec::moe;

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

shard::GridOp moe::lookupGrid(Operation *op, StringRef name) {
  return SymbolTable::lookupNearestSymbolFrom<shard::GridOp>(
      op, StringAttr::get(op->getContext(), name));
}

int64_t moe::getNumRanks(ArrayRef<int64_t> grid) { return llvm::product_of(grid); }

int64_t moe::getGroupSize(ArrayRef<int64_t> grid, ArrayRef<int64_t> axes) {
  int64_t size = 1;
  for (int64_t axis : axes)
    size *= grid[axis];
  return size;
}

SmallVector<int64_t> moe::getGroup(ArrayRef<int64_t> grid, ArrayRef<int64_t> axes, int64_t rank) {
  SmallVector<int64_t> strides(grid.size(), 1);
  for (int64_t i = static_cast<int64_t>(grid.size()) - 1; i > 0; --i)
    strides[i - 1] = strides[i] * grid[i];
  int64_t first = rank;
  for (int64_t axis : axes)
    first -= rank / strides[axis] % grid[axis] * strides[axis];
  SmallVector<int64_t> ranks{first};
  for (int64_t axis : axes) {
    SmallVector<int64_t> outer = std::move(ranks);
    ranks.clear();
    for (int64_t begin : outer)
      for (int64_t i = 0; i < grid[axis]; ++i)
        ranks.push_back(begin + i * strides[axis]);
  }
  return ranks;
}

SmallVector<int64_t> moe::getEvenOwners(int64_t experts, int64_t members, int64_t first) {
  SmallVector<int64_t> owners;
  for (int64_t member = 0; member < members; ++member) {
    const int64_t fromFirst = (member - first % members + members) % members;
    owners.append(experts / members + (fromFirst < experts % members), member);
  }
  return owners;
}

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

template <typename OpTy>
static LogicalResult verifyOwners(OpTy op) {
  if (op.getOwners().empty())
    return op.emitOpError("expects an owner for each expert, and at least one expert");
  if (op.getNumRanges() > kMaxExperts)
    return op.emitOpError("expects at most ") << kMaxExperts << " experts";
  if (op.getNumRanges() % op.getParts() != 0)
    return op.emitOpError("expects an owner for each part of each expert, got ")
           << op.getNumRanges() << " for " << op.getParts() << " parts";
  if (op.getAxes().empty())
    return op.emitOpError("expects at least one axis of the grid");
  return sameSize(op, "the number of offsets (experts + 1)", op.getNumExperts() + 1,
                  dim(op.getOffsets(), 0));
}

/// The number of rows that another rank sends is not known when the program is compiled.
static LogicalResult verifyRows(Operation *op, StringRef name, Value rows) {
  if (ShapedType::isDynamic(dim(rows, 0)))
    return success();
  return op->emitOpError() << "expects a dynamic number of rows in " << name << ", got "
                           << dim(rows, 0) << ": it depends on the routing of other ranks";
}

LogicalResult ExchangeOp::verify() {
  if (failed(verifyOwners(*this)) || failed(verifyRows(*this, "its result", getReceived())) ||
      failed(sameSize(*this, "the number of received offsets (owners + 1)", getNumRanges() + 1,
                      dim(getReceivedOffsets(), 0))))
    return failure();
  auto sent = cast<RankedTensorType>(getRows().getType());
  auto received = cast<RankedTensorType>(getReceived().getType());
  if (sent.getElementType() != received.getElementType() ||
      sent.getDimSize(1) != received.getDimSize(1))
    return emitOpError("sends rows of ")
           << sent << " and receives rows of " << received << ", which differ";
  return success();
}

/// Columns of `parts` rows of `type` beside each other, or ShapedType::kDynamic.
static int64_t getWidth(RankedTensorType type, int64_t parts) {
  int64_t width = type.getDimSize(1);
  return ShapedType::isDynamic(width) ? width : width * parts;
}

LogicalResult ExchangeBackOp::verify() {
  if (failed(verifyOwners(*this)) || failed(verifyRows(*this, "rows", getRows())))
    return failure();
  auto sent = cast<RankedTensorType>(getRows().getType());
  auto result = cast<RankedTensorType>(getResult().getType());
  if (sent.getElementType() == result.getElementType() &&
      getWidth(sent, getParts()) == result.getDimSize(1))
    return success();
  InFlightDiagnostic error = emitOpError("sends rows of ") << sent;
  if (getParts() > 1)
    error << " in " << getParts() << " parts";
  return error << " and gets rows of " << result << ", which differ";
}

LogicalResult ExpertParallelOp::verify() {
  if (failed(verifyOwners(*this)) || failed(verifyRows(*this, "rows", getRows())))
    return failure();
  for (Value result : getResults())
    if (failed(verifyRows(*this, "its results", result)))
      return failure();
  return success();
}

LogicalResult ExpertParallelOp::verifyRegions() {
  Block &body = getBody().front();
  auto offsets = cast<RankedTensorType>(getOffsets().getType());
  SmallVector<Type> expected{getRows().getType(), offsets};
  if (!offsets.isDynamicDim(0))
    expected[1] = RankedTensorType::get({getNumRanges() + 1}, offsets.getElementType());
  if (body.getArgumentTypes() != TypeRange(expected))
    return emitOpError("expects a body that takes ")
           << expected[0] << " and " << expected[1] << ", got (" << body.getArgumentTypes() << ")";
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield)
    return emitOpError("expects its body to end in moe.yield");
  SmallVector<Type> made;
  for (Type operand : yield.getOperandTypes()) {
    auto type = cast<RankedTensorType>(operand);
    made.push_back(type.clone({type.getDimSize(0), getWidth(type, getParts())}));
  }
  if (TypeRange(made) == getResultTypes())
    return success();
  InFlightDiagnostic error = yield.emitOpError("gives (") << yield.getOperandTypes() << ")";
  if (getParts() > 1)
    error << " in " << getParts() << " parts";
  return error << " where moe.expert_parallel has results (" << getResultTypes() << ")";
}

/// Checks what needs the grid. Returns the members of a group.
template <typename OpTy>
static FailureOr<int64_t> verifyGrid(OpTy op, SymbolTableCollection &symbols) {
  auto grid = symbols.lookupNearestSymbolFrom<shard::GridOp>(op, op.getGridAttr());
  if (!grid)
    return op.emitOpError("names no shard.grid: there is no @") << op.getGrid();
  int64_t ranks = 1;
  for (int64_t size : grid.getShape()) {
    if (ShapedType::isDynamic(size))
      return op.emitOpError("expects a grid of static sizes; @") << op.getGrid() << " has others";
    if (size < 1 || ranks > kMaxRanks / size)
      return op.emitOpError("expects a grid of 1 to ")
             << kMaxRanks << " ranks; @" << op.getGrid() << " has not";
    ranks *= size;
  }
  llvm::SmallBitVector seen(grid.getShape().size());
  for (int64_t axis : op.getAxes()) {
    if (axis < 0 || axis >= static_cast<int64_t>(seen.size()))
      return op.emitOpError("expects axes of @")
             << op.getGrid() << ", which has " << seen.size() << ", got " << axis;
    if (seen.test(axis))
      return op.emitOpError("names axis ") << axis << " twice";
    seen.set(axis);
  }
  const int64_t members = getGroupSize(grid.getShape(), op.getAxes());
  for (auto [expert, owner] : llvm::enumerate(op.getOwners()))
    if (owner < 0 || owner >= members)
      return op.emitOpError("gives expert ")
             << expert / op.getParts() << " to member " << owner << " of a group of " << members;
  return members;
}

template <typename OpTy>
static LogicalResult verifySources(OpTy op, SymbolTableCollection &symbols) {
  FailureOr<int64_t> members = verifyGrid(op, symbols);
  if (failed(members))
    return failure();
  return sameSize(op, "the number of sources (owners * members + 1)",
                  op.getNumRanges() * *members + 1, dim(op.getSources(), 0));
}

LogicalResult ExchangeOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifySources(*this, symbols);
}

LogicalResult ExchangeBackOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifySources(*this, symbols);
}

LogicalResult ExpertParallelOp::verifySymbolUses(SymbolTableCollection &symbols) {
  return verifyGrid(*this, symbols);
}
