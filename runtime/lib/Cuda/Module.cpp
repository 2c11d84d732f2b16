// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cuda/Module.h"

namespace moert::cuda {

moert_status Module::load(Device &device, const void *image, std::unique_ptr<Module> &module) {
  MOERT_RETURN_IF_FAILED(device.enter());
  char log[400] = "";
  JitOption options[] = {JitOption::ErrorLogBuffer, JitOption::ErrorLogBufferBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof(log) - 1)};
  std::unique_ptr<Module> made(new Module(device));
  const Result result =
      device.table().cuModuleLoadDataEx(&made->handle_, image, 2, options, values);
  if (result != Result::Success) {
    moert_status status = device.check("cannot load a module", result);
    if (result == Result::NoBinaryForGpu || result == Result::InvalidPtx) {
      for (char *c = log; *c; ++c) // one line
        if (*c == '\n')
          *c = ' ';
      return failure(status.code, "device %d of sm_%d cannot load a module: %s", device.index(),
                     device.capability(), log[0] ? log : "it is for another chip");
    }
    return status;
  }
  module = std::move(made);
  return success();
}

Module::~Module() {
  if (handle_ && device_.enter().code == MOERT_OK)
    device_.table().cuModuleUnload(handle_);
}

moert_status Module::find(const char *name, int mostSharedBytes, FunctionHandle &function) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  const DriverTable &cu = device_.table();
  const Result result = cu.cuModuleGetFunction(&function, handle_, name);
  if (result == Result::NotFound)
    return failure(MOERT_NOT_FOUND, "the module has no function '%.200s'", name);
  MOERT_RETURN_IF_FAILED(device_.check("cannot find a function", result));
  int bytes = 0;
  MOERT_RETURN_IF_FAILED(
      device_.check("cannot examine a function",
                    cu.cuFuncGetAttribute(&bytes, FunctionAttribute::SharedBytes, function)));
  if (mostSharedBytes < 0 || mostSharedBytes > device_.mostSharedBytes() - bytes)
    return failure(MOERT_RESOURCE_EXHAUSTED,
                   "function '%.200s' needs %d bytes of shared memory, device %d has %d", name,
                   mostSharedBytes + bytes, device_.index(), device_.mostSharedBytes());
  return device_.check(
      "cannot set the shared memory of a function",
      cu.cuFuncSetAttribute(function, FunctionAttribute::MaxDynamicSharedBytes, mostSharedBytes));
}

moert_status launch(const Stream &stream, FunctionHandle function, const LaunchShape &shape,
                    void **parameters) {
  const Device &device = stream.device();
  MOERT_RETURN_IF_FAILED(device.enter());
  return device.check(
      "cannot launch a kernel",
      device.table().cuLaunchKernel(function, shape.blocks[0], shape.blocks[1], shape.blocks[2],
                                    shape.threads[0], shape.threads[1], shape.threads[2],
                                    shape.sharedBytes, stream.handle(), parameters, nullptr));
}

} // namespace moert::cuda
