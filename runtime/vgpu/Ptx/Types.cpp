// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Ptx/Module.h"

namespace moert::vgpu::ptx {

namespace {

struct TypeRow {
  Type type;
  std::string_view name;
  uint32_t bytes;
};

constexpr TypeRow kTypes[] = {
    {Type::None, "", 0},       {Type::B8, "b8", 1},     {Type::B16, "b16", 2},
    {Type::B32, "b32", 4},     {Type::B64, "b64", 8},   {Type::B128, "b128", 16},
    {Type::U8, "u8", 1},       {Type::U16, "u16", 2},   {Type::U32, "u32", 4},
    {Type::U64, "u64", 8},     {Type::S8, "s8", 1},     {Type::S16, "s16", 2},
    {Type::S32, "s32", 4},     {Type::S64, "s64", 8},   {Type::F16, "f16", 2},
    {Type::F16x2, "f16x2", 4}, {Type::BF16, "bf16", 2}, {Type::BF16x2, "bf16x2", 4},
    {Type::TF32, "tf32", 4},   {Type::F32, "f32", 4},   {Type::F64, "f64", 8},
    {Type::Pred, "pred", 0},
};

constexpr std::string_view kSpecials[] = {
    "%tid.x",           "%tid.y",
    "%tid.z",           "%ntid.x",
    "%ntid.y",          "%ntid.z",
    "%ctaid.x",         "%ctaid.y",
    "%ctaid.z",         "%nctaid.x",
    "%nctaid.y",        "%nctaid.z",
    "%laneid",          "%warpid",
    "%nwarpid",         "%smid",
    "%nsmid",           "%gridid",
    "%clock",           "%clock_hi",
    "%clock64",         "%globaltimer",
    "%globaltimer_lo",  "%globaltimer_hi",
    "%lanemask_eq",     "%lanemask_le",
    "%lanemask_lt",     "%lanemask_ge",
    "%lanemask_gt",     "%dynamic_smem_size",
    "%total_smem_size",
};
static_assert(sizeof(kSpecials) / sizeof(kSpecials[0]) == size_t(Special::Count));

} // namespace

uint32_t sizeOf(Type type) { return kTypes[size_t(type)].bytes; }
std::string_view nameOf(Type type) { return kTypes[size_t(type)].name; }
std::string_view nameOf(Special special) { return kSpecials[size_t(special)]; }

Type typeNamed(std::string_view name) {
  for (const TypeRow &row : kTypes)
    if (row.name == name)
      return row.type;
  return Type::None;
}

} // namespace moert::vgpu::ptx
