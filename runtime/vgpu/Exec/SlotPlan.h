// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which registers may share a slot: those of PTX are virtual, a compiler makes thousands of them,
// and the rows of a warp should stay in the CPU's caches.
#ifndef MOERT_VGPU_EXEC_SLOTPLAN_H
#define MOERT_VGPU_EXEC_SLOTPLAN_H

#include "vgpu/Ptx/Module.h"

namespace moert::vgpu {

/// A block of instructions [first, end) and the blocks that follow it.
struct CodeBlock {
  uint32_t first, end;
  std::vector<uint32_t> successors;
};

struct SlotPlan {
  /// The first slot of each register; 0 for predicates and for registers that are nowhere used.
  std::vector<uint32_t> slots;
  uint32_t numSlots = 0;
};

/// Places registers in slots from `firstSlot` on, such that registers that may hold values at the
/// same time share none, and only those of one size share any: a linear scan (M. Poletto, V.
/// Sarkar, 1999) over the blocks in their order of layout, in which loops are in one piece.
/// `slotsOf(type)` slots follow each other.
SlotPlan planSlots(const ptx::Function &function, const std::vector<CodeBlock> &blocks,
                   const std::vector<uint32_t> &order, uint32_t firstSlot);

/// Slots of a register of a type.
constexpr uint32_t slotsOf(ptx::Type type) {
  return type == ptx::Type::B128 ? 4
         : type == ptx::Type::B64 || type == ptx::Type::U64 || type == ptx::Type::S64 ||
                 type == ptx::Type::F64
             ? 2
             : 1;
}

} // namespace moert::vgpu

#endif // MOERT_VGPU_EXEC_SLOTPLAN_H
