// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whole kernels by hand: ways through the code, barriers, memory, and what is reported.
#include "Kernel.h"

#include <numeric>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

/// %d1: out, %d2: in, %r1: thread, %r0: its index in the grid, %d3: where its word of out is.
const std::string kPlace =
    "ld.param.u64 %d1, [out]; ld.param.u64 %d2, [in]; mov.u32 %r1, %tid.x;\n"
    "mov.u32 %r2, %ctaid.x; mov.u32 %r3, %ntid.x; mad.lo.u32 %r0, %r2, %r3, %r1;\n"
    "mul.wide.u32 %d4, %r0, 4; add.u64 %d3, %d1, %d4; add.u64 %d5, %d2, %d4;\n";

TEST(KernelTest, AddsVectorsOverAGrid) {
  Device device;
  ASSERT_TRUE(
      device.load(inKernel(kPlace + "setp.ge.u32 %p1, %r0, 1000;\n@%p1 bra END;\n"
                                    "ld.global.f32 %f1, [%d5]; add.f32 %f2, %f1, 0f3F800000;\n"
                                    "st.global.f32 [%d3], %f2;\nEND:")))
      << device.error;
  std::vector<float> values(1000);
  std::iota(values.begin(), values.end(), 0.5f);
  const uint64_t in = device.upload(values), out = device.upload(std::vector<float>(1000));
  for (uint32_t threads : {32u, 33u, 100u, 256u}) {
    ASSERT_TRUE(
        device.run({(1000 + threads - 1) / threads, 1, 1}, {threads, 1, 1}, {out, in}, 0, 2))
        << device.error;
    const auto sums = device.download<float>(out, 1000);
    for (size_t i = 0; i < sums.size(); ++i)
      ASSERT_EQ(sums[i], values[i] + 1) << i;
  }
}

TEST(KernelTest, LanesLoopAsOftenAsEachNeeds) {
  // The sum of 0..thread, with an inner branch that parts lanes in each turn.
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + R"(
    mov.u32 %r4, 0; mov.u32 %r5, 0;
    LOOP: setp.gt.u32 %p1, %r5, %r1; @%p1 bra DONE;
    and.b32 %r6, %r5, 1; setp.eq.u32 %p2, %r6, 0; @%p2 bra EVEN;
    add.u32 %r4, %r4, %r5; bra NEXT;
    EVEN: add.u32 %r4, %r4, %r5;
    NEXT: add.u32 %r5, %r5, 1; bra LOOP;
    DONE: st.global.u32 [%d3], %r4;)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(64));
  ASSERT_TRUE(device.run({1, 1, 1}, {64, 1, 1}, {out, 0})) << device.error;
  const auto sums = device.download<uint32_t>(out, 64);
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(sums[i], i * (i + 1) / 2);
}

TEST(KernelTest, BlocksReverseThroughSharedMemory) {
  Device device;
  ASSERT_TRUE(device.load(kHead + ".extern .shared .align 16 .b8 dynamic[];\n" +
                          inKernel(".shared .align 4 .b8 tile[512];\n" + kPlace + R"(
    mul.wide.u32 %d6, %r1, 4; mov.u64 %d7, tile; add.u64 %d7, %d7, %d6; st.shared.u32 [%d7], %r0;
    bar.sync 0;
    sub.u32 %r4, 127, %r1; shl.b32 %r5, %r4, 2; mov.u32 %r6, tile; add.u32 %r6, %r6, %r5;
    ld.shared.u32 %r7, [%r6]; st.global.u32 [%d3], %r7;)")
                              .substr(kHead.size())))
      << device.error;
  EXPECT_EQ(device.program.sharedBytes, 512u);
  const uint64_t out = device.upload(std::vector<uint32_t>(512));
  ASSERT_TRUE(device.run({4, 1, 1}, {128, 1, 1}, {out, 0})) << device.error;
  const auto values = device.download<uint32_t>(out, 512);
  for (uint32_t i = 0; i < 512; ++i)
    EXPECT_EQ(values[i], i / 128 * 128 + 127 - i % 128);
}

