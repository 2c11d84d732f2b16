//===- Router.cpp - moe.route, moe.renorm -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"
#include "lib/Interpret/RouterScores.h"
#include "lib/Interpret/RouterSelection.h"
#include "lib/Interpret/RouterWeights.h"

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

/// A place in a matrix, for messages.
std::string at(int64_t row, int64_t column) {
  return "[" + std::to_string(row) + ", " + std::to_string(column) + "]";
}

/// One moe.route on concrete operands, in the stages of its description.
template <typename Real>
class Route {
public:
  Route(RouteOp op, Frame &frame)
      : op(op), frame(frame), tokens(frame[op.getLogits()].dim(0)),
        experts(frame[op.getLogits()].dim(1)), k(op.getK()),
        logits(tokens, experts, frame[op.getLogits()].reals<Real>()), scores(0, 0) {}

  LogicalResult run() {
    if (failed(checkSizes()))
      return failure();
    auto ids = frame.allocate(op->getResult(0), {tokens, k});
    auto weights = frame.allocate(op->getResult(1), {tokens, k});
    if (failed(ids) || failed(weights))
      return failure();
    loadOperands();
    if (op.getNoise() && op.getNoiseSite() == NoiseSite::Logits)
      for (size_t i = 0; i < noise.size(); ++i)
        logits.values[i] += noise[i];
    scores = scoresOf(op.getScore(), op.getScoreAxis(), logits);
    for (int64_t t = 0; t < tokens; ++t) {
      std::vector<int32_t> chosen;
      std::vector<Real> weighed;
      if (failed(choose(t, chosen, weighed)))
        return failure();
      settle(t, chosen, weighed);
      for (int64_t j = 0; j < k; ++j) {
        ids->setInteger(t * k + j, chosen[j]);
        weights->setReal(t * k + j, weighed[j]);
      }
    }
    return success(succeeded(frame.set(op->getResult(0), *ids)) &&
                   succeeded(frame.set(op->getResult(1), *weights)));
  }

private:
  LogicalResult checkSizes() {
    if (k > experts || (op.getSelect() == Select::Dense && k != experts))
      return op.emitOpError("cannot choose k = ") << k << " of " << experts << " experts";
    if (GroupsAttr groups = op.getGroupsAttr())
      if (std::string problem = groupsProblem(groups, experts, k); !problem.empty())
        return op.emitOpError() << problem;
    auto check = [&](StringRef name, Value value, ArrayRef<int64_t> sizes) {
      return succeeded(frame.checkShape(op, name, value, sizes));
    };
    int64_t vocabulary = op.getTable() ? frame[op.getTable()].dim(0) : 0;
    return success(check("the key operand", op.getKeyOverride(), {tokens, experts}) &&
                   check("bias", op.getSelectBias(), {experts}) &&
                   check("noise", op.getNoise(), {tokens, experts}) &&
                   check("uniform", op.getUniform(), {tokens, k}) &&
                   check("the weights operand", op.getExternalWeights(), {tokens, experts}) &&
                   check("the ids operand", op.getGivenIds(), {tokens, k}) &&
                   check("table", op.getTable(), {vocabulary, k}) &&
                   check("token_ids", op.getTokenIds(), {tokens}));
  }

  void loadOperands() {
    auto load = [&](Value value) {
      return value ? frame[value].reals<Real>() : std::vector<Real>();
    };
    noise = load(op.getNoise());
    bias = load(op.getSelectBias());
    uniform = load(op.getUniform());
    external = load(op.getExternalWeights());
    keyOverride = load(op.getKeyOverride());
  }

  //===--- Stages 3 and 4: keys and ids ---===//

  std::vector<Real> keysOf(int64_t t, bool noisy) {
    std::vector<Real> keys(experts);
    for (int64_t e = 0; e < experts; ++e) {
      int64_t i = t * experts + e;
      keys[e] = op.getKeyOverride()         ? keyOverride[i]
                : op.getKey() == Key::Logit ? logits.values[i]
                                            : scores.values[i];
      if (noisy)
        keys[e] += noise[i];
      if (op.getSelectBias())
        keys[e] += bias[e];
    }
    return keys;
  }

  std::vector<int32_t> topK(int64_t t) {
    bool noisy = op.getNoise() && op.getNoiseSite() != NoiseSite::Logits;
    if (op.getNoiseSite() != NoiseSite::SelectLater)
      return chooseTopK(keysOf(t, noisy), k, op.getTie(), op.getGroupsAttr());
    std::vector<Real> clean = keysOf(t, false), later = keysOf(t, true);
    std::vector<int32_t> chosen = {rank<Real>(clean, op.getTie()).front()};
    for (int32_t e : rank<Real>(later, op.getTie()))
      if (e != chosen.front())
        chosen.push_back(e);
    chosen.resize(k);
    return chosen;
  }

