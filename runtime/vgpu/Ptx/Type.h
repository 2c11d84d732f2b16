// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_VGPU_PTX_TYPE_H
#define MOERT_VGPU_PTX_TYPE_H

#include <cstdint>

namespace moert::vgpu::ptx {

/// Types of registers, variables and instructions (PTX ISA, "Types").
enum class Type : uint8_t {
  None,
  B8,
  B16,
  B32,
  B64,
  B128,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  F16x2,
  BF16,
  BF16x2,
  TF32,
  F32,
  F64,
  Pred,
  Count
};

constexpr bool isFloat(Type type) { return type >= Type::F16 && type <= Type::F64; }

} // namespace moert::vgpu::ptx

#endif // MOERT_VGPU_PTX_TYPE_H
