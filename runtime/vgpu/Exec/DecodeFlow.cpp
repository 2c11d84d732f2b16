// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Jumps, ends and barriers.
#include "vgpu/Exec/Block.h"
#include "vgpu/Exec/Decoder.h"

namespace moert::vgpu {

using ptx::kNone;

bool Decoder::decodeBra() {
  take("uni");
  if (!isDone() || !expectOperands(1))
    return false;
  const Operand &target = instruction_->operands[0];
  if (target.kind != Operand::Kind::Label || function_.labels[target.index].instruction == kNone)
    return fail("has something else in place of a label");
  jumps_.push_back(program_.records.size());
  emit(nullptr, guard_ ? Flow::Branch : Flow::Jump).extra =
      blockOf_[function_.labels[target.index].instruction];
  return true;
}

bool Decoder::decodeBrx() {
  take("uni");
  if (!take("idx") || !isDone())
    return notSupported();
  uint16_t choice;
  if (!expectOperands(2) || !slotOf(instruction_->operands[0], Type::U32, choice))
    return false;
  const Operand &table = instruction_->operands[1];
  if (table.kind != Operand::Kind::Label || function_.labels[table.index].targets.empty())
    return fail("has something else in place of a list of labels");
  std::vector<uint32_t> targets;
  for (uint32_t label : function_.labels[table.index].targets) {
    if (function_.labels[label].instruction == kNone)
      return fail("names a list of labels in a list");
    targets.push_back(blockOf_[function_.labels[label].instruction]);
  }
  const size_t branch = skipUnlessGuarded();
  Record &record = emit(nullptr, Flow::BranchTable);
  record.inputs[0] = choice;
  record.extra = uint32_t(program_.branchTables.size());
  program_.branchTables.push_back(std::move(targets));
  endSkip(branch);
  return true;
}

/// Before an instruction that all its lanes must reach together: those whose guard is false jump
/// over it. Gives the jump, none without a guard, for `endSkip` after the instruction.
size_t Decoder::skipUnlessGuarded() {
  if (!guard_)
    return SIZE_MAX;
  const size_t branch = program_.records.size();
  guard_ ^= 1;
  emit(nullptr, Flow::Branch);
  guard_ = 0;
  return branch;
}

void Decoder::endSkip(size_t branch) {
  if (branch != SIZE_MAX)
    program_.records[branch].extra = uint32_t(program_.records.size());
}

bool Decoder::decodeRet() {
  take("uni");
  if (!isDone() || !expectOperands(0))
    return false;
  const size_t branch = skipUnlessGuarded();
  emit(nullptr, Flow::Exit);
  endSkip(branch);
  return true;
}

bool Decoder::decodeTrap() {
  if (!isDone() || !expectOperands(0))
    return false;
  const size_t branch = skipUnlessGuarded();
  emit(nullptr, Flow::Trap);
  endSkip(branch);
  return true;
}

/// `bar.sync`, `bar.arrive`, `bar.red`, `barrier.sync.aligned` and their like; `bar.warp.sync`.
bool Decoder::decodeBar() {
  take("cta");
  const auto &operands = instruction_->operands;
  size_t branch = SIZE_MAX;
  if (take("warp")) {
    uint16_t mask;
    if (!take("sync") || !isDone())
      return notSupported();
    if (!expectOperands(1) || !slotOf(operands[0], Type::B32, mask))
      return false;
    branch = skipUnlessGuarded();
    Record &record = emit([](Warp &warp, const Record &,
                             LaneMask lanes) { warp.block->clocks.syncLanes(warp.number, lanes); },
                          Flow::Sync);
    record.inputs[3] = mask;
  } else {
    BarrierResult wanted = BarrierResult::None;
    if (take("red")) {
      wanted = take("popc")  ? BarrierResult::Count
               : take("and") ? BarrierResult::All
               : take("or")  ? BarrierResult::Any
                             : BarrierResult::None;
      if (wanted == BarrierResult::None || !take(wanted == BarrierResult::Count ? "u32" : "pred"))
        return notSupported();
    }
    const bool reduces = wanted != BarrierResult::None;
    const bool arrivesOnly = !reduces && take("arrive");
    if (!reduces && !arrivesOnly && !take("sync"))
      return notSupported();
    const bool isAligned = take("aligned") || name_ == "bar";
    if (!isDone())
      return false;
    // A reduction has its result before the barrier, and what a thread says behind the threads.
    const size_t others = reduces ? 2 : 0, count = operands.size();
    if (count < others + 1 || count > others + 2 || (arrivesOnly && count != 2))
      return expectOperands(others + (arrivesOnly ? 2 : 1));
    uint16_t result = 0, said = 0, number, threads = kNoSlot;
    if (reduces && ((wanted == BarrierResult::Count ? !registerOf(operands[0], Type::U32, result)
                                                    : !predicateResult(operands[0], result)) ||
                    !predicateOf(operands[count - 1], said)))
      return false;
    const size_t first = reduces ? 1 : 0;
    if (!slotOf(operands[first], Type::U32, number) ||
        (count == others + 2 && !slotOf(operands[first + 1], Type::U32, threads)))
      return false;
    branch = skipUnlessGuarded();
    Record &record = emit(nullptr, Flow::Barrier);
    record.result = result;
    record.inputs[0] = number;
    record.inputs[1] = threads;
    record.inputs[2] = said;
    record.flags = uint8_t((isAligned ? kAlignedBarrier : 0) | (arrivesOnly ? kArrivesOnly : 0) |
                           uint8_t(wanted) << kBarrierResultShift);
  }
  endSkip(branch);
  return true;
}

/// Accesses of a lane are seen by all others in the order in which they are made; what a fence
/// orders matters to those who look for races.
bool Decoder::decodeFence() {
  takeOneOf({"sc", "acq_rel", "acquire", "release"});
  takeOneOf({"cta", "gpu", "sys", "gl", "cluster"});
  if (!isDone() || !expectOperands(0))
    return false;
  program_.hasFences = true;
  emit([](Warp &warp, const Record &, LaneMask lanes) {
    warp.block->clocks.fence(warp.number, lanes);
  });
  return true;
}

} // namespace moert::vgpu
