// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Comparisons and choices: results that the PTX ISA's text gives.
#include "Instruction.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

TEST(CompareTest, Predicates) {
  const uint64_t one = 0x3f800000, nan = 0x7fc00000;
  check({
      {"setp.eq.u32 %p0, %r1, %r2;", {5, 5}, 1},
      {"setp.ne.u32 %p0, %r1, %r2;", {5, 5}, 0},
      {"setp.lt.s32 %p0, %r1, %r2;", {0xffffffff, 1}, 1},
      {"setp.lt.u32 %p0, %r1, %r2;", {0xffffffff, 1}, 0},
      {"setp.lo.u32 %p0, %r1, %r2;", {1, 0xffffffff}, 1},
      {"setp.hs.u32 %p0, %r1, %r2;", {1, 1}, 1},
      {"setp.ge.s64 %p0, %d1, %d2;", {kOnes, 0}, 0},
      {"setp.gt.u64 %p0, %d1, %d2;", {kOnes, 0}, 1},
      {"setp.le.s16 %p0, %h1, %h2;", {0xffff, 0}, 1},
      {"setp.eq.b16 %p0, %h1, 7;", {7}, 1},
      {"setp.eq.f32 %p0, %r1, %r2;", {nan, nan}, 0},
      {"setp.ne.f32 %p0, %r1, %r2;", {nan, one}, 0},
      {"setp.neu.f32 %p0, %r1, %r2;", {nan, one}, 1},
      {"setp.ltu.f32 %p0, %r1, %r2;", {nan, one}, 1},
      {"setp.gtu.f32 %p0, %r1, %r2;", {one, one}, 0},
      {"setp.num.f32 %p0, %r1, %r2;", {one, nan}, 0},
      {"setp.nan.f32 %p0, %r1, %r2;", {one, nan}, 1},
      {"setp.eq.f32 %p0, %r1, %r2;", {0, 0x80000000}, 1},
      {"setp.eq.ftz.f32 %p0, %r1, %r2;", {1, 0}, 1},
      {"setp.lt.f64 %p0, %d1, %d2;", {0x3ff0000000000000, 0x4000000000000000}, 1},
      {"setp.gt.f16 %p0, %h1, %h2;", {0x3c00, 0xbc00}, 1},
      {"setp.lt.bf16 %p0, %h1, %h2;", {0xbf80, 0x3f80}, 1},
      {"setp.eq.and.u32 %p0, %r1, %r2, %p3;", {5, 5, 0}, 0},
      {"setp.eq.and.u32 %p0, %r1, %r2, !%p3;", {5, 5, 0}, 1},
      {"setp.eq.or.u32 %p0, %r1, %r2, %p3;", {5, 6, 1}, 1},
      {"setp.eq.xor.u32 %p0, %r1, %r2, %p3;", {5, 5, 1}, 0},
      {"setp.eq.u32 %p4|%p0, %r1, %r2;", {5, 6}, 1},
      {"and.pred %p0, %p1, %p2;", {1, 0}, 0},
      {"or.pred %p0, %p1, %p2;", {1, 0}, 1},
      {"xor.pred %p0, %p1, %p2;", {1, 1}, 0},
      {"not.pred %p0, %p1;", {0}, 1},
      {"mov.pred %p0, %p2;", {0, 1}, 1},
      {"selp.b32 %r0, %r2, %r3, %p1;", {1, 7, 8}, 7},
      {"selp.f32 %r0, %r2, %r3, %p1;", {0, 7, 8}, 8},
      {"selp.b64 %d0, %d2, %d3, !%p1;", {0, kOnes, 8}, kOnes},
      {"selp.b16 %h0, %h2, 9, %p1;", {0, 1}, 9},
  });
}

