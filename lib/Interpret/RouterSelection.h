//===- RouterSelection.h - Choice of experts by key -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_ROUTERSELECTION_H
#define MOEC_LIB_INTERPRET_ROUTERSELECTION_H

#include "dialects/MoE/IR/MoE.h"

#include <cstdint>
#include <vector>

namespace moec {

/// Indices of `keys` in descending order of key; equal ones by `tie` (`any` as
/// lower_index), NaN below every number.
template <typename Real>
std::vector<int32_t> rank(llvm::ArrayRef<Real> keys, moe::Tie tie);

/// Whether moe.groups can be applied to this many experts; the reason if not.
std::string groupsProblem(moe::GroupsAttr groups, int64_t experts, int64_t k);

/// The k experts chosen by `keys`, one key per expert, with `groups` if given.
/// k is at most the number of experts and groupsProblem is empty.
template <typename Real>
std::vector<int32_t> chooseTopK(std::vector<Real> keys, int64_t k, moe::Tie tie,
                                moe::GroupsAttr groups);

/// The two choices of the sparse mixer and their independent weights.
template <typename Real>
struct MixerChoice {
  int32_t ids[2];
  Real weights[2];
};
/// `logits` has at least two entries.
template <typename Real>
MixerChoice<Real> chooseBySparseMixer(llvm::ArrayRef<Real> logits, Real eps, moe::Tie tie);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_ROUTERSELECTION_H
