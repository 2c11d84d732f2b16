// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Atomic accesses. Lanes of an instruction follow each other in an order that the ISA leaves open:
// here it is turned by the launch's seed, so that kernels that depend on it give several results.
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Places.h"
#include "vgpu/Lanes/Numbers.h"

#include <algorithm>

namespace moert::vgpu {

namespace {

using ptx::Type;
using namespace scalar;

/// Sums of two floats of 16 bits.
template <typename T>
uint16_t addNarrow(uint16_t a, uint16_t b) {
  return roundFrom<T>(double(widen(T{a})) + double(widen(T{b}))).bits;
}

template <typename T>
uint32_t addPairs(uint32_t a, uint32_t b) {
  return addNarrow<T>(uint16_t(a), uint16_t(b)) |
         uint32_t(addNarrow<T>(uint16_t(a >> 16), uint16_t(b >> 16))) << 16;
}

/// Zeros, with their sign, in place of subnormal numbers.
float flush(float value) {
  const uint32_t bits = bitCast<uint32_t>(value);
  return (bits & 0x7f800000u) == 0 ? bitCast<float>(bits & 0x80000000u) : value;
}

float canonical(float value) { return value == value ? value : bitCast<float>(0x7fffffffu); }
double canonical(double value) {
  return value == value ? value : bitCast<double>(uint64_t(0x7fffffffffffffff));
}

/// What bits of memory become; T is as wide as the element. Sums of f32 in global memory flush
/// subnormal numbers, those in shared memory do not.
template <typename T>
T changed(const AtomicAccess &atomic, T old, T value, T swap, bool flushes) {
  using Signed = std::make_signed_t<T>;
  const bool isSigned = atomic.type == Type::S32 || atomic.type == Type::S64;
  switch (atomic.operation) {
  case Atomic::Exchange:
    return value;
  case Atomic::CompareAndSwap:
    return old == value ? swap : old;
  case Atomic::And:
    return old & value;
  case Atomic::Or:
    return old | value;
  case Atomic::Xor:
    return old ^ value;
  case Atomic::Increment:
    return old >= value ? 0 : T(old + 1);
  case Atomic::Decrement:
    return old == 0 || old > value ? value : T(old - 1);
  case Atomic::Min:
    return isSigned ? T(std::min(Signed(old), Signed(value))) : std::min(old, value);
  case Atomic::Max:
    return isSigned ? T(std::max(Signed(old), Signed(value))) : std::max(old, value);
  case Atomic::Add:
    break;
  }
  if constexpr (sizeof(T) == 2) {
    return atomic.type == Type::F16 ? addNarrow<Half>(old, value) : addNarrow<BFloat>(old, value);
  } else if constexpr (sizeof(T) == 4) {
    if (atomic.type == Type::F16x2)
      return addPairs<Half>(old, value);
    if (atomic.type == Type::BF16x2)
      return addPairs<BFloat>(old, value);
    if (atomic.type == Type::F32) {
      const float a = bitCast<float>(old), b = bitCast<float>(value);
      const float sum = flushes ? flush(flush(a) + flush(b)) : a + b;
      return bitCast<uint32_t>(canonical(sum));
    }
  } else if (atomic.type == Type::F64) {
    return bitCast<uint64_t>(canonical(bitCast<double>(old) + bitCast<double>(value)));
  }
  return T(old + value);
}

template <typename T>
void update(Warp &warp, const AtomicAccess &atomic, uint32_t lane, std::byte *place, bool flushes) {
  // A result may be in the register of an operand that comes later.
  T values[8];
  for (uint32_t i = 0; i < atomic.access.count; ++i)
    values[i] = warp.row<T>(atomic.values[i])[lane];
  for (uint32_t i = 0; i < atomic.access.count; ++i) {
    T *memory = reinterpret_cast<T *>(place) + i;
    const T value = values[i];
    const T swap = atomic.operation == Atomic::CompareAndSwap ? warp.row<T>(atomic.swap)[lane] : 0;
    T old = __atomic_load_n(memory, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(memory, &old, changed(atomic, old, value, swap, flushes),
                                        false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
    }
    if (atomic.access.slots[i] != kNoSlot)
      warp.row<T>(atomic.access.slots[i])[lane] = old;
  }
}

} // namespace

void updateAtomically(Warp &warp, const Record &record, LaneMask lanes) {
  const AtomicAccess &atomic = warp.program->atomics[record.extra];
  const uint32_t turn = warp.block->launch.seed % kLanes;
  Places places(warp, record, {atomic.access.space, atomic.access.bytes(), true, true, true});
  uint64_t addresses[kLanes];
  for (LaneMask left = lanes; left; left &= left - 1)
    addresses[__builtin_ctz(left)] = addressOf(warp, atomic.access, uint32_t(__builtin_ctz(left)));
  places.count(lanes, addresses);
  for (uint32_t i = 0; i < kLanes; ++i) {
    const uint32_t lane = (i + turn) % kLanes;
    if (!(lanes >> lane & 1))
      continue;
    const uint64_t address = addresses[lane];
    if (!places.find(lane, address))
      return;
    publish(warp, atomic.access, LaneMask(1) << lane, addresses, false);
    const bool isShared =
        atomic.access.space == ptx::Space::Shared ||
        (atomic.access.space == ptx::Space::Generic && address >> kWindowShift != 0);
    switch (atomic.access.elementBytes) {
    case 2:
      update<uint16_t>(warp, atomic, lane, places[lane], !isShared);
      break;
    case 4:
      update<uint32_t>(warp, atomic, lane, places[lane], !isShared);
      break;
    default:
      update<uint64_t>(warp, atomic, lane, places[lane], !isShared);
    }
    learn(warp, atomic.access, LaneMask(1) << lane, addresses);
  }
}

} // namespace moert::vgpu
