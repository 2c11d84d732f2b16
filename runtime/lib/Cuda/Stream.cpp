// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cuda/Stream.h"

namespace moert::cuda {

moert_status Event::make(Device &device, std::unique_ptr<Event> &event, bool isTimed) {
  MOERT_RETURN_IF_FAILED(device.enter());
  std::unique_ptr<Event> made(new Event(device));
  MOERT_RETURN_IF_FAILED(device.check(
      "cannot make an event",
      device.table().cuEventCreate(&made->handle_, isTimed ? 0 : kEventDisableTiming)));
  event = std::move(made);
  return success();
}

Event::~Event() {
  if (handle_ && device_.enter().code == MOERT_OK)
    device_.table().cuEventDestroy_v2(handle_);
}

moert_status Event::synchronize() const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("work failed", device_.table().cuEventSynchronize(handle_));
}

moert_status Event::elapsedSince(const Event &begin, float &milliseconds) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot read a time",
                       device_.table().cuEventElapsedTime(&milliseconds, begin.handle_, handle_));
}

Graph::~Graph() {
  if (handle_ && device_.enter().code == MOERT_OK)
    device_.table().cuGraphExecDestroy(handle_);
}

moert_status Stream::make(Device &device, std::unique_ptr<Stream> &stream) {
  MOERT_RETURN_IF_FAILED(device.enter());
  std::unique_ptr<Stream> made(new Stream(device));
  MOERT_RETURN_IF_FAILED(device.check(
      "cannot make a stream", device.table().cuStreamCreate(&made->handle_, kStreamNonBlocking)));
  stream = std::move(made);
  return success();
}

Stream::~Stream() {
  if (handle_ && device_.enter().code == MOERT_OK)
    device_.table().cuStreamDestroy_v2(handle_);
}

moert_status Stream::upload(DeviceAddress to, const void *from, size_t bytes) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot upload",
                       device_.table().cuMemcpyHtoDAsync_v2(to, from, bytes, handle_));
}

moert_status Stream::download(void *to, DeviceAddress from, size_t bytes) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot download",
                       device_.table().cuMemcpyDtoHAsync_v2(to, from, bytes, handle_));
}

moert_status Stream::copy(DeviceAddress to, DeviceAddress from, size_t bytes) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot copy",
                       device_.table().cuMemcpyDtoDAsync_v2(to, from, bytes, handle_));
}

moert_status Stream::fill(DeviceAddress to, uint8_t value, size_t bytes) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot fill", device_.table().cuMemsetD8Async(to, value, bytes, handle_));
}

moert_status Stream::record(const Event &event) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot record an event",
                       device_.table().cuEventRecord(event.handle(), handle_));
}

moert_status Stream::wait(const Event &event) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot wait for an event",
                       device_.table().cuStreamWaitEvent(handle_, event.handle(), 0));
}

moert_status Stream::synchronize() const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("work failed", device_.table().cuStreamSynchronize(handle_));
}

moert_status Stream::beginCapture() const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot capture",
                       device_.table().cuStreamBeginCapture_v2(handle_, CaptureMode::ThreadLocal));
}

moert_status Stream::endCapture(std::unique_ptr<Graph> &graph) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  const DriverTable &cu = device_.table();
  GraphHandle captured = nullptr;
  MOERT_RETURN_IF_FAILED(
      device_.check("cannot capture", cu.cuStreamEndCapture(handle_, &captured)));
  std::unique_ptr<Graph> made(new Graph(device_));
  const Result result = cu.cuGraphInstantiateWithFlags(&made->handle_, captured, 0);
  cu.cuGraphDestroy(captured);
  MOERT_RETURN_IF_FAILED(device_.check("cannot instantiate a graph", result));
  graph = std::move(made);
  return success();
}

moert_status Stream::launch(const Graph &graph) const {
  MOERT_RETURN_IF_FAILED(device_.enter());
  return device_.check("cannot launch a graph",
                       device_.table().cuGraphLaunch(graph.handle_, handle_));
}

} // namespace moert::cuda
