// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Single instructions: results that the PTX ISA's text gives, at each level of the CPU.
#include "Instruction.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

TEST(InstructionTest, Integers) {
  check({
      {"add.u32 %r0, %r1, %r2;", {0xffffffff, 2}, 1},
      {"add.s16 %h0, %h1, %h2;", {0x7fff, 1}, 0x8000},
      {"add.u64 %d0, %d1, %d2;", {kOnes, 1}, 0},
      {"sub.u32 %r0, %r1, 5;", {3}, 0xfffffffe},
      {"sub.s64 %d0, %d1, %d2;", {0, 1}, kOnes},
      {"mul.lo.u32 %r0, %r1, %r2;", {0x10001, 0x10001}, 0x20001},
      {"mul.lo.u16 %h0, %h1, %h2;", {0xffff, 0xffff}, 1},
      {"mul.lo.s64 %d0, %d1, %d2;", {kOnes, 7}, uint64_t(-7)},
      {"mul.hi.u32 %r0, %r1, %r2;", {0xffffffff, 0xffffffff}, 0xfffffffe},
      {"mul.hi.s32 %r0, %r1, %r2;", {0xffffffff, 0xffffffff}, 0},
      {"mul.hi.s32 %r0, %r1, %r2;", {0x80000000, 2}, 0xffffffff},
      {"mul.hi.u64 %d0, %d1, %d2;", {kOnes, kOnes}, kOnes - 1},
      {"mul.hi.s64 %d0, %d1, %d2;", {kOnes, 1}, kOnes},
      {"mul.wide.u32 %d0, %r1, %r2;", {0xffffffff, 0xffffffff}, 0xfffffffe00000001},
      {"mul.wide.s32 %d0, %r1, %r2;", {0xffffffff, 3}, uint64_t(-3)},
      {"mul.wide.u16 %r0, %h1, %h2;", {0xffff, 0xffff}, 0xfffe0001},
      {"mul.wide.s16 %r0, %h1, %h2;", {0xffff, 3}, 0xfffffffd},
      {"mad.lo.u32 %r0, %r1, %r2, %r3;", {3, 4, 5}, 17},
      {"mad.hi.u32 %r0, %r1, %r2, %r3;", {0x80000000, 4, 5}, 7},
      {"mad.wide.u32 %d0, %r1, %r2, %d3;", {0xffffffff, 2, 3}, 0x200000001},
      {"mad.wide.s32 %d0, %r1, %r2, %d3;", {0xffffffff, 2, 1}, kOnes},
      {"mad.wide.s16 %r0, %h1, %h2, %r3;", {0xffff, 2, 1}, 0xffffffff},
      {"div.u32 %r0, %r1, %r2;", {7, 2}, 3},
      {"div.s32 %r0, %r1, %r2;", {uint32_t(-7), 2}, uint32_t(-3)},
      {"div.s32 %r0, %r1, %r2;", {0x80000000, 0xffffffff}, 0x80000000},
      {"div.u32 %r0, %r1, %r2;", {7, 0}, 0xffffffff},
      {"div.s64 %d0, %d1, %d2;", {uint64_t(-100), 7}, uint64_t(-14)},
      {"div.s16 %h0, %h1, %h2;", {0xfff9, 2}, 0xfffd},
      {"rem.u32 %r0, %r1, %r2;", {7, 4}, 3},
      {"rem.s32 %r0, %r1, %r2;", {uint32_t(-7), 4}, uint32_t(-3)},
      {"rem.s32 %r0, %r1, %r2;", {0x80000000, 0xffffffff}, 0},
      {"rem.u64 %d0, %d1, %d2;", {kOnes, 10}, 5},
      {"abs.s32 %r0, %r1;", {uint32_t(-5)}, 5},
      {"abs.s32 %r0, %r1;", {0x80000000}, 0x80000000},
      {"abs.s64 %d0, %d1;", {uint64_t(-5)}, 5},
      {"neg.s32 %r0, %r1;", {5}, uint32_t(-5)},
      {"neg.s16 %h0, %h1;", {5}, 0xfffb},
      {"min.u32 %r0, %r1, %r2;", {0xffffffff, 1}, 1},
      {"min.s32 %r0, %r1, %r2;", {0xffffffff, 1}, 0xffffffff},
      {"max.u32 %r0, %r1, %r2;", {0xffffffff, 1}, 0xffffffff},
      {"max.s32 %r0, %r1, %r2;", {0xffffffff, 1}, 1},
      {"max.s64 %d0, %d1, %d2;", {kOnes, 1}, 1},
      {"min.u16 %h0, %h1, %h2;", {0xffff, 1}, 1},
      {"max.s16 %h0, %h1, %h2;", {0xffff, 1}, 1},
  });
}

