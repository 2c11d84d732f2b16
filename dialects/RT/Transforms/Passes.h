//===- Passes.h - Passes from rt to rt --------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_RT_TRANSFORMS_PASSES_H
#define MOEC_DIALECTS_RT_TRANSFORMS_PASSES_H

#include "mlir/Pass/Pass.h"

namespace moec::rt {

#define GEN_PASS_DECL
#include "dialects/RT/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "dialects/RT/Transforms/Passes.h.inc"

} // namespace moec::rt

#endif // MOEC_DIALECTS_RT_TRANSFORMS_PASSES_H
