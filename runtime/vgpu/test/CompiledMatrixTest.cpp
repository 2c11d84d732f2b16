// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products of matrices as compilers emit them: two kernels that multiply 16x16 by 16x8 halves by
// way of shared memory, `ldmatrix` and `mma`.
#include "Kernel.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// LLVM 22, from MLIR's gpu and nvgpu dialects. Parameters 1, 8 and 15 are A, B and the result.
const char *const kFromLlvm = R"(
.version 8.0
.target sm_80
.address_size 64
.visible .entry tile(
  .param .u64 .ptr .align 1 tile_param_0,
  .param .u64 .ptr .align 1 tile_param_1,
  .param .u64 tile_param_2,
  .param .u64 tile_param_3,
  .param .u64 tile_param_4,
  .param .u64 tile_param_5,
  .param .u64 tile_param_6,
  .param .u64 .ptr .align 1 tile_param_7,
  .param .u64 .ptr .align 1 tile_param_8,
  .param .u64 tile_param_9,
  .param .u64 tile_param_10,
  .param .u64 tile_param_11,
  .param .u64 tile_param_12,
  .param .u64 tile_param_13,
  .param .u64 .ptr .align 1 tile_param_14,
  .param .u64 .ptr .align 1 tile_param_15,
  .param .u64 tile_param_16,
  .param .u64 tile_param_17,
  .param .u64 tile_param_18,
  .param .u64 tile_param_19,
  .param .u64 tile_param_20
)
.maxntid 32, 1, 1
{
  .reg .b32 %r<21>;
  .reg .b64 %rd<30>;
  .shared .align 128 .b8 bufA[512];
  .shared .align 128 .b8 bufB[512];
  ld.param.b64 %rd1, [tile_param_1];
  cvta.to.global.u64 %rd2, %rd1;
  ld.param.b64 %rd3, [tile_param_8];
  cvta.to.global.u64 %rd4, %rd3;
  ld.param.b64 %rd5, [tile_param_15];
  cvta.to.global.u64 %rd6, %rd5;
  mov.u32 %r1, %tid.x;
  cvt.u64.u32 %rd7, %r1;
  mul.wide.u32 %rd8, %r1, 8;
  mul.wide.u32 %rd9, %r1, 16;
  add.s64 %rd10, %rd2, %rd9;
  ld.global.v4.b32 {%r2, %r3, %r4, %r5}, [%rd10];
  mov.b64 %rd11, bufA;
  add.s64 %rd12, %rd11, %rd9;
  st.shared.v4.b32 [%rd12], {%r2, %r3, %r4, %r5};
  add.s64 %rd13, %rd4, %rd9;
  ld.global.v4.b32 {%r6, %r7, %r8, %r9}, [%rd13];
  mov.b64 %rd14, bufB;
  add.s64 %rd15, %rd14, %rd9;
  st.shared.v4.b32 [%rd15], {%r6, %r7, %r8, %r9};
  bar.sync 0;
  mul.wide.u32 %rd16, %r1, 32;
  and.b64 %rd17, %rd16, 480;
  add.s64 %rd18, %rd11, %rd17;
  and.b64 %rd19, %rd7, 16;
  add.s64 %rd20, %rd18, %rd19;
  ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r10, %r11, %r12, %r13}, [%rd20];
  and.b64 %rd21, %rd7, 8;
  and.b64 %rd22, %rd16, 224;
  add.s64 %rd23, %rd14, %rd22;
  shl.b64 %rd24, %rd21, 1;
  add.s64 %rd25, %rd23, %rd24;
  ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r14, %r15}, [%rd25];
  mov.b32 %r16, 0f00000000;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32
    {%r17, %r18, %r19, %r20},
    {%r10, %r11, %r12, %r13},
    {%r14, %r15},
    {%r16, %r16, %r16, %r16};
  and.b64 %rd26, %rd8, 224;
  add.s64 %rd27, %rd6, %rd26;
  and.b64 %rd28, %rd8, 24;
  add.s64 %rd29, %rd27, %rd28;
  st.global.b32 [%rd29+4], %r18;
  st.global.b32 [%rd29], %r17;
  st.global.b32 [%rd29+260], %r20;
  st.global.b32 [%rd29+256], %r19;
  ret;
}
)";

