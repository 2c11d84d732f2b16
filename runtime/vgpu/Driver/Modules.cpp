// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules of PTX and their functions.
#include "vgpu/Driver/Exports.h"
#include "vgpu/Exec/ModuleVariables.h"

#include <algorithm>
#include <cstring>

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

/// Buffers for text that the loader of a module was given.
struct Logs {
  Logs(unsigned count, JitOption *options, void **values) {
    for (unsigned i = 0; options && values && i < count; ++i) {
      if (options[i] == JitOption::ErrorLogBuffer)
        buffer = static_cast<char *>(values[i]);
      else if (options[i] == JitOption::ErrorLogBufferBytes)
        bytes = &values[i];
      else if (options[i] == JitOption::InfoLogBufferBytes)
        values[i] = nullptr; // nothing is written there
    }
  }
  Result fail(Result result, const std::string &text) {
    const size_t room = bytes ? reinterpret_cast<uintptr_t>(*bytes) : 0;
    if (buffer && room > 0) {
      const size_t length = std::min(room - 1, text.size());
      std::memcpy(buffer, text.data(), length);
      buffer[length] = '\0';
      *bytes = reinterpret_cast<void *>(length);
    }
    return result;
  }
  char *buffer = nullptr;
  void **bytes = nullptr;
};

bool isBinary(const void *image) {
  const auto *bytes = static_cast<const unsigned char *>(image);
  static constexpr unsigned char kElf[] = {0x7f, 'E', 'L', 'F'}, kFat[] = {0x50, 0xed, 0x55, 0xba};
  auto begins = [&](const unsigned char (&magic)[4]) {
    for (int i = 0; i < 4; ++i) // text may end before
      if (bytes[i] != magic[i])
        return false;
    return true;
  };
  return begins(kElf) || begins(kFat);
}

std::string textOf(const ptx::ParseError &error) {
  return "line " + std::to_string(error.line) + ": " + error.message;
}

Result load(Module &module, const char *text, std::string &error) {
  ptx::ParseError parseError;
  module.source = ptx::parse(text, parseError);
  if (!module.source) {
    error = textOf(parseError);
    return Result::InvalidPtx;
  }
  if (!runsOn(module.device->chip, module.source->target)) {
    error = "module for " + std::string(module.source->target) + " does not run on sm_" +
            std::to_string(module.device->chip.capability);
    return Result::NoBinaryForGpu;
  }
  const Placed placed =
      placeVariables(*module.source, module.device->memory, module.addresses, error);
  if (placed != Placed::Yes)
    return placed == Placed::OutOfMemory ? Result::OutOfMemory : Result::InvalidPtx;
  for (const ptx::Function &function : module.source->functions) {
    if (!function.isEntry || !function.hasBody)
      continue;
    auto program = std::make_unique<Program>();
    if (!decode(*module.source, function, module.addresses, bestLevel(), *program, parseError)) {
      error = textOf(parseError);
      return Result::InvalidPtx;
    }
    program->name = std::string(function.name);
    if (program->sharedBytes > kSharedWithoutAsking) {
      error = "function '" + program->name + "' has " + std::to_string(program->sharedBytes) +
              " bytes of static shared memory, the most are " +
              std::to_string(kSharedWithoutAsking);
      return Result::InvalidPtx;
    }
    module.programs.push_back(std::move(program));
  }
  return Result::Success;
}

void release(const Module &module) {
  for (uint64_t address : module.addresses)
    if (address)
      module.device->memory.release(address);
}

/// Registers that a compiler would leave: as many as there are, at most as a full block has.
uint32_t registersOf(const Program &program) {
  const uint32_t most = kRegistersPerMultiprocessor / std::max(program.mostThreads, 1u);
  return std::clamp(program.numSlots, 16u, std::clamp(most, 16u, 255u));
}

Result findFunction(FunctionHandle handle, std::shared_ptr<Function> &function) {
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(Driver::get().current(device));
  function = Driver::get().functions.find(numberOf(handle));
  return function ? Result::Success : Result::InvalidHandle;
}

} // namespace

Result cuModuleLoadDataEx(ModuleHandle *handle, const void *image, unsigned numOptions,
                          JitOption *options, void **values) {
  Driver &driver = Driver::get();
  auto module = std::make_shared<Module>();
  {
    Driver::Lock lock(driver.mutex);
    VGPU_RETURN_IF_FAILED(driver.current(module->device));
  }
  if (!handle || !image)
    return Result::InvalidValue;
  Logs logs(numOptions, options, values);
  if (isBinary(image))
    return logs.fail(Result::NoBinaryForGpu, "machine code is for real devices: PTX is needed");
  std::string error;
  if (Result result = load(*module, static_cast<const char *>(image), error);
      result != Result::Success) {
    release(*module);
    return logs.fail(result, error);
  }
  Driver::Lock lock(driver.mutex);
  for (const auto &program : module->programs) {
    auto function = std::make_shared<Function>();
    function->module = module;
    function->program = program.get();
    function->dynamicShared = kSharedWithoutAsking - program->sharedBytes;
    module->functions.push_back(driver.functions.add(std::move(function)));
  }
  *handle = handleOf<ModuleHandle>(driver.modules.add(std::move(module)));
  return Result::Success;
}

