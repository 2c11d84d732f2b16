//===- Capacity.cpp - How many rows an expert takes -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Capacity.h"

#include <algorithm>
#include <cmath>

using namespace moec;
using namespace moec::moe;

/// The value before rounding; step 1 of the attribute's description.
static double unrounded(CapacityAttr rule, double tokens, double experts, double k,
                        double maxLoad) {
  double factor = rule.getFactor().convertToDouble();
  switch (rule.getKind()) {
  case CapacityKind::TokenFraction:
    return tokens * factor;
  case CapacityKind::Absolute:
    return factor;
  case CapacityKind::MaxLoad:
    return maxLoad;
  case CapacityKind::Factor:
  case CapacityKind::BoundedMaxLoad:
    break;
  }
  double choices = rule.getTimesK() ? k : 1;
  double share = rule.getCeilInner() ? std::ceil(tokens / experts) : tokens / experts;
  if (rule.getF32())
    return static_cast<float>(share) * static_cast<float>(factor * choices);
  if (rule.getCeilInner())
    return share * factor * choices;
  return tokens * choices * factor / experts;
}

static double rounded(double value, Rounding mode) {
  switch (mode) {
  case Rounding::Floor:
    return std::floor(value);
  case Rounding::Ceil:
    return std::ceil(value);
  case Rounding::HalfEven: {
    double whole = std::floor(value), rest = value - whole;
    bool up = rest > 0.5 || (rest == 0.5 && std::fmod(whole, 2.0) != 0.0);
    return up ? whole + 1 : whole;
  }
  }
  return value;
}

int64_t moec::capacityOf(CapacityAttr rule, int64_t tokens, int64_t experts, int64_t k,
                         int64_t maxLoad) {
  // No expert can take more rows than there are pairs, so nothing is lost by a
  // ceiling that keeps the arithmetic below within i64.
  constexpr double ceiling = int64_t(1) << 40;
  double real = unrounded(rule, tokens, experts, k, maxLoad);
  auto capacity = static_cast<int64_t>(std::clamp(rounded(real, rule.getRound()), 0.0, ceiling));
  if (rule.getEven())
    capacity += capacity % 2;
  if (rule.getOuterK())
    capacity = std::min<int64_t>(capacity, ceiling / std::max<int64_t>(k, 1)) * k;
  if (rule.getKind() == CapacityKind::BoundedMaxLoad)
    capacity = std::min(capacity, maxLoad);
  if (rule.getClampTokens())
    capacity = std::min(capacity, tokens);
  if (!rule.getZeroMin() || capacity == 0)
    capacity = std::max(capacity, rule.getMin());
  int64_t remainder = capacity % rule.getMultiple();
  if (remainder && capacity <= int64_t(ceiling))
    capacity += rule.getMultiple() - remainder;
  return capacity;
}
