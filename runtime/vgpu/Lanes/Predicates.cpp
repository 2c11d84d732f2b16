// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Comparisons, selections and logic of predicates.
#include "vgpu/Lanes/Row.h"

namespace moert::vgpu::VGPU_LEVEL {

namespace {

using ptx::Type;

template <typename T>
struct Comparable {
  static T of(T value) { return value; }
};
template <>
struct Comparable<Half> {
  static float of(Half value) { return widen(value); }
};
template <>
struct Comparable<BFloat> {
  static float of(BFloat value) { return widen(value); }
};

template <Operation O, typename T>
bool holds(T a, T b) {
  const bool isOrdered = a == a && b == b;
  switch (O) {
  case Operation::Equal:
    return a == b;
  case Operation::NotEqual:
    return a != b && isOrdered;
  case Operation::Less:
    return a < b;
  case Operation::LessEqual:
    return a <= b;
  case Operation::Greater:
    return a > b;
  case Operation::GreaterEqual:
    return a >= b;
  case Operation::EqualNan:
    return a == b || !isOrdered;
  case Operation::NotEqualNan:
    return a != b;
  case Operation::LessNan:
    return !(a >= b);
  case Operation::LessEqualNan:
    return !(a > b);
  case Operation::GreaterNan:
    return !(a <= b);
  case Operation::GreaterEqualNan:
    return !(a < b);
  case Operation::BothNumbers:
    return isOrdered;
  default:
    return !isOrdered;
  }
}

LaneMask joined(LaneMask a, LaneMask b, Joined how) {
  switch (how) {
  case Joined::And:
    return a & b;
  case Joined::Or:
    return a | b;
  case Joined::Xor:
    return a ^ b;
  default:
    return a;
  }
}

template <Operation O, typename T>
void compared(Warp &warp, const Record &r, LaneMask lanes) {
  auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]);
  const LaneMask found = maskOf(
      [=](uint32_t i) { return holds<O>(Comparable<T>::of(a[i]), Comparable<T>::of(b[i])); });
  const LaneMask other = w.predicate(r.inputs[2]);
  const auto how = Joined(r.flags);
  w.setPredicate(r.result, lanes, joined(found, other, how));
  if (r.inputs[3])
    w.setPredicate(r.inputs[3], lanes, joined(~found, other, how));
}

template <typename T>
void selected(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]);
  const LaneMask first = w.predicate(r.inputs[2]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) { return (first >> i) & 1 ? a[i] : b[i]; });
}

/// The value for true is inputs[1], a constant.
template <typename T>
void filled(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *ones = w.row<T>(r.inputs[1]);
  const LaneMask set = w.predicate(r.inputs[0]);
  forLanes(w.row<T>(r.result), lanes,
           [=](uint32_t i) { return T((set >> i) & 1 ? ones[i] : T(0)); });
}

template <Operation O>
void logic(Warp &warp, const Record &r, LaneMask lanes) {
  auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const LaneMask a = w.predicate(r.inputs[0]), b = w.predicate(r.inputs[1]);
  LaneMask result = a;
  if (O == Operation::And)
    result = a & b;
  else if (O == Operation::Or)
    result = a | b;
  else if (O == Operation::Xor)
    result = a ^ b;
  else if (O == Operation::Not)
    result = ~a;
  w.setPredicate(r.result, lanes, result);
}

template <typename T>
Handler findComparison(Operation operation) {
  switch (operation) {
#define VGPU_CASE(NAME)                                                                            \
  case Operation::NAME:                                                                            \
    return compared<Operation::NAME, T>;
    VGPU_CASE(Equal)
    VGPU_CASE(NotEqual)
    VGPU_CASE(Less)
    VGPU_CASE(LessEqual)
    VGPU_CASE(Greater)
    VGPU_CASE(GreaterEqual)
  default:
    return nullptr;
  }
}

template <typename T>
Handler findFloatComparison(Operation operation) {
  switch (operation) {
    VGPU_CASE(EqualNan)
    VGPU_CASE(NotEqualNan)
    VGPU_CASE(LessNan)
    VGPU_CASE(LessEqualNan)
    VGPU_CASE(GreaterNan)
    VGPU_CASE(GreaterEqualNan)
    VGPU_CASE(BothNumbers)
    VGPU_CASE(EitherNan)
#undef VGPU_CASE
  default:
    return findComparison<T>(operation);
  }
}

template <typename T>
Handler findSelection(Operation operation) {
  switch (operation) {
  case Operation::Select:
    return selected<T>;
  case Operation::Set:
    return filled<T>;
  default:
    return nullptr;
  }
}

Handler findLogic(Operation operation) {
  switch (operation) {
  case Operation::And:
    return logic<Operation::And>;
  case Operation::Or:
    return logic<Operation::Or>;
  case Operation::Xor:
    return logic<Operation::Xor>;
  case Operation::Not:
    return logic<Operation::Not>;
  case Operation::Mov:
    return logic<Operation::Mov>;
  default:
    return nullptr;
  }
}

} // namespace

Handler findPredicate(Operation operation, Type type) {
  if (operation == Operation::Select || operation == Operation::Set)
    switch (type) {
    case Type::B16:
    case Type::U16:
    case Type::S16:
    case Type::F16:
    case Type::BF16:
      return findSelection<uint16_t>(operation);
    case Type::B32:
    case Type::U32:
    case Type::S32:
    case Type::F32:
      return findSelection<uint32_t>(operation);
    case Type::B64:
    case Type::U64:
    case Type::S64:
    case Type::F64:
      return findSelection<uint64_t>(operation);
    default:
      return nullptr;
    }
  switch (type) {
  case Type::Pred:
    return findLogic(operation);
  case Type::B16:
  case Type::U16:
    return findComparison<uint16_t>(operation);
  case Type::S16:
    return findComparison<int16_t>(operation);
  case Type::B32:
  case Type::U32:
    return findComparison<uint32_t>(operation);
  case Type::S32:
    return findComparison<int32_t>(operation);
  case Type::B64:
  case Type::U64:
    return findComparison<uint64_t>(operation);
  case Type::S64:
    return findComparison<int64_t>(operation);
  case Type::F16:
    return findFloatComparison<Half>(operation);
  case Type::BF16:
    return findFloatComparison<BFloat>(operation);
  case Type::F32:
    return findFloatComparison<float>(operation);
  case Type::F64:
    return findFloatComparison<double>(operation);
  default:
    return nullptr;
  }
}

} // namespace moert::vgpu::VGPU_LEVEL
