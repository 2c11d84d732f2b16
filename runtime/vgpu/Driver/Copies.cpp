// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory of devices and of the host, copies between them, fills.
#include "vgpu/Driver/Exports.h"

#include <cstdlib>
#include <cstring>

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

/// The memory that an address belongs to, or null.
Memory *memoryOf(DeviceAddress address) {
  Driver &driver = Driver::get();
  const uint32_t number = deviceOf(address);
  if (address >> kWindowShift || number >= driver.devices.size())
    return nullptr;
  return &driver.devices[number]->memory;
}

/// Where memory of a device is, or null if it is not all in one allocation in use.
std::byte *at(DeviceAddress address, size_t bytes) {
  Memory *memory = memoryOf(address);
  return memory ? memory->at(address, bytes) : nullptr;
}

struct Free {
  void operator()(void *memory) const { free(memory); }
};
using Buffer = std::unique_ptr<void, Free>;

enum class When { Now, Later };

/// Finds the stream and checks what is copied from or to.
Result begin(StreamHandle handle, std::initializer_list<DeviceAddress> addresses, size_t bytes,
             std::shared_ptr<Stream> &stream) {
  VGPU_RETURN_IF_FAILED(Driver::get().stream(handle, stream));
  for (DeviceAddress address : addresses)
    if (bytes && !at(address, bytes))
      return Result::InvalidValue;
  return Result::Success;
}

Result finish(Driver::Lock &lock, Stream &stream, When when) {
  if (when == When::Later || stream.recording)
    return Result::Success;
  Driver::get().wait(lock, stream.last);
  return stream.device->error;
}

Result upload(DeviceAddress to, const void *from, size_t bytes, StreamHandle handle, When when) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(begin(handle, {to}, bytes, stream));
  if (bytes == 0)
    return Result::Success;
  if (!from)
    return Result::InvalidValue;
  // Pageable memory is the caller's again when the call returns, page-locked when the copy ends.
  std::shared_ptr<void> staged;
  if (when == When::Later && !stream->recording && !driver.isHostMemory(from, bytes)) {
    Buffer buffer(malloc(bytes));
    if (!buffer)
      return Result::OutOfMemory;
    std::memcpy(buffer.get(), from, bytes);
    from = buffer.get();
    staged = std::move(buffer);
  }
  driver.enqueue(*stream, [to, from, bytes, staged](Device &) {
    std::byte *target = at(to, bytes);
    if (!target)
      return Result::IllegalAddress;
    std::memcpy(target, from, bytes);
    memoryOf(to)->setWritten(to, bytes);
    return Result::Success;
  });
  return finish(lock, *stream, when);
}

Result download(void *to, DeviceAddress from, size_t bytes, StreamHandle handle, When when) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(begin(handle, {from}, bytes, stream));
  if (bytes == 0)
    return Result::Success;
  if (!to)
    return Result::InvalidValue;
  driver.enqueue(*stream, [to, from, bytes](Device &) {
    const std::byte *source = at(from, bytes);
    if (!source)
      return Result::IllegalAddress;
    std::memcpy(to, source, bytes);
    return Result::Success;
  });
  return finish(lock, *stream, driver.isHostMemory(to, bytes) ? when : When::Now);
}

Result copy(DeviceAddress to, DeviceAddress from, size_t bytes, StreamHandle handle, When when) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(begin(handle, {to, from}, bytes, stream));
  if (bytes == 0)
    return Result::Success;
  driver.enqueue(*stream, [to, from, bytes](Device &) {
    std::byte *target = at(to, bytes);
    const std::byte *source = at(from, bytes);
    if (!target || !source)
      return Result::IllegalAddress;
    std::memmove(target, source, bytes);
    memoryOf(to)->copyWritten(to, *memoryOf(from), from, bytes);
    return Result::Success;
  });
  return finish(lock, *stream, when);
}

template <typename T>
Result fill(DeviceAddress to, T value, size_t count, StreamHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  if (to % sizeof(T) || count > SIZE_MAX / sizeof(T))
    return Result::InvalidValue;
  VGPU_RETURN_IF_FAILED(begin(handle, {to}, count * sizeof(T), stream));
  if (count == 0)
    return Result::Success;
  driver.enqueue(*stream, [to, value, count](Device &) {
    std::byte *target = at(to, count * sizeof(T));
    if (!target)
      return Result::IllegalAddress;
    for (size_t i = 0; i < count; ++i)
      std::memcpy(target + i * sizeof(T), &value, sizeof(T));
    memoryOf(to)->setWritten(to, count * sizeof(T));
    return Result::Success;
  });
  return Result::Success;
}

} // namespace

