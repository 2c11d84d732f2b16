// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The memory of a virtual device.
//
// An address has the number of its allocation in its upper bits, so that no two allocations are
// near each other and whatever leaves one is found: 8 bits of window, 24 of number, 32 of offset;
// an allocation of more than 4 GiB has several numbers. Window 0 is global memory, the others are
// how generic addresses tell what belongs to a block or a thread.
#ifndef MOERT_VGPU_EXEC_MEMORY_H
#define MOERT_VGPU_EXEC_MEMORY_H

#include "vgpu/Exec/GlobalShadow.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace moert::vgpu {

enum class Window : uint8_t { Global = 0, Shared = 1, Local = 2, Param = 3 };
constexpr uint32_t kWindowShift = 56;
constexpr uint64_t addressIn(Window window) { return uint64_t(window) << kWindowShift; }

struct Allocation {
  uint64_t address = 0;
  uint64_t bytes = 0;
  std::byte *data = nullptr;
  /// What is known about its bytes; while it is in use.
  std::unique_ptr<GlobalShadow> shadow;
  bool isReadOnly = false;
  /// Kept for reports after its memory is gone.
  std::atomic<bool> isFreed{false};
};

/// Numbers of allocations tell their device in the upper bits, so that no two devices share one.
constexpr uint32_t kDevices = 16;
constexpr uint32_t kDeviceShift = 20;
constexpr uint32_t deviceOf(uint64_t address) {
  return uint32_t(address >> (32 + kDeviceShift)) & (kDevices - 1);
}

/// Allocations may come and go while kernels run; that a kernel uses none that is freed meanwhile
/// is what is checked here, but for accesses at the same moment.
class Memory {
public:
  /// `bytes`: what the device has. `device`: below kDevices.
  explicit Memory(uint64_t bytes, uint32_t device = 0);
  ~Memory();
  Memory(const Memory &) = delete;
  Memory &operator=(const Memory &) = delete;

  /// Zero where the device or the host has no memory left. Contents are undefined.
  uint64_t allocate(uint64_t bytes);
  /// False if nothing that is in use begins there.
  bool release(uint64_t address);
  void setReadOnly(uint64_t address);
  /// The host has written `bytes` from an address on, which are all in one allocation in use.
  void setWritten(uint64_t address, uint64_t bytes);
  /// All that is in use counts as written, where only a sample of blocks runs.
  void setAllWritten();
  /// The host has copied bytes; whether they were written goes with them.
  void copyWritten(uint64_t address, const Memory &from, uint64_t fromAddress, uint64_t bytes);
  /// Before a launch that sees this memory, and that of peers: numbers of launches are told apart
  /// for some time only (GlobalShadow), after which accesses are forgotten.
  void beginLaunch(uint64_t number) const;

  /// The allocation that an address belongs to, in use or freed, or null. From any thread.
  const Allocation *find(uint64_t address) const {
    const uint64_t number = address >> 32;
    if (number >= kNumbers)
      return nullptr;
    const Allocation *own = table_[number].load(std::memory_order_acquire);
    if (own)
      return own;
    const Memory *peer = peers_[deviceOf(address)].load(std::memory_order_acquire);
    return peer ? peer->table_[number].load(std::memory_order_acquire) : nullptr;
  }
  /// Lets this device reach the memory of another one, which outlives it; null: no longer.
  void setPeer(uint32_t device, const Memory *peer) {
    peers_[device].store(peer, std::memory_order_release);
  }
  /// Releases all that is in use. Numbers go on.
  void releaseAll();
  /// Where `bytes` from an address on are, or null if they are not all in one allocation in use.
  std::byte *at(uint64_t address, uint64_t bytes) const;

  uint64_t total() const { return total_; }
  uint64_t used() const;
  /// Allocations in use.
  size_t count() const;

private:
  static constexpr uint64_t kNumbers = uint64_t(1) << 24;

  void releaseLocked(Allocation &allocation);
  void forgetAccesses(uint64_t epoch) const;

  const uint64_t total_;
  const uint64_t endNumber_;
  std::atomic<Allocation *> *table_ = nullptr;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::unique_ptr<Allocation>> allocations_;
  uint64_t used_ = 0;
  size_t count_ = 0;
  mutable uint64_t epoch_ = 0; // of launches
  uint64_t nextNumber_;
  std::atomic<const Memory *> peers_[kDevices] = {};
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_MEMORY_H