TEST(InstructionTest, Bits) {
  check({
      {"and.b32 %r0, %r1, %r2;", {0xff00ff00, 0x0ff00ff0}, 0x0f000f00},
      {"or.b64 %d0, %d1, %d2;", {1, uint64_t(1) << 63}, 0x8000000000000001},
      {"xor.b16 %h0, %h1, %h2;", {0xffff, 0x00ff}, 0xff00},
      {"not.b32 %r0, %r1;", {0xff}, 0xffffff00},
      {"cnot.b32 %r0, %r1;", {0}, 1},
      {"cnot.b32 %r0, %r1;", {9}, 0},
      {"shl.b32 %r0, %r1, %r2;", {3, 31}, 0x80000000},
      {"shl.b32 %r0, %r1, 32;", {3}, 0},
      {"shl.b64 %d0, %d1, %r2;", {3, 63}, uint64_t(1) << 63},
      {"shl.b16 %h0, %h1, %r2;", {0xffff, 15}, 0x8000},
      {"shr.u32 %r0, %r1, %r2;", {0x80000000, 31}, 1},
      {"shr.u32 %r0, %r1, 100;", {0x80000000}, 0},
      {"shr.s32 %r0, %r1, %r2;", {0x80000000, 4}, 0xf8000000},
      {"shr.s32 %r0, %r1, 100;", {0x80000000}, 0xffffffff},
      {"shr.s64 %d0, %d1, %r2;", {uint64_t(1) << 63, 63}, kOnes},
      {"shr.b16 %h0, %h1, 4;", {0xff00}, 0x0ff0},
      {"shr.s16 %h0, %h1, 4;", {0xff00}, 0xfff0},
      {"shf.l.wrap.b32 %r0, %r1, %r2, %r3;", {0x80000001, 2, 1}, 5},
      {"shf.l.wrap.b32 %r0, %r1, %r2, %r3;", {0x80000001, 2, 33}, 5},
      {"shf.l.clamp.b32 %r0, %r1, %r2, %r3;", {0x80000001, 2, 33}, 0x80000001},
      {"shf.r.wrap.b32 %r0, %r1, %r2, %r3;", {0x80000001, 3, 1}, 0xc0000000},
      {"shf.r.clamp.b32 %r0, %r1, %r2, %r3;", {0x80000001, 3, 40}, 3},
      {"popc.b32 %r0, %r1;", {0xffffffff}, 32},
      {"popc.b32 %r0, %r1;", {0x80000101}, 3},
      {"popc.b64 %r0, %d1;", {kOnes}, 64},
      {"clz.b32 %r0, %r1;", {0}, 32},
      {"clz.b32 %r0, %r1;", {1}, 31},
      {"clz.b64 %r0, %d1;", {1}, 63},
      {"clz.b64 %r0, %d1;", {kOnes}, 0},
      {"bfind.u32 %r0, %r1;", {0x00010000}, 16},
      {"bfind.u32 %r0, %r1;", {0}, 0xffffffff},
      {"bfind.s32 %r0, %r1;", {0xffffffff}, 0xffffffff},
      {"bfind.s32 %r0, %r1;", {0xfffffffe}, 0},
      {"bfind.shiftamt.u32 %r0, %r1;", {0x00010000}, 15},
      {"bfind.shiftamt.u32 %r0, %r1;", {0}, 0xffffffff},
      {"bfind.u64 %r0, %d1;", {uint64_t(1) << 40}, 40},
      {"brev.b32 %r0, %r1;", {1}, 0x80000000},
      {"brev.b64 %d0, %d1;", {2}, uint64_t(1) << 62},
      {"bfe.u32 %r0, %r1, %r2, %r3;", {0x12345678, 8, 8}, 0x56},
      {"bfe.s32 %r0, %r1, %r2, %r3;", {0x0000f000, 12, 4}, 0xffffffff},
      {"bfe.s32 %r0, %r1, 28, 10;", {0x80000000}, 0xfffffff8},
      {"bfe.u32 %r0, %r1, 28, 10;", {0x80000000}, 8},
      {"bfe.u32 %r0, %r1, 0, 32;", {0x80000000}, 0x80000000},
      {"bfe.s32 %r0, %r1, 40, 4;", {0x80000000}, 0xffffffff},
      {"bfe.u32 %r0, %r1, 4, 0;", {0xffffffff}, 0},
      {"bfe.s64 %d0, %d1, 60, 4;", {uint64_t(1) << 63}, uint64_t(-8)},
      {"bfi.b32 %r0, %r1, %r2, %r3, %r4;", {0xff, 0, 4, 4}, 0xf0},
      {"bfi.b32 %r0, %r1, %r2, 0, 32;", {5, 7}, 5},
      {"bfi.b32 %r0, %r1, %r2, 32, 4;", {5, 7}, 7},
      {"bfi.b64 %d0, %d1, %d2, 32, 8;", {0x1ff, 0}, 0xff00000000},
      {"prmt.b32 %r0, %r1, %r2, 0x7610;", {0x33221100, 0x77665544}, 0x77661100},
      {"prmt.b32 %r0, %r1, %r2, 0x0123;", {0x33221100, 0}, 0x00112233},
      {"prmt.b32 %r0, %r1, %r2, 0xb8;", {0xff000080, 0}, 0x8080ffff & 0x8080ffff},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0x80;", {0xff, 0x0f, 0x3c}, 0x0c},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0xfe;", {1, 2, 4}, 7},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0x96;", {1, 3, 7}, 5},
      {"lop3.b32 %r0, %r1, %r2, %r3, 0xca;", {0xf0, 0xff, 0x0f}, 0xff},
  });
}

