//===- WidenHalves.h - Arithmetic of f16 that LLVM made ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_WIDENHALVES_H
#define MOEC_LIB_EMIT_WIDENHALVES_H

#include "llvm/IR/Module.h"

namespace moec {

/// Makes f32 of sums, differences, products, quotients, minima and maxima of
/// f16, scalar or vector. LLVM's optimiser forms them from f32 operands that
/// were f16. For minima and maxima its x86 backend has only calls of fminf and
/// fmaxf, and without AVX512-FP16 it does not end on products of 32 lanes (LLVM
/// 22.1). Comes after optimising. The backend rounds each through f32 as well,
/// so that results do not change.
void widenHalves(llvm::Module &module);

} // namespace moec

#endif // MOEC_LIB_EMIT_WIDENHALVES_H
