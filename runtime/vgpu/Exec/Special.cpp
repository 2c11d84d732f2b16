// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Special.h"

#include <ctime>

namespace moert::vgpu {

namespace {

using ptx::Special;

uint64_t nanoseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return uint64_t(time.tv_sec) * 1000000000 + uint64_t(time.tv_nsec);
}

uint64_t valueOf(const Warp &warp, Special special, uint32_t lane) {
  const Block &block = *warp.block;
  const Launch &launch = block.launch;
  const uint32_t bit = 1u << lane;
  switch (special) {
  case Special::TidX:
  case Special::TidY:
  case Special::TidZ: {
    const uint32_t axis = uint32_t(special) - uint32_t(Special::TidX);
    return warp.row<uint32_t>(uint16_t(kThreadIndexSlot + axis))[lane];
  }
  case Special::NtidX:
  case Special::NtidY:
  case Special::NtidZ:
    return launch.threads[uint32_t(special) - uint32_t(Special::NtidX)];
  case Special::CtaidX:
  case Special::CtaidY:
  case Special::CtaidZ:
    return block.index[uint32_t(special) - uint32_t(Special::CtaidX)];
  case Special::NctaidX:
  case Special::NctaidY:
  case Special::NctaidZ:
    return launch.blocks[uint32_t(special) - uint32_t(Special::NctaidX)];
  case Special::LaneId:
    return lane;
  case Special::WarpId:
    return warp.number;
  case Special::NwarpId:
    return block.numWarps;
  case Special::GridId:
    return launch.number;
  case Special::GlobalTimer:
    return nanoseconds();
  case Special::GlobalTimerLo:
    return uint32_t(nanoseconds());
  case Special::GlobalTimerHi:
    return nanoseconds() >> 32;
  // Steps of the whole launch: they grow, as cycles do.
  case Special::Clock:
    return uint32_t(launch.instructions.load(std::memory_order_relaxed));
  case Special::ClockHi:
    return launch.instructions.load(std::memory_order_relaxed) >> 32;
  case Special::Clock64:
    return launch.instructions.load(std::memory_order_relaxed);
  case Special::LanemaskEq:
    return bit;
  case Special::LanemaskLt:
    return bit - 1;
  case Special::LanemaskLe:
    return bit | (bit - 1);
  case Special::LanemaskGt:
    return ~(bit | (bit - 1));
  case Special::LanemaskGe:
    return ~(bit - 1);
  case Special::DynamicSmemSize:
    return launch.sharedBytes - launch.program->dynamicSharedOffset;
  case Special::TotalSmemSize:
    return launch.sharedBytes;
  default: // %smid, %nsmid: one multiprocessor
    return special == Special::NsmId;
  }
}

} // namespace

void readSpecial(Warp &warp, const Record &record, LaneMask lanes) {
  const auto special = Special(record.extra);
  const bool isWide =
      special == Special::Clock64 || special == Special::GlobalTimer || special == Special::GridId;
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    const uint64_t value = valueOf(warp, special, lane);
    if (isWide)
      warp.row<uint64_t>(record.result)[lane] = value;
    else
      warp.row<uint32_t>(record.result)[lane] = uint32_t(value);
  }
}

} // namespace moert::vgpu
