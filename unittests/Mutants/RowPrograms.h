//===- RowPrograms.h - Programs of one op -----------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_MUTANTS_ROWPROGRAMS_H
#define MOEC_UNITTESTS_MUTANTS_ROWPROGRAMS_H

#include "unittests/Mutants/CheckedPrograms.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace moec {

/// `text` with the type's name for TYPE.
std::string fill(std::string text, DType type);

/// What one rounding to a type may be off, relatively.
double roundingOf(DType type);

Tensor makeIntegers(DType type, llvm::ArrayRef<int64_t> shape,
                    llvm::function_ref<int64_t(int64_t)> at);

/// Reductions, norms, selections, sorts, scans, scatters and gathers of rows.
std::vector<NamedProgram> getRowPrograms();

} // namespace moec

#endif // MOEC_UNITTESTS_MUTANTS_ROWPROGRAMS_H
