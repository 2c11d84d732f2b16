// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Streams, events and graphs of a device.
#ifndef MOERT_LIB_CUDA_STREAM_H
#define MOERT_LIB_CUDA_STREAM_H

#include "lib/Cuda/Device.h"

namespace moert::cuda {

/// Marks a place in a stream, and if it is timed, when the work got there.
class Event {
public:
  static moert_status make(Device &device, std::unique_ptr<Event> &event, bool isTimed = false);
  ~Event();
  Event(const Event &) = delete;
  Event &operator=(const Event &) = delete;
  moert_status synchronize() const;
  /// Time from `begin` to this event; both are timed and done.
  moert_status elapsedSince(const Event &begin, float &milliseconds) const;
  EventHandle handle() const { return handle_; }

private:
  explicit Event(Device &device) : device_(device) {}
  Device &device_;
  EventHandle handle_ = nullptr;
};

/// What a stream captured, to be launched often.
class Graph {
public:
  ~Graph();
  Graph(const Graph &) = delete;
  Graph &operator=(const Graph &) = delete;

private:
  friend class Stream;
  explicit Graph(Device &device) : device_(device) {}
  Device &device_;
  GraphExecHandle handle_ = nullptr;
};

/// Work in order. Never waits for the default stream. From any thread, in the order of calls.
class Stream {
public:
  static moert_status make(Device &device, std::unique_ptr<Stream> &stream);
  ~Stream();
  Stream(const Stream &) = delete;
  Stream &operator=(const Stream &) = delete;

  /// `from` may be part of a mapped file, and is the caller's again on return.
  moert_status upload(DeviceAddress to, const void *from, size_t bytes) const;
  /// Done when the stream was waited for.
  moert_status download(void *to, DeviceAddress from, size_t bytes) const;
  moert_status copy(DeviceAddress to, DeviceAddress from, size_t bytes) const;
  moert_status fill(DeviceAddress to, uint8_t value, size_t bytes) const;
  moert_status record(const Event &event) const;
  moert_status wait(const Event &event) const;
  /// Kernels' failures come here, with the report of a virtual device.
  moert_status synchronize() const;

  moert_status beginCapture() const;
  moert_status endCapture(std::unique_ptr<Graph> &graph) const;
  moert_status launch(const Graph &graph) const;

  Device &device() const { return device_; }
  StreamHandle handle() const { return handle_; }

private:
  explicit Stream(Device &device) : device_(device) {}
  Device &device_;
  StreamHandle handle_ = nullptr;
};

} // namespace moert::cuda

#endif // MOERT_LIB_CUDA_STREAM_H
