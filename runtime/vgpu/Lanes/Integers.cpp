// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions on integers and bits. Overflow wraps, as in unsigned arithmetic.
#include "vgpu/Lanes/Row.h"

namespace moert::vgpu::VGPU_LEVEL {

namespace {

using ptx::Type;

template <typename T>
struct UnsignedOf {
  using type = T;
};
template <>
struct UnsignedOf<int8_t> {
  using type = uint8_t;
};
template <>
struct UnsignedOf<int16_t> {
  using type = uint16_t;
};
template <>
struct UnsignedOf<int32_t> {
  using type = uint32_t;
};
template <>
struct UnsignedOf<int64_t> {
  using type = uint64_t;
};
template <typename T>
constexpr bool kIsSigned = T(-1) < T(0);
template <typename T>
constexpr uint32_t kBits = sizeof(T) * 8;

template <typename T>
T divide(T a, T b) {
  if (b == 0)
    return T(-1); // unspecified in the ISA, all ones on the hardware
  if (kIsSigned<T> && b == T(-1))
    return T(0 - typename UnsignedOf<T>::type(a));
  return T(a / b);
}

template <typename T>
T remainder(T a, T b) {
  if (b == 0)
    return a;
  if (kIsSigned<T> && b == T(-1))
    return 0;
  return T(a % b);
}

template <typename U>
uint32_t leadingZeros(U value) {
  uint32_t count = 0;
  for (uint32_t step = kBits<U> / 2; step > 0; step /= 2) {
    const bool isHigh = (value >> (kBits<U> - step)) == 0;
    count += isHigh ? step : 0;
    value = isHigh ? U(value << step) : value;
  }
  return count + (value == 0 ? 1 : 0);
}

template <typename U>
uint32_t countOnes(U value) {
  uint32_t count = 0;
  for (uint32_t bit = 0; bit < kBits<U>; bit += 16) {
    uint32_t part = uint32_t(value >> bit) & 0xffff;
    part = part - ((part >> 1) & 0x5555);
    part = (part & 0x3333) + ((part >> 2) & 0x3333);
    part = (part + (part >> 4)) & 0x0f0f;
    count += (part + (part >> 8)) & 0x1f;
  }
  return count;
}

template <typename U>
U reverseBits(U value) {
  U result = 0;
  for (uint32_t bit = 0; bit < kBits<U>; ++bit)
    result = U(result | (((value >> bit) & 1) << (kBits<U> - 1 - bit)));
  return result;
}

/// The highest bit that differs from the sign; -1 if there is none.
template <typename T>
uint32_t findBit(T value) {
  using U = typename UnsignedOf<T>::type;
  const U bits = kIsSigned<T> && value < 0 ? U(~U(value)) : U(value);
  return kBits<T> - 1 - leadingZeros(bits);
}

/// `length` bits from `position` on, with the sign of the highest that there is (PTX ISA, "bfe").
template <typename T>
T extractBits(T value, uint32_t position, uint32_t length) {
  using U = typename UnsignedOf<T>::type;
  position &= 0xff;
  length &= 0xff;
  const uint32_t last = position + length > kBits<T> ? kBits<T> - 1 : position + length - 1;
  const bool sign = kIsSigned<T> && length > 0 && ((U(value) >> last) & 1);
  const U bits = position < kBits<T> ? U(U(value) >> position) : U(0);
  if (length >= kBits<T>) {
    // Beyond the value comes its sign.
    const uint32_t present = position < kBits<T> ? kBits<T> - position : 0;
    const U above = present >= kBits<T> ? U(0) : U(~U(0) << present);
    return T(sign ? U(bits | above) : bits);
  }
  const U mask = U((U(1) << length) - 1);
  const uint32_t present = position < kBits<T> ? kBits<T> - position : 0;
  const U missing = present >= kBits<T> ? U(0) : U(~U(0) << present);
  const U field = U((bits | (sign ? missing : U(0))) & mask);
  return T(sign ? U(field | U(~mask)) : field);
}

template <typename T>
T insertBits(T field, T into, uint32_t position, uint32_t length) {
  position &= 0xff;
  length &= 0xff;
  if (position >= kBits<T> || length == 0)
    return into;
  const T ones = length >= kBits<T> ? T(-1) : T((T(1) << length) - 1);
  const T mask = T(ones << position);
  return T((into & T(~mask)) | (T(field << position) & mask));
}

template <typename T>
T shiftLeft(T value, uint32_t count) {
  return count < kBits<T> ? T(value << count) : T(0);
}

template <typename T>
T shiftRight(T value, uint32_t count) {
  const uint32_t most = kBits<T> - 1;
  if (kIsSigned<T>)
    return T(value >> (count < most ? count : most));
  return count <= most ? T(value >> count) : T(0);
}

/// Mode: whether more than 32 counts as 32; or counts modulo 32.
uint32_t funnelLeft(uint32_t low, uint32_t high, uint32_t count) {
  return uint32_t(((uint64_t(high) << 32 | low) << count) >> 32);
}
uint32_t funnelRight(uint32_t low, uint32_t high, uint32_t count) {
  return uint32_t((uint64_t(high) << 32 | low) >> count);
}
uint32_t atMost32(uint32_t count) { return count < 32 ? count : 32; }

uint32_t permuteBytes(uint32_t a, uint32_t b, uint32_t selector) {
  const uint64_t bytes = uint64_t(b) << 32 | a;
  uint32_t result = 0;
  for (uint32_t i = 0; i < 4; ++i) {
    const uint32_t choice = selector >> (4 * i);
    const uint32_t byte = uint32_t(bytes >> (8 * (choice & 7))) & 0xff;
    // The highest bit of a choice asks for the byte's sign in all its bits.
    const uint32_t value = choice & 8 ? (byte & 0x80 ? 0xff : 0) : byte;
    result |= value << (8 * i);
  }
  return result;
}

uint32_t lookUp(uint32_t a, uint32_t b, uint32_t c, uint32_t table) {
  uint32_t result = 0;
  for (uint32_t i = 0; i < 8; ++i) {
    const uint32_t both = (i & 4 ? a : ~a) & (i & 2 ? b : ~b) & (i & 1 ? c : ~c);
    result |= table >> i & 1 ? both : 0;
  }
  return result;
}

/// T op T [op T] -> T.
template <Operation O, typename T>
T compute(T a, T b, T c) {
  using U = typename UnsignedOf<T>::type;
  using W = typename Resized<T>::wide;
  switch (O) {
  case Operation::Mov:
    return a;
  case Operation::Add:
    return T(U(a) + U(b));
  case Operation::Sub:
    return T(U(a) - U(b));
  case Operation::Mul: // of 16 bits, products of int would overflow
    return T(U(uint64_t(U(a)) * uint64_t(U(b))));
  case Operation::MulHi:
    return T((W(a) * W(b)) >> kBits<T>);
  case Operation::Mad:
    return T(U(uint64_t(U(a)) * uint64_t(U(b)) + U(c)));
  case Operation::MadHi:
    return T(U(T((W(a) * W(b)) >> kBits<T>)) + U(c));
  case Operation::Div:
    return divide(a, b);
  case Operation::Rem:
    return remainder(a, b);
  case Operation::Abs:
    return a < 0 ? T(0 - U(a)) : a;
  case Operation::Neg:
    return T(0 - U(a));
  case Operation::Min:
    return a < b ? a : b;
  case Operation::Max:
    return a > b ? a : b;
  case Operation::And:
    return T(a & b);
  case Operation::Or:
    return T(a | b);
  case Operation::Xor:
    return T(a ^ b);
  case Operation::Not:
    return T(~a);
  case Operation::Cnot:
    return a == 0 ? T(1) : T(0);
  case Operation::Brev:
    return T(reverseBits(U(a)));
  default:
    return T(0);
  }
}

template <Operation O, typename T>
void same(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]), *c = w.row<T>(r.inputs[2]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) { return compute<O, T>(a[i], b[i], c[i]); });
}

