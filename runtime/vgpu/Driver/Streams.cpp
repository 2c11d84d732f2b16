// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams and events.
#include "vgpu/Driver/Exports.h"

#include <algorithm>

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

/// A stream that does not record: to be waited for.
Result idle(StreamHandle handle, std::shared_ptr<Stream> &stream) {
  VGPU_RETURN_IF_FAILED(Driver::get().stream(handle, stream));
  if (!stream->recording)
    return Result::Success;
  stream->recording->isInvalid = true;
  return Result::CaptureUnsupported;
}

Result find(EventHandle handle, std::shared_ptr<Event> &event) {
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(Driver::get().current(device));
  event = Driver::get().events.find(numberOf(handle));
  return event ? Result::Success : Result::InvalidHandle;
}

void join(std::vector<uint32_t> &tail, const std::vector<uint32_t> &other) {
  for (uint32_t node : other)
    if (std::find(tail.begin(), tail.end(), node) == tail.end())
      tail.push_back(node);
}

} // namespace

Result cuStreamCreate(StreamHandle *handle, unsigned flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!handle || (flags & ~kStreamNonBlocking))
    return Result::InvalidValue;
  auto stream = std::make_shared<Stream>();
  stream->device = device;
  stream->isBlocking = !(flags & kStreamNonBlocking);
  *handle = handleOf<StreamHandle>(driver.streams.add(std::move(stream)));
  return Result::Success;
}

Result cuStreamDestroy_v2(StreamHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  if (!driver.isInitialized)
    return Result::NotInitialized;
  const auto stream = driver.streams.find(numberOf(handle));
  if (!stream)
    return Result::InvalidHandle;
  if (stream->recording)
    stream->recording->isInvalid = true;
  // What it was given goes on.
  driver.streams.remove(numberOf(handle));
  return Result::Success;
}

Result cuStreamSynchronize(StreamHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(idle(handle, stream));
  if (!handle)
    driver.append(*stream, nullptr, {}); // after blocking streams
  driver.wait(lock, stream->last);
  return stream->device->error;
}

Result cuStreamQuery(StreamHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(idle(handle, stream));
  return !stream->last || stream->last->isDone ? Result::Success : Result::NotReady;
}

Result cuStreamWaitEvent(StreamHandle streamHandle, EventHandle eventHandle, unsigned flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Event> event;
  VGPU_RETURN_IF_FAILED(driver.stream(streamHandle, stream));
  VGPU_RETURN_IF_FAILED(find(eventHandle, event));
  if (flags != 0)
    return Result::InvalidValue;
  if (!event->recording) {
    if (stream->recording) {
      stream->recording->isInvalid = true; // work outside of the capture
      return Result::CaptureUnsupported;
    }
    if (event->operation)
      driver.append(*stream, nullptr, {event->operation});
    return Result::Success;
  }
  if (event->recording->isInvalid)
    return Result::CaptureInvalidated;
  if (!streamHandle)
    return Result::CaptureImplicit;
  if (stream->recording && stream->recording != event->recording)
    return Result::CaptureUnsupported;
  stream->recording = event->recording;
  join(stream->tail, event->tail);
  return Result::Success;
}

Result cuEventCreate(EventHandle *handle, unsigned flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(driver.current(device));
  if (!handle || (flags & ~kEventDisableTiming))
    return Result::InvalidValue;
  auto event = std::make_shared<Event>();
  event->device = device;
  event->hasTime = !(flags & kEventDisableTiming);
  *handle = handleOf<EventHandle>(driver.events.add(std::move(event)));
  return Result::Success;
}

Result cuEventDestroy_v2(EventHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  if (!driver.isInitialized)
    return Result::NotInitialized;
  if (!driver.events.find(numberOf(handle)))
    return Result::InvalidHandle;
  driver.events.remove(numberOf(handle));
  return Result::Success;
}

Result cuEventRecord(EventHandle eventHandle, StreamHandle streamHandle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Event> event;
  VGPU_RETURN_IF_FAILED(driver.stream(streamHandle, stream));
  VGPU_RETURN_IF_FAILED(find(eventHandle, event));
  if (event->device != stream->device)
    return Result::InvalidHandle;
  event->isRecorded = true;
  event->recording = stream->recording;
  event->tail = stream->tail;
  event->operation = stream->recording ? nullptr : driver.append(*stream, nullptr, {});
  return Result::Success;
}

Result cuEventQuery(EventHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Event> event;
  VGPU_RETURN_IF_FAILED(find(handle, event));
  if (event->recording)
    return Result::CapturedEvent;
  return !event->operation || event->operation->isDone ? event->device->error : Result::NotReady;
}

Result cuEventSynchronize(EventHandle handle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Event> event;
  VGPU_RETURN_IF_FAILED(find(handle, event));
  if (event->recording)
    return Result::CapturedEvent;
  driver.wait(lock, event->operation);
  return event->device->error;
}

Result cuEventElapsedTime(float *milliseconds, EventHandle beginHandle, EventHandle endHandle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Event> begin, end;
  VGPU_RETURN_IF_FAILED(find(beginHandle, begin));
  VGPU_RETURN_IF_FAILED(find(endHandle, end));
  if (!milliseconds)
    return Result::InvalidValue;
  if (!begin->hasTime || !end->hasTime || !begin->operation || !end->operation ||
      begin->device != end->device)
    return Result::InvalidHandle;
  if (!begin->operation->isDone || !end->operation->isDone)
    return Result::NotReady;
  *milliseconds =
      std::chrono::duration<float, std::milli>(end->operation->end - begin->operation->end).count();
  return Result::Success;
}

} // namespace moert::cuda