/// nvcc 13.0, from C++ with assembly; shortened is the name of `tiles`.
const char *const kFromNvcc = R"(
.version 9.0
.target sm_80
.address_size 64
.visible .entry product(
  .param .u64 product_param_0,
  .param .u64 product_param_1,
  .param .u64 product_param_2
)
{
  .reg .pred %p<2>;
  .reg .f32 %f<9>;
  .reg .b32 %r<59>;
  .reg .b64 %rd<14>;
  .shared .align 16 .b8 tiles[768];
  ld.param.u64 %rd2, [product_param_0];
  ld.param.u64 %rd4, [product_param_1];
  ld.param.u64 %rd3, [product_param_2];
  mov.u32 %r2, %tid.x;
  shl.b32 %r3, %r2, 4;
  mov.u32 %r4, tiles;
  add.s32 %r1, %r4, %r3;
  cvt.s64.s32 %rd1, %r2;
  cvta.to.global.u64 %rd5, %rd4;
  mul.wide.s32 %rd6, %r2, 16;
  add.s64 %rd7, %rd5, %rd6;
  ld.global.v4.u32 {%r5, %r6, %r7, %r8}, [%rd7];
  st.shared.v4.u32 [%r1], {%r5, %r6, %r7, %r8};
  setp.gt.s32 %p1, %r2, 15;
  @%p1 bra $L__BB0_2;
  cvta.to.global.u64 %rd8, %rd3;
  shl.b64 %rd9, %rd1, 4;
  add.s64 %rd10, %rd8, %rd9;
  ld.global.v4.u32 {%r13, %r14, %r15, %r16}, [%rd10];
  st.shared.v4.u32 [%r1+512], {%r13, %r14, %r15, %r16};
$L__BB0_2:
  cvt.u32.u64 %r35, %rd1;
  bar.sync 0;
  shr.s32 %r36, %r35, 31;
  shr.u32 %r37, %r36, 28;
  add.s32 %r38, %r35, %r37;
  and.b32 %r39, %r38, 134217712;
  sub.s32 %r40, %r35, %r39;
  shl.b32 %r41, %r40, 1;
  shr.u32 %r42, %r38, 4;
  add.s32 %r43, %r41, %r42;
  shl.b32 %r44, %r43, 4;
  add.s32 %r25, %r4, %r44;
  shr.u32 %r46, %r36, 29;
  add.s32 %r47, %r35, %r46;
  and.b32 %r48, %r47, 134217720;
  sub.s32 %r49, %r35, %r48;
  shl.b32 %r50, %r49, 1;
  shr.u32 %r51, %r47, 31;
  shr.s32 %r52, %r47, 3;
  add.s32 %r53, %r52, %r51;
  and.b32 %r54, %r53, 268435454;
  sub.s32 %r55, %r52, %r54;
  add.s32 %r56, %r55, %r50;
  shl.b32 %r57, %r56, 4;
  add.s32 %r58, %r4, %r57;
  add.s32 %r28, %r58, 512;
  ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r21, %r22, %r23, %r24}, [%r25];
  ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r26, %r27}, [%r28];
  mov.f32 %f1, 0f00000000;
  cvta.to.global.u64 %rd11, %rd2;
  shl.b64 %rd12, %rd1, 3;
  add.s64 %rd13, %rd11, %rd12;
  mov.f32 %f2, %f1;
  mov.f32 %f3, %f1;
  mov.f32 %f4, %f1;
  mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r21, %r22, %r23, %r24}, {%r26, %r27}, {%f1, %f2, %f3, %f4};
  st.global.v2.f32 [%rd13], {%f1, %f2};
  st.global.v2.f32 [%rd13+256], {%f3, %f4};
  ret;
}
)";

/// Whole numbers below 8, whose products and sums are exact.
std::vector<uint16_t> halves(size_t count, uint32_t factor) {
  const uint16_t numbers[] = {0x0000, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700};
  std::vector<uint16_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = numbers[i * i * factor / 5 % 8];
  return values;
}

float numberOf(uint16_t half) {
  return half ? float((half & 0x3ff) + 0x400) * 0x1p-25f * float(1 << (half >> 10)) : 0;
}

void check(const char *text, bool isFromLlvm) {
  for (Level level : {Level::Baseline, Level::Avx2, Level::Avx512}) {
    if (level > bestLevel())
      continue;
    Device device;
    ASSERT_TRUE(device.load(text, level)) << device.error;
    // Of b, a column is contiguous; 16 rows of it are there though 8 are read.
    const auto a = halves(256, 3), b = halves(256, 7);
    const uint64_t inA = device.upload(a), inB = device.upload(b),
                   out = device.upload(std::vector<float>(128));
    std::vector<uint64_t> parameters = {out, inA, inB};
    if (isFromLlvm) {
      parameters.assign(21, 0);
      parameters[1] = inA;
      parameters[8] = inB;
      parameters[15] = out;
    }
    ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, parameters)) << device.error;
    const auto product = device.download<float>(out, 128);
    for (uint32_t row = 0; row < 16; ++row)
      for (uint32_t column = 0; column < 8; ++column) {
        float sum = 0;
        for (uint32_t k = 0; k < 16; ++k)
          sum += numberOf(a[row * 16 + k]) * numberOf(b[column * 16 + k]);
        EXPECT_EQ(product[row * 8 + column], sum) << "row " << row << ", column " << column;
      }
  }
}

TEST(CompiledMatrixTest, FromLlvm) { check(kFromLlvm, true); }
TEST(CompiledMatrixTest, FromNvcc) { check(kFromNvcc, false); }

} // namespace
