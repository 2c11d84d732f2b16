// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Places.h"

#include <algorithm>
#include <cstdio>

namespace moert::vgpu {

using ptx::Space;

namespace {

const char *nameOf(Space space) {
  switch (space) {
  case Space::Shared:
    return "shared";
  case Space::Local:
    return "local";
  case Space::Param:
    return "parameter";
  case Space::Const:
    return "constant";
  default:
    return "global";
  }
}

std::string hexadecimal(uint64_t value) {
  char text[24];
  snprintf(text, sizeof(text), "0x%llx", static_cast<unsigned long long>(value));
  return text;
}

/// A part of memory that an access may touch.
struct Range {
  std::byte *data;
  uint64_t bytes;
};

/// Memory of blocks and threads; `address` becomes an offset in it.
Range rangeOf(Warp &warp, Space space, uint32_t lane) {
  Block &block = *warp.block;
  switch (space) {
  case Space::Shared:
    return {block.shared.data(), block.shared.size()};
  case Space::Local: {
    const uint64_t bytes = warp.program->localBytes;
    return {block.local.data() + (warp.number * kLanes + lane) * bytes, bytes};
  }
  default:
    return {block.launch.parameters.data(), block.launch.parameters.size()};
  }
}

} // namespace

bool Places::find(LaneMask lanes, const uint64_t *addresses) {
  count(lanes, addresses);
  if (touch_.space == Space::Shared ? findInShared(lanes, addresses)
                                    : lanes == kAllLanes && findTogether(addresses))
    return true;
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    if (!find(lane, addresses[lane]))
      return false;
  }
  return true;
}

Accessor Places::accessor(uint32_t lane) const {
  return {warp_.number, lane, uint32_t(&record_ - warp_.program->records.data()), touch_.isStrong};
}

/// By where the first lane's address is.
void Places::count(LaneMask lanes, const uint64_t *addresses) {
  if (!warp_.block->counters)
    return;
  Counters &counters = warp_.block->counters[&record_ - warp_.program->records.data()];
  const auto window = Window(addresses[__builtin_ctz(lanes)] >> kWindowShift);
  if (touch_.space == Space::Shared || (touch_.space == Space::Generic && window == Window::Shared))
    countShared(counters, lanes, addresses, touch_.bytes);
  else if (touch_.space == Space::Global ||
           (touch_.space == Space::Generic && window == Window::Global))
    countGlobal(counters, lanes, addresses, touch_.bytes, touch_.writes);
}

/// All lanes at once, in global memory. False if they must be looked at one by one.
bool Places::findTogether(const uint64_t *addresses) {
  const Launch &launch = warp_.block->launch;
  const uint64_t first = addresses[0], bytes = touch_.bytes;
  uint64_t differing = 0, low = 0, gaps = 0, most = 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const uint64_t address = addresses[lane];
    differing |= address ^ first;
    low |= address;
    gaps |= address - first - lane * bytes;
    most = std::max(most, address);
  }
  const bool isGlobal = touch_.space == Space::Global || touch_.space == Space::Const ||
                        (touch_.space == Space::Generic && first >> kWindowShift == 0);
  if (!isGlobal || differing >> 32 || low & (bytes - 1))
    return false;
  last_ = launch.memory->find(first);
  if (!last_ || last_->isFreed.load(std::memory_order_relaxed) ||
      (touch_.writes && last_->isReadOnly) || most - last_->address > last_->bytes ||
      bytes > last_->bytes - (most - last_->address))
    return false;
  GlobalShadow &shadow = *last_->shadow;
  if (launch.checks.races && touch_.reads && shadow.isWrittenBy(launch.number))
    return false;
  if (launch.checks.races && touch_.writes) {
    const Block &block = *warp_.block;
    uint64_t offsets[kLanes];
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      offsets[lane] = addresses[lane] - last_->address;
    if (!shadow.writeQuickly({launch.number, block.number, block.clocks}, accessor(0), offsets,
                             touch_.bytes))
      return false;
  }
  areAdjacent_ = gaps == 0 && !touch_.isStrong;
  if (launch.checks.written) {
    bool isWritten = true;
    if (areAdjacent_ && (first - last_->address) % 8 == 0)
      isWritten = shadow.isWritten(first - last_->address, kLanes * bytes);
    else
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        isWritten &= shadow.isWritten(addresses[lane] - last_->address, touch_.bytes);
    if (!isWritten && touch_.reads)
      return areAdjacent_ = false;
    if (!isWritten)
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        shadow.setWritten(addresses[lane] - last_->address, bytes);
  }
  std::byte *data = last_->data - last_->address;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    places_[lane] = data + addresses[lane];
  found_ = kAllLanes;
  return true;
}

