// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Capture of streams, and graphs.
#include "vgpu/Driver/Exports.h"

using namespace moert::vgpu;

namespace moert::cuda {

namespace {

/// Whether every node is waited for, directly or not, by the last ones of the stream.
bool isJoined(const Recording &recording, const std::vector<uint32_t> &tail) {
  std::vector<bool> isWaitedFor(recording.nodes.size());
  for (uint32_t node : tail)
    isWaitedFor[node] = true;
  // Nodes come after those that they wait for.
  for (size_t i = recording.nodes.size(); i-- > 0;) {
    if (!isWaitedFor[i])
      return false;
    for (uint32_t node : recording.nodes[i].after)
      isWaitedFor[node] = true;
  }
  return true;
}

/// The stream of a handle, which may be recording. Not the default one.
Result find(StreamHandle handle, std::shared_ptr<Stream> &stream) {
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(Driver::get().current(device));
  stream = Driver::get().streams.find(numberOf(handle));
  return stream ? Result::Success : handle ? Result::InvalidHandle : Result::CaptureUnsupported;
}

Result find(uint64_t handle, bool isExecutable, std::shared_ptr<Graph> &graph) {
  Device *device = nullptr;
  VGPU_RETURN_IF_FAILED(Driver::get().current(device));
  graph = Driver::get().graphs.find(handle);
  return graph && graph->isExecutable == isExecutable ? Result::Success : Result::InvalidHandle;
}

Result destroy(uint64_t handle, bool isExecutable) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Graph> graph;
  VGPU_RETURN_IF_FAILED(find(handle, isExecutable, graph));
  driver.graphs.remove(handle);
  return Result::Success;
}

} // namespace

Result cuStreamBeginCapture_v2(StreamHandle handle, CaptureMode mode) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(find(handle, stream));
  if (mode < CaptureMode::Global || mode > CaptureMode::Relaxed || stream->recording)
    return Result::InvalidValue;
  stream->recording = std::make_shared<Recording>();
  stream->tail.clear();
  stream->isOrigin = true;
  return Result::Success;
}

Result cuStreamEndCapture(StreamHandle handle, GraphHandle *graphHandle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(find(handle, stream));
  if (!graphHandle || !stream->recording)
    return Result::InvalidValue;
  *graphHandle = nullptr;
  const std::shared_ptr<Recording> recording = stream->recording;
  if (!stream->isOrigin) {
    recording->isInvalid = true;
    return Result::CaptureUnmatched;
  }
  Result result = Result::Success;
  if (recording->isInvalid)
    result = Result::CaptureInvalidated;
  else if (!isJoined(*recording, stream->tail))
    result = Result::CaptureUnjoined;
  for (const auto &[number, each] : driver.streams)
    if (each->recording == recording) {
      each->recording = nullptr;
      each->tail.clear();
      each->isOrigin = false;
    }
  // Events that were recorded in it stay, and must let no stream join any more.
  const auto captured = std::make_shared<const Recording>(*recording);
  recording->isInvalid = true;
  if (result != Result::Success)
    return result;
  auto graph = std::make_shared<Graph>();
  graph->device = stream->device;
  graph->recording = captured;
  *graphHandle = handleOf<GraphHandle>(driver.graphs.add(std::move(graph)));
  return Result::Success;
}

Result cuStreamIsCapturing(StreamHandle handle, CaptureStatus *status) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  VGPU_RETURN_IF_FAILED(find(handle, stream));
  if (!status)
    return Result::InvalidValue;
  *status = !stream->recording             ? CaptureStatus::None
            : stream->recording->isInvalid ? CaptureStatus::Invalidated
                                           : CaptureStatus::Active;
  return Result::Success;
}

Result cuGraphInstantiateWithFlags(GraphExecHandle *exec, GraphHandle handle,
                                   unsigned long long flags) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Graph> graph;
  VGPU_RETURN_IF_FAILED(find(numberOf(handle), false, graph));
  if (!exec || flags != 0)
    return Result::InvalidValue;
  auto made = std::make_shared<Graph>(*graph);
  made->isExecutable = true;
  *exec = handleOf<GraphExecHandle>(driver.graphs.add(std::move(made)));
  return Result::Success;
}

Result cuGraphLaunch(GraphExecHandle exec, StreamHandle streamHandle) {
  Driver &driver = Driver::get();
  Driver::Lock lock(driver.mutex);
  std::shared_ptr<Stream> stream;
  std::shared_ptr<Graph> graph;
  VGPU_RETURN_IF_FAILED(driver.stream(streamHandle, stream));
  VGPU_RETURN_IF_FAILED(find(numberOf(exec), true, graph));
  if (stream->recording)
    return Result::CaptureUnsupported;
  for (const Recording::Node &node : graph->recording->nodes) {
    if (!node.device->retained)
      return Result::InvalidContext;
    VGPU_RETURN_IF_FAILED(node.device->error);
  }
  driver.replay(*stream, *graph->recording);
  return Result::Success;
}

Result cuGraphExecDestroy(GraphExecHandle exec) { return destroy(numberOf(exec), true); }
Result cuGraphDestroy(GraphHandle graph) { return destroy(numberOf(graph), false); }

} // namespace moert::cuda
