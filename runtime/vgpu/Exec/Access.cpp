// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads and stores, with every address checked.
#include "vgpu/Exec/Access.h"

#include <cstring>

namespace moert::vgpu {

namespace {

using ptx::Space;

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

class Places {
public:
  Places(Warp &warp, const Record &record, const Access &access)
      : warp_(warp), record_(record), access_(access),
        bytes_(uint32_t(access.elementBytes) * access.count) {}

  /// Where each lane reads or writes; false after a report.
  bool find(LaneMask lanes, bool isWrite) {
    const uint64_t *wide = warp_.row<uint64_t>(access_.address);
    const uint32_t *narrow = warp_.row<uint32_t>(access_.address);
    for (LaneMask left = lanes; left; left &= left - 1) {
      const auto lane = uint32_t(__builtin_ctz(left));
      uint64_t address = access_.offset;
      if (access_.hasRegister)
        address += access_.isWideAddress ? wide[lane] : narrow[lane];
      if (!findOne(lane, address, isWrite))
        return false;
    }
    return true;
  }
  std::byte *operator[](uint32_t lane) const { return places_[lane]; }

private:
  bool findOne(uint32_t lane, uint64_t address, bool isWrite) {
    if (address % bytes_)
      return refuse(lane, address, access_.space, "is not aligned to its size");
    Space space = access_.space;
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
      return findGlobal(lane, address, space, isWrite);
    if (space == Space::Param && isWrite)
      return refuse(lane, address, space, "writes what is read only");
    const Range range = rangeOf(warp_, space, lane);
    if (offset > range.bytes || bytes_ > range.bytes - offset)
      return refuse(lane, offset, space,
                    "is outside of the " + std::to_string(range.bytes) + " bytes that there are");
    places_[lane] = range.data + offset;
    return true;
  }

  bool findGlobal(uint32_t lane, uint64_t address, Space space, bool isWrite) {
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
    if (isWrite && last_->isReadOnly)
      return refuse(lane, address, space, "writes what is read only");
    places_[lane] = last_->data + offset;
    return true;
  }

  bool refuse(uint32_t lane, uint64_t address, Space space, const std::string &what) {
    return fail(warp_, record_, lane,
                "access of " + std::to_string(bytes_) + " bytes of " + nameOf(space) +
                    " memory at " + hexadecimal(address) + " " + what);
  }

  Warp &warp_;
  const Record &record_;
  const Access &access_;
  const uint32_t bytes_;
  const Allocation *last_ = nullptr;
  std::byte *places_[kLanes];
};

template <typename Register, typename Element>
void loadElements(Register *row, LaneMask lanes, const Places &places, size_t offset) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    Element value;
    std::memcpy(&value, places[lane] + offset, sizeof(value));
    row[lane] = Register(value);
  }
}

/// Into a register of as many bits or more.
template <typename Signed, typename Unsigned>
void loadInto(Warp &warp, const Access &access, uint16_t slot, LaneMask lanes, const Places &places,
              size_t offset) {
  switch (access.elementBytes) {
  case 1:
    return access.isSigned
               ? loadElements<Signed, int8_t>(warp.row<Signed>(slot), lanes, places, offset)
               : loadElements<Unsigned, uint8_t>(warp.row<Unsigned>(slot), lanes, places, offset);
  case 2:
    return access.isSigned
               ? loadElements<Signed, int16_t>(warp.row<Signed>(slot), lanes, places, offset)
               : loadElements<Unsigned, uint16_t>(warp.row<Unsigned>(slot), lanes, places, offset);
  case 4:
    return access.isSigned
               ? loadElements<Signed, int32_t>(warp.row<Signed>(slot), lanes, places, offset)
               : loadElements<Unsigned, uint32_t>(warp.row<Unsigned>(slot), lanes, places, offset);
  default:
    return loadElements<Unsigned, uint64_t>(warp.row<Unsigned>(slot), lanes, places, offset);
  }
}

template <typename Register, typename Element>
void storeElements(const Register *row, LaneMask lanes, const Places &places, size_t offset) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    const auto value = Element(row[lane]);
    std::memcpy(places[lane] + offset, &value, sizeof(value));
  }
}

template <typename Register>
void storeFrom(Warp &warp, const Access &access, uint16_t slot, LaneMask lanes,
               const Places &places, size_t offset) {
  const Register *row = warp.row<Register>(slot);
  switch (access.elementBytes) {
  case 1:
    return storeElements<Register, uint8_t>(row, lanes, places, offset);
  case 2:
    return storeElements<Register, uint16_t>(row, lanes, places, offset);
  case 4:
    return storeElements<Register, uint32_t>(row, lanes, places, offset);
  default:
    return storeElements<Register, uint64_t>(row, lanes, places, offset);
  }
}

} // namespace

void load(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record, access);
  if (!places.find(lanes, false))
    return;
  for (uint32_t i = 0; i < access.count; ++i) {
    const size_t offset = size_t(i) * access.elementBytes;
    const uint16_t slot = access.slots[i];
    if (slot == kNoSlot)
      continue;
    switch (access.registerBytes) {
    case 1:
      loadInto<int8_t, uint8_t>(warp, access, slot, lanes, places, offset);
      break;
    case 2:
      loadInto<int16_t, uint16_t>(warp, access, slot, lanes, places, offset);
      break;
    case 4:
      loadInto<int32_t, uint32_t>(warp, access, slot, lanes, places, offset);
      break;
    default:
      loadInto<int64_t, uint64_t>(warp, access, slot, lanes, places, offset);
    }
  }
}

void store(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record, access);
  if (!places.find(lanes, true))
    return;
  for (uint32_t i = 0; i < access.count; ++i) {
    const size_t offset = size_t(i) * access.elementBytes;
    switch (access.registerBytes) {
    case 1:
      storeFrom<uint8_t>(warp, access, access.slots[i], lanes, places, offset);
      break;
    case 2:
      storeFrom<uint16_t>(warp, access, access.slots[i], lanes, places, offset);
      break;
    case 4:
      storeFrom<uint32_t>(warp, access, access.slots[i], lanes, places, offset);
      break;
    default:
      storeFrom<uint64_t>(warp, access, access.slots[i], lanes, places, offset);
    }
  }
}

} // namespace moert::vgpu
