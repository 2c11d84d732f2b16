//===- LayerCases.h - Inputs that a layer is tried with ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_LAYERCASES_H
#define MOEC_LIB_DRIVER_LAYERCASES_H

#include "lib/Interpret/Tensor.h"
#include "lib/Recognise/MoE/LayerForms.h"

#include "llvm/Support/Error.h"

namespace moec {

/// How tokens choose their experts.
enum class Routing {
  /// Each token in an order of its own.
  Ordinary,
  /// Experts share scores, on the border between chosen and refused too.
  Ties,
  /// All tokens agree on the order of experts, so that the others get no token.
  AllToOne,
  /// Half of the experts, or as many as can be spared, get no token.
  IdleExperts,
};

constexpr Routing allRoutings[] = {Routing::Ordinary, Routing::Ties, Routing::AllToOne,
                                   Routing::IdleExperts};

/// "ties between experts", for messages.
llvm::StringRef describe(Routing routing);

/// The inputs of both forms, in order. Scores that differ do so by more than rounding. The numbers
/// depend on the arguments alone.
llvm::Expected<std::vector<Tensor>> makeLayerInputs(const recognise::LayerForms &forms,
                                                    const recognise::LayerSizes &sizes,
                                                    Routing routing);

} // namespace moec

#endif // MOEC_LIB_DRIVER_LAYERCASES_H