TEST(KernelTest, GenericAddressesReachSharedAndLocalMemory) {
  Device device;
  ASSERT_TRUE(device.load(
      inKernel(".shared .align 8 .b8 s[256]; .local .align 8 .b8 l[16];\n" + kPlace + R"(
    mov.u64 %d6, s; cvta.shared.u64 %d6, %d6; mul.wide.u32 %d7, %r1, 4; add.u64 %d6, %d6, %d7;
    st.u32 [%d6], %r1; bar.sync 0;
    mov.u64 %d8, l; cvta.local.u64 %d8, %d8; ld.u32 %r4, [%d6]; st.u32 [%d8+4], %r4;
    ld.local.u32 %r5, [l+4]; cvta.to.local.u64 %d9, %d8; ld.local.u32 %r6, [%d9+4];
    add.u32 %r5, %r5, %r6; st.u32 [%d3], %r5;)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(64));
  ASSERT_TRUE(device.run({1, 1, 1}, {64, 1, 1}, {out, 0})) << device.error;
  const auto values = device.download<uint32_t>(out, 64);
  for (uint32_t i = 0; i < 64; ++i)
    EXPECT_EQ(values[i], 2 * i);
}

TEST(KernelTest, LoopsWithinLoopsOfAnyDepthAreLaidOut) {
  // 20,000 loops, each in the one before; the innermost ends after one turn of each.
  std::string text;
  const int depth = 20000;
  for (int i = 0; i < depth; ++i)
    text += "L" + std::to_string(i) + ": add.u32 %r5, %r5, 1;\n";
  text += "add.u32 %r4, %r4, 1;\n";
  for (int i = depth; i-- > 0;)
    text += "setp.eq.u32 %p1, %r4, 0; @%p1 bra L" + std::to_string(i) + ";\n";
  Device device;
  ASSERT_TRUE(device.load(
      inKernel(kPlace + "mov.u32 %r4, 0; mov.u32 %r5, 0;\n" + text + "st.global.u32 [%d3], %r5;")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 32)[31], uint32_t(depth));
}

TEST(KernelTest, BranchesByTable) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + R"(
    T: .branchtargets A, B, C;
    rem.u32 %r4, %r1, 3; brx.idx %r4, T;
    A: mov.u32 %r5, 10; bra END; B: mov.u32 %r5, 20; bra END; C: mov.u32 %r5, 30;
    END: st.global.u32 [%d3], %r5;)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0})) << device.error;
  const auto values = device.download<uint32_t>(out, 32);
  for (uint32_t i = 0; i < 32; ++i)
    EXPECT_EQ(values[i], (i % 3 + 1) * 10);
}

TEST(KernelTest, LanesThatWaitForOthersOfTheirWarpGetOn) {
  // Lane 1 spins until lane 0, which is further on in the code, has written.
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + R"(
    setp.eq.u32 %p1, %r1, 0; @%p1 bra WRITE;
    SPIN: ld.volatile.global.u32 %r4, [%d1]; setp.eq.u32 %p2, %r4, 0; @%p2 bra SPIN;
    bra END;
    WRITE: st.volatile.global.u32 [%d1], 7;
    END:)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.run({1, 1, 1}, {2, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 7u);
}

TEST(KernelTest, BlocksThatWaitForEachOtherGetOn) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + R"(
    mul.wide.u32 %d6, %r2, 4; add.u64 %d6, %d1, %d6; st.volatile.global.u32 [%d6], 1;
    xor.b32 %r4, %r2, 1; mul.wide.u32 %d7, %r4, 4; add.u64 %d7, %d1, %d7;
    SPIN: ld.volatile.global.u32 %r5, [%d7]; setp.eq.u32 %p2, %r5, 0; @%p2 bra SPIN;)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(2));
  ASSERT_TRUE(device.run({2, 1, 1}, {1, 1, 1}, {out, 0})) << device.error;
}

