// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instructions compute on the lanes of a warp, and where their code is.
#ifndef MOERT_VGPU_LANES_OPERATION_H
#define MOERT_VGPU_LANES_OPERATION_H

#include "vgpu/Exec/Record.h"
#include "vgpu/Ptx/Type.h"

namespace moert::vgpu {

/// Named as in the PTX ISA, with what its modifiers choose. Inputs and result have the type that is
/// given with the operation, but where a comment says otherwise.
enum class Operation : uint8_t {
  Mov,
  Add,
  Sub,
  Mul,
  MulHi,
  Mad,
  MadHi,
  Div,
  Rem,
  Abs,
  Neg,
  Min,
  Max,
  MulWide,
  MadWide, // the result, and what is added, has twice the bits
  And,
  Or,
  Xor,
  Not,
  Cnot,
  Lop3, // Lop3: extra is the table
  Shl,
  Shr, // the count is u32
  ShfLeftClamp,
  ShfLeftWrap,
  ShfRightClamp,
  ShfRightWrap,
  Popc,
  Clz,
  BfindBit,
  BfindShift, // the result is u32
  Brev,
  Bfe,
  Bfi, // Bfe, Bfi: position and length are u32
  Prmt,
  Fma,
  FmaToward, // Record::flags is the Rounding, another one than to nearest
  MinNan,
  MaxNan,
  Rcp,
  Sqrt,
  Rsqrt,
  Sin,
  Cos,
  Lg2,
  Ex2,
  Tanh,
  Copysign,
  Saturate, // to [0, 1], NaN to 0
  Flush,    // subnormal numbers to zeros
  Equal,
  NotEqual,
  Less,
  LessEqual,
  Greater,
  GreaterEqual, // predicates, see Comparison
  EqualNan,
  NotEqualNan,
  LessNan,
  LessEqualNan,
  GreaterNan,
  GreaterEqualNan, // true with a NaN
  BothNumbers,
  EitherNan,
  Select, // the third input is a predicate
  Set,    // all bits (floats: 1.0) where the predicate, the first input, is true
  Pack,   // two of half the bits, the lower one first
  UnpackLow,
  UnpackHigh, // the type is that of the result, the input has twice the bits
  Count
};

/// For comparisons: `result` is the predicate, `inputs[3]` a second one for the opposite, or 0. How
/// the predicate inputs[2] joins both:
enum class Joined : uint8_t { No, And, Or, Xor };

/// How a conversion rounds, in Record::flags.
enum class Rounding : uint8_t { Nearest, Zero, Down, Up, NearestAway };

/// Instruction sets of the CPU that handlers are compiled for.
enum class Level : uint8_t { Baseline, Avx2, Avx512 };
/// What this CPU has.
Level bestLevel();

/// The code for an operation and a type, or null if the PTX ISA has no such instruction.
Handler findHandler(Level level, Operation operation, ptx::Type type);
/// For `cvt`: Record::flags has the rounding. Floats that become integers are limited to what fits,
/// NaN is 0.
Handler findConversion(Level level, ptx::Type to, ptx::Type from);

} // namespace moert::vgpu

#endif // MOERT_VGPU_LANES_OPERATION_H
