//===- Exchange.cpp - moe.exchange, moe.exchange_back -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "dialects/MoE/IR/RankGroup.h"
#include "lib/Interpret/Frame.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"

#include <cstring>

using namespace mlir;
using namespace moec;
using namespace moec::moe;

/// Finds the sizes of the grid, and complains if they are not those of this run.
template <typename OpTy>
static FailureOr<ArrayRef<int64_t>> gridOf(OpTy op, ArrayRef<Frame *> ranks) {
  ArrayRef<int64_t> grid = lookupGrid(op, op.getGrid()).getShape();
  int64_t expected = getNumRanks(grid), given = ranks.size();
  if (expected != given)
    return op.emitOpError("exchanges among the ")
           << expected << " ranks of @" << op.getGrid() << ", and there "
           << (given == 1 ? "is " : "are ") << given << "; run it with --ranks " << expected;
  return grid;
}

/// Emits an error unless `offsets` begin with 0, never descend and end with the number of rows.
static LogicalResult checkOffsets(Operation *op, const Twine &name, const Tensor &offsets,
                                  int64_t rows, int64_t rank) {
  int64_t last = 0;
  for (int64_t i = 0; i < offsets.numElements(); ++i) {
    int64_t next = offsets.integer(i);
    if (next < last || (i == 0 && next != 0))
      return op->emitOpError("has ") << name << "[" << i << "] = " << next << " on rank " << rank
                                     << ": they start at 0 and never descend";
    last = next;
  }
  if (last == rows)
    return success();
  return op->emitOpError("has ") << rows << " rows on rank " << rank << ", but " << name
                                 << " end at " << last;
}

/// Copies `count` rows of equal length and type.
static void copyRows(const Tensor &from, int64_t first, int64_t count, Tensor &to, int64_t target) {
  if (count == 0)
    return;
  const int64_t bytes = from.dim(1) * bytesOf(from.dtype());
  if (bytes)
    memcpy(to.bytes() + target * bytes, from.bytes() + first * bytes, count * bytes);
}

/// Calls `run` for each rank with the frames of its group, its place among them and its number.
template <typename OpTy>
static LogicalResult forEachRank(OpTy op, ArrayRef<Frame *> ranks, ArrayRef<int64_t> grid,
                                 LogicalResult (*run)(OpTy, ArrayRef<Frame *>, int64_t, int64_t)) {
  for (int64_t rank = 0; rank < static_cast<int64_t>(ranks.size()); ++rank) {
    SmallVector<Frame *> group;
    int64_t self = 0;
    for (int64_t other : getGroup(grid, op.getAxes(), rank)) {
      self = other == rank ? group.size() : self;
      group.push_back(ranks[other]);
    }
    for (Frame *frame : group)
      if ((*frame)[op.getRows()].dim(1) != (*ranks[rank])[op.getRows()].dim(1))
        return op.emitOpError("has rows of different lengths on ranks of a group");
    if (failed(run(op, group, self, rank)))
      return failure();
  }
  return success();
}

/// What member `self` of a group receives.
static LogicalResult receive(ExchangeOp op, ArrayRef<Frame *> group, int64_t self, int64_t) {
  const int64_t experts = op.getNumExperts(), members = group.size();
  auto count = [&](int64_t expert, int64_t member) -> int64_t {
    if (op.getOwners()[expert] != self)
      return 0;
    const Tensor &offsets = (*group[member])[op.getOffsets()];
    return offsets.integer(expert + 1) - offsets.integer(expert);
  };
  int64_t total = 0;
  for (int64_t e = 0; e < experts; ++e)
    for (int64_t p = 0; p < members; ++p)
      total += count(e, p);

  Frame &frame = *group[self];
  auto rows = frame.allocate(op->getResult(0), {total, frame[op.getRows()].dim(1)});
  auto offsets = frame.allocate(op->getResult(1), {experts + 1});
  auto sources = frame.allocate(op->getResult(2), {experts * members + 1});
  if (failed(rows) || failed(offsets) || failed(sources))
    return failure();
  int64_t end = 0;
  for (int64_t e = 0; e < experts; ++e) {
    offsets->setInteger(e, end);
    for (int64_t p = 0; p < members; ++p) {
      sources->setInteger(e * members + p, end);
      const Frame &sender = *group[p];
      copyRows(sender[op.getRows()], sender[op.getOffsets()].integer(e), count(e, p), *rows, end);
      end += count(e, p);
    }
  }
  offsets->setInteger(experts, end);
  sources->setInteger(experts * members, end);
  return success(succeeded(frame.set(op->getResult(0), *rows)) &&
                 succeeded(frame.set(op->getResult(1), *offsets)) &&
                 succeeded(frame.set(op->getResult(2), *sources)));
}

