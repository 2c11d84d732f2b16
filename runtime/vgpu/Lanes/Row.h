// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loops over the lanes of a warp. Files of this folder are compiled for each level, in a namespace
// of its name; so they contain nothing that a linker could merge, no part of the standard library.
#ifndef MOERT_VGPU_LANES_ROW_H
#define MOERT_VGPU_LANES_ROW_H

#include "vgpu/Lanes/Numbers.h"
#include "vgpu/Lanes/Operation.h"

// Rows of a result and of inputs are the same or do not overlap, so lanes do not depend on lanes.
#ifdef __clang__
#define VGPU_LANES _Pragma("clang loop vectorize(assume_safety) interleave(enable)")
#else
#define VGPU_LANES _Pragma("GCC ivdep")
#endif

namespace moert::vgpu::VGPU_LEVEL {

/// result[lane] = f(lane) for the lanes of the mask.
template <typename T, typename Function>
inline void forLanes(T *result, LaneMask lanes, Function f) {
  if (lanes == kAllLanes) {
    VGPU_LANES
    for (uint32_t lane = 0; lane < kLanes; ++lane)
      result[lane] = f(lane);
    return;
  }
  VGPU_LANES
  for (uint32_t lane = 0; lane < kLanes; ++lane) {
    const T value = f(lane);
    result[lane] = (lanes >> lane) & 1 ? value : result[lane];
  }
}

/// A mask of the lanes for which f(lane) is true.
template <typename Function>
inline LaneMask maskOf(Function f) {
  LaneMask bits[kLanes];
  VGPU_LANES
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    bits[lane] = LaneMask(f(lane)) << lane;
  LaneMask mask = 0;
  for (uint32_t lane = 0; lane < kLanes; ++lane)
    mask |= bits[lane];
  return mask;
}

/// The value in a register of a type of the PTX ISA.
template <ptx::Type T>
struct ValueOf {
  using type = void;
};
#define VGPU_VALUE(NAME, TYPE)                                                                     \
  template <>                                                                                      \
  struct ValueOf<ptx::Type::NAME> {                                                                \
    using type = TYPE;                                                                             \
  };
VGPU_VALUE(B8, uint8_t)
VGPU_VALUE(B16, uint16_t)
VGPU_VALUE(B32, uint32_t)
VGPU_VALUE(B64, uint64_t)
VGPU_VALUE(U8, uint8_t)
VGPU_VALUE(U16, uint16_t)
VGPU_VALUE(U32, uint32_t)
VGPU_VALUE(U64, uint64_t)
VGPU_VALUE(S8, int8_t)
VGPU_VALUE(S16, int16_t)
VGPU_VALUE(S32, int32_t)
VGPU_VALUE(S64, int64_t)
VGPU_VALUE(F16, Half)
VGPU_VALUE(BF16, BFloat)
VGPU_VALUE(F32, float)
VGPU_VALUE(F64, double)
#undef VGPU_VALUE

/// The integer with twice the bits, or half of them.
template <typename T>
struct Resized;
#define VGPU_RESIZED(TYPE, WIDE, NARROW)                                                           \
  template <>                                                                                      \
  struct Resized<TYPE> {                                                                           \
    using wide = WIDE;                                                                             \
    using narrow = NARROW;                                                                         \
  };
VGPU_RESIZED(uint8_t, uint16_t, void)
VGPU_RESIZED(uint16_t, uint32_t, uint8_t)
VGPU_RESIZED(uint32_t, uint64_t, uint16_t)
VGPU_RESIZED(uint64_t, unsigned __int128, uint32_t)
VGPU_RESIZED(int8_t, int16_t, void)
VGPU_RESIZED(int16_t, int32_t, int8_t)
VGPU_RESIZED(int32_t, int64_t, int16_t)
VGPU_RESIZED(int64_t, __int128, int32_t)
#undef VGPU_RESIZED

template <typename T>
struct IsFloat {
  static constexpr bool value = false;
};
template <>
struct IsFloat<float> {
  static constexpr bool value = true;
};
template <>
struct IsFloat<double> {
  static constexpr bool value = true;
};
template <>
struct IsFloat<Half> {
  static constexpr bool value = true;
};
template <>
struct IsFloat<BFloat> {
  static constexpr bool value = true;
};

Handler findInteger(Operation operation, ptx::Type type);
Handler findFloat(Operation operation, ptx::Type type);
Handler findPredicate(Operation operation, ptx::Type type);
Handler findConversion(ptx::Type to, ptx::Type from);

} // namespace moert::vgpu::VGPU_LEVEL

#endif // MOERT_VGPU_LANES_ROW_H
