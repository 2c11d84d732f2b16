//===- WidenMinMax.h - Minima and maxima of f16 -----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WIDENMINMAX_H
#define MOEC_LIB_EMIT_WIDENMINMAX_H

#include "llvm/IR/Module.h"

namespace moec {

/// Makes f32 of each `llvm.minnum` and `llvm.maxnum` of f16, scalar or vector.
/// LLVM's optimiser forms them from f32 operands that were f16, and its x86
/// backend has only calls of fminf and fmaxf for them. Comes after optimising.
void widenMinMax(llvm::Module &module);

} // namespace moec

#endif // MOEC_LIB_EMIT_WIDENMINMAX_H
