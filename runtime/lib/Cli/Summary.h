// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tensors in a line of text.
#ifndef MOERT_LIB_CLI_SUMMARY_H
#define MOERT_LIB_CLI_SUMMARY_H

#include "moert/moert.h"

#include <string>

namespace moert::cli {

/// "name f32[2,3]: 1 2 3 4 5 6", with "..." where there are more values than are shown. Types
/// without a native equivalent show their bits in hexadecimal.
std::string summarise(const char *name, const moert_tensor &tensor);

/// Element `index` of a tensor of f32, f64, f16 or bf16.
double realAt(const moert_tensor &tensor, int64_t index);

} // namespace moert::cli

#endif // MOERT_LIB_CLI_SUMMARY_H
