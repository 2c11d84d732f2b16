//===- ExpertChoice.cpp - moe.route_experts ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Capacity.h"
#include "lib/Interpret/Frame.h"
#include "lib/Interpret/RouterScores.h"
#include "lib/Interpret/RouterSelection.h"

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

template <typename Real>
LogicalResult choose(RouteExpertsOp op, Frame &frame) {
  const Tensor &logits = frame[op.getLogits()];
  int64_t tokens = logits.dim(0), experts = logits.dim(1);
  auto slots = frame.allocate(op->getResult(0), {tokens, experts});
  auto weights = frame.allocate(op->getResult(1), {tokens, experts});
  if (failed(slots) || failed(weights))
    return failure();
  for (int64_t i = 0; i < tokens * experts; ++i)
    slots->setInteger(i, -1);
  Matrix<Real> scores = scoresOf(op.getScore(), op.getScoreAxis(),
                                 Matrix<Real>(tokens, experts, logits.reals<Real>()));

  std::vector<int64_t> takers(tokens, 0);
  for (int64_t e = 0; e < experts; ++e) {
    std::vector<Real> column(tokens);
    for (int64_t t = 0; t < tokens; ++t)
      column[t] = scores.at(t, e);
    int64_t capacity =
        std::min(tokens, capacityOf(op.getCapacity(), tokens, experts, /*k=*/1, /*maxLoad=*/0));
    std::vector<int32_t> order = rank<Real>(column, Tie::LowerIndex);
    for (int64_t place = 0; place < capacity; ++place) {
      slots->setInteger(order[place] * experts + e, place);
      ++takers[order[place]];
    }
  }
  for (int64_t i = 0; i < tokens * experts; ++i) {
    if (slots->integer(i) < 0)
      continue;
    Real weight = scores.values[i];
    weights->setReal(i, op.getDivideByCount() ? weight / Real(takers[i / experts]) : weight);
  }
  return success(succeeded(frame.set(op->getResult(0), *slots)) &&
                 succeeded(frame.set(op->getResult(1), *weights)));
}

LogicalResult runRouteExperts(RouteExpertsOp op, Frame &frame) {
  return frame.withAccumulator(frame[op.getLogits()].dtype(),
                               [&](auto real) { return choose<decltype(real)>(op, frame); });
}

} // namespace

void moec::addExpertChoiceHandlers(HandlerTable &table) {
  table.add<RouteExpertsOp, runRouteExperts>();
}
