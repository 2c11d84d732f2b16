//===- Rounding.h - Rounding to f16 and bf16 --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_ROUNDING_H
#define MOEC_LIB_INTERPRET_ROUNDING_H

#include <cstdint>

namespace moec {

/// Bits of the f16 or bf16 nearest to `value`, ties to even. Overflow gives
/// infinity, results below the smallest normal number are subnormal, and NaN
/// gives a quiet NaN. Rounds once, from f64: a way through f32 would round
/// twice.
uint16_t roundToF16(double value);
uint16_t roundToBF16(double value);

/// The exact value of f16 or bf16 bits.
double f16ToDouble(uint16_t bits);
double bf16ToDouble(uint16_t bits);

} // namespace moec

#endif // MOEC_LIB_INTERPRET_ROUNDING_H
