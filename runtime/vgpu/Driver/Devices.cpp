// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Initialisation, devices, primary contexts.
#include "vgpu/Driver/Exports.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

struct Text {
  Result result;
  const char *name, *meaning;
};
constexpr Text kTexts[] = {
    {Result::Success, "CUDA_SUCCESS", "no error"},
    {Result::InvalidValue, "CUDA_ERROR_INVALID_VALUE", "invalid argument"},
    {Result::OutOfMemory, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {Result::NotInitialized, "CUDA_ERROR_NOT_INITIALIZED", "cuInit was not called"},
    {Result::NoDevice, "CUDA_ERROR_NO_DEVICE", "no device"},
    {Result::InvalidDevice, "CUDA_ERROR_INVALID_DEVICE", "no such device"},
    {Result::InvalidContext, "CUDA_ERROR_INVALID_CONTEXT", "no such context"},
    {Result::NoBinaryForGpu, "CUDA_ERROR_NO_BINARY_FOR_GPU", "code is for another chip"},
    {Result::InvalidPtx, "CUDA_ERROR_INVALID_PTX", "PTX cannot be compiled"},
    {Result::InvalidHandle, "CUDA_ERROR_INVALID_HANDLE", "no such object"},
    {Result::NotFound, "CUDA_ERROR_NOT_FOUND", "name not found"},
    {Result::NotReady, "CUDA_ERROR_NOT_READY", "work has not ended"},
    {Result::IllegalAddress, "CUDA_ERROR_ILLEGAL_ADDRESS", "illegal memory access"},
    {Result::LaunchOutOfResources, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
     "launch needs more than there is"},
    {Result::LaunchTimeout, "CUDA_ERROR_LAUNCH_TIMEOUT", "launch did not end in time"},
    {Result::PeerAccessAlreadyEnabled, "CUDA_ERROR_PEER_ACCESS_ALREADY_ENABLED",
     "peer access is enabled already"},
    {Result::MisalignedAddress, "CUDA_ERROR_MISALIGNED_ADDRESS", "misaligned memory access"},
    {Result::LaunchFailed, "CUDA_ERROR_LAUNCH_FAILED", "launch failed"},
    {Result::NotSupported, "CUDA_ERROR_NOT_SUPPORTED", "not supported"},
    {Result::CaptureUnsupported, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED",
     "not allowed while a stream captures"},
    {Result::CaptureInvalidated, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
     "capture was made invalid"},
    {Result::CaptureUnmatched, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED",
     "capture did not begin in this stream"},
    {Result::CaptureUnjoined, "CUDA_ERROR_STREAM_CAPTURE_UNJOINED",
     "capture has streams that were not joined"},
    {Result::CaptureImplicit, "CUDA_ERROR_STREAM_CAPTURE_IMPLICIT",
     "the default stream cannot wait for a capture"},
    {Result::CapturedEvent, "CUDA_ERROR_CAPTURED_EVENT", "event is part of a capture"},
};

const Text *textOf(Result result) {
  for (const Text &text : kTexts)
    if (text.result == result)
      return &text;
  return nullptr;
}

bool attributeOf(const Chip &chip, DeviceAttribute attribute, int &value) {
  auto is = [&](uint32_t number) {
    value = int(number);
    return true;
  };
  switch (attribute) {
  case DeviceAttribute::MaxThreadsPerBlock:
  case DeviceAttribute::MaxBlockDimX:
  case DeviceAttribute::MaxBlockDimY:
    return is(1024);
  case DeviceAttribute::MaxBlockDimZ:
    return is(64);
  case DeviceAttribute::MaxGridDimX:
    return is(INT32_MAX);
  case DeviceAttribute::MaxGridDimY:
  case DeviceAttribute::MaxGridDimZ:
    return is(65535);
  case DeviceAttribute::MaxSharedPerBlock:
    return is(kSharedWithoutAsking);
  case DeviceAttribute::WarpSize:
    return is(kLanes);
  case DeviceAttribute::MaxRegistersPerBlock:
  case DeviceAttribute::MaxRegistersPerMultiprocessor:
    return is(kRegistersPerMultiprocessor);
  case DeviceAttribute::Multiprocessors:
    return is(1); // What runs at a time is not modelled; special registers say 1 as well.
  case DeviceAttribute::MaxThreadsPerMultiprocessor:
    return is(chip.threadsPerMultiprocessor);
  case DeviceAttribute::UnifiedAddressing:
    return is(1);
  case DeviceAttribute::ComputeCapabilityMajor:
    return is(chip.capability / 10);
  case DeviceAttribute::ComputeCapabilityMinor:
    return is(chip.capability % 10);
  case DeviceAttribute::MaxSharedPerMultiprocessor:
    return is(chip.sharedPerMultiprocessor);
  case DeviceAttribute::MaxSharedPerBlockOptin:
    return is(chip.sharedPerBlock);
  case DeviceAttribute::MaxBlocksPerMultiprocessor:
    return is(chip.blocksPerMultiprocessor);
  }
  return false;
}

/// The device of a number, with the lock held.
Result find(Driver &driver, DeviceNumber number, Device *&device) {
  if (!driver.isInitialized)
    return Result::NotInitialized;
  device = driver.device(number);
  return device ? Result::Success : Result::InvalidDevice;
}

} // namespace

