// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Decoded instructions, and the part of a warp that they see.
//
// Registers are rows of 32 lanes in slots of 128 bytes, two slots for 64 bits; values of 8 and 16
// bits are rows of 32 such values. Predicates are masks, one bit for each lane.
#ifndef MOERT_VGPU_EXEC_RECORD_H
#define MOERT_VGPU_EXEC_RECORD_H

#include <cstddef>
#include <cstdint>

namespace moert::vgpu {

constexpr uint32_t kLanes = 32;
using LaneMask = uint32_t;
constexpr LaneMask kAllLanes = ~LaneMask(0);

constexpr size_t kSlotBytes = 128;
/// Of a slot: it is one of the program's constants, not of the warp's registers.
constexpr uint16_t kConstantSlot = 0x8000;
constexpr uint32_t kMostSlots = 0x8000;

struct Warp;
struct Record;
/// Computes the lanes of the mask, which is never empty, and leaves the others as they are.
using Handler = void (*)(Warp &, const Record &, LaneMask);

/// What follows an instruction.
enum class Flow : uint8_t {
  Next,
  /// The next instruction, if the warp has not failed.
  Checked,
  /// Waits until the lanes that it names are here, then goes on as Checked.
  Sync,
  Jump,
  Branch,
  BranchTable,
  Exit,
  Barrier,
  Trap,
};

struct Record {
  Handler handler = nullptr;
  uint16_t result = 0;
  uint16_t inputs[4] = {};
  /// A predicate of the warp and, in the lowest bit, whether it is negated. 0 is true.
  uint16_t guard = 0;
  Flow flow = Flow::Next;
  uint8_t flags = 0;
  /// By handler: an entry of a table of the program, or the record to go to.
  uint32_t extra = 0;
  /// Of the PTX.
  uint32_t line = 0;
};
static_assert(sizeof(Record) == 32);

/// What handlers of arithmetic need of a warp.
struct WarpRegisters {
  /// Rows of the warp, and those of the program's constants.
  std::byte *rows[2] = {};
  /// The first one is true for all lanes.
  LaneMask *predicates = nullptr;

  template <typename T>
  T *row(uint16_t slot) const {
    return reinterpret_cast<T *>(rows[slot >> 15] + size_t(slot & 0x7fff) * kSlotBytes);
  }
  LaneMask predicate(uint16_t reference) const {
    return predicates[reference >> 1] ^ (0 - LaneMask(reference & 1));
  }
  void setPredicate(uint16_t reference, LaneMask lanes, LaneMask values) {
    LaneMask &predicate = predicates[reference >> 1];
    predicate = (predicate & ~lanes) | (values & lanes);
  }
};

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_RECORD_H