TEST(InstructionTest, Floats) {
  const uint64_t one = 0x3f800000, two = 0x40000000, nan = 0x7fc00000, minusZero = 0x80000000,
                 inf = 0x7f800000, tiny = 1;
  check({
      {"add.f32 %r0, %r1, %r2;", {one, two}, 0x40400000},
      {"add.rn.f32 %r0, %r1, %r2;", {one, 0x33800000}, one}, // 2^-24, a tie
      {"add.ftz.f32 %r0, %r1, %r2;", {tiny, tiny}, 0},
      {"add.f32 %r0, %r1, %r2;", {tiny, tiny}, 2},
      {"add.sat.f32 %r0, %r1, %r2;", {one, one}, one},
      {"add.sat.f32 %r0, %r1, %r2;", {nan, one}, 0},
      {"sub.f32 %r0, %r1, %r2;", {one, two}, 0xbf800000},
      {"mul.f32 %r0, %r1, %r2;", {two, two}, 0x40800000},
      {"mul.ftz.f32 %r0, %r1, %r2;", {0x00800000, 0x3f000000}, 0},
      {"fma.rn.f32 %r0, %r1, %r2, %r3;", {0x3f800001, 0x3f800001, 0xbf800002}, 0x28800000},
      {"mad.rn.f32 %r0, %r1, %r2, %r3;", {two, two, one}, 0x40a00000},
      {"div.rn.f32 %r0, %r1, %r2;", {one, 0x40400000}, 0x3eaaaaab},
      {"div.full.f32 %r0, %r1, %r2;", {one, two}, 0x3f000000},
      {"neg.f32 %r0, %r1;", {one}, 0xbf800000},
      {"abs.f32 %r0, %r1;", {0xbf800000}, one},
      {"min.f32 %r0, %r1, %r2;", {0, minusZero}, minusZero},
      {"max.f32 %r0, %r1, %r2;", {minusZero, 0}, 0},
      {"min.f32 %r0, %r1, %r2;", {nan, one}, one},
      {"min.f32 %r0, %r1, %r2;", {one, nan}, one},
      {"min.f32 %r0, %r1, %r2;", {nan, nan}, 0x7fffffff},
      {"max.NaN.f32 %r0, %r1, %r2;", {one, nan}, 0x7fffffff},
      {"max.NaN.f32 %r0, %r1, %r2;", {one, two}, two},
      {"rcp.approx.f32 %r0, %r1;", {two}, 0x3f000000},
      {"rcp.rn.f32 %r0, %r1;", {0}, inf},
      {"sqrt.rn.f32 %r0, %r1;", {two}, 0x3fb504f3},
      {"rsqrt.approx.f32 %r0, %r1;", {0x40800000}, 0x3f000000},
      {"sin.approx.f32 %r0, %r1;", {0}, 0},
      {"cos.approx.f32 %r0, %r1;", {0}, one},
      {"lg2.approx.f32 %r0, %r1;", {0x41000000}, 0x40400000},
      {"lg2.approx.f32 %r0, %r1;", {0}, 0xff800000},
      {"ex2.approx.f32 %r0, %r1;", {0x40400000}, 0x41000000},
      {"ex2.approx.ftz.f32 %r0, %r1;", {0xc3020000}, 0}, // 2^-130
      {"tanh.approx.f32 %r0, %r1;", {inf}, one},
      {"copysign.f32 %r0, %r1, %r2;", {minusZero, one}, 0xbf800000},
      {"add.f64 %d0, %d1, %d2;", {0x3ff0000000000000, 0x4000000000000000}, 0x4008000000000000},
      {"fma.rn.f64 %d0, %d1, %d2, %d3;",
       {0x4000000000000000, 0x4000000000000000, 0x3ff0000000000000},
       0x4014000000000000},
      {"div.rn.f64 %d0, %d1, %d2;", {0x3ff0000000000000, 0x4008000000000000}, 0x3fd5555555555555},
      {"sqrt.rn.f64 %d0, %d1;", {0x4000000000000000}, 0x3ff6a09e667f3bcd},
      {"max.f64 %d0, %d1, %d2;", {0x3ff0000000000000, 0x4000000000000000}, 0x4000000000000000},
      {"add.f16 %h0, %h1, %h2;", {0x3c00, 0x4000}, 0x4200},
      {"add.f16 %h0, %h1, %h2;", {0x7bff, 0x7bff}, 0x7c00},
      {"add.f16 %h0, %h1, %h2;", {0x0001, 0x0001}, 0x0002},
      {"mul.f16 %h0, %h1, %h2;", {0x3c01, 0x3c01}, 0x3c02},
      {"fma.rn.f16 %h0, %h1, %h2, %h3;", {0x3c01, 0x3c01, 0xbc02}, 0x0010}, // (1+u)^2 - (1+2u)
      // Just below a tie: rounded to f32 in between, it would become the tie, and 0x3c02.
      {"fma.rn.f16 %h0, %h1, %h2, %h3;", {0x3c01, 0x0ffe, 0x3c01}, 0x3c01},
      {"neg.f16 %h0, %h1;", {0x3c00}, 0xbc00},
      {"min.f16 %h0, %h1, %h2;", {0x3c00, 0xbc00}, 0xbc00},
      {"ex2.approx.f16 %h0, %h1;", {0x4200}, 0x4800},
      {"tanh.approx.f16 %h0, %h1;", {0x7c00}, 0x3c00},
      {"add.f16x2 %r0, %r1, %r2;", {0x3c004000, 0x3c003c00}, 0x40004200},
      {"fma.rn.f16x2 %r0, %r1, %r2, %r3;", {0x40004000, 0x40003c00, 0x3c003c00}, 0x45004200},
      {"fma.rn.bf16 %h0, %h1, %h2, %h3;", {0x4000, 0x4000, 0x3f80}, 0x40a0},
      {"add.bf16 %h0, %h1, %h2;", {0x3f80, 0x3b80}, 0x3f80}, // 1 + 2^-8: a tie to even
      {"add.bf16 %h0, %h1, %h2;", {0x3f81, 0x3b80}, 0x3f82}, // and one that goes up
      {"mul.bf16x2 %r0, %r1, %r2;", {0x3f804000, 0x40004000}, 0x40004080},
      {"max.bf16x2 %r0, %r1, %r2;", {0x3f804000, 0x40003f80}, 0x40004000},
      {"abs.bf16 %h0, %h1;", {0xbf80}, 0x3f80},
  });
}