TEST(KernelTest, NamedBarriersOrderProducersAndConsumers) {
  // Warp 0 writes and arrives, warp 1 waits and reads; warp 2 has no part in it.
  Device device;
  ASSERT_TRUE(device.load(inKernel(".shared .align 4 .b8 s[4];\n" + kPlace + R"(
    mov.u32 %r4, %warpid; setp.eq.u32 %p1, %r4, 2; @%p1 bra END;
    setp.eq.u32 %p1, %r4, 1; @%p1 bra READ;
    st.shared.u32 [s], 42; bar.arrive 3, 64; bra END;
    READ: bar.sync 3, 64; ld.shared.u32 %r5, [s]; st.global.u32 [%d1], %r5;
    END:)")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(1));
  ASSERT_TRUE(device.run({1, 1, 1}, {96, 1, 1}, {out, 0})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 1)[0], 42u);
}

TEST(KernelTest, CarriesGoFromWordToWord) {
  // Sums and differences of 128 bits in words of 32 and 64, products of 64 by 64 bits in words of
  // 32.
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + R"(
    ld.global.v4.u32 {%r4, %r5, %r6, %r7}, [%d2]; ld.global.v4.u32 {%r8, %r9, %r10, %r11}, [%d2+16];
    add.cc.u32 %r12, %r4, %r8; addc.cc.u32 %r13, %r5, %r9; addc.cc.u32 %r14, %r6, %r10;
    addc.u32 %r15, %r7, %r11; st.global.v4.u32 [%d1], {%r12, %r13, %r14, %r15};
    sub.cc.u32 %r4, %r4, %r8; subc.cc.u32 %r5, %r5, %r9; subc.cc.u32 %r6, %r6, %r10;
    subc.u32 %r7, %r7, %r11; st.global.v4.u32 [%d1+16], {%r4, %r5, %r6, %r7};
    ld.global.v2.u64 {%d6, %d7}, [%d2]; ld.global.v2.u64 {%d8, %d9}, [%d2+16];
    add.cc.s64 %d10, %d6, %d8; addc.s64 %d11, %d7, %d9;
    sub.cc.s64 %d12, %d6, %d8; subc.s64 %d13, %d7, %d9;
    st.global.v2.u64 [%d1+32], {%d10, %d11}; st.global.v2.u64 [%d1+48], {%d12, %d13};
    ld.global.v2.u32 {%r4, %r5}, [%d2]; ld.global.v2.u32 {%r8, %r9}, [%d2+16];
    mul.lo.u32 %r12, %r4, %r8; mul.hi.u32 %r13, %r4, %r8;
    mad.lo.cc.u32 %r13, %r4, %r9, %r13; madc.hi.u32 %r14, %r4, %r9, 0;
    mad.lo.cc.u32 %r13, %r5, %r8, %r13; madc.hi.cc.u32 %r14, %r5, %r8, %r14; addc.u32 %r15, 0, 0;
    mad.lo.cc.u32 %r14, %r5, %r9, %r14; madc.hi.u32 %r15, %r5, %r9, %r15;
    st.global.v4.u32 [%d1+64], {%r12, %r13, %r14, %r15};)")))
      << device.error;
  using Wide = unsigned __int128;
  const Wide values[] = {0,
                         1,
                         ~Wide(0),
                         Wide(1) << 64,
                         (Wide(1) << 64) - 1,
                         Wide(1) << 127,
                         (Wide(0x123456789abcdef0) << 64) + 0xfedcba9876543210};
  for (Wide a : values)
    for (Wide b : values) {
      const uint64_t in = device.upload(std::vector<Wide>{a, b}),
                     out = device.upload(std::vector<Wide>(5));
      ASSERT_TRUE(device.run({1, 1, 1}, {1, 1, 1}, {out, in})) << device.error;
      const auto found = device.download<Wide>(out, 5);
      EXPECT_TRUE(found[0] == a + b);
      EXPECT_TRUE(found[1] == a - b);
      EXPECT_TRUE(found[2] == a + b);
      EXPECT_TRUE(found[3] == a - b);
      EXPECT_TRUE(found[4] == Wide(uint64_t(a)) * uint64_t(b));
    }
}

struct Mistake {
  const char *name, *body, *message;
  uint32_t threads = 64;
};

TEST(KernelTest, MistakesAreReported) {
  const Mistake mistakes[] = {
      {"beyond an allocation", "st.global.u32 [%d3+252], %r1;",
       "kernel 'k', block (0, 0, 0), thread (1, 0, 0), PTX line 10: access of 4 bytes of global "
       "memory"},
      {"before one", "st.global.u32 [%d1+-4], %r1;", "is in no allocation"},
      {"null", "mov.u64 %d6, 0; ld.global.u32 %r4, [%d6];", "is in no allocation"},
      {"not aligned", "ld.global.u32 %r4, [%d1+2];", "is not aligned to its size"},
      {"vector not aligned", "ld.global.v2.u32 {%r4, %r5}, [%d1+4];",
       "access of 8 bytes of global memory at"},
      {"shared", "st.shared.u32 [%r1+1024], 1;", "outside of the 16 bytes"},
      {"parameters", "ld.param.u64 %d6, [out+16];", "outside of the 16 bytes"},
      {"written parameters", "mov.u64 %d6, out; cvta.param.u64 %d6, %d6; st.u32 [%d6], 1;",
       "writes what is read only"},
      {"trap", "setp.eq.u32 %p1, %r1, 40; @%p1 trap;",
       "thread (40, 0, 0), PTX line 10: executes 'trap'"},
      {"a barrier that some lanes pass",
       "setp.lt.u32 %p1, %r1, 5; @%p1 bar.sync 0; bar.warp.sync -1;",
       "waits for lanes of its warp that are elsewhere"},
      {"a barrier that a warp passes", "setp.lt.u32 %p1, %r1, 32; @%p1 bra L; bar.sync 1, 64;\nL:",
       "waits at barrier 1 for 64 threads, of which 32 come"},
      {"numbers of threads",
       "setp.lt.u32 %p1, %r1, 32; @%p1 bra L; bar.sync 1, 96; bra E;\n"
       "L: bar.sync 1, 64;\nE:",
       "with another number of threads"},
      {"barrier 16", "bar.sync 16;", "names barrier 16"},
      {"48 threads", "bar.sync 0, 48;", "for 48 threads"},
      {"a mask without oneself", "bar.warp.sync 1;", "is not in the mask of lanes that it names"},
      {"forever", "L: bra L;", "is still running after"},
      {"a table's end", "T: .branchtargets A;\nbrx.idx %r1, T;\nA:", "jumps to label 1 of 1"},
  };
  for (const Mistake &mistake : mistakes) {
    Device device;
    ASSERT_TRUE(device.load(inKernel(".shared .align 4 .b8 s[16];\n" + kPlace + mistake.body)))
        << mistake.name << ": " << device.error;
    device.mostInstructions = 100000;
    const uint64_t out = device.upload(std::vector<uint32_t>(64));
    EXPECT_FALSE(device.run({1, 1, 1}, {mistake.threads, 1, 1}, {out, 0})) << mistake.name;
    EXPECT_NE(device.error.find(mistake.message), std::string::npos)
        << mistake.name << ": " << device.error;
  }
}

