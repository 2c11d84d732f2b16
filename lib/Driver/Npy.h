//===- Npy.h - NumPy files --------------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_NPY_H
#define MOEC_LIB_DRIVER_NPY_H

#include "lib/Interpret/Tensor.h"

#include "llvm/Support/Error.h"

namespace moec {

/// Reads a .npy file of format 1 to 3, little-endian, as a tensor of element
/// type `dtype`. The file must hold that type, except that bf16, which NumPy
/// lacks, is rounded from f32 and index is read from i64. Fortran order is an
/// error.
llvm::Expected<Tensor> readNpy(llvm::StringRef path, DType dtype);

/// Writes a .npy file; bf16 is widened to f32 and index becomes i64.
llvm::Error writeNpy(llvm::StringRef path, const Tensor &tensor);

} // namespace moec

#endif // MOEC_LIB_DRIVER_NPY_H
