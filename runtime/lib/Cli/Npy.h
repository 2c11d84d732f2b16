// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// NumPy's .npy format, versions 1 to 3.
//
// Read: booleans, integers, floats and complex numbers in either byte order, and raw elements
// ('V2', 'V1', for bf16 and f8, which NumPy has no types for); Fortran order is converted. Refused:
// objects, strings, dates, structures.
#ifndef MOERT_LIB_CLI_NPY_H
#define MOERT_LIB_CLI_NPY_H

#include "lib/Cli/Tensor.h"

namespace moert::cli {

/// Reads an array; `origin` names it in messages. CORRUPT, UNSUPPORTED or OUT_OF_MEMORY. Memory
/// taken is bounded by `bytes`. `tensor.name` is left alone.
moert_status parseNpy(const uint8_t *data, int64_t bytes, const std::string &origin,
                      Tensor &tensor);

/// The header (version 1) before `tensor`'s data. bf16 and f8 become raw elements 'V2' and 'V1'.
/// UNSUPPORTED for types of less than a byte.
moert_status npyHeader(const moert_tensor &tensor, const char *name, std::string &header);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_NPY_H
