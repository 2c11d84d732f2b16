//===- Dispatch.cpp - moe.dispatch ------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "lib/Interpret/Frame.h"

#include <tuple>

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

/// A pair that gets a row. Compared member by member, this is the row order.
struct Pair {
  int64_t expert, slot, token, choice;
  bool operator<(const Pair &other) const {
    return std::tie(expert, slot, token, choice) <
           std::tie(other.expert, other.slot, other.token, other.choice);
  }
};

/// All pairs that are not dropped, in the order of their rows.
FailureOr<std::vector<Pair>> pairsOf(DispatchOp op, Frame &frame) {
  const Tensor &ids = frame[op.getIds()];
  const Tensor *slots = frame.optional(op.getSlots());
  int64_t k = ids.dim(1), experts = op.getExperts();
  std::vector<Pair> pairs;
  for (int64_t i = 0; i < ids.numElements(); ++i) {
    int64_t id = ids.integer(i);
    if (id < -1 || id >= experts)
      return op.emitOpError("ids[")
             << i / k << ", " << i % k << "] is " << id << ", no id of " << experts << " experts";
    // Without slots the order among a expert's pairs is that of their tokens.
    int64_t slot = slots ? slots->integer(i) : 0;
    if (slot < -1)
      return op.emitOpError("slots[") << i / k << ", " << i % k << "] is " << slot
                                      << "; the only negative slot is -1, a dropped choice";
    if (id >= 0 && slot >= 0)
      pairs.push_back({id, slot, i / k, i % k});
  }
  llvm::sort(pairs);
  return pairs;
}

LogicalResult runDispatch(DispatchOp op, Frame &frame) {
  const Tensor &x = frame[op.getX()], &ids = frame[op.getIds()];
  const Tensor *scale = frame.optional(op.getScale());
  int64_t tokens = x.dim(0), hidden = x.dim(1), k = ids.dim(1), experts = op.getExperts();
  if (failed(frame.checkExperts(op, experts)) ||
      failed(frame.checkShape(op, "ids", op.getIds(), {tokens, k})) ||
      failed(frame.checkShape(op, "slots", op.getSlots(), {tokens, k})) ||
      failed(frame.checkShape(op, "scale", op.getScale(), {tokens, k})))
    return failure();
  FailureOr<std::vector<Pair>> pairs = pairsOf(op, frame);
  if (failed(pairs))
    return failure();
  auto rows = frame.allocate(op->getResult(0), {static_cast<int64_t>(pairs->size()), hidden});
  auto offsets = frame.allocate(op->getResult(1), {experts + 1});
  auto positions = frame.allocate(op->getResult(2), {tokens, k});
  if (failed(rows) || failed(offsets) || failed(positions))
    return failure();

  std::vector<int64_t> counts(experts, 0);
  for (int64_t i = 0; i < tokens * k; ++i)
    positions->setInteger(i, -1);
  for (auto [row, pair] : llvm::enumerate(*pairs)) {
    ++counts[pair.expert];
    positions->setInteger(pair.token * k + pair.choice, row);
    for (int64_t d = 0; d < hidden; ++d) {
      double value = x.real(pair.token * hidden + d);
      if (scale) {
        double by = scale->real(pair.token * k + pair.choice);
        value = frame.withAccumulator(x.dtype(), [&](auto real) {
          using Real = decltype(real);
          return static_cast<double>(static_cast<Real>(value) * static_cast<Real>(by));
        });
      }
      rows->setReal(row * hidden + d, value);
    }
  }
  int64_t end = 0;
  for (int64_t e = 0; e < experts; ++e)
    offsets->setInteger(e + 1, end += counts[e]);
  return success(succeeded(frame.set(op->getResult(0), *rows)) &&
                 succeeded(frame.set(op->getResult(1), *offsets)) &&
                 succeeded(frame.set(op->getResult(2), *positions)));
}

} // namespace

void moec::addDispatchHandlers(HandlerTable &table) { table.add<DispatchOp, runDispatch>(); }