template <Operation O, typename T>
void widened(Warp &warp, const Record &r, LaneMask lanes) {
  using W = typename Resized<T>::wide;
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]), *b = w.row<T>(r.inputs[1]);
  const W *c = w.row<W>(r.inputs[2]);
  using U = typename UnsignedOf<W>::type;
  forLanes(w.row<W>(r.result), lanes, [=](uint32_t i) {
    const U product = U(W(a[i]) * W(b[i]));
    return W(O == Operation::MadWide ? U(product + U(c[i])) : product);
  });
}

/// T and a count -> T.
template <Operation O, typename T>
void shifted(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]);
  const uint32_t *count = w.row<uint32_t>(r.inputs[1]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) {
    return O == Operation::Shl ? shiftLeft(a[i], count[i]) : shiftRight(a[i], count[i]);
  });
}

/// T -> u32.
template <Operation O, typename T>
void counted(Warp &warp, const Record &r, LaneMask lanes) {
  using U = typename UnsignedOf<T>::type;
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const T *a = w.row<T>(r.inputs[0]);
  forLanes(w.row<uint32_t>(r.result), lanes, [=](uint32_t i) {
    if (O == Operation::Popc)
      return countOnes(U(a[i]));
    if (O == Operation::Clz)
      return leadingZeros(U(a[i]));
    const uint32_t bit = findBit(a[i]);
    return O == Operation::BfindBit || bit == ~0u ? bit : kBits<T> - 1 - bit;
  });
}

