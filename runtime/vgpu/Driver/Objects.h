// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What handles of the driver stand for. Guarded by the driver's lock.
#ifndef MOERT_VGPU_DRIVER_OBJECTS_H
#define MOERT_VGPU_DRIVER_OBJECTS_H

#include "vgpu/Driver/ChipTable.h"
#include "vgpu/Driver/Work.h"
#include "vgpu/Exec/Block.h"

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <unordered_map>

namespace moert::vgpu {

struct Stream {
  Device *device = nullptr;
  bool isBlocking = true;
  /// The last one that was given to it, or null.
  TaskRef last;
  /// While it records: nodes that what comes next waits for, and whether recording began here.
  std::shared_ptr<Recording> recording;
  std::vector<uint32_t> tail;
  bool isOrigin = false;
};

struct Event {
  Device *device = nullptr;
  bool hasTime = true;
  bool isRecorded = false;
  TaskRef operation;
  /// Set where it was recorded in a recording.
  std::shared_ptr<Recording> recording;
  std::vector<uint32_t> tail;
};

struct Module {
  Device *device = nullptr;
  std::unique_ptr<ptx::Module> source;
  VariableAddresses addresses;
  std::vector<std::unique_ptr<Program>> programs;
  std::vector<uint64_t> functions; // handles
};

struct Function {
  std::shared_ptr<Module> module; // keeps the program
  const Program *program = nullptr;
  uint32_t dynamicShared = 0; // that launches may ask for
};

struct Graph {
  Device *device = nullptr;
  std::shared_ptr<const Recording> recording;
  /// Instantiated.
  bool isExecutable = false;
};

struct Device {
  Device(const Chip &chip, uint64_t bytes, uint32_t number, uint64_t seed)
      : number(number), chip(chip), memory(bytes, number), order(seed) {}

  const uint32_t number;
  const Chip &chip;
  Memory memory;
  std::mt19937_64 order;
  uint32_t hostThreads = 1;
  uint64_t mostInstructions = 0;
  uint32_t seed = 0; // of launches

  // The primary context.
  uint32_t retained = 0;
  uint64_t handle = 0;
  cuda::Result error = cuda::Result::Success; // sticky
  std::string report;
  std::shared_ptr<Stream> defaultStream;
  uint32_t peers = 0; // bits

  /// Operations that can run, and all that have not ended.
  std::vector<TaskRef> ready;
  uint64_t pending = 0;
  std::thread worker;
  /// The last reference is being given back; the thread shall end.
  bool isReleasing = false, isEnding = false;
};

/// Objects by handle. Handles are numbers that are never used again, with their kind on top; any
/// other value finds nothing.
template <typename T, uint8_t kKind>
class Handles {
public:
  uint64_t add(std::shared_ptr<T> object) {
    const uint64_t handle = (uint64_t(kKind) << 40 | ++last_) << 4;
    objects_.emplace(handle, std::move(object));
    return handle;
  }
  std::shared_ptr<T> find(uint64_t handle) const {
    const auto found = objects_.find(handle);
    return found == objects_.end() ? nullptr : found->second;
  }
  void remove(uint64_t handle) { objects_.erase(handle); }
  /// Removes what `belongs`, and counts it.
  template <typename Predicate>
  size_t removeIf(Predicate belongs) {
    size_t count = 0;
    for (auto each = objects_.begin(); each != objects_.end();)
      if (belongs(*each->second)) {
        each = objects_.erase(each);
        ++count;
      } else {
        ++each;
      }
    return count;
  }
  auto begin() const { return objects_.begin(); }
  auto end() const { return objects_.end(); }

private:
  std::unordered_map<uint64_t, std::shared_ptr<T>> objects_;
  uint64_t last_ = 0;
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_DRIVER_OBJECTS_H
