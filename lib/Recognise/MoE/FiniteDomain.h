//===- FiniteDomain.h - Functions of a small integer ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A tensor that is computed element by element from one integer in [0, n) is
// known by n numbers, whatever the arithmetic between: histogram bins,
// comparisons with constants, clips and casts all become tables, and a table
// that is the identity is the integer itself.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_FINITEDOMAIN_H
#define MOEC_LIB_RECOGNISE_MOE_FINITEDOMAIN_H

#include "lib/Recognise/MoE/IndexExpr.h"

#include "mlir/IR/BuiltinTypes.h"

namespace moec::recognise {

/// value = entries[argument]; entries are exact values of the tensor's element type.
struct FiniteFunction {
  Index argument = nullptr;
  llvm::SmallVector<double, 0> entries;
};

/// Larger domains are not tabulated.
inline constexpr int64_t maxDomain = 4096;

/// The value that a type stores for `value`: rounded to nearest for floats;
/// absent where an integer type cannot hold it.
std::optional<double> roundTo(mlir::Type elementType, double value);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_FINITEDOMAIN_H
