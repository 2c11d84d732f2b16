// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code on a device, and launches of its functions.
#ifndef MOERT_LIB_CUDA_MODULE_H
#define MOERT_LIB_CUDA_MODULE_H

#include "lib/Cuda/Device.h"
#include "lib/Cuda/Stream.h"

#include <array>

namespace moert::cuda {

/// A module is loaded and asked for functions by one thread at a time; launches are from any.
class Module {
public:
  /// `image`: PTX text that ends in NUL, or machine code.
  ///   INCOMPATIBLE  it is for another chip
  ///   CORRUPT       the driver cannot compile it; the message has its first words
  static moert_status load(Device &device, const void *image, std::unique_ptr<Module> &module);
  ~Module();
  Module(const Module &) = delete;
  Module &operator=(const Module &) = delete;

  /// Finds a function that may be launched with `mostSharedBytes` of dynamic shared memory. To be
  /// done once, not for each launch.
  moert_status find(const char *name, int mostSharedBytes, FunctionHandle &function) const;

private:
  explicit Module(Device &device) : device_(device) {}
  Device &device_;
  ModuleHandle handle_ = nullptr;
};

/// Threads, blocks and bytes of dynamic shared memory.
struct LaunchShape {
  std::array<uint32_t, 3> blocks{1, 1, 1}, threads{1, 1, 1};
  uint32_t sharedBytes = 0;
};

/// `parameters`: where each value is, read before the call returns. Failures of the kernel come
/// with a later call of the device.
moert_status launch(const Stream &stream, FunctionHandle function, const LaunchShape &shape,
                    void **parameters);

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_MODULE_H
