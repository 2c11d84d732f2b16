// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where lanes of a warp touch memory, with every address checked.
#ifndef MOERT_VGPU_EXEC_PLACES_H
#define MOERT_VGPU_EXEC_PLACES_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// What an instruction does with memory.
struct Touch {
  /// Generic if the addresses tell it.
  ptx::Space space;
  /// Of each lane, a power of two up to 32.
  uint32_t bytes;
  bool reads, writes;
  /// By the order that the instruction has: not weak.
  bool isStrong = false;
};

/// The memory that an instruction touches, one range of the same size for each lane.
class Places {
public:
  Places(Warp &warp, const Record &record, const Touch &touch)
      : warp_(warp), record_(record), touch_(touch) {}
  Places(Warp &warp, const Record &record, ptx::Space space, uint32_t bytes, bool isWrite)
      : Places(warp, record, Touch{space, bytes, !isWrite, isWrite}) {}

  /// Finds the range of a lane. False after a report.
  bool find(uint32_t lane, uint64_t address);
  /// Finds the ranges of lanes; false after a report. Quick where all lanes are in one allocation.
  bool find(LaneMask lanes, const uint64_t *addresses);
  /// For counters of the launch, if it has any; `find` of several lanes does it by itself.
  void count(LaneMask lanes, const uint64_t *addresses);
  /// Whether the ranges of all lanes follow each other, those of a weak access.
  bool areAdjacent() const { return areAdjacent_; }
  /// Of a lane whose range was found.
  std::byte *operator[](uint32_t lane) const { return places_[lane]; }
  /// Whether lanes of a write share bytes, so that it is open which of them are there afterwards.
  bool hasOverlap() const { return hasOverlap_; }

private:
  Accessor accessor(uint32_t lane) const;
  bool findTogether(const uint64_t *addresses);
  bool findInShared(LaneMask lanes, const uint64_t *addresses);
  bool findGlobal(uint32_t lane, uint64_t address, ptx::Space space);
  bool checkShared(uint32_t lane, uint64_t offset);
  bool checkLocal(uint32_t lane, uint64_t offset);
  bool checkGlobal(uint32_t lane, uint64_t address, ptx::Space space);
  bool isOfThisInstruction(const Clash &clash, uint32_t lane);
  bool refuse(uint32_t lane, uint64_t address, ptx::Space space, const std::string &what,
              Report::Kind kind = Report::Kind::Address);
  bool refuse(uint32_t lane, uint64_t address, ptx::Space space, const Clash &clash);

  Warp &warp_;
  const Record &record_;
  const Touch touch_;
  const Allocation *last_ = nullptr;
  LaneMask found_ = 0;
  bool hasOverlap_ = false, areAdjacent_ = false;
  std::byte *places_[kLanes];
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_PLACES_H
