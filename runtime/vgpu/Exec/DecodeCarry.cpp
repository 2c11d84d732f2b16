// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums and differences of many words, with the carry in a predicate that the program does not see:
// `add.cc`, `addc`, `sub.cc`, `subc`, `mad.cc`, `madc`.
#include "vgpu/Exec/Decoder.h"

namespace moert::vgpu {

/// `readsCarry`: addc, subc, madc. Without `.cc` the carry stays as it is.
bool Decoder::withCarry(Operation operation, bool readsCarry) {
  const bool writesCarry = take("cc");
  const bool isMad = operation == Operation::Mad;
  const bool isHigh = isMad && take("hi");
  if (isMad && !isHigh && !take("lo"))
    return notSupported();
  Type type;
  if (!takeType(type) || !isDone() || (!readsCarry && !writesCarry) ||
      (type != Type::U32 && type != Type::S32 && type != Type::U64 && type != Type::S64))
    return notSupported();
  const Type bits = sizeOf(type) == 8 ? Type::U64 : Type::U32;
  const auto &operands = instruction_->operands;
  uint16_t result, a, b;
  if (!expectOperands(isMad ? 4 : 3) || !registerOf(operands[0], type, result) ||
      !slotOf(operands[1], type, a) || !slotOf(operands[2], type, b))
    return false;
  if (isMad) {
    uint16_t c;
    const uint16_t product = scratch(sizeOf(type));
    if (!slotOf(operands[3], type, c) ||
        !emit(isHigh ? Operation::MulHi : Operation::Mul, type, product, {a, b}))
      return false;
    a = product;
    b = c;
  }
  if (!carry_)
    carry_ = uint16_t(program_.numPredicates++ << 1);
  const bool isSub = operation == Operation::Sub;
  const Operation step = isSub ? Operation::Sub : Operation::Add;
  // One step without the carry, one with it: at most one of them overflows.
  const uint16_t partial = scratch(sizeOf(type)), whole = scratch(sizeOf(type));
  const uint16_t one = constant(1, sizeOf(type)), zero = constant(0, sizeOf(type));
  if (!emit(step, bits, partial, {a, b}))
    return false;
  uint16_t last = partial;
  if (readsCarry) {
    if (!emit(Operation::Select, bits, whole, {one, zero, carry_}) ||
        !emit(step, bits, whole, {partial, whole}))
      return false;
    last = whole;
  }
  if (writesCarry) {
    // Sums that are less than a summand, differences of less by more.
    if (!emit(Operation::Less, bits, carry_, {isSub ? a : partial, isSub ? b : a, carry_, 0}))
      return false;
    if (readsCarry) {
      if (!emit(Operation::Less, bits, carry_,
                {isSub ? partial : whole, isSub ? whole : partial, carry_, 0}))
        return false;
      program_.records.back().flags = uint8_t(Joined::Or);
    }
  }
  return emit(Operation::Mov, sizeOf(type) == 8 ? Type::B64 : Type::B32, result, {last});
}

} // namespace moert::vgpu
