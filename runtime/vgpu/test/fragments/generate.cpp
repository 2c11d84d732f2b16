// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Writes FragmentTables.h: where elements of matrices are in registers, as CUTLASS has it. To run,
// with CUDA's headers in $CUDA:
//
//   pip download --no-deps nvidia-cutlass==4.2.0.0 && unzip nvidia_cutlass-*.whl -d cutlass
//   g++ -std=c++17 -I cutlass/cutlass_library/source/include -I $CUDA/include \
//     -I $CUDA/include/cccl generate.cpp -o generate && ./generate > FragmentTables.h
#include <cute/atom/copy_traits_sm75.hpp>
#include <cute/atom/copy_traits_sm90.hpp>
#include <cute/atom/mma_traits_sm80.hpp>
#include <cute/atom/mma_traits_sm89.hpp>

#include <cstdio>
#include <map>
#include <string>
#include <vector>

using namespace cute;

namespace {

/// Numbers of a table, and the lines that refer to them.
std::map<std::vector<int>, int> known;
std::string arrays, lines;

void add(const std::string &instruction, const char *matrix, int rows, int columns,
         const std::vector<int> &places) {
  const auto [found, isNew] = known.emplace(places, int(known.size()));
  const std::string name = "kPlaces" + std::to_string(found->second);
  if (isNew) {
    arrays += "inline constexpr uint16_t " + name + "[] = {";
    for (size_t i = 0; i < places.size(); ++i)
      arrays += (i % 16 ? " " : "\n    ") + std::to_string(places[i]) + ",";
    arrays += "\n};\n";
  }
  lines += "    {\"" + instruction + "\", \"" + matrix + "\", " + std::to_string(rows) + ", " +
           std::to_string(columns) + ", " + std::to_string(places.size() / 32) + ", " + name +
           "},\n";
}

/// `layout` counts down the columns of a matrix of `rows` rows, or along them.
template <typename Layout>
void addMatrix(const std::string &instruction, const char *matrix, int rows, int columns,
               bool isTransposed) {
  const Layout layout;
  std::vector<int> places;
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < int(size<1>(layout)); ++i) {
      const int place = int(layout(lane, i));
      places.push_back(isTransposed ? place : place % rows * columns + place / rows);
    }
  add(instruction, matrix, rows, columns, places);
}

template <typename Operation>
void addMma(const std::string &types) {
  using Traits = MMA_Traits<Operation>;
  constexpr int m = size<0>(typename Traits::Shape_MNK{}),
                n = size<1>(typename Traits::Shape_MNK{}),
                k = size<2>(typename Traits::Shape_MNK{});
  const std::string name =
      "mma.m" + std::to_string(m) + "n" + std::to_string(n) + "k" + std::to_string(k) + "." + types;
  addMatrix<typename Traits::ALayout>(name, "a", m, k, false);
  // CUTLASS has b as n rows of k, column by column: row by row of what is k rows of n.
  addMatrix<typename Traits::BLayout>(name, "b", k, n, true);
  addMatrix<typename Traits::CLayout>(name, "c", m, n, false);
}

/// The bits of the memory's rows against those of registers, as elements of 16 bits.
template <typename Memory, typename Registers>
void addCopy(const std::string &name, int count) {
  const Memory memory;
  const Registers registers;
  std::vector<int> places;
  for (int lane = 0; lane < 32; ++lane)
    for (int i = 0; i < 2 * count; ++i) {
      const int bit = int(registers(lane, 16 * i));
      for (int row = 0; row < 8 * count; ++row)
        if (const int first = int(memory(row, 0)); bit >= first && bit < first + 128)
          places.push_back(row * 8 + (bit - first) / 16);
    }
  add(name, "", 8 * count, 8, places);
}

template <typename Operation>
void addLoad(const std::string &name, int count) {
  using Traits = Copy_Traits<Operation>;
  addCopy<typename Traits::SrcLayout, typename Traits::DstLayout>("ldmatrix." + name, count);
}

template <typename Operation>
void addStore(const std::string &name, int count) {
  using Traits = Copy_Traits<Operation>;
  addCopy<typename Traits::DstLayout, typename Traits::SrcLayout>("stmatrix." + name, count);
}

} // namespace

