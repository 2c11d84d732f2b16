//===- RouterWeights.h - Weights of chosen experts --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_ROUTERWEIGHTS_H
#define MOEC_LIB_INTERPRET_ROUTERWEIGHTS_H

#include "dialects/MoE/IR/MoE.h"

#include "llvm/ADT/ArrayRef.h"

namespace moec {

/// Divides one token's weights by their norm as `by` says; tells whether it did
/// (k = 1 with `multiple_only` is left alone).
template <typename Real>
bool renormalise(llvm::MutableArrayRef<Real> weights, moe::RenormAttr by);

/// Applies the policy to one token's choices after the first: sets refused ids
/// to -1 and their weights to 0. `uniform` has one number per choice for
/// `random` and may be empty otherwise.
template <typename Real>
void applyPolicy(moe::PolicyAttr policy, llvm::ArrayRef<Real> uniform,
                 llvm::MutableArrayRef<int32_t> ids, llvm::MutableArrayRef<Real> weights);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_ROUTERWEIGHTS_H
