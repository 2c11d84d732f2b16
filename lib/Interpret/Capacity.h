//===- Capacity.h - How many rows an expert takes ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_CAPACITY_H
#define MOEC_LIB_INTERPRET_CAPACITY_H

#include "dialects/MoE/IR/MoE.h"

#include <cstdint>

namespace moec {

/// C of `rule` for a group of `tokens` tokens with `k` choices each, where the
/// busiest expert was chosen `maxLoad` times. `experts` is positive.
int64_t capacityOf(moe::CapacityAttr rule, int64_t tokens, int64_t experts, int64_t k,
                   int64_t maxLoad);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_CAPACITY_H
