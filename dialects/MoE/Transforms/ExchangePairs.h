//===- ExchangePairs.h - Exchanges and their ways back ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_TRANSFORMS_EXCHANGEPAIRS_H
#define MOEC_DIALECTS_MOE_TRANSFORMS_EXCHANGEPAIRS_H

#include "dialects/MoE/IR/MoE.h"

namespace moec::moe {

/// Whether `back` takes rows back to where `exchange` has them from.
inline bool isWayBack(ExchangeBackOp back, ExchangeOp exchange) {
  return back.getSources() == exchange.getSources() && back.getOffsets() == exchange.getOffsets() &&
         back.getGrid() == exchange.getGrid() && back.getAxes() == exchange.getAxes() &&
         back.getOwners() == exchange.getOwners() && back.getParts() == exchange.getParts();
}

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_TRANSFORMS_EXCHANGEPAIRS_H
