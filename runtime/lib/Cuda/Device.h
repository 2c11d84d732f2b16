// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A device with its primary context, and memory that it keeps for the next request.
#ifndef MOERT_LIB_CUDA_DEVICE_H
#define MOERT_LIB_CUDA_DEVICE_H

#include "lib/Cuda/Driver.h"

#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace moert::cuda {

/// From any thread. Outlives what was made of it.
class Device {
public:
  /// INVALID_ARGUMENT: the driver has fewer devices.
  static moert_status open(const Driver &driver, int index, std::unique_ptr<Device> &device);
  ~Device();
  Device(const Device &) = delete;
  Device &operator=(const Device &) = delete;

  /// Makes the context the calling thread's. All members of the objects of a device begin with it.
  moert_status enter() const;
  /// Waits for all work.
  moert_status synchronize() const;
  moert_status enablePeer(const Device &peer) const;

  /// `bytes` > 0 of memory, aligned to 256. For one stream: memory that was released for a stream
  /// goes to requests of the same stream only, so what was given to it before is done first.
  ///   OUT_OF_MEMORY  there is none, even after all that is idle was given back
  moert_status allocate(size_t bytes, StreamHandle stream, DeviceAddress &address);
  void release(DeviceAddress address);
  /// Gives back what is idle; waits for work that uses it.
  void trim();

  moert_status check(const char *what, Result result) const;

  const DriverTable &table() const { return driver_.table; }
  const Driver &driver() const { return driver_; }
  int index() const { return index_; }
  int capability() const { return capability_; } // 10 * major + minor
  int mostSharedBytes() const { return mostSharedBytes_; }
  /// Of the driver, idle ones included.
  size_t heldBytes() const;
  ContextHandle context() const { return context_; }

private:
  Device(const Driver &driver, int index) : driver_(driver), index_(index) {}
  void trimLocked();

  struct Block {
    size_t bytes;
    StreamHandle stream;
  };
  const Driver driver_;
  const int index_;
  int capability_ = 0, mostSharedBytes_ = 0;
  ContextHandle context_ = nullptr;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<DeviceAddress, Block> used_;
  std::map<std::pair<StreamHandle, size_t>, std::vector<DeviceAddress>> idle_;
  size_t held_ = 0;
};

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_DEVICE_H
