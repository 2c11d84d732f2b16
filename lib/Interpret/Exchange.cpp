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

/// What the members of a group take into an exchange, or made of what they received.
struct Sent {
  const Tensor *rows;
  const Tensor *offsets; // by expert, or by range and member
};

struct Received {
  Tensor rows, offsets, sources;
};

/// Who has which range: the parts of each expert, one after the other.
struct Owners {
  ArrayRef<int64_t> members;
  int64_t parts;

  int64_t ranges() const { return members.size(); }
  int64_t experts() const { return ranges() / parts; }
};

/// What member `self` of a group receives; `op` is for messages.
static FailureOr<Received> receive(Operation *op, const Owners &owners, ArrayRef<Sent> group,
                                   int64_t self, Frame &frame) {
  const int64_t ranges = owners.ranges(), members = group.size();
  auto first = [&](int64_t range, int64_t member) -> int64_t {
    return group[member].offsets->integer(range / owners.parts);
  };
  auto count = [&](int64_t range, int64_t member) -> int64_t {
    return owners.members[range] == self
               ? first(range + owners.parts, member) - first(range, member)
               : 0;
  };
  int64_t total = 0;
  for (int64_t r = 0; r < ranges; ++r)
    for (int64_t p = 0; p < members; ++p)
      total += count(r, p);

  const Tensor &own = *group[self].rows;
  auto rows = frame.allocate(op, own.dtype(), {total, own.dim(1)});
  auto offsets = frame.allocate(op, DType::I32, {ranges + 1});
  auto sources = frame.allocate(op, DType::I32, {ranges * members + 1});
  if (failed(rows) || failed(offsets) || failed(sources))
    return failure();
  int64_t end = 0;
  for (int64_t r = 0; r < ranges; ++r) {
    offsets->setInteger(r, end);
    for (int64_t p = 0; p < members; ++p) {
      sources->setInteger(r * members + p, end);
      copyRows(*group[p].rows, first(r, p), count(r, p), *rows, end);
      end += count(r, p);
    }
  }
  offsets->setInteger(ranges, end);
  sources->setInteger(ranges * members, end);
  return Received{*rows, *offsets, *sources};
}

/// What member `self`, whose rows have these `offsets`, gets back from a group.
static FailureOr<Tensor> getBack(Operation *op, const Owners &owners, ArrayRef<Sent> group,
                                 int64_t self, const Tensor &offsets, int64_t rank, Frame &frame) {
  const int64_t members = group.size();
  const Tensor &own = *group[self].rows;
  auto result = frame.allocate(op, own.dtype(),
                               {offsets.integer(owners.experts()), own.dim(1) * owners.parts});
  if (failed(result))
    return failure();
  const int64_t bytes = own.dim(1) * bytesOf(own.dtype());
  for (int64_t r = 0; r < owners.ranges(); ++r) {
    const Sent &owner = group[owners.members[r]];
    const int64_t expert = r / owners.parts, part = r % owners.parts;
    const int64_t first = owner.offsets->integer(r * members + self);
    const int64_t count = owner.offsets->integer(r * members + self + 1) - first;
    const int64_t sent = offsets.integer(expert + 1) - offsets.integer(expert);
    if (count != sent)
      return op->emitOpError("has ") << count << " rows of expert " << expert << " for rank "
                                     << rank << ", which sent " << sent;
    for (int64_t i = 0; bytes && i < count; ++i)
      memcpy(result->bytes() + ((offsets.integer(expert) + i) * owners.parts + part) * bytes,
             owner.rows->bytes() + (first + i) * bytes, bytes);
  }
  return *result;
}

/// Calls `run` for each rank with the ranks of its group and its place among them.
template <typename OpTy>
static LogicalResult
forEachRank(OpTy op, int64_t ranks, ArrayRef<int64_t> grid,
            function_ref<LogicalResult(int64_t rank, ArrayRef<int64_t> group, int64_t self)> run) {
  for (int64_t rank = 0; rank < ranks; ++rank) {
    SmallVector<int64_t> group = getGroup(grid, op.getAxes(), rank);
    if (failed(run(rank, group, llvm::find(group, rank) - group.begin())))
      return failure();
  }
  return success();
}

/// Emits an error unless all ranks of a group have rows of one length.
static LogicalResult checkLengths(Operation *op, ArrayRef<Sent> group) {
  for (const Sent &sent : group)
    if (sent.rows->dim(1) != group.front().rows->dim(1))
      return op->emitOpError("has rows of different lengths on ranks of a group");
  return success();
}

