// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Launches of kernels.
#include "vgpu/Driver/Exports.h"

#include <cstring>

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

Result resultOf(Report::Kind kind) {
  switch (kind) {
  case Report::Kind::Address:
    return Result::IllegalAddress;
  case Report::Kind::Alignment:
    return Result::MisalignedAddress;
  case Report::Kind::Endless:
    return Result::LaunchTimeout;
  case Report::Kind::Other:
    break;
  }
  return Result::LaunchFailed;
}

struct Shape {
  std::array<uint32_t, 3> blocks, threads;
  uint32_t dynamicShared;
};

Result check(const Shape &shape, const Function &function) {
  static constexpr uint32_t kMostThreads[] = {1024, 1024, 64};
  static constexpr uint32_t kMostBlocks[] = {INT32_MAX, 65535, 65535};
  const Program &program = *function.program;
  uint64_t threads = 1;
  for (size_t i = 0; i < 3; ++i) {
    if (shape.blocks[i] == 0 || shape.blocks[i] > kMostBlocks[i] || shape.threads[i] == 0 ||
        shape.threads[i] > kMostThreads[i])
      return Result::InvalidValue;
    threads *= shape.threads[i];
  }
  if (threads > 1024 || shape.dynamicShared > function.dynamicShared)
    return Result::InvalidValue;
  if (threads > program.mostThreads)
    return Result::LaunchOutOfResources;
  if (program.requiredThreads[0] && program.requiredThreads != shape.threads)
    return Result::InvalidValue;
  const uint64_t shared = uint64_t(program.dynamicSharedOffset) + shape.dynamicShared;
  return shared > function.module->device->chip.sharedPerBlock ? Result::LaunchOutOfResources
                                                               : Result::Success;
}

/// On the device's thread. `owner` keeps the program.
Result run(Device &device, const Function &owner, const Shape &shape,
           const std::vector<std::byte> &parameters) {
  Launch launch;
  launch.program = owner.program;
  launch.memory = &device.memory;
  launch.blocks = shape.blocks;
  launch.threads = shape.threads;
  launch.sharedBytes = owner.program->dynamicSharedOffset + shape.dynamicShared;
  launch.parameters = parameters;
  launch.number = Driver::get().launches.fetch_add(1);
  launch.seed = device.seed;
  launch.mostInstructions = device.mostInstructions;
  if (runLaunch(launch, device.hostThreads))
    return Result::Success;
  const Result result = resultOf(launch.report.kind);
  Driver::get().fail(device, result, launch.report.text());
  return result;
}

} // namespace

Result cuLaunchKernel(FunctionHandle handle, unsigned gridX, unsigned gridY, unsigned gridZ,
                      unsigned blockX, unsigned blockY, unsigned blockZ, unsigned sharedBytes,
                      StreamHandle streamHandle, void **parameters, void **extra) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(driver.stream(streamHandle, stream));
  const auto function = driver.functions.find(numberOf(handle));
  if (!function)
    return Result::InvalidHandle;
  if (function->module->device != stream->device)
    return Result::InvalidContext;
  if (extra)
    return Result::NotSupported;
  const Shape shape{{gridX, gridY, gridZ}, {blockX, blockY, blockZ}, sharedBytes};
  VGPU_RETURN_IF_FAILED(check(shape, *function));
  const Program &program = *function->program;
  std::vector<std::byte> values(program.parameterBytes);
  for (size_t i = 0; i < program.parameters.size(); ++i) {
    if (!parameters || !parameters[i])
      return Result::InvalidValue;
    std::memcpy(values.data() + program.parameters[i].offset, parameters[i],
                program.parameters[i].bytes);
  }
  driver.enqueue(*stream, [function, shape, values](Device &device) {
    return run(device, *function, shape, values);
  });
  return Result::Success;
}

} // namespace moert::cuda
