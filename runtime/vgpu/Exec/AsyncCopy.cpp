// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/AsyncCopy.h"
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Places.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu {

namespace {

/// Reads a part of the source of a lane. False after a report.
bool readPart(Warp &warp, const Record &record, uint32_t lane, uint64_t address, uint32_t bytes,
              std::byte *data) {
  if (Counters *counters = warp.block->counters) {
    Counters &mine = counters[&record - warp.program->records.data()];
    mine.globalBytesRead += bytes;
    ++mine.sectors; // aligned, and not more than 16 bytes
  }
  Places single(warp, record, {ptx::Space::Global, 1, true, false});
  for (uint32_t i = 0; i < bytes; ++i) {
    if (!single.find(lane, address + i))
      return false;
    data[i] = *single[lane];
  }
  return true;
}

/// Whether copies from `first` on bring different bytes to one place.
bool hasSeveralValues(const Warp &warp, size_t first) {
  for (size_t i = first; i < warp.copies.size(); ++i)
    for (size_t j = first; j < i; ++j)
      if (warp.copies[i].offset == warp.copies[j].offset &&
          std::memcmp(warp.copies[i].data, warp.copies[j].data, warp.copies[i].bytes))
        return true;
  return false;
}

Accessor accessorOf(const Warp &warp, const PendingCopy &copy) {
  return {warp.number, copy.lane, copy.record, false};
}

} // namespace

void copyAsync(Warp &warp, const Record &record, LaneMask lanes) {
  const AsyncCopy &copy = warp.program->copies[record.extra];
  uint64_t from[kLanes], to[kLanes];
  uint32_t sizes[kLanes];
  LaneMask whole = 0;
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    from[lane] = addressOf(warp, copy.from, lane);
    to[lane] = addressOf(warp, copy.to, lane);
    sizes[lane] = copy.size == kNoSlot ? copy.bytes : warp.row<uint32_t>(copy.size)[lane];
    if (sizes[lane] > copy.bytes) {
      fail(warp, record, lane,
           "copies " + std::to_string(sizes[lane]) + " bytes to " + std::to_string(copy.bytes));
      return;
    }
    if (copy.hasIgnore && warp.predicate(copy.ignore) >> lane & 1)
      sizes[lane] = 0;
    whole |= LaneMask(sizes[lane] == copy.bytes) << lane;
  }
  Places source(warp, record, {ptx::Space::Global, copy.bytes, true, false});
  Places target(warp, record, {ptx::Space::Shared, copy.bytes, false, true});
  if ((whole && !source.find(whole, from)) || !target.find(lanes, to))
    return;
  if (warp.copies.size() > warp.block->shared.size()) {
    fail(warp, record, uint32_t(__builtin_ctz(lanes)),
         "has more copies on their way than shared memory has bytes");
    return;
  }
  const size_t firstCopy = warp.copies.size();
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    PendingCopy &pending = warp.copies.emplace_back();
    pending.lane = uint8_t(lane);
    pending.bytes = copy.bytes;
    pending.group = warp.copyGroups[lane];
    pending.record = uint32_t(&record - warp.program->records.data());
    pending.offset = to[lane];
    if (whole >> lane & 1)
      std::memcpy(pending.data, source[lane], copy.bytes);
    else if (sizes[lane] && (from[lane] % copy.bytes ? !source.find(lane, from[lane])
                                                     : !readPart(warp, record, lane, from[lane],
                                                                 sizes[lane], pending.data)))
      return;
    warp.block->sharedShadow.setInFlight(accessorOf(warp, pending), pending.offset, copy.bytes,
                                         true);
  }
  if (target.hasOverlap() && hasSeveralValues(warp, firstCopy))
    fail(warp, record, uint32_t(__builtin_ctz(lanes)),
         "copies where another lane of its warp copies something else");
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
