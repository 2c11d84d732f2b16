//===- RouterWeights.cpp - Weights of chosen experts ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/RouterWeights.h"

#include <cmath>

using namespace moec;
using namespace moec::moe;

template <typename Real>
static Real norm(llvm::ArrayRef<Real> weights, int64_t p) {
  Real sum = 0;
  for (Real weight : weights)
    sum += p == 1 ? std::abs(weight) : std::pow(std::abs(weight), static_cast<Real>(p));
  return p == 1 ? sum : std::pow(sum, Real(1) / static_cast<Real>(p));
}

template <typename Real>
bool moec::renormalise(llvm::MutableArrayRef<Real> weights, RenormAttr by) {
  if (by.getMultipleOnly() && weights.size() == 1)
    return false;
  Real denominator = norm<Real>(weights, by.getP());
  auto eps = static_cast<Real>(by.getEps().convertToDouble());
  if (by.getMode() == EpsMode::Add)
    denominator += eps;
  else if (by.getMode() == EpsMode::Clamp)
    denominator = std::max(denominator, eps);
  // Only a norm of zero gets here with a denominator of zero; its weights are
  // all zero already.
  if (denominator != 0)
    for (Real &weight : weights)
      weight /= denominator;
  return true;
}

template <typename Real>
void moec::applyPolicy(PolicyAttr policy, llvm::ArrayRef<Real> uniform,
                       llvm::MutableArrayRef<int32_t> ids, llvm::MutableArrayRef<Real> weights) {
  auto theta = static_cast<Real>(policy.getTheta().convertToDouble());
  for (size_t j = 1; j < ids.size(); ++j) {
    bool keep = true;
    switch (policy.getKind()) {
    case PolicyKind::All:
      break;
    case PolicyKind::None:
      keep = false;
      break;
    case PolicyKind::Threshold:
      keep = weights[j] > theta;
      break;
    case PolicyKind::Random:
      keep = uniform[j] < weights[j] / theta;
      break;
    }
    if (keep)
      continue;
    ids[j] = -1;
    weights[j] = 0;
  }
}

template bool moec::renormalise(llvm::MutableArrayRef<float>, RenormAttr);
template bool moec::renormalise(llvm::MutableArrayRef<double>, RenormAttr);
template void moec::applyPolicy(PolicyAttr, llvm::ArrayRef<float>, llvm::MutableArrayRef<int32_t>,
                                llvm::MutableArrayRef<float>);
template void moec::applyPolicy(PolicyAttr, llvm::ArrayRef<double>, llvm::MutableArrayRef<int32_t>,
                                llvm::MutableArrayRef<double>);
