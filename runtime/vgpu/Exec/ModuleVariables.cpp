// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/ModuleVariables.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu {

Placed placeVariables(const ptx::Module &module, Memory &memory, VariableAddresses &addresses,
                      std::string &error) {
  const auto &variables = module.variables;
  addresses.assign(variables.size(), 0);
  for (size_t i = 0; i < variables.size(); ++i) {
    const ptx::Variable &variable = variables[i];
    if (variable.space != ptx::Space::Global && variable.space != ptx::Space::Const)
      continue;
    if (variable.isExternal || variable.bytes == 0) {
      error = "line " + std::to_string(variable.line) + ": variable '" +
              std::string(variable.name) + "' is nowhere defined";
      return Placed::NotDefined;
    }
    if (!(addresses[i] = memory.allocate(variable.bytes))) {
      error = "no memory for variable '" + std::string(variable.name) + "'";
      return Placed::OutOfMemory;
    }
  }
  for (size_t i = 0; i < variables.size(); ++i) {
    if (!addresses[i])
      continue;
    const ptx::Variable &variable = variables[i];
    std::byte *data = memory.at(addresses[i], variable.bytes);
    std::memset(data, 0, variable.bytes);
    memory.setWritten(addresses[i], variable.bytes);
    if (!variable.initial.empty())
      std::memcpy(data, variable.initial.data(),
                  std::min<uint64_t>(variable.initial.size(), variable.bytes));
    for (const ptx::AddressSlot &slot : variable.addresses) {
      const uint64_t address = addresses[slot.variable] + slot.addend;
      if (slot.offset <= variable.bytes && variable.bytes - slot.offset >= sizeof(address))
        std::memcpy(data + slot.offset, &address, sizeof(address));
    }
    if (variable.space == ptx::Space::Const)
      memory.setReadOnly(addresses[i]);
  }
  return Placed::Yes;
}

} // namespace moert::vgpu
