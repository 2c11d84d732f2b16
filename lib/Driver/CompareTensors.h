//===- CompareTensors.h - Outputs against expected ones ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_COMPARETENSORS_H
#define MOEC_LIB_DRIVER_COMPARETENSORS_H

#include "lib/Driver/TestCases.h"

#include "lib/Cli/Tensor.h"

namespace moec {

/// Compares element type, shape and elements; nullopt if all is as expected, else one sentence that
/// says what is not and where first.
///
/// f64 and f32 (and complex numbers of them) may be off by rtol 1e-3 and atol 1e-5, f16 by rtol
/// 4e-3, bf16 by rtol 2e-2, unless `tolerance` says otherwise. Integers, booleans and reals of
/// eight and fewer bits are exact. NaN equals NaN.
std::optional<std::string> compareTensors(const moert_tensor &got,
                                          const moert::cli::Tensor &expected,
                                          const Tolerance &tolerance);

} // namespace moec

#endif // MOEC_LIB_DRIVER_COMPARETENSORS_H
