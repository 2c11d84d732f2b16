// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Places.h"

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

bool Places::find(uint32_t lane, uint64_t address) {
  if (address % bytes_)
    return refuse(lane, address, space_, "is not aligned to its size");
  Space space = space_;
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
  if (space == Space::Param && isWrite_)
    return refuse(lane, address, space, "writes what is read only");
  const Range range = rangeOf(warp_, space, lane);
  if (offset > range.bytes || bytes_ > range.bytes - offset)
    return refuse(lane, offset, space,
                  "is outside of the " + std::to_string(range.bytes) + " bytes that there are");
  places_[lane] = range.data + offset;
  return true;
}

bool Places::findGlobal(uint32_t lane, uint64_t address, Space space) {
  if (!last_ || address >> 32 != last_->address >> 32)
    last_ = warp_.block->launch.memory->find(address);
  if (!last_)
    return refuse(lane, address, space, "is in no allocation");
  if (last_->isFreed.load(std::memory_order_relaxed))
    return refuse(lane, address, space, "is in an allocation that was freed");
  const uint64_t offset = address - last_->address;
  if (offset > last_->bytes || bytes_ > last_->bytes - offset)
    return refuse(lane, address, space,
                  "is " + std::to_string(offset) + " bytes into an allocation of " +
                      std::to_string(last_->bytes));
  if (isWrite_ && last_->isReadOnly)
    return refuse(lane, address, space, "writes what is read only");
  places_[lane] = last_->data + offset;
  return true;
}

bool Places::refuse(uint32_t lane, uint64_t address, Space space, const std::string &what) {
  return fail(warp_, record_, lane,
              "access of " + std::to_string(bytes_) + " bytes of " + nameOf(space) + " memory at " +
                  hexadecimal(address) + " " + what,
              address % bytes_ ? Report::Kind::Alignment : Report::Kind::Address);
}

} // namespace moert::vgpu