TEST(InstructionTest, Conversions) {
  check({
      {"cvt.u32.u16 %r0, %h1;", {0xffff}, 0xffff},
      {"cvt.s32.s16 %r0, %h1;", {0xffff}, 0xffffffff},
      {"cvt.s32.s8 %r0, %r1;", {0x80}, 0xffffff80},
      {"cvt.u32.u8 %r0, %r1;", {0x1ff}, 0xff},
      {"cvt.u16.u32 %h0, %r1;", {0x12345678}, 0x5678},
      {"cvt.s64.s32 %d0, %r1;", {0x80000000}, 0xffffffff80000000},
      {"cvt.u64.u32 %d0, %r1;", {0x80000000}, 0x80000000},
      {"cvt.u32.u64 %r0, %d1;", {0x123456789}, 0x23456789},
      {"cvt.s8.s32 %r0, %r1;", {0x1ff}, 0xffffffff},
      {"cvt.u8.u32 %h0, %r1;", {0x1ff}, 0xff},
      {"cvt.sat.u8.s32 %r0, %r1;", {0xffffffff}, 0},
      {"cvt.sat.s8.s32 %r0, %r1;", {1000}, 127},
      {"cvt.sat.s16.s32 %r0, %r1;", {uint32_t(-100000)}, 0xffff8000},
      {"cvt.sat.u32.u64 %r0, %d1;", {uint64_t(1) << 40}, 0xffffffff},
      {"cvt.rn.f32.s32 %r0, %r1;", {0xffffffff}, 0xbf800000},
      {"cvt.rn.f32.u32 %r0, %r1;", {0xffffffff}, 0x4f800000},
      {"cvt.rn.f32.u64 %r0, %d1;", {kOnes}, 0x5f800000},
      {"cvt.rn.f32.s64 %r0, %d1;", {0x4000004000000001}, 0x5e800001}, // just above a tie
      {"cvt.rn.f64.s64 %d0, %d1;", {kOnes}, 0xbff0000000000000},
      {"cvt.rn.f16.u32 %h0, %r1;", {100000}, 0x7c00},
      {"cvt.rn.bf16.s32 %h0, %r1;", {0xffffffff}, 0xbf80},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0xbfc00000}, 0xffffffff},
      {"cvt.rni.s32.f32 %r0, %r1;", {0x40200000}, 2}, // 2.5
      {"cvt.rmi.s32.f32 %r0, %r1;", {0xbfc00000}, 0xfffffffe},
      {"cvt.rpi.s32.f32 %r0, %r1;", {0x3fc00000}, 2},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0x7fc00000}, 0},
      {"cvt.rzi.s32.f32 %r0, %r1;", {0x4f800000}, 0x7fffffff},
      {"cvt.rzi.u32.f32 %r0, %r1;", {0xbf800000}, 0},
      {"cvt.rzi.u64.f32 %d0, %r1;", {0x7f800000}, kOnes},
      {"cvt.rzi.s64.f64 %d0, %d1;", {0xc3e0000000000000}, uint64_t(1) << 63},
      {"cvt.rzi.u8.f32 %r0, %r1;", {0x43c80000}, 255}, // 400
      {"cvt.rzi.s32.f16 %r0, %h1;", {0xc500}, 0xfffffffb},
      {"cvt.rni.f32.f32 %r0, %r1;", {0x40200000}, 0x40000000},
      {"cvt.rmi.f32.f32 %r0, %r1;", {0xbf000000}, 0xbf800000},
      {"cvt.rzi.f64.f64 %d0, %d1;", {0xbff8000000000000}, 0xbff0000000000000},
      {"cvt.f32.f16 %r0, %h1;", {0x3c00}, 0x3f800000},
      {"cvt.f32.f16 %r0, %h1;", {0x0001}, 0x33800000},
      {"cvt.f32.f16 %r0, %h1;", {0xfc00}, 0xff800000},
      {"cvt.f32.bf16 %r0, %h1;", {0x3f80}, 0x3f800000},
      {"cvt.f64.f32 %d0, %r1;", {0x3f800000}, 0x3ff0000000000000},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x3f801000}, 0x3c00}, // a tie to even
      {"cvt.rn.f16.f32 %h0, %r1;", {0x3f803000}, 0x3c02},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x477ff000}, 0x7c00},
      {"cvt.rz.f16.f32 %h0, %r1;", {0x477ff000}, 0x7bff},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x33000000}, 0x0000}, // half the least subnormal
      {"cvt.rn.f16.f32 %h0, %r1;", {0x33000001}, 0x0001},
      {"cvt.rn.f16.f32 %h0, %r1;", {0x7fc00000}, 0x7fff},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0x3f808000}, 0x3f80},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0x3f808001}, 0x3f81},
      {"cvt.rz.bf16.f32 %h0, %r1;", {0x3f80ffff}, 0x3f80},
      {"cvt.rn.bf16.f32 %h0, %r1;", {0x7f7fffff}, 0x7f80},
      {"cvt.rn.bf16x2.f32 %r0, %r1, %r2;", {0x3f800000, 0x40000000}, 0x3f804000},
      {"cvt.rn.f16x2.f32 %r0, %r1, %r2;", {0x3f800000, 0x40000000}, 0x3c004000},
      {"cvt.rn.f32.f64 %r0, %d1;", {0x3ff0000010000000}, 0x3f800000},
      {"cvt.rp.f32.f64 %r0, %d1;", {0x3ff0000000000001}, 0x3f800001},
      {"cvt.rm.f32.f64 %r0, %d1;", {0xbff0000000000001}, 0xbf800001},
      {"cvt.rna.tf32.f32 %r0, %r1;", {0x3f801000}, 0x3f802000},
      {"cvt.rna.tf32.f32 %r0, %r1;", {0x3f800fff}, 0x3f800000},
      {"cvt.sat.f32.f32 %r0, %r1;", {0x40000000}, 0x3f800000},
      {"cvt.ftz.f32.f16 %r0, %h1;", {0x3c00}, 0x3f800000},
      {"cvt.rn.ftz.f16.f32 %h0, %r1;", {0x80000001}, 0x8000},
  });
}

