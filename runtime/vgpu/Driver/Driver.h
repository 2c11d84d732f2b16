// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state behind the exported functions: devices, handles, and who works for whom.
//
// One lock guards all of it; what operations do is done without it. A thread for each device with a
// retained context takes, of the operations that can run, one by a seeded order, so that streams
// which do not wait for each other run in any order.
#ifndef MOERT_VGPU_DRIVER_DRIVER_H
#define MOERT_VGPU_DRIVER_DRIVER_H

#include "lib/Cuda/VirtualAbi.h"
#include "vgpu/Driver/Objects.h"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>

namespace moert::vgpu {

class Driver {
public:
  using Lock = std::unique_lock<std::mutex>;

  /// The process's. Never destroyed, since threads may be in it when the process ends.
  static Driver &get();

  std::mutex mutex;
  bool isInitialized = false;
  std::vector<std::unique_ptr<Device>> devices;
  cuda::VirtualOptions configured; // with no zeros
  /// Of all devices: no two launches have one number.
  std::atomic<uint64_t> launches{1};
  Handles<Module, 1> modules;
  Handles<Function, 2> functions;
  Handles<Stream, 3> streams;
  Handles<Event, 4> events;
  Handles<Graph, 5> graphs;
  /// Page-locked host memory: address to bytes.
  std::map<uintptr_t, size_t> hostMemory;

  /// Makes devices as told. InvalidValue for options that are none.
  cuda::Result configure(const cuda::VirtualOptions &options);

  // All below: with the lock held.
  Device *device(int number);
  /// The device of the calling thread's context, without error, or why there is none.
  cuda::Result current(Device *&device);
  Device *deviceOfContext(cuda::ContextHandle context);
  /// The stream of a handle, of the current context if null, and of a device without error.
  cuda::Result stream(cuda::StreamHandle handle, std::shared_ptr<Stream> &stream);

  /// Appends to a stream, or to what it records.
  void enqueue(Stream &stream, Action action);
  /// As one operation after the stream's last that waits for `after` too.
  TaskRef append(Stream &stream, std::shared_ptr<const Action> action,
                 const std::vector<TaskRef> &after);
  void replay(Stream &stream, const Recording &recording);
  void wait(Lock &lock, const TaskRef &operation);
  /// Until nothing of the device is left to do.
  void drain(Lock &lock, Device &device);
  void drainAll(Lock &lock);

  void start(Device &device);
  /// Ends the context's objects. With `isLeak`, those that were left are reported.
  void clear(Lock &lock, Device &device, bool isLeak);
  /// Ends the thread, with the lock open meanwhile.
  void stop(Lock &lock, Device &device);

  void waitForStop(Lock &lock, Device &device);

  bool isHostMemory(const void *memory, size_t bytes) const;
  /// Without the lock: the first failure of a device stays.
  void fail(Device &device, cuda::Result result, const std::string &report);

private:
  void submit(TaskRef operation, const std::vector<TaskRef> &after);
  void work(Device &device);

  std::condition_variable changed_;
};

/// The calling thread's context.
cuda::ContextHandle &currentContext();

} // namespace moert::vgpu

#endif // MOERT_VGPU_DRIVER_DRIVER_H