/// The same for shared memory.
bool Places::findInShared(LaneMask lanes, const uint64_t *addresses) {
  Block &block = *warp_.block;
  const Checks &checks = block.launch.checks;
  if (!checks.written || !checks.races)
    return false;
  std::byte *data = block.shared.data();
  const uint64_t size = block.shared.size(), bytes = touch_.bytes;
  Accessor by{warp_.number, 0, uint32_t(&record_ - warp_.program->records.data()), touch_.isStrong};
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    const uint64_t offset = addresses[lane];
    by.lane = lane;
    if (offset & (bytes - 1) || offset > size || bytes > size - offset ||
        (touch_.reads && !block.sharedShadow.readQuickly(block.clocks, by, offset, touch_.bytes)) ||
        (touch_.writes && !block.sharedShadow.writeQuickly(block.clocks, by, offset, touch_.bytes)))
      return false;
    places_[lane] = data + offset;
  }
  found_ = lanes;
  return true;
}

bool Places::find(uint32_t lane, uint64_t address) {
  if (address % touch_.bytes)
    return refuse(lane, address, touch_.space, "is not aligned to its size",
                  Report::Kind::Alignment);
  Space space = touch_.space;
  uint64_t offset = address;
  if (space == Space::Generic) {
    const auto window = Window(address >> kWindowShift);
    offset = address & (addressIn(Window(1)) - 1);
    space = window == Window::Shared  ? Space::Shared
            : window == Window::Local ? Space::Local
            : window == Window::Param ? Space::Param
                                      : Space::Global;
  }
  if (space == Space::Global || space == Space::Const)
    return findGlobal(lane, address, space);
  if (space == Space::Param && touch_.writes)
    return refuse(lane, address, space, "writes what is read only");
  const Range range = rangeOf(warp_, space, lane);
  if (offset > range.bytes || touch_.bytes > range.bytes - offset)
    return refuse(lane, offset, space,
                  "is outside of the " + std::to_string(range.bytes) + " bytes that there are");
  places_[lane] = range.data + offset;
  found_ |= LaneMask(1) << lane;
  return space == Space::Shared  ? checkShared(lane, offset)
         : space == Space::Local ? checkLocal(lane, offset)
                                 : true;
}

bool Places::checkShared(uint32_t lane, uint64_t offset) {
  Block &block = *warp_.block;
  const Checks &checks = block.launch.checks;
  if (!checks.written && !checks.races)
    return true;
  const Accessor by = accessor(lane);
  Clash clash;
  if (touch_.reads)
    clash = block.sharedShadow.read(block.clocks, by, offset, touch_.bytes, checks.races);
  if (!clash && touch_.writes)
    clash = block.sharedShadow.write(block.clocks, by, offset, touch_.bytes, checks.races);
  clash.block = block.number;
  if (!clash || (clash.kind == Clash::Kind::NotWritten && !checks.written) ||
      isOfThisInstruction(clash, lane))
    return true;
  return refuse(lane, offset, Space::Shared, clash);
}

bool Places::checkLocal(uint32_t lane, uint64_t offset) {
  Block &block = *warp_.block;
  if (!block.launch.checks.written)
    return true;
  const size_t first = size_t(places_[lane] - block.local.data());
  for (size_t i = first; i < first + touch_.bytes; ++i) {
    if (touch_.reads && !block.localWritten[i])
      return refuse(lane, offset, Space::Local, Clash{Clash::Kind::NotWritten});
    if (touch_.writes)
      block.localWritten[i] = true;
  }
  return true;
}

