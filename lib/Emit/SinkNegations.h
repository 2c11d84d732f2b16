//===- SinkNegations.h - Negations that LLVM moved ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_EMIT_SINKNEGATIONS_H
#define MOEC_LIB_EMIT_SINKNEGATIONS_H

#include "llvm/IR/Module.h"

namespace moec {

/// Negates what shuffles take from a vector instead of all of the vector. LLVM's optimiser makes
/// one negation of several behind the shuffles of a load with strides; where a multiply-add reads
/// such a shuffle of, say, 28 lanes, its x86 backend moves the negation back and forth without an
/// end (LLVM 22.1, AVX-512). Comes after optimising; no bit changes.
void sinkNegations(llvm::Module &module);

} // namespace moec

#endif // MOEC_LIB_EMIT_SINKNEGATIONS_H
