// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cuda/Device.h"
#include "lib/Core/Pool.h"

#include <algorithm>

namespace moert::cuda {

moert_status Device::open(const Driver &driver, int index, std::unique_ptr<Device> &device) {
  int count = 0;
  if (Result result = driver.table.cuDeviceGetCount(&count); result != Result::Success)
    return driver.failed("cannot count devices", result, index);
  if (index < 0 || index >= count)
    return failure(MOERT_INVALID_ARGUMENT, "there is no device %d: the driver has %d", index,
                   count);
  std::unique_ptr<Device> made(new Device(driver, index));
  const DriverTable &cu = made->table();
  int major = 0, minor = 0;
  MOERT_RETURN_IF_FAILED(
      made->check("cannot read its version",
                  cu.cuDeviceGetAttribute(&major, DeviceAttribute::ComputeCapabilityMajor, index)));
  MOERT_RETURN_IF_FAILED(
      made->check("cannot read its version",
                  cu.cuDeviceGetAttribute(&minor, DeviceAttribute::ComputeCapabilityMinor, index)));
  MOERT_RETURN_IF_FAILED(
      made->check("cannot read its limits",
                  cu.cuDeviceGetAttribute(&made->mostSharedBytes_,
                                          DeviceAttribute::MaxSharedPerBlockOptin, index)));
  made->capability_ = 10 * major + minor;
  MOERT_RETURN_IF_FAILED(
      made->check("cannot get its context", cu.cuDevicePrimaryCtxRetain(&made->context_, index)));
  device = std::move(made);
  return success();
}

Device::~Device() {
  if (!context_)
    return;
  trim();
  table().cuDevicePrimaryCtxRelease_v2(index_);
}

moert_status Device::check(const char *what, Result result) const {
  return result == Result::Success ? success() : driver_.failed(what, result, index_);
}

moert_status Device::enter() const {
  return check("cannot use its context", table().cuCtxSetCurrent(context_));
}

moert_status Device::synchronize() const {
  MOERT_RETURN_IF_FAILED(enter());
  return check("work failed", table().cuCtxSynchronize());
}

moert_status Device::enablePeer(const Device &peer) const {
  MOERT_RETURN_IF_FAILED(enter());
  const Result result = table().cuCtxEnablePeerAccess(peer.context_, 0);
  return result == Result::PeerAccessAlreadyEnabled ? success()
                                                    : check("cannot reach its peer", result);
}

moert_status Device::allocate(size_t bytes, StreamHandle stream, DeviceAddress &address) {
  const int64_t rounded = bytes > INT64_MAX ? -1 : roundToSizeClass(int64_t(bytes));
  if (bytes == 0 || rounded < 0)
    return failure(MOERT_INVALID_ARGUMENT, "device %d: no memory has %zu bytes", index_, bytes);
  MOERT_RETURN_IF_FAILED(enter());
  std::lock_guard<std::mutex> lock(mutex_);
  auto &idle = idle_[{stream, size_t(rounded)}];
  if (!idle.empty()) {
    address = idle.back();
    idle.pop_back();
  } else {
    Result result = table().cuMemAlloc_v2(&address, size_t(rounded));
    if (result == Result::OutOfMemory) {
      trimLocked();
      result = table().cuMemAlloc_v2(&address, size_t(rounded));
    }
    if (result == Result::OutOfMemory)
      return failure(MOERT_OUT_OF_MEMORY,
                     "device %d has no memory left for %zu bytes; %zu are in use here", index_,
                     bytes, held_);
    MOERT_RETURN_IF_FAILED(check("cannot allocate", result));
    held_ += size_t(rounded);
  }
  used_[address] = {size_t(rounded), stream};
  return success();
}

void Device::release(DeviceAddress address) {
  std::lock_guard<std::mutex> lock(mutex_);
  const auto found = used_.find(address);
  if (found == used_.end())
    return;
  idle_[{found->second.stream, found->second.bytes}].push_back(address);
  used_.erase(found);
}

void Device::trim() {
  if (enter().code != MOERT_OK)
    return;
  std::lock_guard<std::mutex> lock(mutex_);
  trimLocked();
}

void Device::trimLocked() {
  // The driver waits for work before it frees.
  for (auto &[key, addresses] : idle_) {
    for (DeviceAddress address : addresses)
      table().cuMemFree_v2(address);
    held_ -= key.second * addresses.size();
    addresses.clear();
  }
}

size_t Device::heldBytes() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return held_;
}

} // namespace moert::cuda
