//===- Assign.cpp - moe.assign ----------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Capacity.h"
#include "lib/Interpret/Frame.h"
#include "lib/Interpret/RouterSelection.h"

#include <cmath>
#include <numeric>

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

/// One (token, choice) pair that asks for a slot.
struct Claim {
  int64_t token, choice;
};

/// One moe.assign on concrete operands.
class Assign {
public:
  Assign(AssignOp op, Frame &frame)
      : op(op), frame(frame), ids(frame[op.getIds()]), tokens(ids.dim(0)), k(ids.dim(1)),
        experts(op.getExperts()) {}

  LogicalResult run() {
    if (failed(checkOperands()))
      return failure();
    auto slots = frame.allocate(op->getResult(0), {tokens, k});
    auto kept = frame.allocate(op->getResult(1), {experts});
    if (failed(slots) || failed(kept))
      return failure();
    slot.assign(tokens * k, -1);
    counts.assign(experts, 0);
    int64_t size = op.getGroupSize() ? op.getGroupSize() : tokens;
    for (int64_t first = 0; first < tokens; first += size)
      fillGroup(first, std::min(size, tokens - first));
    for (int64_t i = 0; i < tokens * k; ++i)
      slots->setInteger(i, slot[i]);
    for (int64_t e = 0; e < experts; ++e)
      kept->setInteger(e, counts[e]);
    return success(succeeded(frame.set(op->getResult(0), *slots)) &&
                   succeeded(frame.set(op->getResult(1), *kept)));
  }

private:
  LogicalResult checkOperands() {
    if (failed(frame.checkExperts(op, experts)))
      return failure();
    if (failed(frame.checkShape(op, "scores", op.getScores(), {tokens, k})) ||
        failed(frame.checkShape(op, "mask", op.getMask(), {tokens})) ||
        failed(frame.checkShape(op, "uniform", op.getUniform(), {tokens, k})))
      return failure();
    for (int64_t i = 0; i < tokens * k; ++i)
      if (ids.integer(i) < -1 || ids.integer(i) >= experts)
        return op.emitOpError("ids[") << i / k << ", " << i % k << "] is " << ids.integer(i)
                                      << ", no id of " << experts << " experts";
    return success();
  }

  int64_t expertOf(Claim claim) const { return ids.integer(claim.token * k + claim.choice); }

  /// Whether the pair asks for a slot at all.
  bool claims(int64_t token, int64_t choice) {
    const Tensor *mask = frame.optional(op.getMask());
    return (!mask || mask->integer(token)) && expertOf({token, choice}) >= 0;
  }

  double scoreOf(const Tensor &scores, Claim claim) const {
    return scores.real(claim.token * k + claim.choice);
  }

  /// Tokens of the group in descending order of their largest score.
  std::vector<int64_t> byLargestScore(int64_t first, int64_t size) {
    const Tensor &scores = frame[op.getScores()];
    std::vector<double> largest(size, std::nan(""));
    for (int64_t t = 0; t < size; ++t)
      for (int64_t j = 0; j < k; ++j)
        largest[t] = std::fmax(largest[t], scoreOf(scores, {first + t, j}));
    std::vector<int64_t> order;
    for (int32_t t : rank<double>(largest, Tie::LowerIndex))
      order.push_back(first + t);
    return order;
  }

  /// All claims of a group in the order in which they take slots.
  std::vector<Claim> inOrder(int64_t first, int64_t size) {
    std::vector<int64_t> order(size);
    std::iota(order.begin(), order.end(), first);
    Priority priority = op.getPriority();
    if (priority == Priority::ScoreSorted)
      order = byLargestScore(first, size);
    bool choiceMajor = priority == Priority::ChoiceMajor || priority == Priority::ScoreSorted;
    std::vector<Claim> result;
    if (choiceMajor) {
      for (int64_t j = 0; j < k; ++j)
        for (int64_t t : order)
          if (claims(t, j))
            result.push_back({t, j});
    } else {
      for (int64_t t : order)
        for (int64_t j = 0; j < k; ++j)
          if (claims(t, j))
            result.push_back({t, j});
    }
    return result;
  }

  /// Strikes all but the `capacity` best claims of each expert, keeping order.
  std::vector<Claim> bestOfEach(ArrayRef<Claim> claims, const Tensor &scores,
                                int64_t capacity) const {
    std::vector<std::vector<size_t>> ofExpert(experts);
    for (size_t i = 0; i < claims.size(); ++i)
      ofExpert[expertOf(claims[i])].push_back(i);
    std::vector<bool> keep(claims.size(), false);
    for (ArrayRef<size_t> candidates : ofExpert) {
      std::vector<double> keys;
      for (size_t i : candidates)
        keys.push_back(scoreOf(scores, claims[i]));
      // Candidates are in token-major order, so the lower index is the tie rule.
      std::vector<int32_t> order = rank<double>(keys, Tie::LowerIndex);
      for (size_t i = 0; i < order.size() && static_cast<int64_t>(i) < capacity; ++i)
        keep[candidates[order[i]]] = true;
    }
    std::vector<Claim> result;
    for (size_t i = 0; i < claims.size(); ++i)
      if (keep[i])
        result.push_back(claims[i]);
    return result;
  }

  int64_t maxLoad(ArrayRef<Claim> claims) const {
    std::vector<int64_t> load(experts, 0);
    for (Claim claim : claims)
      ++load[expertOf(claim)];
    return *std::max_element(load.begin(), load.end());
  }

  void fillGroup(int64_t first, int64_t size) {
    std::vector<Claim> order = inOrder(first, size);
    int64_t capacity = order.size();
    if (CapacityAttr rule = op.getCapacityAttr())
      capacity = capacityOf(rule, size, experts, k, maxLoad(order));
    if (op.getPriority() == Priority::PerExpertScore)
      order = bestOfEach(order, frame[op.getScores()], capacity);
    else if (op.getPriority() == Priority::Random)
      order = bestOfEach(order, frame[op.getUniform()], capacity);

    std::vector<int64_t> base = counts;
    std::vector<bool> served(size, false);
    bool oneEach = op.getOverflow() == Overflow::RerouteNext;
    for (Claim claim : order) {
      int64_t expert = expertOf(claim);
      if ((oneEach && served[claim.token - first]) || counts[expert] - base[expert] >= capacity)
        continue;
      served[claim.token - first] = true;
      slot[claim.token * k + claim.choice] = counts[expert]++;
    }
  }

  AssignOp op;
  Frame &frame;
  const Tensor &ids;
  int64_t tokens, k, experts;
  std::vector<int64_t> counts, slot;
};

LogicalResult runAssign(AssignOp op, Frame &frame) { return Assign(op, frame).run(); }

} // namespace

void moec::addAssignHandlers(HandlerTable &table) { table.add<AssignOp, runAssign>(); }