/// What each rank receives, after all checks of what they send.
template <typename OpTy>
static FailureOr<SmallVector<Received>> receiveAll(OpTy op, ArrayRef<Frame *> ranks,
                                                   ArrayRef<int64_t> grid) {
  for (auto [rank, frame] : llvm::enumerate(ranks))
    if (failed(frame->checkShape(op, "offsets", op.getOffsets(), {op.getNumExperts() + 1})) ||
        failed(checkOffsets(op, "offsets", (*frame)[op.getOffsets()], (*frame)[op.getRows()].dim(0),
                            rank)))
      return failure();
  SmallVector<Received> received;
  auto receiveOne = [&](int64_t rank, ArrayRef<int64_t> group, int64_t self) -> LogicalResult {
    SmallVector<Sent> sent;
    for (int64_t other : group)
      sent.push_back({&(*ranks[other])[op.getRows()], &(*ranks[other])[op.getOffsets()]});
    if (failed(checkLengths(op, sent)))
      return failure();
    FailureOr<Received> result = receive(op, {op.getOwners(), static_cast<int64_t>(op.getParts())},
                                         sent, self, *ranks[rank]);
    if (succeeded(result))
      received.push_back(std::move(*result));
    return result;
  };
  if (failed(forEachRank(op, ranks.size(), grid, receiveOne)))
    return failure();
  return received;
}

static LogicalResult runExchange(ExchangeOp op, ArrayRef<Frame *> ranks) {
  FailureOr<ArrayRef<int64_t>> grid = gridOf(op, ranks);
  if (failed(grid))
    return failure();
  FailureOr<SmallVector<Received>> received = receiveAll(op, ranks, *grid);
  if (failed(received))
    return failure();
  for (auto [frame, result] : llvm::zip_equal(ranks, *received))
    if (failed(frame->set(op->getResult(0), result.rows)) ||
        failed(frame->set(op->getResult(1), result.offsets)) ||
        failed(frame->set(op->getResult(2), result.sources)))
      return failure();
  return success();
}

/// Sets `result` on each rank to what comes back; `made` is what each rank has for others, by
/// range and member.
template <typename OpTy>
static LogicalResult setBack(OpTy op, ArrayRef<Frame *> ranks, ArrayRef<int64_t> grid,
                             ArrayRef<Sent> made, OpResult result) {
  return forEachRank(
      op, ranks.size(), grid, [&](int64_t rank, ArrayRef<int64_t> group, int64_t self) {
        SmallVector<Sent> sent;
        for (int64_t other : group)
          sent.push_back(made[other]);
        if (failed(checkLengths(op, sent)))
          return failure();
        Frame &frame = *ranks[rank];
        FailureOr<Tensor> rows = getBack(op, {op.getOwners(), static_cast<int64_t>(op.getParts())},
                                         sent, self, frame[op.getOffsets()], rank, frame);
        return failed(rows) ? failure() : frame.set(result, *rows);
      });
}

static LogicalResult runExchangeBack(ExchangeBackOp op, ArrayRef<Frame *> ranks) {
  FailureOr<ArrayRef<int64_t>> grid = gridOf(op, ranks);
  if (failed(grid))
    return failure();
  const int64_t experts = op.getNumExperts(), ranges = op.getNumRanges();
  const int64_t members = getGroupSize(*grid, op.getAxes());
  SmallVector<Sent> made;
  for (auto [rank, frame] : llvm::enumerate(ranks)) {
    const Tensor &offsets = (*frame)[op.getOffsets()], &sources = (*frame)[op.getSources()];
    const Tensor &rows = (*frame)[op.getRows()];
    if (failed(frame->checkShape(op, "offsets", op.getOffsets(), {experts + 1})) ||
        failed(frame->checkShape(op, "sources", op.getSources(), {ranges * members + 1})) ||
        failed(checkOffsets(op, "offsets", offsets, offsets.integer(experts), rank)) ||
        failed(checkOffsets(op, "sources", sources, rows.dim(0), rank)))
      return failure();
    made.push_back({&rows, &sources});
  }
  return setBack(op, ranks, *grid, made, op->getResult(0));
}

//===----------------------------------------------------------------------===//
// Rounds
//===----------------------------------------------------------------------===//

namespace {

/// A `moe.expert_parallel` on all ranks.
class RoundRunner {
public:
  RoundRunner(ExpertParallelOp op, ArrayRef<Frame *> ranks, ArrayRef<int64_t> grid)
      : op(op), ranks(ranks), grid(grid) {}

