//===- HostCode.h - Host code of a device, evaluated ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_UNITTESTS_DEVICE_HOSTCODE_H
#define MOEC_UNITTESTS_DEVICE_HOSTCODE_H

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"

#include <functional>

namespace moec {

/// A memref of the device: its buffer, and what it sees of it, in elements.
struct DeviceView {
  uint64_t base = 0;
  int64_t offset = 0;
  llvm::SmallVector<int64_t> sizes, strides;

  static DeviceView contiguous(uint64_t base, llvm::ArrayRef<int64_t> sizes);
};

/// A launch with the values of its operands.
struct DeviceLaunch {
  std::string kernel;
  uint32_t grid[2], block[2], sharedBytes;
  std::vector<char> parameters; // each at a multiple of its size
};

/// What host code asks for.
struct HostServices {
  std::function<uint64_t(uint64_t bytes)> allocate;
  std::function<bool(const DeviceLaunch &)> launch;
  /// An integer of so many bytes of the device's memory.
  std::function<int64_t(uint64_t address, uint64_t bytes)> read;
  /// Where the run's counter (rt.device_counter) lies on the device.
  std::function<uint64_t()> counter;
  /// Where the number of the first check that fails (rt.failed_check) is noted; each is number 1.
  std::function<uint64_t()> failedCheck;
  /// Where a weight lies on the device; nothing, with a failed expectation, if it cannot be made.
  std::function<std::optional<uint64_t>(rt::WeightOp weight)> placeWeight;
};

/// Evaluates the body of an entry: arithmetic on shapes, buffers and launches. `arguments` are the
/// entry's; `outputs` receives what it makes. Fails at an op that it does not know, with a failed
/// expectation, and where a launch fails.
bool evaluateHost(mlir::func::FuncOp entry, llvm::ArrayRef<DeviceView> arguments,
                  const HostServices &services, std::vector<DeviceView> &outputs);

} // namespace moec

#endif // MOEC_UNITTESTS_DEVICE_HOSTCODE_H
