// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The CUDA driver, opened when it is wanted: the machine's or the virtual one.
#ifndef MOERT_LIB_CUDA_DRIVER_H
#define MOERT_LIB_CUDA_DRIVER_H

#include "lib/Core/Status.h"
#include "lib/Cuda/VirtualAbi.h"

namespace moert::cuda {

/// A driver's functions. Stays open until the process ends, as drivers do not take unloading well.
/// From any thread once it is open.
struct Driver {
  DriverTable table;
  int version = 0;
  /// Null unless it is virtual.
  VirtualConfigure configure = nullptr;
  VirtualReport report = nullptr;

  bool isVirtual() const { return report != nullptr; }
  /// A failure of `what`, with the driver's words and, of a virtual device, its report.
  moert_status failed(const char *what, Result result, DeviceNumber device) const;
};

/// Opens `library` by path, or where the dynamic loader looks, and initialises it.
///   UNSUPPORTED   there is none, or no device
///   INCOMPATIBLE  it is too old: the message has both versions
moert_status openDriver(const char *library, Driver &driver);

/// The machine's: libcuda.so.1.
moert_status openCuda(Driver &driver);

/// libmoert-vgpu.so: the file that MOERT_VGPU_LIBRARY names, or beside libmoert or the program that
/// it is part of, or where the dynamic loader looks. `options` are for the whole process.
///   FAILED_PRECONDITION  options were given while virtual devices are in use
moert_status openVirtual(const VirtualOptions &options, Driver &driver);

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_DRIVER_H
