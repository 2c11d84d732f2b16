// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What libmoert-vgpu.so exports besides the CUDA driver's functions.
#ifndef MOERT_LIB_CUDA_VIRTUALABI_H
#define MOERT_LIB_CUDA_VIRTUALABI_H

#include "lib/Cuda/DriverAbi.h"

namespace moert::cuda {

/// Fields that are zero have the default that they name.
struct VirtualOptions {
  /// Of this structure, as the caller knows it.
  uint64_t size = sizeof(VirtualOptions);
  /// Up to 16; 1.
  uint32_t devices = 0;
  /// 10 * major + minor of a chip in vgpu/Driver/ChipTable.h; 90.
  uint32_t computeCapability = 0;
  /// Of each device; 16 GiB. Taken from the host as it is touched.
  uint64_t memoryBytes = 0;
  /// That run the blocks of a launch, for each device; 1.
  uint32_t hostThreads = 0;
  uint32_t reserved = 0;
  /// Of the order in which work of several streams is taken, and of what the PTX ISA leaves open.
  uint64_t seed = 0;
  /// Instructions of warps after which a launch is taken for endless; 2^40.
  uint64_t mostInstructions = 0;
};

/// Sets the devices of the process. Before or after cuInit. InvalidValue for options outside of
/// their range, InvalidContext for other ones than before while a primary context is retained.
using VirtualConfigure = Result (*)(const VirtualOptions *options);
/// Copies the last report of a device, what a kernel did or what a released context had left, with
/// a NUL at the end, and gives its length without. 0: no report since the context was retained.
using VirtualReport = size_t (*)(DeviceNumber device, char *text, size_t bytes);

#define MOERT_VGPU_CONFIGURE "moert_vgpu_configure"
#define MOERT_VGPU_REPORT "moert_vgpu_report"

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_VIRTUALABI_H