Result cuMemAlloc_v2(DeviceAddress *address, size_t bytes) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!address || bytes == 0)
    return Result::InvalidValue;
  const uint64_t made = device->memory.allocate(bytes);
  if (!made)
    return Result::OutOfMemory;
  *address = made;
  return Result::Success;
}

Result cuMemFree_v2(DeviceAddress address) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!address)
    return Result::Success;
  Device *owner = address >> kWindowShift ? nullptr : driver.device(int(deviceOf(address)));
  // What modules have is theirs.
  for (const auto &[handle, module] : driver.modules)
    for (uint64_t each : module->addresses)
      if (each == address)
        return Result::InvalidValue;
  if (!owner)
    return Result::InvalidValue;
  driver.drainAll(lock);
  return owner->memory.release(address) ? Result::Success : Result::InvalidValue;
}

Result cuMemGetInfo_v2(size_t *free, size_t *total) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!free || !total)
    return Result::InvalidValue;
  *total = device->memory.total();
  *free = *total - device->memory.used();
  return Result::Success;
}

Result cuMemHostAlloc(void **memory, size_t bytes, unsigned flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!memory || bytes == 0 || (flags & ~kHostAllocPortable))
    return Result::InvalidValue;
  void *made = nullptr;
  if (posix_memalign(&made, 4096, bytes) != 0)
    return Result::OutOfMemory;
  driver.hostMemory.emplace(reinterpret_cast<uintptr_t>(made), bytes);
  *memory = made;
  return Result::Success;
}

Result cuMemFreeHost(void *memory) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  const auto address = reinterpret_cast<uintptr_t>(memory);
  if (driver.hostMemory.erase(address) == 0)
    return Result::InvalidValue;
  driver.drainAll(lock);
  free(memory);
  return Result::Success;
}

Result cuMemcpyHtoD_v2(DeviceAddress to, const void *from, size_t bytes) {
  return upload(to, from, bytes, nullptr, When::Now);
}
Result cuMemcpyDtoH_v2(void *to, DeviceAddress from, size_t bytes) {
  return download(to, from, bytes, nullptr, When::Now);
}
Result cuMemcpyDtoD_v2(DeviceAddress to, DeviceAddress from, size_t bytes) {
  return copy(to, from, bytes, nullptr, When::Now);
}
Result cuMemcpyHtoDAsync_v2(DeviceAddress to, const void *from, size_t bytes, StreamHandle stream) {
  return upload(to, from, bytes, stream, When::Later);
}
Result cuMemcpyDtoHAsync_v2(void *to, DeviceAddress from, size_t bytes, StreamHandle stream) {
  return download(to, from, bytes, stream, When::Later);
}
Result cuMemcpyDtoDAsync_v2(DeviceAddress to, DeviceAddress from, size_t bytes,
                            StreamHandle stream) {
  return copy(to, from, bytes, stream, When::Later);
}

Result cuMemcpyPeerAsync(DeviceAddress to, ContextHandle toContext, DeviceAddress from,
                         ContextHandle fromContext, size_t bytes, StreamHandle stream) {
  {
    Driver &driver = Driver::get();
    Driver::Lock lock(driver.mutex);
    const Device *target = driver.deviceOfContext(toContext);
    const Device *source = driver.deviceOfContext(fromContext);
    if (!target || !source)
      return Result::InvalidContext;
    if (deviceOf(to) != target->number || deviceOf(from) != source->number)
      return Result::InvalidValue;
  }
  return copy(to, from, bytes, stream, When::Later);
}

Result cuMemsetD8Async(DeviceAddress to, unsigned char value, size_t count, StreamHandle stream) {
  return fill(to, value, count, stream);
}
Result cuMemsetD32Async(DeviceAddress to, unsigned value, size_t count, StreamHandle stream) {
  return fill(to, value, count, stream);
}

} // namespace moert::cuda
