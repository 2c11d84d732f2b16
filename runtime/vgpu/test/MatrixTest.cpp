// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tiles that are loaded, stored and transposed; values that are special in products; and what is
// wrong with matrices. Where elements are in registers is read from tables that others made.
#include "Kernel.h"
#include "fragments/FragmentTables.h"

using namespace moert::vgpu;
using namespace moert::vgpu::test;
using moert::fragments::kTables;
using moert::fragments::Table;

namespace {

/// %r1: the lane; %d1, %d2: out and in, 16 bytes for each lane; %r2: the lane's 16 bytes of the
/// 512 of shared memory, which have what `in` has; %r4, %d4, %d5: those of another lane.
const std::string kShared =
    ".shared .align 16 .b8 s[512];\n"
    "ld.param.u64 %d1, [out]; ld.param.u64 %d2, [in]; mov.u32 %r1, %laneid;\n"
    "mad.wide.u32 %d1, %r1, 16, %d1; mad.wide.u32 %d2, %r1, 16, %d2;\n"
    "mov.u32 %r2, s; mad.lo.u32 %r2, %r1, 16, %r2;\n"
    "ld.global.v4.b32 {%r10, %r11, %r12, %r13}, [%d2]; st.shared.v4.b32 [%r2], {%r10, %r11, %r12, "
    "%r13};\nbar.warp.sync -1;\n"
    // Rows in another order: that of row i is in lane i.
    "mul.lo.u32 %r3, %r1, 5; add.u32 %r3, %r3, 3; and.b32 %r3, %r3, 31;\n"
    "mov.u32 %r4, s; mad.lo.u32 %r4, %r3, 16, %r4; cvt.u64.u32 %d4, %r4; cvta.shared.u64 %d5, "
    "%d4;\n";

uint32_t rowOf(uint32_t lane) { return (lane * 5 + 3) % 32; }

std::vector<uint16_t> numbers() {
  std::vector<uint16_t> values(256);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = uint16_t(i * 259 + 7);
  return values;
}

std::string registers(uint32_t count) {
  std::string list;
  for (uint32_t i = 0; i < count; ++i)
    list += (i ? ", %r" : "{%r") + std::to_string(14 + i);
  return list + "}";
}

TEST(MatrixTest, TilesAreLoaded) {
  const std::string addresses[][2] = {
      {".shared", "[%r4]"}, {".shared::cta", "[%d4]"}, {"", "[%d5]"}, {".shared", "[%r4+0]"}};
  uint32_t tested = 0;
  for (const Table &table : kTables) {
    const std::string name = table.instruction;
    if (name.substr(0, 9) != "ldmatrix.")
      continue;
    ++tested;
    for (const auto &[space, address] : addresses) {
      Device device;
      std::string text = kShared + "mov.b32 %r14, 0; mov.b32 %r15, 0; mov.b32 %r16, 0; mov.b32 " +
                         "%r17, 0;\nldmatrix.sync.aligned.m8n8." + name.substr(9) + space +
                         ".b16 " + registers(table.elements / 2) + ", " + address + ";\n" +
                         "st.global.v4.b32 [%d1], " + registers(4) + ";";
      ASSERT_TRUE(device.load(inKernel(text))) << device.error;
      const auto values = numbers();
      const uint64_t in = device.upload(values), out = device.upload(values);
      ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, in})) << name << ": " << device.error;
      const auto loaded = device.download<uint16_t>(out, 256);
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        for (uint32_t i = 0; i < 8; ++i) {
          uint32_t expected = 0;
          if (i < table.elements) {
            const uint32_t place = table.places[lane * table.elements + i];
            expected = values[rowOf(place / 8) * 8 + place % 8];
          }
          ASSERT_EQ(loaded[lane * 8 + i], expected) << name << ", lane " << lane << ", value " << i;
        }
    }
  }
  EXPECT_EQ(tested, 6u);
}

