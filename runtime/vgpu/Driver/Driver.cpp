// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Driver/Driver.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace moert::vgpu {

using cuda::Result;

Driver &Driver::get() {
  static Driver *driver = [] {
    auto *made = new Driver;
    made->configure({});
    return made;
  }();
  return *driver;
}

cuda::ContextHandle &currentContext() {
  static thread_local cuda::ContextHandle context = nullptr;
  return context;
}

Result Driver::configure(const cuda::VirtualOptions &given) {
  cuda::VirtualOptions options;
  if (given.size < sizeof(given.size))
    return Result::InvalidValue;
  std::memcpy(&options, &given, std::min<size_t>(given.size, sizeof(options)));
  options.devices = options.devices ? options.devices : 1;
  options.computeCapability = options.computeCapability ? options.computeCapability : 90;
  options.memoryBytes = options.memoryBytes ? options.memoryBytes : uint64_t(16) << 30;
  options.hostThreads = options.hostThreads ? options.hostThreads : 1;
  options.mostInstructions =
      options.mostInstructions ? options.mostInstructions : uint64_t(1) << 40;
  const Chip *chip = chipOf(options.computeCapability);
  if (!chip || options.devices > kDevices || options.hostThreads > 1024)
    return Result::InvalidValue;
  auto all = [](const cuda::VirtualOptions &of) {
    return std::make_tuple(of.devices, of.computeCapability, of.memoryBytes, of.hostThreads,
                           of.seed, of.mostInstructions);
  };
  Lock lock(mutex);
  for (const auto &device : devices)
    if (device->retained)
      return all(options) == all(configured) ? Result::Success : Result::InvalidContext;
  configured = options;
  devices.clear();
  for (uint32_t i = 0; i < options.devices; ++i) {
    devices.push_back(std::make_unique<Device>(*chip, options.memoryBytes, i, options.seed + i));
    devices.back()->hostThreads = options.hostThreads;
    devices.back()->seed = uint32_t(options.seed);
    devices.back()->mostInstructions = options.mostInstructions;
  }
  return Result::Success;
}

Device *Driver::device(int number) {
  return number >= 0 && size_t(number) < devices.size() ? devices[size_t(number)].get() : nullptr;
}

Device *Driver::deviceOfContext(cuda::ContextHandle context) {
  for (const auto &device : devices)
    if (device->retained && device->handle == reinterpret_cast<uint64_t>(context))
      return device.get();
  return nullptr;
}

Result Driver::current(Device *&device) {
  if (!isInitialized)
    return Result::NotInitialized;
  device = deviceOfContext(currentContext());
  return device ? device->error : Result::InvalidContext;
}

Result Driver::stream(cuda::StreamHandle handle, std::shared_ptr<Stream> &stream) {
  Device *device = nullptr;
  if (Result result = current(device); result != Result::Success)
    return result;
  stream = handle ? streams.find(reinterpret_cast<uint64_t>(handle)) : device->defaultStream;
  if (!stream)
    return Result::InvalidHandle;
  if (stream->recording && stream->recording->isInvalid)
    return Result::CaptureInvalidated;
  // The default stream would wait for streams that only record.
  if (!handle)
    for (const auto &[number, each] : streams)
      if (each->device == device && each->isBlocking && each->recording) {
        each->recording->isInvalid = true;
        return Result::CaptureImplicit;
      }
  return stream->device->error;
}

void Driver::submit(TaskRef operation, const std::vector<TaskRef> &after) {
  ++operation->device->pending;
  for (const TaskRef &each : after)
    if (each && !each->isDone) {
      each->next.push_back(operation);
      ++operation->waitsFor;
    }
  if (operation->waitsFor == 0) {
    operation->device->ready.push_back(std::move(operation));
    changed_.notify_all();
  }
}

TaskRef Driver::append(Stream &stream, std::shared_ptr<const Action> action,
                       const std::vector<TaskRef> &others) {
  std::vector<TaskRef> after = others;
  after.push_back(stream.last);
  // The default stream and blocking ones take turns.
  Device &device = *stream.device;
  if (&stream == device.defaultStream.get()) {
    for (const auto &[handle, each] : streams)
      if (each->device == &device && each->isBlocking)
        after.push_back(each->last);
  } else if (stream.isBlocking) {
    after.push_back(device.defaultStream->last);
  }
  auto operation = std::make_shared<Task>();
  operation->device = &device;
  operation->action = std::move(action);
  stream.last = operation;
  submit(operation, after);
  return operation;
}

void Driver::enqueue(Stream &stream, Action action) {
  auto shared = std::make_shared<const Action>(std::move(action));
  if (!stream.recording) {
    append(stream, std::move(shared), {});
    return;
  }
  auto &nodes = stream.recording->nodes;
  nodes.push_back({stream.device, std::move(shared), stream.tail});
  stream.tail = {uint32_t(nodes.size() - 1)};
}

