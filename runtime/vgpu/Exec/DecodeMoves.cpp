// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moves, conversions, loads and stores.
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Decoder.h"
#include "vgpu/Exec/Special.h"

namespace moert::vgpu {

using ptx::kNone;
using ptx::Space;

namespace {

bool isSignedInteger(ptx::Type type) { return type >= ptx::Type::S8 && type <= ptx::Type::S64; }

/// The integer type of so many bytes.
ptx::Type integerOf(uint32_t bytes, bool isSigned) {
  using ptx::Type;
  switch (bytes) {
  case 1:
    return isSigned ? Type::S8 : Type::U8;
  case 2:
    return isSigned ? Type::S16 : Type::U16;
  case 4:
    return isSigned ? Type::S32 : Type::U32;
  default:
    return isSigned ? Type::S64 : Type::U64;
  }
}

ptx::Type bitsOf(uint32_t bytes) {
  using ptx::Type;
  return bytes == 1 ? Type::B8 : bytes == 2 ? Type::B16 : bytes == 4 ? Type::B32 : Type::B64;
}

} // namespace

bool Decoder::decodeMov() {
  Type type;
  if (!takeType(type) || !isDone() || !expectOperands(2))
    return false;
  const Operand &to = instruction_->operands[0], &from = instruction_->operands[1];
  if (type == Type::Pred) {
    uint16_t result, value;
    return predicateResult(to, result) && predicateOf(from, value) &&
           emit(Operation::Mov, type, result, {value});
  }
  uint16_t result, value;
  if (to.kind == Operand::Kind::Vector)
    return slotOf(from, type, value) && unpack(to, type, value);
  if (!registerOf(to, type, result))
    return false;
  if (from.kind == Operand::Kind::Vector)
    return pack(from, type, result);
  if (from.kind == Operand::Kind::Special)
    return moveSpecial(from, result);
  return slotOf(from, type, value) && emit(Operation::Mov, bitsOf(sizeOf(type)), result, {value});
}

bool Decoder::moveSpecial(const Operand &special, uint16_t result) {
  const auto which = ptx::Special(special.index);
  const bool isWide = which == ptx::Special::Clock64 || which == ptx::Special::GlobalTimer ||
                      which == ptx::Special::GridId;
  const uint32_t bytes = sizeOf(function_.registers[instruction_->operands[0].index]);
  if (isWide ? bytes != 8 : bytes != 4)
    return fail("moves a special register of another size");
  Record &record = emit(readSpecial);
  record.result = result;
  record.extra = special.index;
  return true;
}

/// Two or four parts, the lowest one first.
bool Decoder::pack(const Operand &parts, Type type, uint16_t result) {
  const auto count = uint32_t(parts.elements.size());
  const uint32_t bytes = sizeOf(type);
  if ((count != 2 && count != 4) || bytes / count < 1)
    return notSupported();
  uint16_t slots[4];
  for (uint32_t i = 0; i < count; ++i)
    if (!slotOf(parts.elements[i], bitsOf(bytes / count), slots[i]))
      return false;
  if (count == 2)
    return emit(Operation::Pack, bitsOf(bytes), result, {slots[0], slots[1]});
  const uint16_t low = scratch(bytes / 2), high = scratch(bytes / 2);
  return emit(Operation::Pack, bitsOf(bytes / 2), low, {slots[0], slots[1]}) &&
         emit(Operation::Pack, bitsOf(bytes / 2), high, {slots[2], slots[3]}) &&
         emit(Operation::Pack, bitsOf(bytes), result, {low, high});
}

bool Decoder::unpack(const Operand &parts, Type type, uint16_t from) {
  const auto count = uint32_t(parts.elements.size());
  const uint32_t bytes = sizeOf(type);
  if ((count != 2 && count != 4) || bytes / count < 1)
    return notSupported();
  uint16_t halves[2] = {from, from};
  const uint32_t part = bytes / count;
  if (count == 4)
    for (uint32_t i = 0; i < 2; ++i) {
      halves[i] = scratch(bytes / 2);
      if (!emit(i ? Operation::UnpackHigh : Operation::UnpackLow, bitsOf(bytes / 2), halves[i],
                {from}))
        return false;
    }
  else if (instruction_->operands[1].kind == Operand::Kind::Register) {
    // The first part may be the register that is taken apart.
    halves[0] = halves[1] = scratch(bytes);
    if (!emit(Operation::Mov, bitsOf(bytes), halves[0], {from}))
      return false;
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (parts.elements[i].kind == Operand::Kind::Discard)
      continue;
    uint16_t result;
    if (!registerOf(parts.elements[i], bitsOf(part), result) ||
        !emit(i % 2 ? Operation::UnpackHigh : Operation::UnpackLow, bitsOf(part), result,
              {halves[i * 2 / count]}))
      return false;
  }
  return true;
}

bool Decoder::decodeCvt() {
  Rounding rounding = Rounding::Nearest;
  bool isIntegral = true, isRounded = true;
  if (take("rni"))
    rounding = Rounding::Nearest;
  else if (take("rzi"))
    rounding = Rounding::Zero;
  else if (take("rmi"))
    rounding = Rounding::Down;
  else if (take("rpi"))
    rounding = Rounding::Up;
  else {
    isIntegral = false;
    if (take("rz"))
      rounding = Rounding::Zero;
    else if (take("rm"))
      rounding = Rounding::Down;
    else if (take("rp"))
      rounding = Rounding::Up;
    else if (take("rna"))
      rounding = Rounding::NearestAway;
    else
      isRounded = take("rn");
  }
  const bool flushes = take("ftz"), saturates = take("sat");
  Type to, from;
  if (!takeType(to) || !takeType(from) || !isDone())
    return false;
  const bool isPair = to == Type::F16x2 || to == Type::BF16x2;
  if (!expectOperands(isPair ? 3 : 2))
    return false;
  // What the ISA demands, and what conversions here can do.
  const bool toInteger = !isFloat(to) && isFloat(from);
  const bool fromInteger = isFloat(to) && !isFloat(from);
  const bool narrows = isFloat(to) && isFloat(from) && sizeOf(to) < sizeOf(from);
  if ((toInteger && !isIntegral) ||
      ((fromInteger || narrows || isPair) && (isIntegral || !isRounded)) ||
      (fromInteger && rounding != Rounding::Nearest) ||
      (isIntegral && !toInteger && (to != from || sizeOf(to) < 4)) ||
      (flushes && from != Type::F32 && to != Type::F32) ||
      (rounding == Rounding::NearestAway && to != Type::TF32))
    return notSupported();
  const Operand &result = instruction_->operands[0];
  if (result.kind != Operand::Kind::Register)
    return fail("has something else in place of a register");
  uint16_t inputs[2] = {};
  for (size_t i = 0; i + 1 < instruction_->operands.size(); ++i) {
    const Operand &operand = instruction_->operands[i + 1];
    // Of a register that is wider the lower bits count.
    if (operand.kind == Operand::Kind::Register &&
        sizeOf(function_.registers[operand.index]) > sizeOf(from) && !isFloat(from)) {
      const uint32_t held = sizeOf(function_.registers[operand.index]);
      uint16_t wide;
      if (!registerOf(operand, bitsOf(held), wide))
        return false;
      inputs[i] = scratch(sizeOf(from));
      Record &record =
          emit(findConversion(level_, integerOf(sizeOf(from), false), integerOf(held, false)));
      record.result = inputs[i];
      record.inputs[0] = wide;
    } else if (!slotOf(operand, from, inputs[i])) {
      return false;
    }
    if (flushes && from == Type::F32) {
      const uint16_t flushed = scratch(4);
      if (!emit(Operation::Flush, from, flushed, {inputs[i]}))
        return false;
      inputs[i] = flushed;
    }
  }
  const uint32_t held = sizeOf(function_.registers[result.index]);
  if (held < sizeOf(to) || (held > sizeOf(to) && isFloat(to)))
    return fail("has a register that does not fit its type");
  uint16_t target;
  if (!registerOf(result, bitsOf(held), target))
    return false;
  const uint16_t converted = held > sizeOf(to) ? scratch(sizeOf(to)) : target;
  if (to == from && !isIntegral) {
    if (!emit(Operation::Mov, bitsOf(sizeOf(to)), converted, {inputs[0]}))
      return false;
  } else {
    const Handler handler = findConversion(level_, to, from);
    if (!handler)
      return notSupported();
    Record &record = emit(handler);
    record.result = converted;
    record.inputs[0] = inputs[0];
    record.inputs[1] = inputs[1];
    record.flags = uint8_t(rounding);
    record.extra = saturates;
  }
  if (flushes && to == Type::F32 && !emit(Operation::Flush, to, converted, {converted}))
    return false;
  if (saturates && isFloat(to) && !emit(Operation::Saturate, to, converted, {converted}))
    return false;
  if (converted == target)
    return true;
  const bool isSigned = isSignedInteger(to);
  Record &extend =
      emit(findConversion(level_, integerOf(held, isSigned), integerOf(sizeOf(to), isSigned)));
  extend.result = target;
  extend.inputs[0] = converted;
  return true;
}

/// Between addresses of a space and generic ones, which have the window in their upper bits.
bool Decoder::decodeCvta() {
  const bool isBack = take("to");
  const Space space = takeSpace();
  Type type;
  uint16_t result, value;
  if (space == Space::Generic || !takeType(type) || type != Type::U64 || !isDone())
    return notSupported();
  if (!expectOperands(2) || !registerOf(instruction_->operands[0], type, result) ||
      !slotOf(instruction_->operands[1], type, value))
    return false;
  Window window = Window::Global;
  if (space == Space::Shared)
    window = Window::Shared;
  else if (space == Space::Local)
    window = Window::Local;
  else if (space == Space::Param)
    window = Window::Param;
  if (window == Window::Global)
    return emit(Operation::Mov, Type::B64, result, {value});
  return emit(isBack ? Operation::Sub : Operation::Add, Type::U64, result,
              {value, constant(addressIn(window), 8)});
}

Space Decoder::takeSpace() {
  if (take("global"))
    return Space::Global;
  if (takeOneOf({"shared", "shared::cta"}))
    return Space::Shared;
  if (take("local"))
    return Space::Local;
  if (takeOneOf({"param", "param::entry", "param::func"}))
    return Space::Param;
  return take("const") ? Space::Const : Space::Generic;
}

/// Of `[a + 16]`.
bool Decoder::addressOf(const Operand &memory, Access &access) {
  if (memory.kind != Operand::Kind::Memory || !memory.elements.empty())
    return fail("has something else in place of an address");
  access.offset = memory.value;
  if (memory.base == Operand::Kind::Register) {
    const Type held = function_.registers[memory.index];
    if (held == Type::Pred || (sizeOf(held) != 8 && sizeOf(held) != 4))
      return fail("has an address that is not of 32 or 64 bits");
    access.hasRegister = true;
    access.isWideAddress = sizeOf(held) == 8;
    access.address = slots_[memory.index];
  } else if (memory.base == Operand::Kind::Variable) {
    access.offset = addressOf(memory);
    if (access.space == Space::Param && isOfCall(memory.index))
      access.space = Space::Local;
  }
  return true;
}

void Decoder::takeOrder(Order &order, Scope &scope) {
  if (take("volatile")) {
    order = Order::Relaxed;
    scope = Scope::System;
  }
  if (take("weak"))
    order = Order::Weak;
  else if (take("relaxed"))
    order = Order::Relaxed;
  else if (take("acquire"))
    order = Order::Acquire;
  else if (take("release"))
    order = Order::Release;
  else if (take("acq_rel") || take("sc"))
    order = Order::AcquireRelease;
  program_.hasFences |= order > Order::Relaxed;
  if (take("cta"))
    scope = Scope::Block;
  else if (take("cluster"))
    scope = Scope::Cluster;
  else if (takeOneOf({"gpu", "gl"}))
    scope = Scope::Device;
  else if (take("sys"))
    scope = Scope::System;
}

bool Decoder::decodeLd() { return access(false); }
bool Decoder::decodeSt() { return access(true); }

bool Decoder::access(bool isStore) {
  Access access;
  takeOrder(access.order, access.scope);
  // Hints for caches.
  takeOneOf({"ca", "cg", "cs", "lu", "cv", "wb", "wt", "nc"});
  takeOneOf({"L1::evict_normal", "L1::evict_unchanged", "L1::evict_first", "L1::evict_last",
             "L1::no_allocate"});
  takeOneOf({"L2::64B", "L2::128B", "L2::256B"});
  access.space = takeSpace();
  if (take("v2"))
    access.count = 2;
  else if (take("v4"))
    access.count = 4;
  else if (take("v8"))
    access.count = 8;
  Type type;
  if (!takeType(type) || !isDone() || !expectOperands(2))
    return false;
  if (sizeOf(type) == 0 || sizeOf(type) > 8 || sizeOf(type) * access.count > 32)
    return notSupported();
  const Operand &values = instruction_->operands[isStore ? 1 : 0];
  const Operand &memory = instruction_->operands[isStore ? 0 : 1];
  access.elementBytes = uint8_t(sizeOf(type));
  access.isSigned = isSignedInteger(type);
  if (!addressOf(memory, access))
    return false;
  const bool isVector = values.kind == Operand::Kind::Vector;
  if (isVector ? values.elements.size() != access.count : access.count != 1)
    return fail("has another number of registers than it says");
  for (uint32_t i = 0; i < access.count; ++i) {
    const Operand &value = isVector ? values.elements[i] : values;
    if (value.kind == Operand::Kind::Discard && !isStore) {
      access.slots[i] = kNoSlot;
      if (access.registerBytes == 0)
        access.registerBytes = access.elementBytes;
      continue;
    }
    uint32_t held = sizeOf(type);
    if (value.kind == Operand::Kind::Register)
      held = sizeOf(function_.registers[value.index]);
    if (held < sizeOf(type) || held > 8 || (held > sizeOf(type) && isFloat(type)))
      return fail("has a register that does not fit its type");
    if (access.registerBytes != 0 && access.registerBytes != held)
      return fail("has registers of several sizes");
    access.registerBytes = uint8_t(held);
    if (isStore ? !slotOf(value, value.kind == Operand::Kind::Register ? bitsOf(held) : type,
                          access.slots[i])
                : !registerOf(value, bitsOf(held), access.slots[i]))
      return false;
  }
  Record &record = emit(isStore ? store : load, Flow::Checked);
  record.extra = uint32_t(program_.accesses.size());
  program_.accesses.push_back(access);
  return true;
}

} // namespace moert::vgpu