static LogicalResult runExchange(ExchangeOp op, ArrayRef<Frame *> ranks) {
  FailureOr<ArrayRef<int64_t>> grid = gridOf(op, ranks);
  if (failed(grid))
    return failure();
  for (auto [rank, frame] : llvm::enumerate(ranks))
    if (failed(frame->checkShape(op, "offsets", op.getOffsets(), {op.getNumExperts() + 1})) ||
        failed(checkOffsets(op, "offsets", (*frame)[op.getOffsets()], (*frame)[op.getRows()].dim(0),
                            rank)))
      return failure();
  return forEachRank(op, ranks, *grid, receive);
}

/// What member `self` of a group gets back.
static LogicalResult getBack(ExchangeBackOp op, ArrayRef<Frame *> group, int64_t self,
                             int64_t rank) {
  const int64_t experts = op.getNumExperts(), members = group.size();
  Frame &frame = *group[self];
  const Tensor &offsets = frame[op.getOffsets()];
  auto result =
      frame.allocate(op->getResult(0), {offsets.integer(experts), frame[op.getRows()].dim(1)});
  if (failed(result))
    return failure();
  for (int64_t e = 0; e < experts; ++e) {
    const Frame &owner = *group[op.getOwners()[e]];
    const Tensor &sources = owner[op.getSources()];
    const int64_t first = sources.integer(e * members + self);
    const int64_t count = sources.integer(e * members + self + 1) - first;
    const int64_t sent = offsets.integer(e + 1) - offsets.integer(e);
    if (count != sent)
      return op.emitOpError("has ")
             << count << " rows of expert " << e << " for rank " << rank << ", which sent " << sent;
    copyRows(owner[op.getRows()], first, count, *result, offsets.integer(e));
  }
  return frame.set(op->getResult(0), *result);
}

static LogicalResult runExchangeBack(ExchangeBackOp op, ArrayRef<Frame *> ranks) {
  FailureOr<ArrayRef<int64_t>> grid = gridOf(op, ranks);
  if (failed(grid))
    return failure();
  const int64_t experts = op.getNumExperts(), members = getGroupSize(*grid, op.getAxes());
  for (auto [rank, frame] : llvm::enumerate(ranks)) {
    const Tensor &offsets = (*frame)[op.getOffsets()];
    if (failed(frame->checkShape(op, "offsets", op.getOffsets(), {experts + 1})) ||
        failed(frame->checkShape(op, "sources", op.getSources(), {experts * members + 1})) ||
        failed(checkOffsets(op, "offsets", offsets, offsets.integer(experts), rank)) ||
        failed(checkOffsets(op, "sources", (*frame)[op.getSources()], (*frame)[op.getRows()].dim(0),
                            rank)))
      return failure();
  }
  return forEachRank(op, ranks, *grid, getBack);
}

void moec::addExchangeHandlers(HandlerTable &table) {
  table.addCollective<ExchangeOp, runExchange>();
  table.addCollective<ExchangeBackOp, runExchangeBack>();
}