bool Places::checkGlobal(uint32_t lane, uint64_t address, Space space) {
  const Block &block = *warp_.block;
  const Checks &checks = block.launch.checks;
  GlobalShadow &shadow = *last_->shadow;
  const uint64_t offset = address - last_->address;
  if (checks.written) {
    if (touch_.reads && !shadow.isWritten(offset, touch_.bytes))
      return refuse(lane, address, space, Clash{Clash::Kind::NotWritten});
    if (touch_.writes && !shadow.isWritten(offset, touch_.bytes))
      shadow.setWritten(offset, touch_.bytes);
  }
  if (!checks.races)
    return true;
  const AccessorBlock in{block.launch.number, block.number, block.clocks};
  const Accessor by = accessor(lane);
  Clash clash;
  if (touch_.reads)
    clash = shadow.read(in, by, offset, touch_.bytes);
  if (!clash && touch_.writes)
    clash = shadow.write(in, by, offset, touch_.bytes);
  return !clash || isOfThisInstruction(clash, lane) || refuse(lane, address, space, clash);
}

/// Lanes of one instruction may write to the same place; one of them wins.
bool Places::isOfThisInstruction(const Clash &clash, uint32_t lane) {
  if (touch_.reads || clash.kind != Clash::Kind::Write || clash.block != warp_.block->number ||
      clash.warp != warp_.number || !(found_ >> clash.lane & 1))
    return false;
  const auto distance = places_[lane] - places_[clash.lane];
  if (distance >= ptrdiff_t(touch_.bytes) || -distance >= ptrdiff_t(touch_.bytes))
    return false;
  hasOverlap_ = true;
  return true;
}

bool Places::refuse(uint32_t lane, uint64_t address, Space space, const Clash &clash) {
  if (clash.kind == Clash::Kind::NotWritten)
    return refuse(lane, address, space, "reads what nobody has written", Report::Kind::Other);
  const Block &block = *warp_.block;
  const Launch &launch = block.launch;
  const std::array<uint32_t, 3> thread = threadIndex(launch, clash.warp * kLanes + clash.lane);
  std::string who = clash.isOneOfSeveral ? "several threads" : "thread " + describe(thread);
  if (clash.block != block.number && !clash.isOneOfSeveral)
    who += " of block " + describe(launch.blockIndex(clash.block));
  who += ", line " + std::to_string(clash.record < warp_.program->records.size()
                                        ? warp_.program->records[clash.record].line
                                        : 0);
  if (clash.kind == Clash::Kind::InFlight)
    return refuse(lane, address, space,
                  "touches what a copy of " + who + " is on its way to, for which nobody waited",
                  Report::Kind::Other);
  return refuse(lane, address, space,
                std::string("races with the ") +
                    (clash.kind == Clash::Kind::Read ? "read" : "write") + " of " + who,
                Report::Kind::Other);
}

bool Places::findGlobal(uint32_t lane, uint64_t address, Space space) {
  if (!last_ || address >> 32 != last_->address >> 32)
    last_ = warp_.block->launch.memory->find(address);
  if (!last_)
    return refuse(lane, address, space, "is in no allocation");
  if (last_->isFreed.load(std::memory_order_relaxed))
    return refuse(lane, address, space, "is in an allocation that was freed");
  const uint64_t offset = address - last_->address;
  if (offset > last_->bytes || touch_.bytes > last_->bytes - offset)
    return refuse(lane, address, space,
                  "is " + std::to_string(offset) + " bytes into an allocation of " +
                      std::to_string(last_->bytes));
  if (touch_.writes && last_->isReadOnly)
    return refuse(lane, address, space, "writes what is read only");
  places_[lane] = last_->data + offset;
  found_ |= LaneMask(1) << lane;
  return checkGlobal(lane, address, space);
}

bool Places::refuse(uint32_t lane, uint64_t address, Space space, const std::string &what,
                    Report::Kind kind) {
  return fail(warp_, record_, lane,
              "access of " + std::to_string(touch_.bytes) + " bytes of " + nameOf(space) +
                  " memory at " + hexadecimal(address) + " " + what,
              kind);
}

} // namespace moert::vgpu
