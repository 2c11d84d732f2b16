// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/AsyncCopy.h"
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Places.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu {

namespace {

/// Reads the source of a lane into `data`, which is zero. False after a report.
bool readSource(Warp &warp, const Record &record, const AsyncCopy &copy, uint32_t lane,
                uint32_t bytes, Places &whole, std::byte *data) {
  const uint64_t address = addressOf(warp, copy.from, lane);
  if (bytes == copy.bytes) {
    if (!whole.find(lane, address))
      return false;
    std::memcpy(data, whole[lane], bytes);
    return true;
  }
  Places single(warp, record, {ptx::Space::Global, 1, true, false});
  for (uint32_t i = 0; i < bytes; ++i) {
    if (!single.find(lane, address + i))
      return false;
    data[i] = *single[lane];
  }
  return true;
}

/// What the source gives to the lanes that read all of it, and what shared memory takes.
void count(const Warp &warp, Counters &counters, const AsyncCopy &copy, LaneMask lanes,
           LaneMask reading) {
  uint64_t from[kLanes], to[kLanes];
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    from[lane] = addressOf(warp, copy.from, lane);
    to[lane] = addressOf(warp, copy.to, lane);
    if (copy.size != kNoSlot && warp.row<uint32_t>(copy.size)[lane] == 0)
      reading &= ~(LaneMask(1) << lane);
  }
  countGlobal(counters, reading, from, copy.bytes, false);
  countShared(counters, lanes, to, copy.bytes);
}

Accessor accessorOf(const Warp &warp, const PendingCopy &copy) {
  return {warp.number, copy.lane, copy.record, false};
}

} // namespace

void copyAsync(Warp &warp, const Record &record, LaneMask lanes) {
  const AsyncCopy &copy = warp.program->copies[record.extra];
  const LaneMask ignored = copy.hasIgnore ? warp.predicate(copy.ignore) : 0;
  Places from(warp, record, {ptx::Space::Global, copy.bytes, true, false});
  Places to(warp, record, {ptx::Space::Shared, copy.bytes, false, true});
  if (Counters *counters = warp.block->counters)
    count(warp, counters[&record - warp.program->records.data()], copy, lanes, lanes & ~ignored);
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    PendingCopy pending{};
    pending.lane = uint8_t(lane);
    pending.bytes = copy.bytes;
    pending.group = warp.copyGroups[lane];
    pending.record = uint32_t(&record - warp.program->records.data());
    pending.offset = addressOf(warp, copy.to, lane);
    uint32_t bytes = copy.bytes;
    if (copy.size != kNoSlot)
      bytes = warp.row<uint32_t>(copy.size)[lane];
    if (bytes > copy.bytes) {
      fail(warp, record, lane,
           "copies " + std::to_string(bytes) + " bytes to " + std::to_string(copy.bytes));
      return;
    }
    if (ignored >> lane & 1)
      bytes = 0;
    if (!readSource(warp, record, copy, lane, bytes, from, pending.data) ||
        !to.find(lane, pending.offset))
      return;
    warp.block->sharedShadow.setInFlight(accessorOf(warp, pending), pending.offset, copy.bytes,
                                         true);
    warp.copies.push_back(pending);
  }
}

void commitCopies(Warp &warp, const Record &, LaneMask lanes) {
  for (LaneMask left = lanes; left; left &= left - 1)
    ++warp.copyGroups[__builtin_ctz(left)];
}

void waitForCopies(Warp &warp, const Record &record, LaneMask lanes) {
  Block &block = *warp.block;
  auto hasLanded = [&](const PendingCopy &copy) {
    if (!(lanes >> copy.lane & 1))
      return false;
    const uint32_t open = warp.copyGroups[copy.lane];
    if (!record.flags && uint64_t(copy.group) + record.extra >= open)
      return false;
    std::memcpy(block.shared.data() + copy.offset, copy.data, copy.bytes);
    const Accessor by = accessorOf(warp, copy);
    block.sharedShadow.setInFlight(by, copy.offset, copy.bytes, false);
    block.sharedShadow.land(block.clocks, by, copy.offset, copy.bytes);
    return true;
  };
  warp.copies.erase(std::remove_if(warp.copies.begin(), warp.copies.end(), hasLanded),
                    warp.copies.end());
}

} // namespace moert::vgpu
