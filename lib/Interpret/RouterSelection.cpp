//===- RouterSelection.cpp - Choice of experts by key -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/RouterSelection.h"

#include "lib/Interpret/RouterScores.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace moec;
using namespace moec::moe;

template <typename Real>
std::vector<int32_t> moec::rank(llvm::ArrayRef<Real> keys, Tie tie) {
  std::vector<int32_t> order(keys.size());
  std::iota(order.begin(), order.end(), 0);
  llvm::sort(order, [&](int32_t a, int32_t b) {
    bool aIsNumber = !std::isnan(keys[a]), bIsNumber = !std::isnan(keys[b]);
    if (aIsNumber != bIsNumber)
      return aIsNumber;
    if (aIsNumber && keys[a] != keys[b])
      return keys[a] > keys[b];
    return tie == Tie::HigherIndex ? a > b : a < b;
  });
  return order;
}

std::string moec::groupsProblem(GroupsAttr groups, int64_t experts, int64_t k) {
  if (experts % groups.getN() != 0)
    return "expects groups of equal size, got " + std::to_string(experts) + " experts in " +
           std::to_string(groups.getN()) + " groups";
  int64_t size = experts / groups.getN();
  if (groups.getReduce() == GroupReduce::Top2Sum && size < 2)
    return "expects at least 2 experts per group for top2_sum, got " + std::to_string(size);
  if (groups.getEach() > size)
    return "expects each <= experts per group, got each = " + std::to_string(groups.getEach()) +
           " of " + std::to_string(size);
  if (groups.getEach() == 0 && groups.getFill() == GroupFill::NegInf && k > size * groups.getKeep())
    return "expects k <= experts in kept groups, got k = " + std::to_string(k) + " of " +
           std::to_string(size * groups.getKeep());
  return "";
}

/// The kept groups in descending order of their reduced key.
template <typename Real>
static std::vector<int32_t> keptGroups(llvm::ArrayRef<Real> keys, GroupsAttr groups, Tie tie) {
  int64_t size = keys.size() / groups.getN();
  std::vector<Real> reduced;
  for (int64_t g = 0; g < groups.getN(); ++g) {
    llvm::ArrayRef<Real> members = keys.slice(g * size, size);
    std::vector<int32_t> order = rank(members, tie);
    Real key = members[order[0]];
    if (groups.getReduce() == GroupReduce::Top2Sum)
      key += members[order[1]];
    reduced.push_back(key);
  }
  std::vector<int32_t> order = rank<Real>(reduced, tie);
  order.resize(groups.getKeep());
  return order;
}

template <typename Real>
std::vector<int32_t> moec::chooseTopK(std::vector<Real> keys, int64_t k, Tie tie,
                                      GroupsAttr groups) {
  if (groups) {
    int64_t size = keys.size() / groups.getN();
    std::vector<int32_t> kept = keptGroups<Real>(keys, groups, tie);
    if (groups.getEach() > 0) {
      llvm::sort(kept);
      std::vector<int32_t> chosen;
      for (int32_t g : kept) {
        std::vector<int32_t> order = rank(llvm::ArrayRef(keys).slice(g * size, size), tie);
        for (int64_t i = 0; i < groups.getEach(); ++i)
          chosen.push_back(g * size + order[i]);
      }
      return chosen;
    }
    Real fill =
        groups.getFill() == GroupFill::Zero ? Real(0) : -std::numeric_limits<Real>::infinity();
    for (size_t e = 0; e < keys.size(); ++e)
      if (!llvm::is_contained(kept, static_cast<int32_t>(e / size)))
        keys[e] = fill;
  }
  std::vector<int32_t> order = rank<Real>(keys, tie);
  order.resize(k);
  return order;
}

template <typename Real>
MixerChoice<Real> moec::chooseBySparseMixer(llvm::ArrayRef<Real> logits, Real eps, Tie tie) {
  std::vector<int32_t> order = rank(logits, tie);
  MixerChoice<Real> choice;
  for (int round = 0; round < 2; ++round) {
    int32_t best = order[round];
    Real largest = logits[best];
    // Those that are left and close to the largest, in the order of experts.
    std::vector<Real> survivors;
    size_t place = 0;
    for (size_t e = 0; e < logits.size(); ++e) {
      if (round == 1 && static_cast<int32_t>(e) == order[0])
        continue;
      Real scale = std::max(std::abs(logits[e]), largest);
      if ((largest - logits[e]) / scale > 2 * eps)
        continue;
      if (static_cast<int32_t>(e) == best)
        place = survivors.size();
      survivors.push_back(logits[e]);
    }
    softmax<Real>(survivors);
    choice.ids[round] = best;
    choice.weights[round] = survivors[place];
  }
  return choice;
}

template std::vector<int32_t> moec::rank(llvm::ArrayRef<float>, Tie);
template std::vector<int32_t> moec::rank(llvm::ArrayRef<double>, Tie);
template std::vector<int32_t> moec::chooseTopK(std::vector<float>, int64_t, Tie, GroupsAttr);
template std::vector<int32_t> moec::chooseTopK(std::vector<double>, int64_t, Tie, GroupsAttr);
template MixerChoice<float> moec::chooseBySparseMixer(llvm::ArrayRef<float>, float, Tie);
template MixerChoice<double> moec::chooseBySparseMixer(llvm::ArrayRef<double>, double, Tie);