int main() {
  addMma<SM80_16x8x8_F16F16F16F16_TN>("f16.f16.f16.f16");
  addMma<SM80_16x8x8_F32F16F16F32_TN>("f32.f16.f16.f32");
  addMma<SM80_16x8x16_F16F16F16F16_TN>("f16.f16.f16.f16");
  addMma<SM80_16x8x16_F32F16F16F32_TN>("f32.f16.f16.f32");
  addMma<SM80_16x8x8_F32BF16BF16F32_TN>("f32.bf16.bf16.f32");
  addMma<SM80_16x8x16_F32BF16BF16F32_TN>("f32.bf16.bf16.f32");
  addMma<SM80_16x8x4_F32TF32TF32F32_TN>("f32.tf32.tf32.f32");
  addMma<SM80_16x8x8_F32TF32TF32F32_TN>("f32.tf32.tf32.f32");
  addMma<SM80_8x8x4_F64F64F64F64_TN>("f64.f64.f64.f64");
  addMma<SM80_16x8x16_S32S8S8S32_TN>("s32.s8.s8.s32");
  addMma<SM80_16x8x16_S32S8U8S32_TN>("s32.s8.u8.s32");
  addMma<SM80_16x8x16_S32U8S8S32_TN>("s32.u8.s8.s32");
  addMma<SM80_16x8x16_S32U8U8S32_TN>("s32.u8.u8.s32");
  addMma<SM80_16x8x32_S32S8S8S32_TN>("s32.s8.s8.s32");
  addMma<SM80_16x8x32_S32S8U8S32_TN>("s32.s8.u8.s32");
  addMma<SM80_16x8x32_S32U8S8S32_TN>("s32.u8.s8.s32");
  addMma<SM80_16x8x32_S32U8U8S32_TN>("s32.u8.u8.s32");
  addMma<SM89_16x8x32_F32E4M3E4M3F32_TN>("f32.e4m3.e4m3.f32");
  addMma<SM89_16x8x32_F32E4M3E5M2F32_TN>("f32.e4m3.e5m2.f32");
  addMma<SM89_16x8x32_F32E5M2E4M3F32_TN>("f32.e5m2.e4m3.f32");
  addMma<SM89_16x8x32_F32E5M2E5M2F32_TN>("f32.e5m2.e5m2.f32");
  addMma<SM89_16x8x32_F16E4M3E4M3F16_TN>("f16.e4m3.e4m3.f16");
  addMma<SM89_16x8x32_F16E4M3E5M2F16_TN>("f16.e4m3.e5m2.f16");
  addMma<SM89_16x8x32_F16E5M2E4M3F16_TN>("f16.e5m2.e4m3.f16");
  addMma<SM89_16x8x32_F16E5M2E5M2F16_TN>("f16.e5m2.e5m2.f16");
  addLoad<SM75_U32x1_LDSM_N>("x1", 1);
  addLoad<SM75_U32x2_LDSM_N>("x2", 2);
  addLoad<SM75_U32x4_LDSM_N>("x4", 4);
  addLoad<SM75_U16x2_LDSM_T>("x1.trans", 1);
  addLoad<SM75_U16x4_LDSM_T>("x2.trans", 2);
  addLoad<SM75_U16x8_LDSM_T>("x4.trans", 4);
  addStore<SM90_U32x1_STSM_N>("x1", 1);
  addStore<SM90_U32x2_STSM_N>("x2", 2);
  addStore<SM90_U32x4_STSM_N>("x4", 4);
  addStore<SM90_U16x2_STSM_T>("x1.trans", 1);
  addStore<SM90_U16x4_STSM_T>("x2.trans", 2);
  addStore<SM90_U16x8_STSM_T>("x4.trans", 4);
  printf(R"(// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where elements of matrices are in the registers of a warp: numbers that the headers of CUTLASS's
// CuTe give (nvidia-cutlass 4.2.0.0), written by generate.cpp.
//
// Tests of the virtual GPU and of code for GPUs read them; so this includes nothing of either.
#ifndef MOERT_VGPU_TEST_FRAGMENTS_FRAGMENTTABLES_H
#define MOERT_VGPU_TEST_FRAGMENTS_FRAGMENTTABLES_H

#include <cstdint>

namespace moert::fragments {

/// A matrix of an instruction; c is d too. `places`, for each of 32 lanes and each of its elements,
/// in the order of its registers and from their lowest bits on: row * columns + column.
///
/// `ldmatrix` and `stmatrix` move tiles of 8 rows of 8 elements, one below the other.
struct Table {
  const char *instruction, *matrix;
  uint32_t rows, columns, elements;
  const uint16_t *places;
};

// clang-format off
%s
inline constexpr Table kTables[] = {
%s};
// clang-format on

} // namespace moert::fragments

#endif // MOERT_VGPU_TEST_FRAGMENTS_FRAGMENTTABLES_H
)",
         arrays.c_str(), lines.c_str());
}
