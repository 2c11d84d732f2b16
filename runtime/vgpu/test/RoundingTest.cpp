// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sums and products of f32 that are rounded down, up and to zero, against the CPU's in these modes.
#include "Instruction.h"

#include <cfenv>
#include <cmath>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

float floatOf(uint64_t bits) {
  const auto narrow = uint32_t(bits);
  float value;
  std::memcpy(&value, &narrow, sizeof(value));
  return value;
}

uint32_t bitsOf(float value) {
  if (std::isnan(value))
    return 0x7fffffff; // the one form of a NaN
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

struct Mode {
  const char *name;
  int rounding;
};

/// The CPU's result. Volatile, so that no compiler computes it in another mode.
uint32_t computed(const std::string &operation, int rounding, const uint64_t *inputs) {
  volatile float a = floatOf(inputs[0]), b = floatOf(inputs[1]), c = floatOf(inputs[2]), result;
  const int before = std::fegetround();
  std::fesetround(rounding);
  if (operation == "add")
    result = a + b;
  else if (operation == "sub")
    result = a - b;
  else if (operation == "mul")
    result = a * b;
  else
    result = std::fma(float(a), float(b), float(c));
  std::fesetround(before);
  return bitsOf(result);
}

TEST(RoundingTest, SumsAndProductsAreThoseOfTheCpu) {
  uint64_t state = 1;
  auto random = [&] {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
  };
  const uint32_t special[] = {0,          0x80000000, 0x3f800000, 0xbf800000,
                              0x7f7fffff, 0xff7fffff, 0x00000001, 0x80000001,
                              0x00800000, 0x80800000, 0x7f800000, 0xff800000,
                              0x7fc00000, 0x3f800001, 0x33800000, 0x4b400000};
  std::vector<uint64_t> inputs(1024 * 4);
  for (size_t i = 0; i < inputs.size(); ++i)
    switch (random() % 4) {
    case 0:
      inputs[i] = special[random() % 16];
      break;
    case 1:
      inputs[i] = random() & UINT32_MAX;
      break;
    default: // of similar sizes
      inputs[i] = (random() & 0x81ffffff) | 0x3e000000;
    }
  const Mode modes[] = {{"rz", FE_TOWARDZERO}, {"rm", FE_DOWNWARD}, {"rp", FE_UPWARD}};
  for (const char *operation : {"add", "sub", "mul", "fma"})
    for (const Mode &mode : modes)
      for (Level level : levels()) {
        const std::string text = std::string(operation) + "." + mode.name + ".f32 %r0, %r1, %r2" +
                                 (std::string(operation) == "fma" ? ", %r3;" : ";");
        const auto found = run(text, inputs, level);
        for (size_t i = 0; i < found.size(); ++i)
          ASSERT_EQ(uint32_t(found[i]), computed(operation, mode.rounding, &inputs[4 * i]))
              << text << std::hex << " of 0x" << inputs[4 * i] << ", 0x" << inputs[4 * i + 1]
              << ", 0x" << inputs[4 * i + 2] << " at level " << int(level);
      }
}

TEST(RoundingTest, SomeLanesOnly) {
  check({
      {"add.rm.f32 %r0, %r1, %r2;", {0x3f800000, 0x33000000}, 0x3f800000},
      {"add.rp.f32 %r0, %r1, %r2;", {0x3f800000, 0x33000000}, 0x3f800001},
      {"add.rz.f32 %r0, %r1, %r2;", {0xbf800000, 0xb3000000}, 0xbf800000},
      {"add.rm.f32 %r0, %r1, %r2;", {0x3f800000, 0xbf800000}, 0x80000000},
      {"mul.rp.f32 %r0, %r1, %r2;", {0x00000001, 0x3f000000}, 0x00000001},
      {"mul.rz.ftz.f32 %r0, %r1, %r2;", {0x00000001, 0x3f000000}, 0},
      {"fma.rm.ftz.sat.f32 %r0, %r1, %r2, %r3;", {0x40000000, 0x40000000, 0}, 0x3f800000},
      {"fma.rp.f32 %r0, %r1, 2.0, %r3;", {0x3f800000, 0, 0x80000000}, 0x40000000},
      {"mad.rz.f32 %r0, %r1, %r2, %r3;", {0x7f7fffff, 0x40000000, 0}, 0x7f7fffff},
  });
}

TEST(RoundingTest, FormsThatAreNotThere) {
  for (const char *text : {"add.rz.f64 %g1, %g2, %g3;", "div.rz.f32 %f1, %f2, %f3;",
                           "add.rm.rz.f32 %f1, %f2, %f3;", "min.rz.f32 %f1, %f2, %f3;",
                           "add.rm.u32 %r1, %r2, %r3;", "fma.rp.f16 %h1, %h2, %h3, %h4;"}) {
    Device device;
    EXPECT_FALSE(device.load(inKernel(text))) << text;
  }
}

} // namespace