// Halves: 0x3c00 is 1, 0x4000 is 2, 0xc000 is -2, 0x7e00 a NaN. In bf16 0x3f80 is 1, 0x4000 is 2.
TEST(CompareTest, ValuesInPlaceOfPredicates) {
  check({
      {"set.lt.u32.u32 %r0, %r1, %r2;", {1, 2}, 0xffffffff},
      {"set.lt.u32.s32 %r0, %r1, %r2;", {1, 0xffffffff}, 0},
      {"set.hi.s32.u32 %r0, %r1, %r2;", {0xffffffff, 1}, 0xffffffff},
      {"set.eq.f32.s32 %r0, %r1, %r2;", {5, 5}, 0x3f800000},
      {"set.eq.f32.s32 %r0, %r1, 6;", {5}, 0},
      {"set.ne.u32.u64 %r0, %d1, %d2;", {uint64_t(1) << 40, 0}, 0xffffffff},
      {"set.ge.f32.f64 %r0, %d1, %d2;", {0x3ff0000000000000, 0x4000000000000000}, 0},
      {"set.gtu.u32.f32 %r0, %r1, %r2;", {0x7fc00000, 0x3f800000}, 0xffffffff},
      {"set.gt.u32.f32 %r0, %r1, %r2;", {0x7fc00000, 0x3f800000}, 0},
      {"set.lt.u32.f32 %r0, %r1, %r2;", {0, 1}, 0xffffffff},
      {"set.lt.ftz.u32.f32 %r0, %r1, %r2;", {0, 1}, 0},
      {"set.lt.and.u32.u32 %r0, %r1, %r2, %p3;", {1, 2, 0}, 0},
      {"set.lt.and.u32.u32 %r0, %r1, %r2, !%p3;", {1, 2, 0}, 0xffffffff},
      {"set.lt.or.f32.u32 %r0, %r1, %r2, %p3;", {2, 1, 1}, 0x3f800000},
      {"set.lt.xor.u32.u32 %r0, %r1, %r2, %p3;", {1, 2, 1}, 0},
      {"set.gt.f16.f16 %h0, %h1, %h2;", {0x4000, 0x3c00}, 0x3c00},
      {"set.gt.u16.f16 %h0, %h1, %h2;", {0x4000, 0x3c00}, 0xffff},
      {"set.gt.u32.f16 %r0, %h1, %h2;", {0x4000, 0x3c00}, 0xffffffff},
      {"set.gt.bf16.bf16 %h0, %h1, %h2;", {0x4000, 0x3f80}, 0x3f80},
      {"set.gt.f16.f16 %h0, %h1, %h2;", {0x7e00, 0x3c00}, 0},
  });
}

TEST(CompareTest, Pairs) {
  check({
      {"set.gt.u32.f16x2 %r0, %r1, %r2;", {0x40003c00, 0x3c003c00}, 0xffff0000},
      {"set.ge.u32.f16x2 %r0, %r1, %r2;", {0x3c003c00, 0x40003c00}, 0x0000ffff},
      {"set.ge.f16x2.f16x2 %r0, %r1, %r2;", {0x3c003c00, 0x40003c00}, 0x00003c00},
      {"set.ne.f16x2.f16x2 %r0, %r1, %r2;", {0x7e004000, 0x3c003c00}, 0x00003c00},
      {"set.neu.f16x2.f16x2 %r0, %r1, %r2;", {0x7e004000, 0x3c003c00}, 0x3c003c00},
      {"set.lt.bf16x2.bf16x2 %r0, %r1, %r2;", {0x3f80c000, 0x40003f80}, 0x3f803f80},
      {"set.lt.and.u32.f16x2 %r0, %r1, %r2, %p3;", {0x3c003c00, 0x40004000, 1}, 0xffffffff},
      {"set.lt.and.u32.f16x2 %r0, %r1, %r2, %p3;", {0x3c003c00, 0x40004000, 0}, 0},
      // The result may be what is compared.
      {"mov.b32 %r0, %r1; set.gt.u32.f16x2 %r0, %r0, %r2;", {0x40003c00, 0x3c003c00}, 0xffff0000},
      {"setp.gt.f16x2 %p0|%p3, %r1, %r2;", {0x40003c00, 0x3c003c00}, 0},
      {"setp.gt.f16x2 %p3|%p0, %r1, %r2;", {0x40003c00, 0x3c003c00}, 1},
      {"setp.lt.bf16x2 %p0|%p3, %r1, %r2;", {0xc0003f80, 0x3f804000}, 1},
      {"setp.gt.and.f16x2 %p3|%p0, %r1, %r2, %p2;", {0x40003c00, 0x3c003c00}, 1},
      {"setp.gt.and.f16x2 %p3|%p0, %r1, %r2, !%p2;", {0x40003c00, 0x3c003c00}, 0},
  });
}

TEST(CompareTest, FormsThatAreNotThere) {
  for (const char *text :
       {"set.gt.u32 %r1, %r2, %r3;", "set.foo.u32.u32 %r1, %r2, %r3;",
        "set.gt.u64.u32 %d1, %r2, %r3;", "set.gt.f16x2.u32 %r1, %r2, %r3;",
        "set.gt.f32.f16x2 %r1, %r2, %r3;", "set.gt.ftz.u32.f64 %r1, %g2, %g3;",
        "set.gt.and.u32.u32 %r1, %r2, %r3;", "set.gt.u32.u32 %r1, %r2, %r3, %p1;",
        "set.gt.u32.u32 %p1, %r2, %r3;", "setp.gt.f16x2 %p1, %r2, %r3;",
        "setp.gt.and.f16x2 %p1|%p2, %r2, %r3, %p1;"}) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(text))) << text;
  }
}

} // namespace
