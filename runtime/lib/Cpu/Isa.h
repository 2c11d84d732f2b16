// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which kernels this processor can run.
#ifndef MOERT_LIB_CPU_ISA_H
#define MOERT_LIB_CPU_ISA_H

#include "moert/moert.h"

namespace moert {

/// The highest level that processor and operating system support, or -1 below x86-64-v2.
int32_t detectIsa();

/// "v2", "avx2", "avx512" or "unknown".
const char *isaName(int32_t isa);

/// The level to run: `name`, or where it is null MOERT_ISA, or where that is unset or empty the
/// highest. Unknown names and levels above `detected` are errors.
moert_status chooseIsa(const char *name, int32_t detected, int32_t &isa);

} // namespace moert

#endif // MOERT_LIB_CPU_ISA_H
