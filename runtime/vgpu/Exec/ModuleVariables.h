// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for the variables of a module.
#ifndef MOERT_VGPU_EXEC_MODULEVARIABLES_H
#define MOERT_VGPU_EXEC_MODULEVARIABLES_H

#include "vgpu/Exec/Memory.h"
#include "vgpu/Exec/Program.h"

#include <string>

namespace moert::vgpu {

enum class Placed : uint8_t { Yes, NotDefined, OutOfMemory };

/// Gives memory to the variables in global and constant space, and their initial values. Where
/// something is wrong, `error` says what, and variables that have an address keep it.
Placed placeVariables(const ptx::Module &module, Memory &memory, VariableAddresses &addresses,
                      std::string &error);

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_MODULEVARIABLES_H