TEST(MatrixTest, TilesAreStored) {
  uint32_t tested = 0;
  for (const Table &table : kTables) {
    const std::string name = table.instruction;
    if (name.substr(0, 9) != "stmatrix.")
      continue;
    ++tested;
    for (const char *address :
         {".shared.b16 [%r4], ", ".shared::cta.b16 [%d4], ", ".b16 [%d5], "}) {
      Device device;
      ASSERT_TRUE(device.load(inKernel(
          kShared + "ld.global.v4.b32 " + registers(4) + ", [%d2+512];\nbar.warp.sync -1;\n" +
          "stmatrix.sync.aligned.m8n8." + name.substr(9) + address + registers(table.elements / 2) +
          ";\nbar.warp.sync -1;\n" + "ld.shared.v4.b32 {%r10, %r11, %r12, %r13}, [%r2];\n" +
          "st.global.v4.b32 [%d1], {%r10, %r11, %r12, %r13};")))
          << device.error;
      // What is in shared memory, and what is stored there.
      auto values = numbers();
      std::vector<uint16_t> expected = values;
      for (uint32_t i = 0; i < 256; ++i)
        values.push_back(uint16_t(40000 + i * 13));
      for (uint32_t lane = 0; lane < kLanes; ++lane)
        for (uint32_t i = 0; i < table.elements; ++i) {
          const uint32_t place = table.places[lane * table.elements + i];
          expected[rowOf(place / 8) * 8 + place % 8] = values[256 + lane * 8 + i];
        }
      const uint64_t in = device.upload(values), out = device.upload(numbers());
      ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, in})) << name << ": " << device.error;
      EXPECT_EQ(device.download<uint16_t>(out, 256), expected) << name << address;
    }
  }
  EXPECT_EQ(tested, 6u);
}

TEST(MatrixTest, ATileIsTransposed) {
  const Table *tables[2] = {};
  for (const Table &table : kTables)
    if (std::string(table.instruction).substr(0, 11) == "ldmatrix.x1")
      tables[std::string(table.instruction) == "ldmatrix.x1.trans"] = &table;
  ASSERT_TRUE(tables[0] && tables[1]);
  for (const char *operands : {"%r5, %r10;", "%r10, %r10; mov.b32 %r5, %r10;"}) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(kShared + "movmatrix.sync.aligned.m8n8.trans.b16 " + operands +
                                     " st.global.b32 [%d1], %r5;")))
        << device.error;
    const auto values = numbers();
    const uint64_t in = device.upload(values), out = device.upload(values);
    ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, in})) << device.error;
    const auto moved = device.download<uint16_t>(out, 256);
    // The tile row by row; a lane has its first two values.
    uint16_t tile[64];
    for (uint32_t i = 0; i < 64; ++i)
      tile[tables[0]->places[i]] = values[i / 2 * 8 + i % 2];
    for (uint32_t i = 0; i < 64; ++i)
      EXPECT_EQ(moved[i / 2 * 8 + i % 2], tile[tables[1]->places[i]]) << i;
  }
}

/// All elements of a matrix are the same: a, b and c as registers have them.
struct Uniform {
  const char *types;
  uint32_t depth, a, b, c, expected;
};

