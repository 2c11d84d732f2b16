// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// PTX that nobody wrote: refused with a line and a message, or run, to its end or to a report.
#include "vgpu/Exec/Block.h"

#include <cstdlib>

using namespace moert::vgpu;

namespace {

void run(const Program &program) {
  if (program.requiredThreads[0] || program.localBytes > 4096 || program.numSlots > 4096)
    return;
  static Memory memory(1 << 20);
  static const uint64_t allocation = memory.allocate(4096);
  // Half of the memory has a value.
  memory.setWritten(allocation, 2048);
  static uint64_t number = 0;
  Launch launch;
  launch.number = ++number;
  launch.seed = uint32_t(number % 5);
  launch.isCounting = number % 2 == 0;
  launch.program = &program;
  launch.memory = &memory;
  launch.threads = {33, 1, 1};
  launch.sharedBytes = program.dynamicSharedOffset + 64;
  launch.mostInstructions = 5000;
  launch.parameters.resize(program.parameterBytes);
  for (size_t i = 0; i + sizeof(allocation) <= launch.parameters.size(); i += sizeof(allocation))
    __builtin_memcpy(launch.parameters.data() + i, &allocation, sizeof(allocation));
  if (!runLaunch(launch, 1) && launch.report.message.empty())
    abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  ptx::ParseError error;
  const auto module = ptx::parse({reinterpret_cast<const char *>(data), size}, error);
  if (!module == error.message.empty())
    abort();
  if (!module)
    return 0;
  for (const ptx::Function &function : module->functions) {
    Program program;
    if (!function.hasBody)
      continue;
    const bool isGood = decode(*module, function, VariableAddresses(module->variables.size()),
                               bestLevel(), program, error);
    if (isGood != error.message.empty())
      abort();
    if (!isGood)
      return 0;
    run(program);
  }
  return 0;
}
