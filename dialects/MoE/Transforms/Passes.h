//===- Passes.h - Passes from moe to moe ------------------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_TRANSFORMS_PASSES_H
#define MOEC_DIALECTS_MOE_TRANSFORMS_PASSES_H

#include "mlir/Dialect/Shard/IR/ShardDialect.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/Pass.h"

namespace moec::moe {

#define GEN_PASS_DECL
#include "dialects/MoE/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "dialects/MoE/Transforms/Passes.h.inc"

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_TRANSFORMS_PASSES_H