  LogicalResult run() {
    FailureOr<SmallVector<Received>> all = receiveAll(op, ranks, grid);
    if (failed(all))
      return failure();
    received = std::move(*all);
    made.resize(ranks.size());
    int64_t rounds = planRounds();
    for (int64_t round = 0; round < rounds; ++round)
      if (failed(runRound(round)))
        return failure();
    return giveBack();
  }

private:
  /// Rows of a round on each rank; returns how many rounds the group with most has. Other groups
  /// run these, too, without rows.
  int64_t planRounds() {
    int64_t most = 0;
    for (int64_t rank = 0; rank < static_cast<int64_t>(ranks.size()); ++rank) {
      int64_t longest = 0;
      for (int64_t other : getGroup(grid, op.getAxes(), rank))
        longest = std::max(longest, received[other].rows.dim(0));
      // No more than rows, as in the runtime.
      const int64_t rounds =
          std::min(longest, std::max(llvm::divideCeilSigned(longest, op.getWindow()),
                                     std::max<int64_t>(op.getChunks(), 1)));
      roundRows.push_back(rounds ? llvm::divideCeilSigned(received[rank].rows.dim(0), rounds) : 0);
      most = std::max(most, rounds);
    }
    return most;
  }

  LogicalResult runRound(int64_t round) {
    Block &body = op.getBody().front();
    SmallVector<int64_t> firsts, counts;
    for (auto [frame, in, length] : llvm::zip_equal(ranks, received, roundRows)) {
      int64_t all = in.rows.dim(0);
      int64_t first = std::min(round * length, all), end = std::min(first + length, all);
      auto rows = frame->allocate(op, in.rows.dtype(), {end - first, in.rows.dim(1)});
      auto ranges = frame->allocate(op, DType::I32, {op.getNumRanges() + 1});
      if (failed(rows) || failed(ranges))
        return failure();
      copyRows(in.rows, first, end - first, *rows, 0);
      for (int64_t r = 0; r <= op.getNumRanges(); ++r)
        ranges->setInteger(r, std::clamp(in.offsets.integer(r), first, end) - first);
      frame->bind(body.getArgument(0), *rows);
      frame->bind(body.getArgument(1), *ranges);
      firsts.push_back(first);
      counts.push_back(end - first);
    }
    if (failed(runBlock(body, ranks)))
      return failure();
    for (auto [rank, frame] : llvm::enumerate(ranks))
      for (auto [index, value] : llvm::enumerate(body.getTerminator()->getOperands()))
        if (failed(keep(rank, index, (*frame)[value], firsts[rank], counts[rank])))
          return failure();
    return success();
  }

  /// Puts the rows that the body made in a round to those of other rounds.
  LogicalResult keep(int64_t rank, int64_t index, const Tensor &rows, int64_t first,
                     int64_t count) {
    if (rows.dim(0) != count)
      return op.emitOpError("has a body that makes ")
             << rows.dim(0) << " rows of " << count << " on rank " << rank;
    SmallVector<Tensor> &results = made[rank];
    if (static_cast<int64_t>(results.size()) == index) {
      auto whole =
          ranks[rank]->allocate(op, rows.dtype(), {received[rank].rows.dim(0), rows.dim(1)});
      if (failed(whole))
        return failure();
      results.push_back(*whole);
    }
    if (results[index].dim(1) != rows.dim(1))
      return op.emitOpError("has a body that makes rows of different lengths in different rounds");
    copyRows(rows, 0, count, results[index], first);
    return success();
  }

  LogicalResult giveBack() {
    for (OpResult result : op->getResults()) {
      int64_t index = result.getResultNumber();
      SmallVector<Sent> all;
      for (int64_t rank = 0; rank < static_cast<int64_t>(ranks.size()); ++rank) {
        // Without rounds nobody says how long rows are where the type does not.
        auto type = cast<RankedTensorType>(result.getType());
        int64_t width =
            type.isDynamicDim(1) ? received[rank].rows.dim(1) : type.getDimSize(1) / op.getParts();
        if (made[rank].empty() || static_cast<int64_t>(made[rank].size()) <= index) {
          auto none = ranks[rank]->allocate(op, *dtypeOf(type), {0, width});
          if (failed(none))
            return failure();
          made[rank].push_back(*none);
        }
        all.push_back({&made[rank][index], &received[rank].sources});
      }
      if (failed(setBack(op, ranks, grid, all, result)))
        return failure();
    }
    return success();
  }

  ExpertParallelOp op;
  ArrayRef<Frame *> ranks;
  ArrayRef<int64_t> grid;
  SmallVector<Received> received;
  SmallVector<int64_t> roundRows;
  /// By rank, the rows of all rounds of each result.
  SmallVector<SmallVector<Tensor>> made;
};

} // namespace

static LogicalResult runExpertParallel(ExpertParallelOp op, ArrayRef<Frame *> ranks) {
  FailureOr<ArrayRef<int64_t>> grid = gridOf(op, ranks);
  return failed(grid) ? failure() : RoundRunner(op, ranks, *grid).run();
}

void moec::addExchangeHandlers(HandlerTable &table) {
  table.addCollective<ExchangeOp, runExchange>();
  table.addCollective<ExchangeBackOp, runExchangeBack>();
  table.addCollective<ExpertParallelOp, runExpertParallel>();
}