TEST(MatrixTest, ValuesThatAreSpecial) {
  const uint32_t nan = 0x7fffffff, infinity = 0x7f800000, one = 0x3f800000, minusZero = 0x80000000;
  const Uniform cases[] = {
      {"f32.f16.f16.f32", 8, 0x3c003c00, 0x3c003c00, one, 0x41100000},           // 8 + 1
      {"f32.f16.f16.f32", 8, 0x7c007c00, 0x00000000, 0, nan},                    // infinity * 0
      {"f32.f16.f16.f32", 16, 0x7c007c00, 0x3c003c00, one, infinity},            //
      {"f32.f16.f16.f32", 16, 0x7c007c00, 0x3c003c00, 0xff800000, nan},          //
      {"f32.f16.f16.f32", 16, 0x7c01fe00, 0, 0, nan},                            // NaNs
      {"f32.f16.f16.f32", 16, 0, 0, 0x7f800001, nan},                            //
      {"f32.f16.f16.f32", 16, 0x80008000, 0x3c003c00, minusZero, minusZero},     // -0
      {"f32.f16.f16.f32", 16, 0x80000000, 0x3c003c00, minusZero, 0},             // -0 and +0
      {"f32.f16.f16.f32", 16, 0x00010001, 0x00010001, 0, 0x29800000},            // 16 * 2^-48
      {"f32.f16.f16.f32", 16, 0, 0, 1, 1},                                       // subnormal
      {"f32.bf16.bf16.f32", 16, 0x3f803f80, 0x3f803f80, 0x4b800000, 0x4b800000}, // 2^24 + 16 * 1
      {"f32.bf16.bf16.f32", 16, 0x3f803f80, 0x40004000, 0x4b800000, 0x4b800010}, // 2^24 + 16 * 2
      {"f32.bf16.bf16.f32", 8, 0x7f7f7f7f, 0x40004000, 0, infinity},             // overflow
      {"f32.bf16.bf16.f32", 8, 0x00010001, 0x3f803f80, 0, 0x00080000},           // 8 * 2^-133
      {"f16.f16.f16.f16", 16, 0x3c003c00, 0x3c003c00, 0x68006800, 0x68086808},   // 2048 + 16
      {"f16.f16.f16.f16", 8, 0x10001000, 0x3c003c00, 0x3c003c00, 0x3c043c04},    // 1 + 8 * 2^-11
      {"f16.f16.f16.f16", 8, 0x78007800, 0x3c003c00, 0, 0x7c007c00},             // overflow
      {"f16.f16.f16.f16", 8, 0x7c007c00, 0, 0, 0x7fff7fff},                      //
      {"f32.tf32.tf32.f32", 8, 0x3f801fff, one, 0, 0x41000000},                  // cut to 1
      {"f32.tf32.tf32.f32", 4, 0x3f802000, one, 0, 0x40802000},                  // kept
      {"f32.tf32.tf32.f32", 4, 0x7fc00000, 0, 0, nan},                           //
      {"f32.e4m3.e4m3.f32", 32, 0x7e7e7e7e, 0x01010101, 0, 0x41e00000},          // 448 * 2^-9 * 32
      {"f32.e4m3.e4m3.f32", 32, 0x7f7f7f7f, 0, 0, nan},                          //
      {"f32.e5m2.e5m2.f32", 32, 0x7b7b7b7b, 0x01010101, 0, 0x41e00000},          // 57344 * 2^-16
      {"f32.e5m2.e4m3.f32", 32, 0x7c7c7c7c, 0x38383838, 0, infinity},            //
      {"s32.s8.s8.s32", 32, 0x80808080, 0x80808080, 0x7fffffff, 0x8007ffff},     // wraps
      {"satfinite.s32.s8.s8.s32", 32, 0x80808080, 0x80808080, 0x7fffffff, 0x7fffffff},
      {"satfinite.s32.s8.u8.s32", 32, 0x80808080, 0xffffffff, 0x80000000, 0x80000000},
      {"s32.u8.u8.s32", 16, 0xffffffff, 0xffffffff, 0, 16 * 255 * 255},
  };
  for (const Uniform &one : cases)
    for (Level level : {Level::Baseline, Level::Avx2, Level::Avx512}) {
      if (level > bestLevel())
        continue;
      const std::string types = one.types;
      const uint32_t bits = types.find("16.") != std::string::npos    ? 16
                            : types.find("tf32") != std::string::npos ? 32
                                                                      : 8;
      const uint32_t inA = 16 * one.depth * bits / 1024, inB = inA / 2;
      const bool isHalf = types.substr(0, 3) == "f16";
      auto list = [](const char *name, uint32_t count) {
        std::string text = "{";
        for (uint32_t i = 0; i < count; ++i)
          text += (i ? ", " : "") + std::string(name);
        return text + "}";
      };
      auto number = [](uint32_t value) { return std::to_string(value); };
      Device device;
      ASSERT_TRUE(device.load(
          inKernel("ld.param.u64 %d1, [out]; mov.b32 %r1, " + number(one.a) + "; mov.b32 %r2, " +
                   number(one.b) + "; mov.b32 %r3, " + number(one.c) +
                   "; mov.u32 %r4, %laneid; mad.wide.u32 %d1, %r4, 16, %d1;\n" +
                   "mma.sync.aligned.m16n8k" + number(one.depth) + ".row.col." + types +
                   (isHalf ? " {%r10, %r11}, " : " {%r10, %r11, %r12, %r13}, ") + list("%r1", inA) +
                   ", " + list("%r2", inB) + ", " + list("%r3", isHalf ? 2 : 4) + ";\n" +
                   (isHalf ? "mov.b32 %r12, %r10; mov.b32 %r13, %r11;\n" : "") +
                   "st.global.v4.b32 [%d1], {%r10, %r11, %r12, %r13};"),
          level))
          << types << ": " << device.error;
      const uint64_t out = device.upload(std::vector<uint32_t>(128));
      ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0})) << device.error;
      for (uint32_t result : device.download<uint32_t>(out, 128))
        ASSERT_EQ(result, one.expected) << types << std::hex << " of " << one.a << ", " << one.b
                                        << ", " << one.c << ": " << result;
    }
}

