// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX in, memory out: what tests of the virtual GPU share.
#ifndef MOERT_VGPU_TEST_KERNEL_H
#define MOERT_VGPU_TEST_KERNEL_H

#include "vgpu/Exec/Block.h"
#include "vgpu/Exec/ModuleVariables.h"

#include <cstring>
#include <gtest/gtest.h>

namespace moert::vgpu::test {

/// The head of a module for sm_80.
inline const std::string kHead = ".version 8.0\n.target sm_80\n.address_size 64\n";

/// An entry `k(.param .u64 out, .param .u64 in)` with registers of all kinds.
inline std::string inKernel(const std::string &body) {
  return kHead +
         ".visible .entry k(.param .u64 out, .param .u64 in) {\n"
         ".reg .pred %p<9>; .reg .b16 %h<9>; .reg .b32 %r<19>; .reg .b64 %d<19>; .reg .f32 %f<9>; "
         ".reg .f64 %g<9>;\n" +
         body + "\nret; }\n";
}

/// A device with memory, on which the first entry of a module runs.
class Device {
public:
  Memory memory{uint64_t(1) << 32};

  /// Places variables and decodes; what is wrong goes to `error`.
  bool load(const std::string &text, Level level = bestLevel()) {
    ptx::ParseError parseError;
    module_ = ptx::parse(text, parseError);
    error = std::to_string(parseError.line) + ": " + parseError.message;
    if (!module_)
      return false;
    if (placeVariables(*module_, memory, addresses_, error) != Placed::Yes)
      return false;
    for (const ptx::Function &function : module_->functions) {
      if (!function.isEntry)
        continue;
      const bool isGood = decode(*module_, function, addresses_, level, program, parseError);
      error = std::to_string(parseError.line) + ": " + parseError.message;
      return isGood;
    }
    error = "no entry";
    return false;
  }

  /// Where a variable of the module is, or 0.
  uint64_t addressOf(std::string_view name) const {
    for (size_t i = 0; i < module_->variables.size(); ++i)
      if (module_->variables[i].name == name)
        return addresses_[i];
    return 0;
  }

  template <typename T>
  uint64_t upload(const std::vector<T> &values) {
    const uint64_t address = memory.allocate(values.size() * sizeof(T));
    std::memcpy(memory.at(address, values.size() * sizeof(T)), values.data(),
                values.size() * sizeof(T));
    memory.setWritten(address, values.size() * sizeof(T));
    return address;
  }
  template <typename T>
  std::vector<T> download(uint64_t address, size_t count) {
    std::vector<T> values(count);
    std::memcpy(values.data(), memory.at(address, count * sizeof(T)), count * sizeof(T));
    return values;
  }

  /// Runs with 64-bit parameters. False with the report's text in `error`.
  bool run(std::array<uint32_t, 3> blocks, std::array<uint32_t, 3> threads,
           const std::vector<uint64_t> &parameters, uint32_t dynamicShared = 0,
           uint32_t hostThreads = 1) {
    Launch launch;
    launch.program = &program;
    launch.memory = &memory;
    launch.blocks = blocks;
    launch.threads = threads;
    launch.sharedBytes = program.dynamicSharedOffset + dynamicShared;
    launch.mostInstructions = mostInstructions;
    launch.seed = seed;
    launch.number = ++launches_;
    launch.parameters.resize(program.parameterBytes);
    std::memcpy(launch.parameters.data(), parameters.data(),
                std::min(launch.parameters.size(), parameters.size() * sizeof(uint64_t)));
    launch.isCounting = isCounting;
    const bool isGood = runLaunch(launch, hostThreads);
    counters = sumOf(launch.counters);
    error = isGood ? "" : launch.report.text();
    return isGood;
  }

  Program program;
  std::string error;
  uint64_t mostInstructions = 10000000;
  uint32_t seed = 0;
  bool isCounting = false;
  /// Of the last launch, if it counted.
  Counters counters;

private:
  std::unique_ptr<ptx::Module> module_;
  VariableAddresses addresses_;
  uint64_t launches_ = 0;
};

} // namespace moert::vgpu::test

#endif // MOERT_VGPU_TEST_KERNEL_H
