// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Exec/Decoder.h"

#include <algorithm>

namespace moert::vgpu {

namespace {

ptx::Type twice(ptx::Type type) {
  switch (type) {
  case ptx::Type::U16:
    return ptx::Type::U32;
  case ptx::Type::S16:
    return ptx::Type::S32;
  case ptx::Type::U32:
    return ptx::Type::U64;
  default:
    return ptx::Type::S64;
  }
}

} // namespace

const std::map<std::string_view, Decoder::Family> &Decoder::families() {
  static const std::map<std::string_view, Family> known = {
      {"abs", &Decoder::decodeAbs},
      {"activemask", &Decoder::decodeActivemask},
      {"add", &Decoder::decodeAdd},
      {"addc", &Decoder::decodeAddc},
      {"and", &Decoder::decodeAnd},
      {"atom", &Decoder::decodeAtom},
      {"bar", &Decoder::decodeBar},
      {"barrier", &Decoder::decodeBar},
      {"bfe", &Decoder::decodeBfe},
      {"bfi", &Decoder::decodeBfi},
      {"bfind", &Decoder::decodeBfind},
      {"bra", &Decoder::decodeBra},
      {"brev", &Decoder::decodeBrev},
      {"brx", &Decoder::decodeBrx},
      {"clz", &Decoder::decodeClz},
      {"cnot", &Decoder::decodeCnot},
      {"copysign", &Decoder::decodeCopysign},
      {"cos", &Decoder::decodeCos},
      {"cp", &Decoder::decodeCp},
      {"cvt", &Decoder::decodeCvt},
      {"cvta", &Decoder::decodeCvta},
      {"div", &Decoder::decodeDiv},
      {"elect", &Decoder::decodeElect},
      {"ex2", &Decoder::decodeEx2},
      {"exit", &Decoder::decodeRet},
      {"fence", &Decoder::decodeFence},
      {"fma", &Decoder::decodeFma},
      {"ld", &Decoder::decodeLd},
      {"ldmatrix", &Decoder::decodeLdmatrix},
      {"ldu", &Decoder::decodeLd},
      {"lg2", &Decoder::decodeLg2},
      {"lop3", &Decoder::decodeLop3},
      {"mad", &Decoder::decodeMad},
      {"madc", &Decoder::decodeMadc},
      {"match", &Decoder::decodeMatch},
      {"max", &Decoder::decodeMax},
      {"membar", &Decoder::decodeFence},
      {"min", &Decoder::decodeMin},
      {"mma", &Decoder::decodeMma},
      {"mov", &Decoder::decodeMov},
      {"movmatrix", &Decoder::decodeMovmatrix},
      {"mul", &Decoder::decodeMul},
      {"nanosleep", &Decoder::decodeNanosleep},
      {"neg", &Decoder::decodeNeg},
      {"not", &Decoder::decodeNot},
      {"or", &Decoder::decodeOr},
      {"popc", &Decoder::decodePopc},
      {"prmt", &Decoder::decodePrmt},
      {"rcp", &Decoder::decodeRcp},
      {"red", &Decoder::decodeRed},
      {"redux", &Decoder::decodeRedux},
      {"rem", &Decoder::decodeRem},
      {"ret", &Decoder::decodeRet},
      {"rsqrt", &Decoder::decodeRsqrt},
      {"selp", &Decoder::decodeSelp},
      {"set", &Decoder::decodeSet},
      {"setp", &Decoder::decodeSetp},
      {"shf", &Decoder::decodeShf},
      {"shfl", &Decoder::decodeShfl},
      {"shl", &Decoder::decodeShl},
      {"shr", &Decoder::decodeShr},
      {"sin", &Decoder::decodeSin},
      {"sqrt", &Decoder::decodeSqrt},
      {"st", &Decoder::decodeSt},
      {"stmatrix", &Decoder::decodeStmatrix},
      {"sub", &Decoder::decodeSub},
      {"subc", &Decoder::decodeSubc},
      {"tanh", &Decoder::decodeTanh},
      {"trap", &Decoder::decodeTrap},
      {"vote", &Decoder::decodeVote},
      {"xor", &Decoder::decodeXor},
  };
  return known;
}

/// `inputs` of one type give one of that type; floats may flush subnormals and saturate.
bool Decoder::arithmetic(Operation operation, uint32_t inputs) {
  Type type;
  if (!takeType(type))
    return false;
  Rounding rounding = Rounding::Nearest;
  const bool mayBeDirected =
      type == Type::F32 && (operation == Operation::Add || operation == Operation::Sub ||
                            operation == Operation::Mul || operation == Operation::Fma);
  if (mayBeDirected && take("rz"))
    rounding = Rounding::Zero;
  else if (mayBeDirected && take("rm"))
    rounding = Rounding::Down;
  else if (mayBeDirected && take("rp"))
    rounding = Rounding::Up;
  else if (isFloat(type))
    take("rn");
  const bool flushes = isFloat(type) && take("ftz");
  const bool saturates = isFloat(type) && take("sat");
  if (flushes && type != Type::F32)
    return notSupported();
  if (!isDone() || !expectOperands(inputs + 1))
    return false;
  if (type == Type::Pred) {
    uint16_t result, operands[3] = {};
    if (!predicateResult(instruction_->operands[0], result))
      return false;
    for (uint32_t i = 0; i < inputs; ++i)
      if (!predicateOf(instruction_->operands[i + 1], operands[i]))
        return false;
    return emit(operation, type, result, {operands[0], operands[1]});
  }
  uint16_t result, operands[3] = {};
  if (!registerOf(instruction_->operands[0], type, result))
    return false;
  for (uint32_t i = 0; i < inputs; ++i) {
    if (!slotOf(instruction_->operands[i + 1], type, operands[i]))
      return false;
    if (!flushes)
      continue;
    const uint16_t flushed = scratch(4);
    if (!emit(Operation::Flush, type, flushed, {operands[i]}))
      return false;
    operands[i] = flushed;
  }
  if (rounding != Rounding::Nearest
          ? !roundedToward(operation, rounding, operands, result)
          : !emit(operation, type, result, {operands[0], operands[1], operands[2]}))
    return false;
  if (flushes && !emit(Operation::Flush, type, result, {result}))
    return false;
  return !saturates || emit(Operation::Saturate, type, result, {result});
}

/// Sums and products of f32 that are not rounded to nearest, as a x b + c.
bool Decoder::roundedToward(Operation operation, Rounding rounding, const uint16_t *inputs,
                            uint16_t result) {
  const uint16_t one = constant(0x3f800000, 4);
  uint16_t a = inputs[0], b = inputs[1], c = inputs[2];
  if (operation == Operation::Mul) {
    // The zero that leaves the sign of a product that is zero.
    c = constant(rounding == Rounding::Down ? 0 : 0x80000000, 4);
  } else if (operation != Operation::Fma) {
    c = b;
    b = one;
    if (operation == Operation::Sub) {
      const uint16_t negated = scratch(4);
      if (!emit(Operation::Neg, Type::F32, negated, {c}))
        return false;
      c = negated;
    }
  }
  if (!emit(Operation::FmaToward, Type::F32, result, {a, b, c}))
    return false;
  program_.records.back().flags = uint8_t(rounding);
  return true;
}

/// One float; `.approx`, `.rn` and `.full` are all rounded right.
bool Decoder::approximate(Operation operation) {
  takeOneOf({"approx", "rn"});
  return arithmetic(operation, 1);
}

bool Decoder::decodeDiv() {
  takeOneOf({"approx", "full"});
  return arithmetic(Operation::Div, 2);
}

bool Decoder::decodeMin() {
  return arithmetic(take("NaN") ? Operation::MinNan : Operation::Min, 2);
}

bool Decoder::decodeMax() {
  return arithmetic(take("NaN") ? Operation::MaxNan : Operation::Max, 2);
}

bool Decoder::decodeMul() {
  if (take("hi"))
    return arithmetic(Operation::MulHi, 2);
  if (!take("wide")) {
    take("lo");
    return arithmetic(Operation::Mul, 2);
  }
  Type type;
  uint16_t result, a, b;
  return takeType(type) && isDone() && expectOperands(3) &&
         registerOf(instruction_->operands[0], twice(type), result) &&
         slotOf(instruction_->operands[1], type, a) && slotOf(instruction_->operands[2], type, b) &&
         emit(Operation::MulWide, type, result, {a, b});
}

bool Decoder::addOrSub(Operation operation) {
  const bool hasCarry = std::find(modifiers_.begin(), modifiers_.end(), "cc") != modifiers_.end();
  return hasCarry ? withCarry(operation, false) : arithmetic(operation, 2);
}

bool Decoder::decodeMad() {
  if (std::find(modifiers_.begin(), modifiers_.end(), "cc") != modifiers_.end())
    return withCarry(Operation::Mad, false);
  if (take("hi"))
    return arithmetic(Operation::MadHi, 3);
  if (take("wide")) {
    Type type;
    uint16_t result, a, b, c;
    return takeType(type) && isDone() && expectOperands(4) &&
           registerOf(instruction_->operands[0], twice(type), result) &&
           slotOf(instruction_->operands[1], type, a) &&
           slotOf(instruction_->operands[2], type, b) &&
           slotOf(instruction_->operands[3], twice(type), c) &&
           emit(Operation::MadWide, type, result, {a, b, c});
  }
  if (take("lo"))
    return arithmetic(Operation::Mad, 3);
  return arithmetic(Operation::Fma, 3);
}

/// A value and a count of 32 bits.
bool Decoder::shift(Operation operation) {
  Type type;
  uint16_t result, value, count;
  return takeType(type) && isDone() && expectOperands(3) &&
         registerOf(instruction_->operands[0], type, result) &&
         slotOf(instruction_->operands[1], type, value) &&
         slotOf(instruction_->operands[2], Type::U32, count) &&
         emit(operation, type, result, {value, count});
}

bool Decoder::decodeShf() {
  const bool isLeft = take("l"), isRight = take("r");
  const bool wraps = take("wrap"), clamps = take("clamp");
  if (isLeft == isRight || wraps == clamps)
    return notSupported();
  return arithmetic(isLeft ? (wraps ? Operation::ShfLeftWrap : Operation::ShfLeftClamp)
                           : (wraps ? Operation::ShfRightWrap : Operation::ShfRightClamp),
                    3);
}

/// One value, a result of 32 bits.
bool Decoder::counting(Operation operation) {
  Type type;
  uint16_t result, value;
  return takeType(type) && isDone() && expectOperands(2) &&
         registerOf(instruction_->operands[0], Type::U32, result) &&
         slotOf(instruction_->operands[1], type, value) && emit(operation, type, result, {value});
}

bool Decoder::decodeBfind() {
  return counting(take("shiftamt") ? Operation::BfindShift : Operation::BfindBit);
}

bool Decoder::decodeBfe() {
  Type type;
  uint16_t result, value, position, length;
  return takeType(type) && isDone() && expectOperands(4) &&
         registerOf(instruction_->operands[0], type, result) &&
         slotOf(instruction_->operands[1], type, value) &&
         slotOf(instruction_->operands[2], Type::U32, position) &&
         slotOf(instruction_->operands[3], Type::U32, length) &&
         emit(Operation::Bfe, type, result, {value, position, length});
}

bool Decoder::decodeBfi() {
  Type type;
  uint16_t result, value, into, position, length;
  return takeType(type) && isDone() && expectOperands(5) &&
         registerOf(instruction_->operands[0], type, result) &&
         slotOf(instruction_->operands[1], type, value) &&
         slotOf(instruction_->operands[2], type, into) &&
         slotOf(instruction_->operands[3], Type::U32, position) &&
         slotOf(instruction_->operands[4], Type::U32, length) &&
         emit(Operation::Bfi, type, result, {value, into, position, length});
}

bool Decoder::decodePrmt() { return arithmetic(Operation::Prmt, 3); }

bool Decoder::decodeLop3() {
  Type type;
  uint16_t result, a, b, c;
  if (!takeType(type) || !isDone() || !expectOperands(5) ||
      !registerOf(instruction_->operands[0], type, result) ||
      !slotOf(instruction_->operands[1], type, a) || !slotOf(instruction_->operands[2], type, b) ||
      !slotOf(instruction_->operands[3], type, c))
    return false;
  const Operand &table = instruction_->operands[4];
  if (table.kind != Operand::Kind::Integer || table.value > 255)
    return fail("has no table from 0 to 255");
  if (!emit(Operation::Lop3, type, result, {a, b, c}))
    return false;
  program_.records.back().extra = uint32_t(table.value);
  return true;
}

} // namespace moert::vgpu
