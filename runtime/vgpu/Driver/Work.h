// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Asynchronous work: operations that wait for others, whatever their device.
#ifndef MOERT_VGPU_DRIVER_WORK_H
#define MOERT_VGPU_DRIVER_WORK_H

#include "lib/Cuda/DriverAbi.h"

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

namespace moert::vgpu {

struct Device;
/// What an operation does, on the thread of its device, without the driver's lock.
using Action = std::function<cuda::Result(Device &)>;

/// Guarded by the driver's lock, but for `action`, which does not change.
struct Task {
  Device *device = nullptr;
  /// Null: only keeps an order.
  std::shared_ptr<const Action> action;
  /// Operations before it that have not ended.
  uint32_t waitsFor = 0;
  /// Operations that wait for it, until it ends.
  std::vector<std::shared_ptr<Task>> next;
  bool isDone = false;
  std::chrono::steady_clock::time_point end;
};
using TaskRef = std::shared_ptr<Task>;

/// Work that is recorded to be run often. Nodes come after those they wait for.
struct Recording {
  struct Node {
    Device *device;
    std::shared_ptr<const Action> action;
    std::vector<uint32_t> after;
  };
  std::vector<Node> nodes;
  bool isInvalid = false;
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_DRIVER_WORK_H