Result cuInit(unsigned flags) {
  if (flags != 0)
    return Result::InvalidValue;
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  driver.isInitialized = true;
  return Result::Success;
}

Result cuDriverGetVersion(int *version) {
  if (!version)
    return Result::InvalidValue;
  *version = kNeededVersion;
  return Result::Success;
}

Result cuGetErrorName(Result result, const char **text) {
  const Text *found = textOf(result);
  if (!text)
    return Result::InvalidValue;
  *text = found ? found->name : nullptr;
  return found ? Result::Success : Result::InvalidValue;
}

Result cuGetErrorString(Result result, const char **text) {
  const Text *found = textOf(result);
  if (!text)
    return Result::InvalidValue;
  *text = found ? found->meaning : nullptr;
  return found ? Result::Success : Result::InvalidValue;
}

Result cuDeviceGetCount(int *count) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  if (!driver.isInitialized)
    return Result::NotInitialized;
  if (!count)
    return Result::InvalidValue;
  *count = int(driver.devices.size());
  return Result::Success;
}

Result cuDeviceGet(DeviceNumber *number, int ordinal) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, ordinal, device));
  if (!number)
    return Result::InvalidValue;
  *number = ordinal;
  return Result::Success;
}

Result cuDeviceGetName(char *name, int bytes, DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (!name || bytes <= 0)
    return Result::InvalidValue;
  snprintf(name, size_t(bytes), "virtual GPU sm_%u", device->chip.capability);
  return Result::Success;
}

Result cuDeviceGetUuid_v2(Uuid *uuid, DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (!uuid)
    return Result::InvalidValue;
  *uuid = {};
  snprintf(uuid->bytes, sizeof(uuid->bytes), "virtual %d", number);
  return Result::Success;
}

Result cuDeviceGetAttribute(int *value, DeviceAttribute attribute, DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  return value && attributeOf(device->chip, attribute, *value) ? Result::Success
                                                               : Result::InvalidValue;
}

Result cuDeviceTotalMem_v2(size_t *bytes, DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (!bytes)
    return Result::InvalidValue;
  *bytes = device->memory.total();
  return Result::Success;
}

Result cuDeviceCanAccessPeer(int *can, DeviceNumber number, DeviceNumber peer) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, peer, device));
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (!can)
    return Result::InvalidValue;
  *can = number != peer;
  return Result::Success;
}

Result cuDevicePrimaryCtxRetain(ContextHandle *context, DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (!context)
    return Result::InvalidValue;
  driver.waitForStop(lock, *device);
  if (device->retained++ == 0)
    driver.start(*device);
  *context = handleOf<ContextHandle>(device->handle);
  return Result::Success;
}

Result cuDevicePrimaryCtxRelease_v2(DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  driver.waitForStop(lock, *device);
  if (device->retained == 0)
    return Result::InvalidContext;
  if (device->retained > 1) {
    --device->retained;
    return Result::Success;
  }
  device->isReleasing = true; // whoever retains it waits for a new one
  driver.clear(lock, *device, true);
  driver.stop(lock, *device);
  return Result::Success;
}

Result cuDevicePrimaryCtxReset_v2(DeviceNumber number) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(find(driver, number, device));
  if (device->retained)
    driver.clear(lock, *device, false);
  return Result::Success;
}

Result cuCtxSetCurrent(ContextHandle context) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  if (!driver.isInitialized)
    return Result::NotInitialized;
  if (context && !driver.deviceOfContext(context))
    return Result::InvalidContext;
  currentContext() = context;
  return Result::Success;
}

Result cuCtxGetCurrent(ContextHandle *context) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  if (!driver.isInitialized)
    return Result::NotInitialized;
  if (!context)
    return Result::InvalidValue;
  *context = currentContext();
  return Result::Success;
}

Result cuCtxSynchronize() {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  for (const auto &[handle, stream] : driver.streams)
    if (stream->device == device && stream->recording) {
      stream->recording->isInvalid = true;
      return Result::CaptureUnsupported;
    }
  driver.drain(lock, *device);
  return device->error;
}

Result cuCtxEnablePeerAccess(ContextHandle handle, unsigned flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  Device *peer = driver.deviceOfContext(handle);
  if (flags != 0)
    return Result::InvalidValue;
  if (!peer || peer == device)
    return peer ? Result::InvalidDevice : Result::InvalidContext;
  if (device->peers >> peer->number & 1)
    return Result::PeerAccessAlreadyEnabled;
  device->peers |= 1u << peer->number;
  device->memory.setPeer(peer->number, &peer->memory);
  return Result::Success;
}

Result moert_vgpu_configure(const VirtualOptions *options) {
  return options ? Driver::get().configure(*options) : Result::InvalidValue;
}

size_t moert_vgpu_report(DeviceNumber number, char *text, size_t bytes) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  const Device *device = driver.device(number);
  const std::string &report = device ? device->report : std::string();
  if (text && bytes)
    snprintf(text, bytes, "%s", report.c_str());
  return report.size();
}

} // namespace moert::cuda
