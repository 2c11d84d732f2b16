// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where lanes of a warp touch memory, with every address checked.
#ifndef MOERT_VGPU_EXEC_PLACES_H
#define MOERT_VGPU_EXEC_PLACES_H

#include "vgpu/Exec/Block.h"

namespace moert::vgpu {

/// The memory that an instruction touches, one range of the same size for each lane.
class Places {
public:
  /// `space`: Generic if the addresses tell it.
  Places(Warp &warp, const Record &record, ptx::Space space, uint32_t bytes, bool isWrite)
      : warp_(warp), record_(record), space_(space), bytes_(bytes), isWrite_(isWrite) {}

  /// Finds the range of a lane. False after a report.
  bool find(uint32_t lane, uint64_t address);
  /// Of a lane whose range was found.
  std::byte *operator[](uint32_t lane) const { return places_[lane]; }

private:
  bool findGlobal(uint32_t lane, uint64_t address, ptx::Space space);
  bool refuse(uint32_t lane, uint64_t address, ptx::Space space, const std::string &what);

  Warp &warp_;
  const Record &record_;
  const ptx::Space space_;
  const uint32_t bytes_;
  const bool isWrite_;
  const Allocation *last_ = nullptr;
  std::byte *places_[kLanes];
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_PLACES_H
