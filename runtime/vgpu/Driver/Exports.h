// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The exported functions, declared by the table that the runtime fills.
#ifndef MOERT_VGPU_DRIVER_EXPORTS_H
#define MOERT_VGPU_DRIVER_EXPORTS_H

#include "vgpu/Driver/Driver.h"

#define VGPU_EXPORT extern "C" __attribute__((visibility("default")))

namespace moert::cuda {
#define VGPU_DECLARE(name, parameters) VGPU_EXPORT Result name parameters;
MOERT_CUDA_FUNCTIONS(VGPU_DECLARE)
#undef VGPU_DECLARE
VGPU_EXPORT Result moert_vgpu_configure(const VirtualOptions *options);
VGPU_EXPORT size_t moert_vgpu_report(DeviceNumber device, char *text, size_t bytes);
} // namespace moert::cuda

namespace moert::vgpu {

/// Returns from a function of the driver where `expression` is not Success.
#define VGPU_RETURN_IF_FAILED(expression)                                                          \
  do {                                                                                             \
    if (const cuda::Result result_ = (expression); result_ != cuda::Result::Success)               \
      return result_;                                                                              \
  } while (false)

template <typename Handle>
uint64_t numberOf(Handle handle) {
  return reinterpret_cast<uint64_t>(handle);
}
template <typename Handle>
Handle handleOf(uint64_t number) {
  return reinterpret_cast<Handle>(number);
}

} // namespace moert::vgpu

#endif // MOERT_VGPU_DRIVER_EXPORTS_H
