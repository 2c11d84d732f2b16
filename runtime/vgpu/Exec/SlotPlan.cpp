// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/SlotPlan.h"

#include <algorithm>
#include <map>

namespace moert::vgpu {

namespace {

/// Steps from blocks to those before them, for all registers, after which a register keeps its slot
/// for the whole function: code that a compiler made needs far fewer.
constexpr uint64_t kMostSteps = 20'000'000;

using ptx::Function;
using ptx::Instruction;
using ptx::kNone;
using ptx::Operand;
using ptx::Type;

/// Opcodes whose first operand is not a register that they write.
bool writesNothing(std::string_view opcode) {
  const std::string_view name = opcode.substr(0, opcode.find('.'));
  if (name.substr(0, 3) == "bar" && opcode.find(".red.") != opcode.npos)
    return false;
  for (std::string_view other : {"st", "red", "bar", "barrier", "bra", "brx", "ret", "exit", "trap",
                                 "membar", "fence", "cp", "prefetch", "prefetchu", "nanosleep",
                                 "stmatrix", "discard", "applypriority", "createpolicy"})
    if (name == other)
      return true;
  return false;
}

/// What is known of a register while its uses are looked for.
struct Range {
  uint32_t begin = UINT32_MAX, end = 0; // positions in the layout; the end is the last one
  void add(uint32_t position) {
    begin = std::min(begin, position);
    end = std::max(end, position);
  }
};

/// For each register, where it is used before it is written in a block, and where it is written.
struct Accesses {
  std::vector<uint32_t> usedFirst; // blocks
  std::vector<uint32_t> writes;    // blocks that write it whatever the guards are
};

class Planner {
public:
  Planner(const Function &function, const std::vector<CodeBlock> &blocks,
          const std::vector<uint32_t> &order)
      : function_(function), blocks_(blocks), order_(order), ranges_(function.registers.size()),
        accesses_(function.registers.size()), seen_(function.registers.size(), kNone),
        state_(function.registers.size()), begins_(blocks.size(), 0), ends_(blocks.size(), 0),
        predecessors_(blocks.size()), visited_(blocks.size(), kNone) {}

  SlotPlan run(uint32_t firstSlot) {
    uint32_t position = 0;
    for (uint32_t block : order_) {
      begins_[block] = position;
      scan(block, position);
      ends_[block] = position;
      position += 1;
      for (uint32_t successor : blocks_[block].successors)
        predecessors_[successor].push_back(block);
    }
    for (uint32_t reg = 0; reg < ranges_.size(); ++reg)
      extend(reg);
    return place(firstSlot);
  }

private:
  void scan(uint32_t block, uint32_t &position) {
    for (uint32_t i = blocks_[block].first; i < blocks_[block].end; ++i, ++position) {
      const Instruction &instruction = function_.instructions[i];
      const bool hasResult = !writesNothing(instruction.opcode) && !instruction.operands.empty();
      for (size_t j = hasResult ? 1 : 0; j < instruction.operands.size(); ++j)
        use(instruction.operands[j], block, position);
      if (!hasResult)
        continue;
      // A guarded write leaves what was there in other lanes.
      write(instruction.operands[0], block, position, instruction.guard != kNone);
    }
  }

  enum class State : uint8_t { None, UsedFirst, Written };
  State &stateIn(uint32_t reg, uint32_t block) {
    if (seen_[reg] != block) {
      seen_[reg] = block;
      state_[reg] = State::None;
    }
    return state_[reg];
  }

  void useRegister(uint32_t reg, uint32_t block, uint32_t position) {
    ranges_[reg].add(position);
    State &state = stateIn(reg, block);
    if (state != State::None)
      return;
    state = State::UsedFirst;
    accesses_[reg].usedFirst.push_back(block);
  }
  void use(const Operand &operand, uint32_t block, uint32_t position) {
    if (operand.kind == Operand::Kind::Register ||
        (operand.kind == Operand::Kind::Memory && operand.base == Operand::Kind::Register))
      useRegister(operand.index, block, position);
    for (const Operand &element : operand.elements)
      use(element, block, position);
  }

