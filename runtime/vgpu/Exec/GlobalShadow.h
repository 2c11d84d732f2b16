// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is known about the bytes of an allocation: whether they were written, by the host or by a
// kernel; and, within a launch, who wrote and read them last.
#ifndef MOERT_VGPU_EXEC_GLOBALSHADOW_H
#define MOERT_VGPU_EXEC_GLOBALSHADOW_H

#include "vgpu/Exec/Clash.h"
#include "vgpu/Exec/Clocks.h"

#include <atomic>

namespace moert::vgpu {

/// The launch and the block of an access.
struct AccessorBlock {
  uint64_t launch, block;
  const Clocks &clocks;
};

/// May be used by several host threads at once: a race that they run into at the same moment may
/// be missed. Pages of it come as they are used.
class GlobalShadow {
public:
  /// Without memory `isValid` is false, and nothing else may be called.
  explicit GlobalShadow(uint64_t bytes);
  ~GlobalShadow();
  GlobalShadow(const GlobalShadow &) = delete;
  GlobalShadow &operator=(const GlobalShadow &) = delete;
  bool isValid() const { return map_; }

  /// `bytes` is a power of two to which the offset is aligned, or a multiple of 32 at one of 8.
  bool isWritten(uint64_t offset, uint64_t bytes) const;
  void setWritten(uint64_t offset, uint64_t bytes);
  /// For any range: what was written there is copied from another allocation's shadow.
  void copyWritten(uint64_t offset, const GlobalShadow &from, uint64_t fromOffset, uint64_t bytes);

  /// Looks for an access of another thread that nothing orders before this one, and notes this one.
  /// Reads are noted once the launch has written to the allocation: before, the order of turns
  /// decides which of two seeds finds the race.
  Clash read(const AccessorBlock &in, const Accessor &by, uint64_t offset, uint32_t bytes);
  Clash write(const AccessorBlock &in, const Accessor &by, uint64_t offset, uint32_t bytes);
  /// `write` for all lanes of a warp, where only the same thread or, in its block, one before a
  /// barrier for all was there before in this launch. False if a closer look is needed; a part of
  /// the lanes may be noted then.
  bool writeQuickly(const AccessorBlock &in, Accessor by, const uint64_t *offsets, uint32_t bytes);
  /// Whether the launch has written to the allocation so far.
  bool isWrittenBy(uint64_t launch) const {
    return lastWriting_.load(std::memory_order_relaxed) == launch + 1;
  }
  /// Forgets all accesses: numbers of launches are used again after kLaunches.
  void forgetAccesses();
  static constexpr uint64_t kLaunches = 256;

private:
  using Cell = std::atomic<uint64_t>;
  template <typename Function>
  static Clash forWords(uint64_t offset, uint32_t bytes, Function f);
  Clash findWriter(const AccessorBlock &in, const Accessor &by, uint64_t word, uint8_t bytes);
  Clash findReader(const AccessorBlock &in, const Accessor &by, uint64_t word, uint8_t bytes);
  void noteRead(const AccessorBlock &in, const Accessor &by, uint64_t word, uint8_t bytes);

  const uint64_t words_;
  void *map_ = nullptr;
  uint64_t mapBytes_ = 0;
  // Parts of the map: for each word of 4 bytes who wrote and who read last and the records of both;
  // a bit for each byte.
  Cell *writers_ = nullptr, *readers_ = nullptr;
  std::atomic<uint32_t> *records_ = nullptr;
  std::atomic<uint8_t> *written_ = nullptr;
  /// The last launch that wrote here, plus one.
  std::atomic<uint64_t> lastWriting_{0};
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_GLOBALSHADOW_H
