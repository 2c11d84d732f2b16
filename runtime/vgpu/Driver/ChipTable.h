// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Limits of chips, as the CUDA C++ Programming Guide has them in "Technical Specifications per
// Compute Capability".
#ifndef MOERT_VGPU_DRIVER_CHIPTABLE_H
#define MOERT_VGPU_DRIVER_CHIPTABLE_H

#include <cstdint>
#include <string_view>

namespace moert::vgpu {

struct Chip {
  uint32_t capability; // 10 * major + minor
  uint32_t sharedPerMultiprocessor;
  uint32_t sharedPerBlock; // after it was asked for
  uint32_t threadsPerMultiprocessor;
  uint32_t blocksPerMultiprocessor;
};

constexpr uint32_t kRegistersPerMultiprocessor = 65536;
constexpr uint32_t kSharedWithoutAsking = 48 << 10;
/// Shared memory of each resident block that the system takes.
constexpr uint32_t kReservedShared = 1 << 10;

constexpr Chip kChips[] = {
    {80, 164 << 10, 163 << 10, 2048, 32},  {86, 100 << 10, 99 << 10, 1536, 16},
    {89, 100 << 10, 99 << 10, 1536, 24},   {90, 228 << 10, 227 << 10, 2048, 32},
    {100, 228 << 10, 227 << 10, 2048, 32}, {120, 100 << 10, 99 << 10, 1536, 24},
};

inline const Chip *chipOf(uint32_t capability) {
  for (const Chip &chip : kChips)
    if (chip.capability == capability)
      return &chip;
  return nullptr;
}

/// Whether PTX for `target` (`sm_80`, `sm_90a`) runs: of older chips always, but for one chip only
/// (`a`) or one family only (`f`).
inline bool runsOn(const Chip &chip, std::string_view target) {
  if (target.substr(0, 3) != "sm_")
    return false;
  target.remove_prefix(3);
  uint32_t capability = 0;
  while (!target.empty() && target[0] >= '0' && target[0] <= '9' && capability < 1000) {
    capability = capability * 10 + uint32_t(target[0] - '0');
    target.remove_prefix(1);
  }
  if (target == "a")
    return capability == chip.capability;
  if (target == "f")
    return capability / 10 == chip.capability / 10 && capability <= chip.capability;
  return target.empty() && capability <= chip.capability;
}

} // namespace moert::vgpu

#endif // MOERT_VGPU_DRIVER_CHIPTABLE_H