TEST(InstructionTest, Moves) {
  check({
      {"mov.b32 %r0, 0x12345678;", {}, 0x12345678},
      {"mov.f32 %r0, 0f3F800000;", {}, 0x3f800000},
      {"mov.f32 %r0, 1.5;", {}, 0x3fc00000},
      {"mov.f64 %d0, 0d3FF0000000000000;", {}, 0x3ff0000000000000},
      {"mov.u16 %h0, 65535;", {}, 0xffff},
      {"mov.s32 %r0, -1;", {}, 0xffffffff},
      {"mov.b32 %r0, {%h1, %h2};", {0x1111, 0x2222}, 0x22221111},
      {"mov.b64 %d0, {%r1, %r2};", {0x11111111, 0x22222222}, 0x2222222211111111},
      {"mov.b64 %d0, {%h1, %h2, %h3, %h4};", {1, 2, 3, 4}, 0x0004000300020001},
      {"mov.b32 {%h0, %h2}, %r1;", {0x22221111}, 0x1111},
      {"mov.b32 {%h2, %h0}, %r1;", {0x22221111}, 0x2222},
      {"mov.b32 {_, %h0}, %r1;", {0x22221111}, 0x2222},
      {"mov.b64 {%r0, %r2}, %d1;", {0x2222222211111111}, 0x11111111},
      {"mov.b64 {%h2, %h3, %h0, %h4}, %d1;", {0x0004000300020001}, 3},
      {"mov.u32 %r0, %ntid.x;", {}, 32},
      {"mov.u32 %r0, %nctaid.y;", {}, 1},
      {"mov.u32 %r0, %warpid;", {}, 0},
      {"mov.u32 %r0, %ctaid.z;", {}, 0},
  });
}

