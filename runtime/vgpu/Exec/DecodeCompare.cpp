// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Comparisons, and what is chosen by them.
#include "vgpu/Exec/Decoder.h"

namespace moert::vgpu {

using ptx::kNone;

namespace {

bool isPair(ptx::Type type) { return type == ptx::Type::F16x2 || type == ptx::Type::BF16x2; }

/// The type of each half of a pair.
ptx::Type halfOf(ptx::Type type) {
  return type == ptx::Type::F16x2 ? ptx::Type::F16 : ptx::Type::BF16;
}

/// What `set` gives for true: 1.0, or all bits of an integer.
uint64_t bitsOfTrue(ptx::Type type) {
  switch (type) {
  case ptx::Type::F32:
    return 0x3f800000;
  case ptx::Type::F16:
  case ptx::Type::F16x2:
    return 0x3c00;
  case ptx::Type::BF16:
  case ptx::Type::BF16x2:
    return 0x3f80;
  default:
    return UINT64_MAX;
  }
}

} // namespace

/// `lt`, `lt.and` and their like, with `.ftz`.
bool Decoder::takeComparison(Comparison &comparison) {
  static const std::map<std::string_view, Operation> comparisons = {
      {"eq", Operation::Equal},        {"ne", Operation::NotEqual},
      {"lt", Operation::Less},         {"le", Operation::LessEqual},
      {"gt", Operation::Greater},      {"ge", Operation::GreaterEqual},
      {"lo", Operation::Less},         {"ls", Operation::LessEqual},
      {"hi", Operation::Greater},      {"hs", Operation::GreaterEqual},
      {"equ", Operation::EqualNan},    {"neu", Operation::NotEqualNan},
      {"ltu", Operation::LessNan},     {"leu", Operation::LessEqualNan},
      {"gtu", Operation::GreaterNan},  {"geu", Operation::GreaterEqualNan},
      {"num", Operation::BothNumbers}, {"nan", Operation::EitherNan}};
  const auto found = modifiers_.empty() ? comparisons.end() : comparisons.find(modifiers_.front());
  if (found == comparisons.end())
    return notSupported();
  comparison.operation = found->second;
  modifiers_.erase(modifiers_.begin());
  if (take("and"))
    comparison.joined = Joined::And;
  else if (take("or"))
    comparison.joined = Joined::Or;
  else if (take("xor"))
    comparison.joined = Joined::Xor;
  comparison.flushes = take("ftz");
  return true;
}

/// The operands: what is compared, and, where there is one, the predicate it is joined with.
bool Decoder::comparedOf(Comparison &comparison, Type type) {
  const auto &operands = instruction_->operands;
  const bool isJoined = comparison.joined != Joined::No;
  if (comparison.flushes && type != Type::F32)
    return notSupported();
  if (!isDone() || !expectOperands(isJoined ? 4 : 3))
    return false;
  for (uint32_t i = 0; i < 2; ++i) {
    if (!slotOf(operands[i + 1], type, comparison.inputs[i]))
      return false;
    if (!comparison.flushes)
      continue;
    const uint16_t flushed = scratch(4);
    if (!emit(Operation::Flush, type, flushed, {comparison.inputs[i]}))
      return false;
    comparison.inputs[i] = flushed;
  }
  return !isJoined || predicateOf(operands[3], comparison.other);
}

/// Writes predicates; `opposite` may be 0.
bool Decoder::compare(const Comparison &comparison, Type type, uint16_t result, uint16_t opposite) {
  if (!emit(comparison.operation, type, result,
            {comparison.inputs[0], comparison.inputs[1], comparison.other, opposite}))
    return false;
  program_.records.back().flags = uint8_t(comparison.joined);
  return true;
}

/// The same comparison of one half of pairs.
bool Decoder::halfOfPairs(const Comparison &pairs, bool isHigh, Comparison &halves) {
  halves = pairs;
  for (uint16_t &input : halves.inputs) {
    const uint16_t half = scratch(2);
    if (!emit(isHigh ? Operation::UnpackHigh : Operation::UnpackLow, Type::B16, half, {input}))
      return false;
    input = half;
  }
  return true;
}

/// Of pairs, p is for the lower halves and q for the upper ones; else q is the opposite of p.
bool Decoder::decodeSetp() {
  Comparison comparison;
  Type type;
  uint16_t result, second = 0;
  if (!takeComparison(comparison) || !takeType(type) || !comparedOf(comparison, type))
    return false;
  const Operand &to = instruction_->operands[0];
  if (!predicateResult(to, result) || !secondPredicate(to, second))
    return false;
  if (!isPair(type))
    return compare(comparison, type, result, second);
  if (to.second == kNone)
    return fail("has one predicate for two results");
  Comparison low, high;
  // The first result may be what the second one is joined with.
  const uint16_t other = comparison.other;
  if (comparison.joined != Joined::No && (other >> 1) == (result >> 1))
    return notSupported();
  return halfOfPairs(comparison, false, low) && halfOfPairs(comparison, true, high) &&
         compare(low, halfOf(type), result, 0) && compare(high, halfOf(type), second, 0);
}

/// A value in place of a predicate: one, or all bits, for true.
bool Decoder::decodeSet() {
  Comparison comparison;
  Type to, type;
  uint16_t result;
  if (!takeComparison(comparison) || !takeType(to) || !takeType(type) ||
      !comparedOf(comparison, type) || !registerOf(instruction_->operands[0], to, result))
    return false;
  const bool fits = isPair(type) ? to == type || to == Type::U32 || to == Type::S32
                                 : to == type || to == Type::U32 || to == Type::S32 ||
                                       to == Type::F32 || (sizeOf(to) == 2 && sizeOf(type) == 2);
  if (!fits || isPair(to) > isPair(type) || sizeOf(to) == 8)
    return notSupported();
  if (!isPair(type))
    return compare(comparison, type, compared(), 0) &&
           emit(Operation::Set, to, result, {compared(), constant(bitsOfTrue(to), sizeOf(to))});
  uint16_t parts[2];
  for (uint32_t i = 0; i < 2; ++i) {
    Comparison half;
    parts[i] = scratch(2);
    if (!halfOfPairs(comparison, i == 1, half) || !compare(half, halfOf(type), compared(), 0) ||
        !emit(Operation::Set, Type::B16, parts[i], {compared(), constant(bitsOfTrue(to), 2)}))
      return false;
  }
  return emit(Operation::Pack, Type::B32, result, {parts[0], parts[1]});
}

/// A predicate that the program does not see.
uint16_t Decoder::compared() {
  if (!compared_)
    compared_ = uint16_t(program_.numPredicates++ << 1);
  return compared_;
}

bool Decoder::decodeSelp() {
  Type type;
  uint16_t result, a, b, predicate;
  return takeType(type) && isDone() && expectOperands(4) &&
         registerOf(instruction_->operands[0], type, result) &&
         slotOf(instruction_->operands[1], type, a) && slotOf(instruction_->operands[2], type, b) &&
         predicateOf(instruction_->operands[3], predicate) &&
         emit(Operation::Select, type, result, {a, b, predicate});
}

} // namespace moert::vgpu
