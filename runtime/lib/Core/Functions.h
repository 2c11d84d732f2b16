// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The function table compiled code calls through.
#ifndef MOERT_LIB_CORE_FUNCTIONS_H
#define MOERT_LIB_CORE_FUNCTIONS_H

#include "moert/abi.h"

namespace moert {

extern const moert_functions kFunctions;

} // namespace moert

#endif // MOERT_LIB_CORE_FUNCTIONS_H