  LogicalResult choose(int64_t t, std::vector<int32_t> &ids, std::vector<Real> &weights) {
    if (op.getScore() == Score::SparseMixer) {
      auto choice = chooseBySparseMixer<Real>(
          ArrayRef<Real>(logits.values).slice(t * experts, experts),
          static_cast<Real>(op.getMixerEps().convertToDouble()), op.getTie());
      ids.assign(choice.ids, choice.ids + 2);
      weights.assign(choice.weights, choice.weights + 2);
      return success();
    }
    switch (op.getSelect()) {
    case Select::TokenTopK:
      ids = topK(t);
      break;
    case Select::Dense:
      for (int64_t e = 0; e < experts; ++e)
        ids.push_back(e);
      break;
    case Select::Given:
      if (failed(takeIds("ids", frame[op.getGivenIds()], t, ids)))
        return failure();
      break;
    case Select::Table: {
      const Tensor &table = frame[op.getTable()];
      int64_t row = frame[op.getTokenIds()].integer(t);
      if (row < 0 || row >= table.dim(0))
        return op.emitOpError("token_ids[")
               << t << "] is " << row << ", outside the table's " << table.dim(0) << " rows";
      if (failed(takeIds("table", table, row, ids)))
        return failure();
      break;
    }
    }
    weights = weigh(t, ids);
    return success();
  }

  /// Reads and checks one row of ids from an operand.
  LogicalResult takeIds(StringRef name, const Tensor &source, int64_t row,
                        std::vector<int32_t> &ids) {
    for (int64_t j = 0; j < k; ++j) {
      int64_t id = source.integer(row * k + j);
      if (id < -1 || id >= experts)
        return op.emitOpError() << name << at(row, j) << " is " << id << ", no id of " << experts
                                << " experts";
      ids.push_back(id);
    }
    return success();
  }

  //===--- Stages 5 and 6: weights ---===//

  std::vector<Real> weigh(int64_t t, ArrayRef<int32_t> ids) {
    std::vector<Real> weights;
    for (int32_t id : ids) {
      if (id < 0)
        continue;
      switch (op.getWeight()) {
      case WeightSource::Score:
        weights.push_back(scores.at(t, id));
        break;
      case WeightSource::SoftmaxSelected:
        weights.push_back(logits.at(t, id));
        break;
      case WeightSource::Ones:
        weights.push_back(1);
        break;
      case WeightSource::External:
        weights.push_back(external[t * experts + id]);
        break;
      }
    }
    if (op.getWeight() == WeightSource::SoftmaxSelected)
      softmax<Real>(weights);
    // No choice weighs nothing.
    for (size_t j = 0; j < ids.size(); ++j)
      if (ids[j] < 0)
        weights.insert(weights.begin() + j, 0);
    return weights;
  }

  void settle(int64_t t, MutableArrayRef<int32_t> ids, MutableArrayRef<Real> weights) {
    bool renormalised = false;
    if (RenormAttr renorm = op.getRenormAttr())
      renormalised = renormalise(weights, renorm);
    if (PolicyAttr policy = op.getPolicyAttr()) {
      ArrayRef<Real> row(uniform);
      applyPolicy(policy, row.empty() ? row : row.slice(t * k, k), ids, weights);
    }
    if (!op.getScaleIfRenorm() && renormalised)
      return;
    for (Real &weight : weights)
      weight *= static_cast<Real>(op.getScale().convertToDouble());
  }

  RouteOp op;
  Frame &frame;
  int64_t tokens, experts, k;
  Matrix<Real> logits, scores;
  std::vector<Real> noise, bias, uniform, external, keyOverride;
};

LogicalResult runRoute(RouteOp op, Frame &frame) {
  return frame.withAccumulator(frame[op.getLogits()].dtype(),
                               [&](auto real) { return Route<decltype(real)>(op, frame).run(); });
}

LogicalResult runRenorm(RenormOp op, Frame &frame) {
  const Tensor &weights = frame[op.getWeights()], &slots = frame[op.getSlots()];
  if (failed(frame.checkShape(op, "slots", op.getSlots(), weights.shape())))
    return failure();
  auto result = frame.allocate(op->getResult(0), weights.shape());
  if (failed(result))
    return failure();
  frame.withAccumulator(weights.dtype(), [&](auto real) {
    using Real = decltype(real);
    int64_t k = weights.dim(1);
    for (int64_t t = 0; t < weights.dim(0); ++t) {
      std::vector<Real> row(k);
      for (int64_t j = 0; j < k; ++j)
        row[j] = slots.integer(t * k + j) < 0 ? 0 : weights.real(t * k + j);
      renormalise<Real>(row, op.getBy());
      for (int64_t j = 0; j < k; ++j)
        result->setReal(t * k + j, row[j]);
    }
  });
  return frame.set(op->getResult(0), *result);
}

} // namespace

void moec::addRouterHandlers(HandlerTable &table) {
  table.add<RouteOp, runRoute>();
  table.add<RenormOp, runRenorm>();
}