/// Every level computes the same bits of whatever there is.
TEST(InstructionTest, LevelsAgree) {
  std::vector<std::string> instructions;
  for (std::string type : {"f32", "f16x2", "bf16x2"})
    for (std::string text : {"add.", "sub.", "mul.", "min.", "max.", "min.NaN."})
      instructions.push_back(text + type + " %r0, %r1, %r2;");
  for (std::string type : {"f32", "f16x2", "bf16x2"})
    instructions.push_back("fma.rn." + type + " %r0, %r1, %r2, %r3;");
  for (std::string type : {"s32", "u32"})
    for (std::string text : {"mul.lo.", "mul.hi.", "div.", "rem.", "min.", "max."})
      instructions.push_back(text + type + " %r0, %r1, %r2;");
  for (std::string to : {"s8", "u8", "s16", "u16", "s32", "u32"})
    instructions.push_back("cvt.rzi." + to + ".f32 %r0, %r1;");
  for (std::string from : {"s32", "u32"})
    instructions.push_back("cvt.rn.f32." + from + " %r0, %r1;");
  instructions.insert(instructions.end(),
                      {"cvt.rn.f16.f32 %h0, %r1;", "cvt.rn.bf16.f32 %h0, %r1;",
                       "cvt.f32.f16 %r0, %h1;", "cvt.rz.f16.f32 %h0, %r1;", "popc.b32 %r0, %r1;",
                       "clz.b32 %r0, %r1;", "bfe.s32 %r0, %r1, %r2, %r3;",
                       "prmt.b32 %r0, %r1, %r2, %r3;", "fma.rn.f64 %d0, %d1, %d2, %d3;"});
  uint64_t state = 1;
  auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  std::vector<uint64_t> inputs(1024 * 4);
  const uint64_t special[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 1,
                              0x80000001, 0x7c007bff, 0x7f7fffff, 0x00800000, 0x33000001, kOnes};
  for (uint64_t &input : inputs)
    input = random() % 4 ? random() : special[random() % 12];
  for (const std::string &text : instructions) {
    const auto expected = run(text, inputs, Level::Baseline);
    for (Level level : levels())
      ASSERT_EQ(run(text, inputs, level), expected) << text << " at level " << int(level);
  }
}

} // namespace
