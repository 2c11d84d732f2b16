// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Decoder.h"
#include "vgpu/Exec/BlockOrder.h"
#include "vgpu/Exec/Inline.h"
#include "vgpu/Exec/Memory.h"

#include <algorithm>
#include <cstring>

namespace moert::vgpu {

using ptx::kNone;
using ptx::Space;

namespace {

constexpr uint64_t kMostShared = uint64_t(256) << 10;
constexpr uint64_t kMostLocal = uint64_t(512) << 10;
constexpr uint64_t kMostParameters = 32764; // since sm_70
constexpr uint64_t kMostPredicates = 1 << 14;

uint64_t align(uint64_t offset, uint64_t alignment) {
  return (offset + alignment - 1) / alignment * alignment;
}

} // namespace

bool decode(const ptx::Module &module, const ptx::Function &function,
            const VariableAddresses &addresses, Level level, Program &program,
            ptx::ParseError &error) {
  if (!hasCalls(function))
    return Decoder(module, function, addresses, level, program, error).run();
  ptx::Function whole;
  return inlineCalls(module, function, whole, error) &&
         Decoder(module, whole, addresses, level, program, error).run();
}

Decoder::Decoder(const ptx::Module &module, const ptx::Function &function,
                 const VariableAddresses &addresses, Level level, Program &program,
                 ptx::ParseError &error)
    : module_(module), function_(function), addresses_(addresses), level_(level), program_(program),
      error_(error) {}

bool Decoder::run() {
  program_ = {};
  program_.name = function_.name;
  program_.requiredThreads = function_.requiredThreads;
  const auto &most = function_.mostThreads;
  if (most[0])
    program_.mostThreads = std::min<uint32_t>(1024, most[0] * most[1] * most[2]);
  if (!placeVariables())
    return false;
  findBlocks();
  if (!placeRegisters() || !emitBlocks())
    return false;
  program_.numSlots = numSlots_ + mostScratch_;
  if (program_.numSlots > kMostSlots || constants_.size() * 2 > kMostSlots)
    return fail("has more registers or constants than are supported");
  return true;
}

bool Decoder::placeVariables() {
  uint64_t parameters = 0, shared = 0, local = 0;
  for (const ptx::Variable &variable : function_.variables) {
    uint64_t *end = variable.space == Space::Shared                              ? &shared
                    : variable.space == Space::Local || isOfCall(places_.size()) ? &local
                                                                                 : &parameters;
    *end = align(*end, variable.alignment);
    places_.push_back(*end);
    *end += variable.bytes;
    if (places_.size() <= function_.numParameters)
      program_.parameters.push_back({uint32_t(places_.back()), uint32_t(variable.bytes)});
  }
  modulePlaces_.resize(module_.variables.size());
  uint64_t dynamicAlignment = 16;
  for (size_t i = 0; i < module_.variables.size(); ++i) {
    const ptx::Variable &variable = module_.variables[i];
    modulePlaces_[i] = addresses_[i];
    if (variable.space != Space::Shared)
      continue;
    if (variable.bytes == 0) {
      dynamicAlignment = std::max<uint64_t>(dynamicAlignment, variable.alignment);
      continue;
    }
    shared = align(shared, variable.alignment);
    modulePlaces_[i] = shared;
    shared += variable.bytes;
  }
  // All arrays without a size begin where the others end.
  const uint64_t dynamic = align(shared, dynamicAlignment);
  for (size_t i = 0; i < module_.variables.size(); ++i)
    if (module_.variables[i].space == Space::Shared && module_.variables[i].bytes == 0)
      modulePlaces_[i] = dynamic;
  if (shared > kMostShared || local > kMostLocal || parameters > kMostParameters)
    return fail("has more shared memory, local memory or parameters than a GPU");
  program_.parameterBytes = uint32_t(parameters);
  program_.sharedBytes = uint32_t(shared);
  program_.dynamicSharedOffset = uint32_t(dynamic);
  program_.localBytes = uint32_t(align(local, 16));
  return true;
}

bool Decoder::placeRegisters() {
  const SlotPlan plan = planSlots(function_, blocks_, order_, kFirstFreeSlot);
  if (plan.numSlots >= kMostSlots)
    return fail("has more registers than are supported");
  numSlots_ = plan.numSlots;
  for (size_t i = 0; i < function_.registers.size(); ++i) {
    if (function_.registers[i] != Type::Pred) {
      slots_.push_back(uint16_t(plan.slots[i]));
      continue;
    }
    if (program_.numPredicates >= kMostPredicates)
      return fail("has more predicates than are supported");
    slots_.push_back(uint16_t(program_.numPredicates++));
  }
  return true;
}

void Decoder::findBlocks() {
  const auto &instructions = function_.instructions;
  const auto count = uint32_t(instructions.size());
  std::vector<bool> isLeader(count + 1, false);
  isLeader[0] = isLeader[count] = true;
  auto endsBlock = [](std::string_view opcode) {
    const std::string_view name = opcode.substr(0, opcode.find('.'));
    return name == "bra" || name == "brx" || name == "ret" || name == "exit" || name == "trap";
  };
  for (const ptx::Label &label : function_.labels)
    if (label.instruction != kNone)
      isLeader[label.instruction] = true;
  for (uint32_t i = 0; i < count; ++i)
    if (endsBlock(instructions[i].opcode))
      isLeader[i + 1] = true;
  blockOf_.resize(count + 1);
  for (uint32_t i = 0; i <= count; ++i) {
    if (isLeader[i]) {
      if (!blocks_.empty())
        blocks_.back().end = i;
      blocks_.push_back({i, i, {}}); // the last one is empty: the end of the function
    }
    blockOf_[i] = uint32_t(blocks_.size() - 1);
  }
  for (uint32_t b = 0; b + 1 < blocks_.size(); ++b) {
    CodeBlock &block = blocks_[b];
    const ptx::Instruction &last = instructions[block.end - 1];
    const bool ends = endsBlock(last.opcode);
    for (const Operand &operand : last.operands)
      if (ends && operand.kind == Operand::Kind::Label) {
        const ptx::Label &label = function_.labels[operand.index];
        if (label.instruction != kNone)
          block.successors.push_back(blockOf_[label.instruction]);
        for (uint32_t target : label.targets)
          if (function_.labels[target].instruction != kNone)
            block.successors.push_back(blockOf_[function_.labels[target].instruction]);
      }
    if (!ends || last.guard != kNone)
      block.successors.push_back(b + 1);
  }
  std::vector<std::vector<uint32_t>> successors;
  for (const CodeBlock &block : blocks_)
    successors.push_back(block.successors);
  order_ = orderBlocks(successors);
}

bool Decoder::emitBlocks() {
  starts_.assign(blocks_.size(), kNone);
  for (size_t i = 0; i < order_.size(); ++i) {
    const CodeBlock &block = blocks_[order_[i]];
    starts_[order_[i]] = uint32_t(program_.records.size());
    for (uint32_t j = block.first; j < block.end; ++j)
      if (!decode(function_.instructions[j]))
        return false;
    guard_ = 0;
    if (block.first == function_.instructions.size()) {
      emit(nullptr, Flow::Exit);
      continue;
    }
    const std::string_view opcode = function_.instructions[block.end - 1].opcode;
    const bool isBranch = opcode.substr(0, 3) == "bra" || opcode.substr(0, 3) == "brx";
    const bool fallsThrough = std::find(block.successors.begin(), block.successors.end(),
                                        order_[i] + 1) != block.successors.end() &&
                              !(isBranch && function_.instructions[block.end - 1].guard == kNone);
    if (fallsThrough) {
      jumps_.push_back(program_.records.size());
      emit(nullptr, Flow::Jump).extra = order_[i] + 1;
    }
  }
  for (size_t jump : jumps_)
    program_.records[jump].extra = starts_[program_.records[jump].extra];
  for (auto &table : program_.branchTables)
    for (uint32_t &target : table)
      target = starts_[target];
  return true;
}

bool Decoder::decode(const ptx::Instruction &instruction) {
  instruction_ = &instruction;
  modifiers_.clear();
  for (std::string_view rest = instruction.opcode;;) {
    const size_t point = rest.find('.');
    modifiers_.push_back(rest.substr(0, point));
    if (point == std::string_view::npos)
      break;
    rest = rest.substr(point + 1);
  }
  name_ = modifiers_[0];
  modifiers_.erase(modifiers_.begin());
  scratchUsed_ = 0;
  guard_ = instruction.guard == kNone
               ? uint16_t(0)
               : uint16_t(slots_[instruction.guard] << 1 | uint16_t(instruction.isGuardNegated));
  const auto family = families().find(name_);
  if (family == families().end())
    return notSupported();
  return (this->*family->second)();
}

bool Decoder::fail(const std::string &message) {
  if (error_.message.empty())
    error_ = {instruction_ ? instruction_->line : function_.line,
              instruction_ ? "'" + std::string(instruction_->opcode.substr(0, 80)) + "' " + message
                           : "'" + std::string(function_.name) + "' " + message};
  return false;
}

bool Decoder::notSupported() { return fail("is not an instruction that is supported"); }

bool Decoder::take(std::string_view modifier) {
  const auto found = std::find(modifiers_.begin(), modifiers_.end(), modifier);
  if (found == modifiers_.end())
    return false;
  modifiers_.erase(found);
  return true;
}

bool Decoder::takeOneOf(std::initializer_list<std::string_view> modifiers) {
  for (std::string_view modifier : modifiers)
    if (take(modifier))
      return true;
  return false;
}

bool Decoder::takeType(Type &type) {
  for (auto modifier = modifiers_.begin(); modifier != modifiers_.end(); ++modifier)
    if ((type = ptx::typeNamed(*modifier)) != Type::None) {
      modifiers_.erase(modifier);
      return true;
    }
  return notSupported();
}

bool Decoder::isDone() { return modifiers_.empty() || notSupported(); }

bool Decoder::expectOperands(size_t count) {
  return instruction_->operands.size() == count ||
         fail("has " + std::to_string(instruction_->operands.size()) + " operands in place of " +
              std::to_string(count));
}

uint64_t Decoder::addressOf(const Operand &operand) const {
  const bool isModule = operand.index >= ptx::kModuleVariable;
  return operand.value +
         (isModule ? modulePlaces_[operand.index - ptx::kModuleVariable] : places_[operand.index]);
}

uint16_t Decoder::constant(uint64_t bits, uint32_t bytes) {
  if (bytes < 8)
    bits &= (uint64_t(1) << (bytes * 8)) - 1;
  const auto [place, isNew] = constants_.emplace(std::pair(bits, bytes), 0);
  if (!isNew)
    return place->second;
  const size_t slot = program_.constants.size() / kSlotBytes;
  program_.constants.resize((slot + (bytes == 8 ? 2 : 1)) * kSlotBytes);
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    std::memcpy(program_.constants.data() + slot * kSlotBytes + lane * bytes, &bits, bytes);
  // Too many are refused at the end.
  return place->second = uint16_t(kConstantSlot | (slot & (kConstantSlot - 1)));
}

uint16_t Decoder::scratch(uint32_t bytes) {
  const uint32_t slot = numSlots_ + scratchUsed_;
  scratchUsed_ += bytes == 8 ? 2 : 1;
  mostScratch_ = std::max(mostScratch_, scratchUsed_);
  return uint16_t(slot & (kMostSlots - 1));
}

bool Decoder::registerOf(const Operand &operand, Type type, uint16_t &slot) {
  if (operand.kind != Operand::Kind::Register || operand.second != kNone)
    return fail("has something else in place of a register");
  const Type held = function_.registers[operand.index];
  if (held == Type::Pred || sizeOf(held) != sizeOf(type))
    return fail("has a register of type ." + std::string(nameOf(held)) + " in place of ." +
                std::string(nameOf(type)));
  slot = slots_[operand.index];
  return true;
}

bool Decoder::slotOf(const Operand &operand, Type type, uint16_t &slot) {
  uint64_t bits = operand.value;
  switch (operand.kind) {
  case Operand::Kind::Register:
    return registerOf(operand, type, slot);
  case Operand::Kind::Integer:
    if (isFloat(type) && bits != 0)
      return fail("has a whole number in place of a float");
    break;
  case Operand::Kind::Real32:
    if (sizeOf(type) != 4)
      return fail("has a float of 32 bits in place of ." + std::string(nameOf(type)));
    break;
  case Operand::Kind::Real64:
    if (type == Type::F32) {
      double value;
      std::memcpy(&value, &bits, sizeof(value));
      const auto narrow = float(value);
      uint32_t narrowBits;
      std::memcpy(&narrowBits, &narrow, sizeof(narrowBits));
      bits = narrowBits;
    } else if (sizeOf(type) != 8) {
      return fail("has a float of 64 bits in place of ." + std::string(nameOf(type)));
    }
    break;
  case Operand::Kind::Variable:
    if (sizeOf(type) < 4)
      return fail("has an address in place of ." + std::string(nameOf(type)));
    bits = addressOf(operand);
    break;
  default:
    return fail("has an operand that it cannot have");
  }
  slot = constant(bits, sizeOf(type));
  return true;
}

bool Decoder::predicateOf(const Operand &operand, uint16_t &reference) {
  if (operand.kind == Operand::Kind::Integer) {
    reference = operand.value ? 0 : 1;
    return true;
  }
  if (operand.kind != Operand::Kind::Register || function_.registers[operand.index] != Type::Pred)
    return fail("has something else in place of a predicate");
  reference = uint16_t(slots_[operand.index] << 1 | uint16_t(operand.isNegated));
  return true;
}

bool Decoder::predicateResult(const Operand &operand, uint16_t &reference) {
  if (operand.kind != Operand::Kind::Register || operand.isNegated)
    return fail("has something else in place of a predicate");
  return predicateOf(operand, reference);
}

Record &Decoder::emit(Handler handler, Flow flow) {
  Record &record = program_.records.emplace_back();
  record.handler = handler;
  record.flow = flow;
  record.guard = guard_;
  record.line = instruction_ ? instruction_->line : function_.line;
  return record;
}

bool Decoder::emit(Operation operation, Type type, uint16_t result,
                   std::initializer_list<uint16_t> inputs) {
  const Handler handler = findHandler(level_, operation, type);
  if (!handler)
    return notSupported();
  Record &record = emit(handler);
  record.result = result;
  std::copy(inputs.begin(), inputs.end(), record.inputs);
  return true;
}

} // namespace moert::vgpu
