// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `atom` and `red`.
#include "vgpu/Exec/Access.h"
#include "vgpu/Exec/Decoder.h"

namespace moert::vgpu {

namespace {

using ptx::Type;

bool isInteger(Type type) {
  return type == Type::U32 || type == Type::S32 || type == Type::U64 || type == Type::S64;
}
bool isBits(Type type) { return type == Type::B32 || type == Type::B64; }
bool isNarrow(Type type) { return type >= Type::F16 && type <= Type::BF16x2; }

/// Whether the ISA has the operation with the type, for scalars.
bool exists(Atomic operation, Type type) {
  switch (operation) {
  case Atomic::Exchange:
    return isBits(type);
  case Atomic::CompareAndSwap:
    return isBits(type) || type == Type::B16;
  case Atomic::And:
  case Atomic::Or:
  case Atomic::Xor:
    return isBits(type);
  case Atomic::Add:
    return isInteger(type) || type == Type::F32 || type == Type::F64 || isNarrow(type);
  case Atomic::Increment:
  case Atomic::Decrement:
    return type == Type::U32;
  case Atomic::Min:
  case Atomic::Max:
    return isInteger(type);
  }
  return false;
}

} // namespace

/// The operation's name, and whether it exists for `count` elements of the type.
bool Decoder::atomicOperation(Type type, uint32_t count, Atomic &operation) {
  static const std::pair<std::string_view, Atomic> names[] = {
      {"exch", Atomic::Exchange}, {"cas", Atomic::CompareAndSwap},
      {"and", Atomic::And},       {"or", Atomic::Or},
      {"xor", Atomic::Xor},       {"add", Atomic::Add},
      {"inc", Atomic::Increment}, {"dec", Atomic::Decrement},
      {"min", Atomic::Min},       {"max", Atomic::Max}};
  for (const auto &[name, named] : names) {
    if (!take(name))
      continue;
    operation = named;
    if (count == 1)
      return exists(named, type) || notSupported();
    // Vectors of 8 to 16 bytes, floats only; f16 and bf16 have minima and maxima there too, which
    // are not supported.
    return (named == Atomic::Add && (type == Type::F32 || isNarrow(type)) &&
            (sizeOf(type) * count == 8 || sizeOf(type) * count == 16)) ||
           notSupported();
  }
  return notSupported();
}

bool Decoder::atomic(bool hasResult) {
  AtomicAccess atomic;
  Access &access = atomic.access;
  if (take("async"))
    return notSupported();
  // As the ISA has it where nothing is said.
  access.order = Order::Relaxed;
  takeOrder(access.order, access.scope);
  access.space = takeSpace();
  if (access.space != ptx::Space::Generic && access.space != ptx::Space::Global &&
      access.space != ptx::Space::Shared)
    return notSupported();
  takeOneOf({"L2::cache_hint"});
  const uint32_t count = take("v2") ? 2 : take("v4") ? 4 : take("v8") ? 8 : 1;
  if (!takeType(atomic.type) || !atomicOperation(atomic.type, count, atomic.operation))
    return false;
  // Sums of 16 bits must say that they keep subnormals.
  if (isNarrow(atomic.type) && !take("noftz"))
    return notSupported();
  const bool isSwap = atomic.operation == Atomic::CompareAndSwap;
  if (!isDone() || (!hasResult && (isSwap || atomic.operation == Atomic::Exchange)))
    return notSupported();
  if (!expectOperands((hasResult ? 1 : 0) + 2 + (isSwap ? 1 : 0)))
    return false;
  const Operand *operand = instruction_->operands.data();
  const Operand *result = hasResult ? operand++ : nullptr;
  access.elementBytes = access.registerBytes = uint8_t(sizeOf(atomic.type));
  access.count = uint8_t(count);
  if (!addressOf(*operand++, access))
    return false;
  access.slots.fill(kNoSlot);
  for (uint32_t i = 0; i < count; ++i) {
    const bool isVector = count > 1;
    if (isVector &&
        (operand->elements.size() != count || (result && result->elements.size() != count)))
      return fail("has another number of registers than it says");
    const Operand &value = isVector ? operand->elements[i] : *operand;
    if (!slotOf(value, atomic.type, atomic.values[i]))
      return false;
    if (!result)
      continue;
    const Operand &old = isVector ? result->elements[i] : *result;
    if (old.kind != Operand::Kind::Discard && !registerOf(old, atomic.type, access.slots[i]))
      return false;
  }
  if (isSwap && !slotOf(operand[1], atomic.type, atomic.swap))
    return false;
  Record &record = emit(updateAtomically, Flow::Checked);
  record.extra = uint32_t(program_.atomics.size());
  program_.atomics.push_back(atomic);
  return true;
}

} // namespace moert::vgpu