TEST(KernelTest, BlocksThatNoDeviceHasAreRefused) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace))) << device.error;
  for (const std::array<uint32_t, 3> threads :
       {std::array<uint32_t, 3>{0, 1, 1}, {2048, 1, 1}, {65536, 65536, 1}, {33, 32, 1}}) {
    EXPECT_FALSE(device.run({1, 1, 1}, threads, {0, 0}));
    EXPECT_NE(device.error.find("threads, which it cannot have"), std::string::npos);
  }
}

TEST(KernelTest, FreedMemoryIsReported) {
  Device device;
  ASSERT_TRUE(device.load(inKernel(kPlace + "st.global.u32 [%d3], %r1;"))) << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.memory.release(out));
  EXPECT_FALSE(device.memory.release(out));
  EXPECT_FALSE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0}));
  EXPECT_NE(device.error.find("in an allocation that was freed"), std::string::npos)
      << device.error;
}

struct BadInstruction {
  const char *text, *message;
};

TEST(KernelTest, UnknownInstructionsAreNamed) {
  const BadInstruction cases[] = {
      {"frobnicate.u32 %r1, %r2;", "6: 'frobnicate.u32' is not an instruction that is supported"},
      {"add.u32.weird %r1, %r2, %r3;", "'add.u32.weird' is not an instruction that is supported"},
      {"add.rz.f64 %g1, %g2, %g3;", "'add.rz.f64' is not"},
      {"add %r1, %r2, %r3;", "'add' is not"},
      {"add.u32 %r1, %r2;", "has 2 operands in place of 3"},
      {"add.u32 %d1, %r2, %r3;", "has a register of type .b64 in place of .u32"},
      {"add.u32 1, %r2, %r3;", "something else in place of a register"},
      {"add.f32 %f1, %f2, 1;", "a whole number in place of a float"},
      {"add.f64 %g1, %g2, 0f00000000;", "a float of 32 bits in place of .f64"},
      {"setp.foo.u32 %p1, %r1, %r2;", "'setp.foo.u32' is not"},
      {"selp.b32 %r1, %r2, %r3, %r4;", "something else in place of a predicate"},
      {"cvt.s32.f32 %r1, %f1;", "'cvt.s32.f32' is not"},
      {"cvt.f16.f32 %h1, %f1;", "'cvt.f16.f32' is not"},
      {"ld.global.v3.u32 {%r1, %r2, %r3}, [%d1];", "'ld.global.v3.u32' is not"},
      {"ld.global.v2.u32 {%r1, %r2, %r3}, [%d1];", "another number of registers"},
      {"ld.global.u32 %h1, [%d1];", "a register that does not fit its type"},
      {"ld.global.u32 %r1, %r2;", "something else in place of an address"},
      {"ld.global.u32 %r1, [%h1];", "an address that is not of 32 or 64 bits"},
      {"lop3.b32 %r1, %r2, %r3, %r4, 256;", "no table from 0 to 255"},
      {"mov.u32 %d1, %tid.x;", "a register of type .b64 in place of .u32"},
      {"mov.b64 {%r1, %r2, %r3}, %d1;", "'mov.b64' is not"},
      {"brx.idx %r1, L; L:", "a list of labels"},
      {"shf.l.b32 %r1, %r2, %r3, %r4;", "'shf.l.b32' is not"},
  };
  for (const BadInstruction &bad : cases) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(bad.text))) << bad.text;
    EXPECT_NE(device.error.find(bad.message), std::string::npos)
        << bad.text << ": " << device.error;
  }
}

} // namespace
