// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shuffles, votes, matches and reductions among the lanes of a warp.
#include "vgpu/Exec/Collective.h"
#include "vgpu/Exec/Decoder.h"

namespace moert::vgpu {

using ptx::kNone;

/// The predicate q of `p|q` as a reference, or 0.
bool Decoder::secondPredicate(const Operand &operand, uint16_t &reference) {
  reference = 0;
  if (operand.second == kNone)
    return true;
  if (function_.registers[operand.second] != Type::Pred)
    return fail("has something else in place of a predicate");
  reference = uint16_t(slots_[operand.second] << 1);
  return true;
}

/// The register of `r|p` or `_|p`.
bool Decoder::resultOf(const Operand &operand, Type type, uint16_t &slot, uint16_t &predicate) {
  if (!secondPredicate(operand, predicate))
    return false;
  if (operand.kind == Operand::Kind::Discard) {
    slot = kNoSlot;
    return true;
  }
  Operand result = operand;
  result.second = kNone;
  return registerOf(result, type, slot);
}

/// An instruction at which the lanes of a mask meet.
Record &Decoder::emitCollective(Handler handler, uint16_t result, uint16_t mask) {
  Record &record = emit(handler, Flow::Sync);
  record.result = result;
  record.inputs[3] = mask;
  return record;
}

bool Decoder::decodeShfl() {
  Shuffle mode = Shuffle::Up;
  if (!take("sync"))
    return notSupported();
  if (take("down"))
    mode = Shuffle::Down;
  else if (take("bfly"))
    mode = Shuffle::Butterfly;
  else if (take("idx"))
    mode = Shuffle::Index;
  else if (!take("up"))
    return notSupported();
  if (!take("b32") || !isDone())
    return notSupported();
  const auto &operands = instruction_->operands;
  uint16_t result, predicate, a, b, c, mask;
  if (!expectOperands(5) || !resultOf(operands[0], Type::B32, result, predicate) ||
      !slotOf(operands[1], Type::B32, a) || !slotOf(operands[2], Type::B32, b) ||
      !slotOf(operands[3], Type::B32, c) || !slotOf(operands[4], Type::B32, mask))
    return false;
  if (result == kNoSlot)
    result = scratch(4);
  const size_t branch = skipUnlessGuarded();
  Record &record = emitCollective(shuffle, result, mask);
  record.inputs[0] = a;
  record.inputs[1] = b;
  record.inputs[2] = c;
  record.flags = uint8_t(mode);
  record.extra = predicate;
  endSkip(branch);
  return true;
}

bool Decoder::decodeVote() {
  Vote kind = Vote::Ballot;
  if (!take("sync"))
    return notSupported();
  if (take("all"))
    kind = Vote::All;
  else if (take("any"))
    kind = Vote::Any;
  else if (take("uni"))
    kind = Vote::Uniform;
  else if (!take("ballot"))
    return notSupported();
  if (!take(kind == Vote::Ballot ? "b32" : "pred") || !isDone())
    return notSupported();
  const auto &operands = instruction_->operands;
  uint16_t result, said, mask;
  if (!expectOperands(3) ||
      !(kind == Vote::Ballot ? registerOf(operands[0], Type::B32, result)
                             : predicateResult(operands[0], result)) ||
      !predicateOf(operands[1], said) || !slotOf(operands[2], Type::B32, mask))
    return false;
  const size_t branch = skipUnlessGuarded();
  Record &record = emitCollective(vote, result, mask);
  record.inputs[0] = said;
  record.flags = uint8_t(kind);
  endSkip(branch);
  return true;
}

bool Decoder::decodeMatch() {
  const bool isAll = take("all");
  if (isAll == take("any") || !take("sync"))
    return notSupported();
  Type type;
  if (!takeType(type) || !isDone() || (type != Type::B32 && type != Type::B64))
    return notSupported();
  const auto &operands = instruction_->operands;
  uint16_t result, predicate, value, mask;
  if (!expectOperands(3) || !resultOf(operands[0], Type::B32, result, predicate) ||
      !slotOf(operands[1], type, value) || !slotOf(operands[2], Type::B32, mask))
    return false;
  if (result == kNoSlot || (predicate && !isAll))
    return notSupported();
  const size_t branch = skipUnlessGuarded();
  Record &record = emitCollective(isAll ? matchAll : matchAny, result, mask);
  record.inputs[0] = value;
  record.flags = type == Type::B64;
  record.extra = predicate;
  endSkip(branch);
  return true;
}

bool Decoder::decodeRedux() {
  if (!take("sync"))
    return notSupported();
  const bool adds = take("add"), isMin = take("min"), isMax = take("max");
  const bool isBits = modifiers_.size() == 2 && takeOneOf({"and", "or", "xor"});
  Redux operation;
  Type type;
  if (isBits) {
    const std::string_view opcode = instruction_->opcode;
    operation = opcode.find(".and") != opcode.npos   ? Redux::And
                : opcode.find(".xor") != opcode.npos ? Redux::Xor
                                                     : Redux::Or;
    if (!takeType(type) || type != Type::B32)
      return notSupported();
  } else {
    if (adds + isMin + isMax != 1 || !takeType(type) || (type != Type::U32 && type != Type::S32))
      return notSupported();
    const bool isSigned = type == Type::S32;
    operation = adds    ? Redux::AddU32
                : isMin ? (isSigned ? Redux::MinS32 : Redux::MinU32)
                        : (isSigned ? Redux::MaxS32 : Redux::MaxU32);
  }
  const auto &operands = instruction_->operands;
  uint16_t result, value, mask;
  if (!isDone() || !expectOperands(3) || !registerOf(operands[0], type, result) ||
      !slotOf(operands[1], type, value) || !slotOf(operands[2], Type::B32, mask))
    return false;
  const size_t branch = skipUnlessGuarded();
  Record &record = emitCollective(redux, result, mask);
  record.inputs[0] = value;
  record.flags = uint8_t(operation);
  endSkip(branch);
  return true;
}

bool Decoder::decodeElect() {
  uint16_t result, predicate, mask;
  if (!take("sync") || !isDone())
    return notSupported();
  const auto &operands = instruction_->operands;
  if (!expectOperands(2) || !resultOf(operands[0], Type::B32, result, predicate) ||
      !slotOf(operands[1], Type::B32, mask))
    return false;
  const size_t branch = skipUnlessGuarded();
  emitCollective(elect, result, mask).extra = predicate;
  endSkip(branch);
  return true;
}

bool Decoder::decodeActivemask() {
  uint16_t result;
  if (!take("b32") || !isDone())
    return notSupported();
  if (!expectOperands(1) || !registerOf(instruction_->operands[0], Type::B32, result))
    return false;
  emit(activeMask).result = result;
  return true;
}

/// Time passes anyway, and others get their turn when this warp's is over.
bool Decoder::decodeNanosleep() {
  uint16_t time;
  return take("u32") && isDone()
             ? expectOperands(1) && slotOf(instruction_->operands[0], Type::U32, time)
             : notSupported();
}

} // namespace moert::vgpu