/// Fields of bits.
template <Operation O, typename T>
void field(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const bool inserts = O == Operation::Bfi;
  const T *a = w.row<T>(r.inputs[0]), *into = w.row<T>(r.inputs[1]);
  const uint32_t *position = w.row<uint32_t>(r.inputs[inserts ? 2 : 1]);
  const uint32_t *length = w.row<uint32_t>(r.inputs[inserts ? 3 : 2]);
  forLanes(w.row<T>(r.result), lanes, [=](uint32_t i) {
    if (inserts)
      return insertBits<T>(a[i], into[i], position[i], length[i]);
    return extractBits<T>(a[i], position[i], length[i]);
  });
}

template <Operation O>
void onWords(Warp &warp, const Record &r, LaneMask lanes) {
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const uint32_t *a = w.row<uint32_t>(r.inputs[0]), *b = w.row<uint32_t>(r.inputs[1]);
  const uint32_t *c = w.row<uint32_t>(r.inputs[2]);
  const uint32_t table = r.extra;
  forLanes(w.row<uint32_t>(r.result), lanes, [=](uint32_t i) {
    switch (O) {
    case Operation::Lop3:
      return lookUp(a[i], b[i], c[i], table);
    case Operation::Prmt:
      return permuteBytes(a[i], b[i], c[i]);
    case Operation::ShfLeftClamp:
      return funnelLeft(a[i], b[i], atMost32(c[i]));
    case Operation::ShfLeftWrap:
      return funnelLeft(a[i], b[i], c[i] & 31);
    case Operation::ShfRightClamp:
      return funnelRight(a[i], b[i], atMost32(c[i]));
    default:
      return funnelRight(a[i], b[i], c[i] & 31);
    }
  });
}

template <Operation O, typename T>
void packed(Warp &warp, const Record &r, LaneMask lanes) {
  using N = typename Resized<T>::narrow;
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const N *low = w.row<N>(r.inputs[0]), *high = w.row<N>(r.inputs[1]);
  forLanes(w.row<T>(r.result), lanes,
           [=](uint32_t i) { return T(low[i] | T(high[i]) << (kBits<T> / 2)); });
}

template <Operation O, typename T>
void unpacked(Warp &warp, const Record &r, LaneMask lanes) {
  using W = typename Resized<T>::wide;
  const auto &w = reinterpret_cast<WarpRegisters &>(warp);
  const W *a = w.row<W>(r.inputs[0]);
  forLanes(w.row<T>(r.result), lanes,
           [=](uint32_t i) { return T(O == Operation::UnpackHigh ? a[i] >> kBits<T> : a[i]); });
}