void Driver::replay(Stream &stream, const Recording &recording) {
  const TaskRef before = append(stream, nullptr, {});
  std::vector<TaskRef> made;
  for (const Recording::Node &node : recording.nodes) {
    auto operation = std::make_shared<Task>();
    operation->device = node.device;
    operation->action = node.action;
    std::vector<TaskRef> after{before};
    for (uint32_t index : node.after)
      after.push_back(made[index]);
    made.push_back(operation);
    submit(std::move(operation), after);
  }
  append(stream, nullptr, made);
}

void Driver::wait(Lock &lock, const TaskRef &operation) {
  changed_.wait(lock, [&] { return !operation || operation->isDone; });
}

void Driver::drain(Lock &lock, Device &device) {
  changed_.wait(lock, [&] { return device.pending == 0; });
}

void Driver::drainAll(Lock &lock) {
  for (const auto &device : devices)
    drain(lock, *device);
}

void Driver::waitForStop(Lock &lock, Device &device) {
  changed_.wait(lock, [&] { return !device.isReleasing; });
}

void Driver::start(Device &device) {
  static uint64_t contexts = 0;
  device.handle = (uint64_t(0xc0) << 40 | ++contexts) << 4;
  device.error = Result::Success;
  device.report.clear();
  device.defaultStream = std::make_shared<Stream>();
  device.defaultStream->device = &device;
  device.worker = std::thread([this, &device] { work(device); });
}

void Driver::work(Device &device) {
  Lock lock(mutex);
  while (true) {
    changed_.wait(lock, [&] { return !device.ready.empty() || device.isEnding; });
    if (device.ready.empty())
      return;
    const size_t index = device.order() % device.ready.size();
    TaskRef operation = std::move(device.ready[index]);
    device.ready[index] = std::move(device.ready.back());
    device.ready.pop_back();
    // After an error nothing is done any more, but all of it ends.
    if (operation->action && device.error == Result::Success) {
      lock.unlock();
      const Result result = (*operation->action)(device);
      lock.lock();
      if (result != Result::Success && device.error == Result::Success)
        device.error = result;
    }
    operation->isDone = true;
    operation->action = nullptr;
    operation->end = std::chrono::steady_clock::now();
    for (TaskRef &each : operation->next)
      if (--each->waitsFor == 0)
        each->device->ready.push_back(std::move(each));
    operation->next.clear();
    --device.pending;
    changed_.notify_all();
  }
}

void Driver::clear(Lock &lock, Device &device, bool isLeak) {
  drain(lock, device);
  // Other devices may be at this one's memory.
  drainAll(lock);
  auto belongs = [&](const auto &object) { return object.device == &device; };
  for (const auto &[handle, module] : modules)
    if (module->device == &device)
      for (uint64_t address : module->addresses)
        device.memory.release(address);
  functions.removeIf([&](const Function &each) { return each.module->device == &device; });
  const size_t memory = device.memory.count();
  const uint64_t bytes = device.memory.used();
  const size_t numModules = modules.removeIf(belongs), numStreams = streams.removeIf(belongs),
               numEvents = events.removeIf(belongs), numGraphs = graphs.removeIf(belongs);
  if (isLeak && memory + numModules + numStreams + numEvents + numGraphs > 0) {
    const std::string text =
        "context of device " + std::to_string(device.number) + " was released with " +
        std::to_string(memory) + " allocations (" + std::to_string(bytes) + " bytes), " +
        std::to_string(numModules) + " modules, " + std::to_string(numStreams) + " streams, " +
        std::to_string(numEvents) + " events, " + std::to_string(numGraphs) + " graphs in use";
    device.report += (device.report.empty() ? "" : "\n") + text;
  }
  device.memory.releaseAll();
  device.defaultStream->last = nullptr;
  device.error = Result::Success;
  device.peers = 0;
  for (const auto &each : devices) {
    each->memory.setPeer(device.number, nullptr);
    device.memory.setPeer(each->number, nullptr);
    each->peers &= ~(1u << device.number);
  }
}

void Driver::stop(Lock &lock, Device &device) {
  device.isEnding = true;
  changed_.notify_all();
  std::thread worker = std::move(device.worker);
  lock.unlock();
  worker.join();
  lock.lock();
  device.retained = 0;
  device.isEnding = device.isReleasing = false;
  changed_.notify_all();
}

bool Driver::isHostMemory(const void *memory, size_t bytes) const {
  const auto address = reinterpret_cast<uintptr_t>(memory);
  auto found = hostMemory.upper_bound(address);
  if (found == hostMemory.begin())
    return false;
  --found;
  const uintptr_t offset = address - found->first;
  return offset <= found->second && bytes <= found->second - offset;
}

void Driver::fail(Device &device, Result result, const std::string &report) {
  Lock lock(mutex);
  if (device.error != Result::Success)
    return;
  device.error = result;
  device.report = report;
}

} // namespace moert::vgpu