struct Mistake {
  const char *name, *body, *message;
  uint32_t threads = 32;
};

const char *const kProduct = "mma.sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32 "
                             "{%f1, %f2, %f3, %f4}, {%r5, %r6}, {%r7}, {%f1, %f2, %f3, %f4};";

TEST(MatrixTest, MistakesAreReported) {
  const std::string product = kProduct;
  const std::string guarded = "setp.lt.u32 %p1, %r1, 4;\n@%p1 " + product;
  const std::string ended = "setp.lt.u32 %p1, %r1, 4; @%p1 ret;\n" + product;
  const std::string parted =
      "setp.lt.u32 %p1, %r1, 4; @%p1 bra L;\n" + product + " L: " + "bar.warp.sync -1;";
  const Mistake mistakes[] = {
      {"16 threads", product.c_str(), "needs all 32 lanes of its warp, of which there are 16", 16},
      {"lanes that have ended", ended.c_str(),
       "thread (4, 0, 0), PTX line 15: needs all 32 lanes of its warp, of which there are 28"},
      {"a guard of some lanes", guarded.c_str(),
       "needs all 32 lanes of its warp, of which there are 4"},
      {"lanes elsewhere", parted.c_str(), "waits for lanes of its warp that are elsewhere"},
      {"tiles without all lanes",
       "setp.eq.u32 %p1, %r1, 9; @%p1 ret; ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r5}, [%r2];",
       "needs all 32 lanes of its warp, of which there are 31"},
      {"stored ones",
       "setp.eq.u32 %p1, %r1, 0; @%p1 ret; stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r2], {%r5};",
       "thread (1, 0, 0), PTX line 14: needs all 32"},
      {"transposed ones",
       "setp.eq.u32 %p1, %r1, 0; @%p1 ret; movmatrix.sync.aligned.m8n8.trans.b16 %r5, %r6;",
       "needs all 32 lanes"},
      {"a row that is not aligned",
       "setp.eq.u32 %p1, %r1, 5; @%p1 add.u32 %r2, %r2, 8;\n"
       "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r5}, [%r2];",
       "thread (5, 0, 0), PTX line 15: access of 16 bytes of shared memory at 0x58 is not aligned"},
      {"a row outside",
       "setp.eq.u32 %p1, %r1, 15; @%p1 add.u32 %r2, %r2, 512;\n"
       "ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r5, %r6}, [%r2];",
       "thread (15, 0, 0), PTX line 15: access of 16 bytes of shared memory at 0x2f0 is outside of "
       "the 512 bytes"},
      {"a row stored outside",
       "setp.eq.u32 %p1, %r1, 31; @%p1 add.u32 %r2, %r2, 16;\n"
       "stmatrix.sync.aligned.m8n8.x4.shared.b16 [%r2], {%r5, %r6, %r7, %r8};",
       "thread (31, 0, 0), PTX line 15: access of 16 bytes of shared memory at 0x200 is outside"},
      {"a row in global memory", "ldmatrix.sync.aligned.m8n8.x1.b16 {%r5}, [%d1];",
       "thread (0, 0, 0), PTX line 14: has the address of a row that is not in shared memory"},
  };
  for (const Mistake &mistake : mistakes) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(kShared + mistake.body)))
        << mistake.name << ": " << device.error;
    const auto values = numbers();
    const uint64_t in = device.upload(values), out = device.upload(values);
    EXPECT_FALSE(device.run({1, 1, 1}, {mistake.threads, 1, 1}, {out, in})) << mistake.name;
    EXPECT_NE(device.error.find(mistake.message), std::string::npos)
        << mistake.name << ": " << device.error;
  }
}