Result cuModuleUnload(ModuleHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  auto module = driver.modules.find(numberOf(handle));
  if (!module)
    return Result::InvalidHandle;
  driver.modules.remove(numberOf(handle));
  for (uint64_t function : module->functions)
    driver.functions.remove(function);
  driver.drainAll(lock);
  release(*module);
  return Result::Success;
}

Result cuModuleGetFunction(FunctionHandle *function, ModuleHandle handle, const char *name) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  const auto module = driver.modules.find(numberOf(handle));
  if (!function || !name)
    return Result::InvalidValue;
  if (!module)
    return Result::InvalidHandle;
  for (size_t i = 0; i < module->programs.size(); ++i)
    if (module->programs[i]->name == name) {
      *function = handleOf<FunctionHandle>(module->functions[i]);
      return Result::Success;
    }
  return Result::NotFound;
}

Result cuModuleGetGlobal_v2(DeviceAddress *address, size_t *bytes, ModuleHandle handle,
                            const char *name) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  const auto module = driver.modules.find(numberOf(handle));
  if (!name)
    return Result::InvalidValue;
  if (!module)
    return Result::InvalidHandle;
  for (size_t i = 0; i < module->addresses.size(); ++i)
    if (module->addresses[i] && module->source->variables[i].name == name) {
      if (address)
        *address = module->addresses[i];
      if (bytes)
        *bytes = module->source->variables[i].bytes;
      return Result::Success;
    }
  return Result::NotFound;
}

Result cuFuncGetAttribute(int *value, FunctionAttribute attribute, FunctionHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Function> function;
  VGPU_RETURN_IF_FAILED(findFunction(handle, function));
  if (!value)
    return Result::InvalidValue;
  const Program &program = *function->program;
  const ptx::Module &source = *function->module->source;
  switch (attribute) {
  case FunctionAttribute::MaxThreadsPerBlock:
    *value = int(program.mostThreads);
    return Result::Success;
  case FunctionAttribute::SharedBytes:
    *value = int(program.sharedBytes);
    return Result::Success;
  case FunctionAttribute::LocalBytes:
    *value = int(program.localBytes);
    return Result::Success;
  case FunctionAttribute::Registers:
    *value = int(registersOf(program));
    return Result::Success;
  case FunctionAttribute::PtxVersion:
    *value = int(source.versionMajor * 10 + source.versionMinor);
    return Result::Success;
  case FunctionAttribute::MaxDynamicSharedBytes:
    *value = int(function->dynamicShared);
    return Result::Success;
  }
  return Result::InvalidValue;
}

Result cuFuncSetAttribute(FunctionHandle handle, FunctionAttribute attribute, int value) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Function> function;
  VGPU_RETURN_IF_FAILED(findFunction(handle, function));
  const Chip &chip = function->module->device->chip;
  if (attribute != FunctionAttribute::MaxDynamicSharedBytes || value < 0 ||
      uint32_t(value) > chip.sharedPerBlock - function->program->sharedBytes)
    return Result::InvalidValue;
  function->dynamicShared = uint32_t(value);
  return Result::Success;
}

Result cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks, FunctionHandle handle, int threads,
                                                   size_t dynamicShared) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Function> function;
  VGPU_RETURN_IF_FAILED(findFunction(handle, function));
  if (!blocks || threads <= 0)
    return Result::InvalidValue;
  const Chip &chip = function->module->device->chip;
  const Program &program = *function->program;
  if (uint32_t(threads) > program.mostThreads || dynamicShared > function->dynamicShared) {
    *blocks = 0;
    return Result::Success;
  }
  const uint32_t warps = (uint32_t(threads) + kLanes - 1) / kLanes;
  const uint32_t shared = program.sharedBytes + uint32_t(dynamicShared) + kReservedShared;
  // Registers come to a warp in units of 256.
  const uint32_t registers = (registersOf(program) * kLanes + 255) / 256 * 256 * warps;
  *blocks = int(
      std::min({chip.blocksPerMultiprocessor, chip.threadsPerMultiprocessor / (warps * kLanes),
                chip.sharedPerMultiprocessor / shared, kRegistersPerMultiprocessor / registers}));
  return Result::Success;
}

} // namespace moert::cuda
