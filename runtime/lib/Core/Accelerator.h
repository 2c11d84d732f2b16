// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What sessions ask of a device. Who provides it (lib/Cuda) stays behind this interface.
#ifndef MOERT_LIB_CORE_ACCELERATOR_H
#define MOERT_LIB_CORE_ACCELERATOR_H

#include "lib/Core/Status.h"
#include "moert/abi.h"

#include <memory>

namespace moert {

/// One run after the other on a device: work in order, and memory of the run. Used by one thread at
/// a time.
class AcceleratorRun {
public:
  virtual ~AcceleratorRun() = default;

  /// `bytes` >= 0 of uninitialised memory, aligned to 256, until `release` or `end`.
  virtual moert_status allocate(int64_t bytes, void *&memory) = 0;
  /// INTERNAL: `memory` is not in use by this run.
  virtual moert_status release(void *memory) = 0;

  /// The run's counter, as for moert_functions.device_counter; it outlives `end`.
  virtual moert_status counter(void *&memory) = 0;

  /// `from` may change after the call.
  virtual moert_status upload(void *to, const void *from, int64_t bytes) = 0;
  /// `to` is filled when `finish` has returned.
  virtual moert_status download(void *to, const void *from, int64_t bytes) = 0;
  /// A kernel of the device code; INTERNAL: there are fewer. `record` as for
  /// moert_functions.launch.
  virtual moert_status launch(uint32_t kernel, const uint32_t grid[3], const uint32_t block[3],
                              uint32_t sharedBytes, const void *record, int64_t recordBytes) = 0;
  /// Marks a place in the work, the begin or the end of what is timed.
  virtual moert_status mark(bool isEnd) = 0;
  /// What passed on the device between the marks of this run, after `finish`.
  virtual moert_status elapsed(int64_t &nanoseconds) = 0;
  /// Waits for what was enqueued. Failures of kernels come here.
  virtual moert_status finish() = 0;
  /// Ends a run, after `finish`: takes all its memory back.
  virtual void end() = 0;
};

/// Memory of a device that lives as long as this. From any thread.
class DeviceMemory {
public:
  virtual ~DeviceMemory() = default;

  /// A copy of `data`, in memory of `room` >= bytes; null: zeros.
  virtual moert_status keep(const void *data, int64_t bytes, int64_t room, void *&memory) = 0;
};

/// A session's part of a device: its code, and memory that lives as long as the session. From any
/// thread.
class Accelerator {
public:
  virtual ~Accelerator() = default;

  virtual moert_status makeRun(std::unique_ptr<AcceleratorRun> &run) = 0;
  /// The session's own memory.
  virtual DeviceMemory &memory() = 0;
  /// Memory of the same device that outlives the session.
  virtual moert_status makeMemory(std::unique_ptr<DeviceMemory> &memory) = 0;
  /// Equal for what has one memory: sessions with the same device of the same driver.
  virtual const char *identity() const = 0;
  /// The one copy of `bytes` constant bytes at `data`.
  virtual moert_status constant(const void *data, int64_t bytes, const void *&memory) = 0;
};

/// Opens what `device` names (moert_session_options.device) and loads `code`, which outlives it. Of
/// several devices rank `rank` has that of its number, modulo theirs.
moert_status openAccelerator(const char *device, int32_t rank, const moert_device_code &code,
                             std::unique_ptr<Accelerator> &accelerator);

} // namespace moert

#endif // MOERT_LIB_CORE_ACCELERATOR_H