template <typename T>
Handler findOf(Operation operation) {
  constexpr bool isByte = sizeof(T) == 1;
#define VGPU_SAME(NAME)                                                                            \
  case Operation::NAME:                                                                            \
    return isByte ? nullptr : same<Operation::NAME, T>;
  switch (operation) {
  case Operation::Mov:
    return same<Operation::Mov, T>;
    VGPU_SAME(Add)
    VGPU_SAME(Sub)
    VGPU_SAME(Mul)
    VGPU_SAME(MulHi)
    VGPU_SAME(Mad)
    VGPU_SAME(MadHi)
    VGPU_SAME(Div)
    VGPU_SAME(Rem)
    VGPU_SAME(Min)
    VGPU_SAME(Max)
    VGPU_SAME(Abs)
    VGPU_SAME(Neg)
    VGPU_SAME(And)
    VGPU_SAME(Or)
    VGPU_SAME(Xor)
    VGPU_SAME(Not)
    VGPU_SAME(Cnot)
    VGPU_SAME(Brev)
#undef VGPU_SAME
  case Operation::Shl:
    return isByte ? nullptr : shifted<Operation::Shl, T>;
  case Operation::Shr:
    return isByte ? nullptr : shifted<Operation::Shr, T>;
  default:
    return nullptr;
  }
}

/// Those of 16 and 32 bits only.
template <typename T>
Handler findWide(Operation operation) {
  switch (operation) {
  case Operation::MulWide:
    return widened<Operation::MulWide, T>;
  case Operation::MadWide:
    return widened<Operation::MadWide, T>;
  default:
    return findOf<T>(operation);
  }
}

/// Those of 32 and 64 bits only.
template <typename T>
Handler findBits(Operation operation) {
  switch (operation) {
  case Operation::Popc:
    return counted<Operation::Popc, T>;
  case Operation::Clz:
    return counted<Operation::Clz, T>;
  case Operation::BfindBit:
    return counted<Operation::BfindBit, T>;
  case Operation::BfindShift:
    return counted<Operation::BfindShift, T>;
  case Operation::Bfe:
    return field<Operation::Bfe, T>;
  case Operation::Bfi:
    return field<Operation::Bfi, T>;
  default:
    return nullptr;
  }
}

template <typename T>
Handler findPacking(Operation operation) {
  switch (operation) {
  case Operation::Pack:
    return packed<Operation::Pack, T>;
  default:
    return nullptr;
  }
}

template <typename T>
Handler findUnpacking(Operation operation) {
  switch (operation) {
  case Operation::UnpackLow:
    return unpacked<Operation::UnpackLow, T>;
  case Operation::UnpackHigh:
    return unpacked<Operation::UnpackHigh, T>;
  default:
    return nullptr;
  }
}

Handler findWord(Operation operation) {
  switch (operation) {
#define VGPU_WORD(NAME)                                                                            \
  case Operation::NAME:                                                                            \
    return onWords<Operation::NAME>;
    VGPU_WORD(Lop3)
    VGPU_WORD(Prmt)
    VGPU_WORD(ShfLeftClamp)
    VGPU_WORD(ShfLeftWrap)
    VGPU_WORD(ShfRightClamp)
    VGPU_WORD(ShfRightWrap)
#undef VGPU_WORD
  default:
    return nullptr;
  }
}

Handler either(Handler first, Handler second) { return first ? first : second; }

} // namespace

Handler findInteger(Operation operation, Type type) {
  switch (type) {
  case Type::B8:
  case Type::U8:
    return either(findOf<uint8_t>(operation), findUnpacking<uint8_t>(operation));
  case Type::S8:
    return findOf<int8_t>(operation);
  case Type::B16:
    return either(findOf<uint16_t>(operation),
                  either(findPacking<uint16_t>(operation), findUnpacking<uint16_t>(operation)));
  case Type::U16:
    return findWide<uint16_t>(operation);
  case Type::S16:
    return findWide<int16_t>(operation);
  case Type::B32:
    return either(
        findWord(operation),
        either(either(findOf<uint32_t>(operation), findBits<uint32_t>(operation)),
               either(findPacking<uint32_t>(operation), findUnpacking<uint32_t>(operation))));
  case Type::U32:
    return either(findWide<uint32_t>(operation), findBits<uint32_t>(operation));
  case Type::S32:
    return either(findWide<int32_t>(operation), findBits<int32_t>(operation));
  case Type::B64:
    return either(either(findOf<uint64_t>(operation), findBits<uint64_t>(operation)),
                  findPacking<uint64_t>(operation));
  case Type::U64:
    return either(findOf<uint64_t>(operation), findBits<uint64_t>(operation));
  case Type::S64:
    return either(findOf<int64_t>(operation), findBits<int64_t>(operation));
  default:
    return nullptr;
  }
}

} // namespace moert::vgpu::VGPU_LEVEL