  void write(const Operand &operand, uint32_t block, uint32_t position, bool isGuarded) {
    for (const Operand &element : operand.elements)
      write(element, block, position, isGuarded);
    if (operand.kind != Operand::Kind::Register)
      return;
    ranges_[operand.index].add(position);
    if (isGuarded)
      return useRegister(operand.index, block, position);
    State &state = stateIn(operand.index, block);
    if (state != State::None)
      return;
    state = State::Written;
    accesses_[operand.index].writes.push_back(block);
  }

  /// Where a block uses a register before it writes it, the value comes through all of the ways to
  /// there, back to where it was written.
  void extend(uint32_t reg) {
    Accesses &accesses = accesses_[reg];
    if (accesses.usedFirst.empty())
      return;
    std::vector<uint32_t> pending = accesses.usedFirst;
    for (uint32_t block : accesses.writes)
      stops_.push_back(block);
    std::sort(stops_.begin(), stops_.end());
    while (!pending.empty() && steps_ < kMostSteps) {
      const uint32_t block = pending.back();
      pending.pop_back();
      if (visited_[block] == reg)
        continue;
      visited_[block] = reg;
      ranges_[reg].add(begins_[block]);
      steps_ += 1 + predecessors_[block].size();
      for (uint32_t before : predecessors_[block]) {
        ranges_[reg].add(ends_[before]);
        if (!std::binary_search(stops_.begin(), stops_.end(), before))
          pending.push_back(before);
      }
    }
    stops_.clear();
    if (steps_ >= kMostSteps) {
      ranges_[reg].add(0);
      ranges_[reg].add(UINT32_MAX - 1);
    }
  }

  SlotPlan place(uint32_t firstSlot) {
    SlotPlan plan;
    plan.slots.resize(ranges_.size());
    plan.numSlots = firstSlot;
    std::vector<uint32_t> registers;
    for (uint32_t reg = 0; reg < ranges_.size(); ++reg)
      if (function_.registers[reg] != Type::Pred && ranges_[reg].begin != UINT32_MAX)
        registers.push_back(reg);
    std::sort(registers.begin(), registers.end(), [&](uint32_t a, uint32_t b) {
      return std::pair(ranges_[a].begin, a) < std::pair(ranges_[b].begin, b);
    });
    std::multimap<uint32_t, uint32_t> active; // by the end of their ranges
    // By bytes of a lane: rows of several sizes have a lane in different places, and lanes that are
    // elsewhere in the code may hold values there.
    std::vector<uint32_t> free[17];
    for (uint32_t reg : registers) {
      while (!active.empty() && active.begin()->first < ranges_[reg].begin) {
        const uint32_t old = active.begin()->second;
        free[sizeOf(function_.registers[old])].push_back(plan.slots[old]);
        active.erase(active.begin());
      }
      std::vector<uint32_t> &same = free[sizeOf(function_.registers[reg])];
      if (same.empty()) {
        plan.slots[reg] = plan.numSlots;
        plan.numSlots += slotsOf(function_.registers[reg]);
      } else {
        plan.slots[reg] = same.back();
        same.pop_back();
      }
      active.emplace(ranges_[reg].end, reg);
    }
    return plan;
  }

  const Function &function_;
  const std::vector<CodeBlock> &blocks_;
  const std::vector<uint32_t> &order_;
  std::vector<Range> ranges_;
  std::vector<Accesses> accesses_;
  /// The block in which a register was seen last, and how.
  std::vector<uint32_t> seen_;
  std::vector<State> state_;
  std::vector<uint32_t> begins_, ends_;
  std::vector<std::vector<uint32_t>> predecessors_;
  std::vector<uint32_t> visited_, stops_;
  uint64_t steps_ = 0;
};

} // namespace

SlotPlan planSlots(const Function &function, const std::vector<CodeBlock> &blocks,
                   const std::vector<uint32_t> &order, uint32_t firstSlot) {
  return Planner(function, blocks, order).run(firstSlot);
}

} // namespace moert::vgpu
