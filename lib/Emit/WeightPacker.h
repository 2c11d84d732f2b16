//===- WeightPacker.h - One weight as a stream of slabs ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WEIGHTPACKER_H
#define MOEC_LIB_EMIT_WEIGHTPACKER_H

#include "dialects/RT/IR/WeightLayout.h"
#include "lib/Emit/WeightReader.h"
#include "moec/Emit.h"

namespace moec {

/// Evaluates `expr` and hands its slabs, in order and in pieces of about `chunkBytes`, to
/// `append(slab, bytes)`. The layout is that of `getWeightLayout`.
llvm::Error packWeight(WeightReader &reader, rt::WeightExprInterface expr, int64_t chunkBytes,
                       llvm::function_ref<llvm::Error(int64_t, llvm::ArrayRef<char>)> append);

} // namespace moec

#endif // MOEC_LIB_EMIT_WEIGHTPACKER_H
