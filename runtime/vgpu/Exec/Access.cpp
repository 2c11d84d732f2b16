// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads and stores.
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Places.h"

#include <cstring>

namespace moert::vgpu {

using ptx::Space;

namespace {

void findAddresses(const Warp &warp, const Access &access, uint64_t *addresses) {
  if (access.hasRegister && access.isWideAddress) {
    const uint64_t *row = warp.row<uint64_t>(access.address);
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      addresses[lane] = row[lane] + access.offset;
  } else {
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      addresses[lane] = addressOf(warp, access, lane);
  }
}

template <typename Register, typename Element>
void loadElements(Register *row, LaneMask lanes, const Places &places, size_t offset) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    // Other host threads may write there; what kernels make of it is their affair.
    row[lane] = Register(
        __atomic_load_n(reinterpret_cast<Element *>(places[lane] + offset), __ATOMIC_ACQUIRE));
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
    __atomic_store_n(reinterpret_cast<Element *>(places[lane] + offset), Element(row[lane]),
                     __ATOMIC_RELEASE);
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

namespace {

/// After a store by lanes to the same place: what is there must be what each of them stored.
void checkOverlap(Warp &warp, const Record &record, const Access &access, LaneMask lanes,
                  const Places &places) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    for (uint32_t i = 0; i < access.count; ++i) {
      const std::byte *value =
          warp.row<std::byte>(access.slots[i]) + size_t(lane) * access.registerBytes;
      if (std::memcmp(places[lane] + size_t(i) * access.elementBytes, value, access.elementBytes)) {
        fail(warp, record, lane, "writes where another lane of its warp writes something else");
        return;
      }
    }
  }
}

/// Calls f(lane, table, address in it) for what lanes access.
template <typename Function>
void forPlaces(Warp &warp, const Access &access, LaneMask lanes, const uint64_t *addresses,
               Function f) {
  for (LaneMask left = lanes; left; left &= left - 1) {
    const auto lane = uint32_t(__builtin_ctz(left));
    uint64_t address = addresses[lane];
    bool isShared = access.space == Space::Shared;
    if (access.space == Space::Generic && Window(address >> kWindowShift) == Window::Shared) {
      isShared = true;
      address -= addressIn(Window::Shared);
    }
    f(lane, isShared ? warp.block->published : warp.block->launch.published, address);
  }
}

} // namespace

void publish(Warp &warp, const Access &access, LaneMask lanes, const uint64_t *addresses,
             bool replaces) {
  if (!warp.program->hasFences || !warp.block->launch.checks.races)
    return;
  const bool releases = access.order == Order::Release || access.order == Order::AcquireRelease;
  forPlaces(warp, access, lanes, addresses, [&](uint32_t lane, SyncTable &table, uint64_t address) {
    warp.block->clocks.publish(warp.number, lane, table, address, releases, replaces);
  });
}

void learn(Warp &warp, const Access &access, LaneMask lanes, const uint64_t *addresses) {
  if (!warp.program->hasFences || !warp.block->launch.checks.races)
    return;
  const bool acquires = access.order == Order::Acquire || access.order == Order::AcquireRelease;
  forPlaces(warp, access, lanes, addresses, [&](uint32_t lane, SyncTable &table, uint64_t address) {
    warp.block->clocks.learn(warp.number, lane, table, address, acquires);
  });
}

namespace {

void readElements(Warp &warp, const Access &access, LaneMask lanes, const Places &places) {
  if (places.areAdjacent() && access.count == 1 && access.registerBytes == access.elementBytes) {
    if (access.slots[0] != kNoSlot)
      std::memcpy(warp.row<std::byte>(access.slots[0]), places[0],
                  size_t(kLanes) * access.elementBytes);
    return;
  }
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

} // namespace

void load(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record,
                {access.space, access.bytes(), true, false, access.order != Order::Weak});
  uint64_t addresses[kLanes];
  findAddresses(warp, access, addresses);
  if (!places.find(lanes, addresses))
    return;
  readElements(warp, access, lanes, places);
  // What was published before it was read, and no later: other host threads may publish now.
  if (access.order != Order::Weak)
    learn(warp, access, lanes, addresses);
}

void store(Warp &warp, const Record &record, LaneMask lanes) {
  const Access &access = warp.program->accesses[record.extra];
  Places places(warp, record,
                {access.space, access.bytes(), false, true, access.order != Order::Weak});
  uint64_t addresses[kLanes];
  findAddresses(warp, access, addresses);
  if (!places.find(lanes, addresses))
    return;
  if (access.order != Order::Weak)
    publish(warp, access, lanes, addresses, true);
  if (places.areAdjacent() && access.count == 1 && access.registerBytes == access.elementBytes) {
    std::memcpy(places[0], warp.row<std::byte>(access.slots[0]),
                size_t(kLanes) * access.elementBytes);
    return;
  }
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
  if (places.hasOverlap() && warp.block->launch.checks.races)
    checkOverlap(warp, record, access, lanes, places);
}

} // namespace moert::vgpu