TEST(MatrixTest, OtherLanesMayHaveAnyAddress) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kShared + "setp.gt.u32 %p1, %r1, 7; @%p1 mov.u32 %r2, 12345;\n" +
                                   "ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r5}, [%r2];\n"
                                   "setp.gt.u32 %p1, %r1, 99;\n@%p1 " +
                                   kProduct)))
      << device.error;
  const auto values = numbers();
  const uint64_t in = device.upload(values), out = device.upload(values);
  EXPECT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, in})) << device.error;
}

TEST(MatrixTest, WhatIsNotKnownIsNamed) {
  const std::string halves = " {%f1, %f2, %f3, %f4}, {%r1, %r2, %r3, %r4}, {%r5, %r6}, "
                             "{%f1, %f2, %f3, %f4};";
  const std::pair<std::string, const char *> cases[] = {
      {"mma.sync.aligned.m16n8k2.row.col.f32.f16.f16.f32" + halves,
       "has shape m16n8k2, which is not supported for its types"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.tf32.tf32.f32" + halves, "has shape m16n8k16, which"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.f16.bf16.f32" + halves, "has shape m16n8k16, which"},
      {"mma.sync.aligned.m16n8k16.row.col.bf16.bf16.bf16.bf16" + halves, "has shape m16n8k16,"},
      {"mma.sync.aligned.m16n8k16.col.row.f32.f16.f16.f32" + halves,
       "has matrices in another order than row.col"},
      {"mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32" + halves, "in another order"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f16" + halves, "is not an instruction"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.f16.f16" + halves, "is not an instruction"},
      {"mma.sync.aligned.m16n8k16.row.col.f32.e3m2.f16.f32" + halves, "is not an instruction"},
      {"mma.sync.aligned.m16n8k16.row.col.satfinite.f32.f16.f16.f32" + halves, "is not an inst"},
      {"mma.sync.m16n8k16.row.col.f32.f16.f16.f32" + halves, "is not an instruction"},
      {"mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" + halves, "is not an instruction"},
      {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32" + halves,
       "has another number of registers than the 2 of its matrix"},
      {"mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16" + halves, "than the 2 of its matrix"},
      {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%d1, %r2}, {%r3}, "
       "{%f1, %f2, %f3, %f4};",
       "a register of type .b64 in place of .b32"},
      {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {1, %f2, %f3, %f4}, {%r1, %r2}, {%r3}, "
       "{%f1, %f2, %f3, %f4};",
       "something else in place of a register"},
      {"mma.sync.aligned.m16n8k8.row.col.f32.f16.f16.f32 {%f1, %f2, %f3, %f4}, {%r1, %r2}, {%r3};",
       "has 3 operands in place of 4"},
      {"ldmatrix.sync.aligned.m8n8.x3.shared.b16 {%r1, %r2, %r3}, [%r4];", "is not an instruction"},
      {"ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%r1}, [%r4];", "than the 2 of its matrix"},
      {"ldmatrix.sync.aligned.m8n16.x1.shared.b8x16.b6x16_p32 {%r1}, [%r4];", "is not an inst"},
      {"ldmatrix.sync.aligned.m8n8.x1.global.b16 {%r1}, [%r4];", "is not an instruction"},
      {"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r1}, %r4;", "in place of an address"},
      {"stmatrix.sync.aligned.m8n8.x2.shared.b16 [%r4], {%r1};", "than the 2 of its matrix"},
      {"movmatrix.sync.aligned.m8n8.b16 %r1, %r2;", "is not an instruction"},
      {"movmatrix.sync.aligned.m8n8.trans.b16 %d1, %r2;", "in place of .b32"},
  };
  for (const auto &[text, message] : cases) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(text))) << text;
    const std::string opcode = "'" + text.substr(0, text.find(' ')) + "' ";
    EXPECT_NE(device.error.find(opcode), std::string::npos) << device.error;
    EXPECT_NE(device.error.find(message), std::string::npos) << text << ": " << device.error;
  }
}

} // namespace
