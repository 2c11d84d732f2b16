// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One instruction, by all lanes and by some, at each level of the CPU.
#ifndef MOERT_VGPU_TEST_INSTRUCTION_H
#define MOERT_VGPU_TEST_INSTRUCTION_H

#include "Kernel.h"

namespace moert::vgpu::test {

/// Inputs are in %h1 to %h4, %r1 to %r4 and %d1 to %d4 alike, as many bits as fit; the result is in
/// %h0, %r0, %d0 or %p0.
struct Case {
  const char *text;
  std::vector<uint64_t> inputs;
  uint64_t expected;
};

constexpr uint64_t kOnes = ~uint64_t(0);

inline std::vector<Level> levels() {
  std::vector<Level> found = {Level::Baseline};
  for (Level level : {Level::Avx2, Level::Avx512})
    if (bestLevel() >= level)
      found.push_back(level);
  return found;
}

/// A kernel in which each thread has inputs of its own, of 4 words of 64 bits.
inline std::string kernelFor(const std::string &instruction) {
  std::string text = kHead +
                     ".entry k(.param .u64 out, .param .u64 in) {\n.reg .pred %p<5>; "
                     ".reg .b16 %h<5>; .reg .b32 %r<5>; .reg .b64 %d<5>; .reg .b64 %a<9>; "
                     ".reg .b32 %t;\n"
                     "ld.param.u64 %a1, [out]; ld.param.u64 %a2, [in]; mov.u32 %t, %tid.x;\n"
                     "mad.wide.u32 %a1, %t, 8, %a1; mad.wide.u32 %a2, %t, 32, %a2;\n"
                     "mov.b64 %d0, 0; mov.b32 %r0, 0; mov.b16 %h0, 0; setp.ne.u32 %p0, 0, 0;\n";
  for (int i = 1; i < 5; ++i) {
    const std::string n = std::to_string(i), place = "[%a2+" + std::to_string(8 * (i - 1)) + "];\n";
    text += "ld.global.b64 %d" + n + ", " + place + "ld.global.b32 %r" + n + ", " + place +
            "ld.global.b16 %h" + n + ", " + place;
  }
  // Predicates of the inputs: whether the first, the second is not zero.
  text += "setp.ne.u64 %p1, %d1, 0; setp.ne.u64 %p2, %d2, 0; setp.ne.u64 %p3, %d3, 0;\n" +
          instruction + "\n";
  const char kind = instruction.find("%p0") != std::string::npos   ? 'p'
                    : instruction.find("%h0") != std::string::npos ? 'h'
                    : instruction.find("%r0") != std::string::npos ? 'r'
                                                                   : 'd';
  if (kind == 'p')
    text += "selp.b64 %d0, 1, 0, %p0;\n";
  else if (kind != 'd')
    text += std::string("cvt.u64.u") + (kind == 'r' ? "32 %d0, %r0;\n" : "16 %d0, %h0;\n");
  return text + "st.global.b64 [%a1], %d0;\nret; }\n";
}

/// The results of an instruction for each of the inputs, 4 words each.
inline std::vector<uint64_t> run(const std::string &instruction,
                                 const std::vector<uint64_t> &inputs, Level level) {
  const auto threads = uint32_t(inputs.size() / 4);
  Device device;
  EXPECT_TRUE(device.load(kernelFor(instruction), level)) << instruction << "\n" << device.error;
  const uint64_t in = device.upload(inputs), out = device.upload(std::vector<uint64_t>(threads));
  EXPECT_TRUE(device.run({1, 1, 1}, {threads, 1, 1}, {out, in})) << device.error;
  return device.download<uint64_t>(out, threads);
}

inline void check(const std::vector<Case> &cases) {
  for (const Case &one : cases)
    for (Level level : levels()) {
      // All lanes, and a mask with holes: lanes 0 and 2 of 3.
      std::vector<uint64_t> inputs = one.inputs;
      inputs.resize(4);
      std::vector<uint64_t> all;
      for (int lane = 0; lane < 32; ++lane)
        all.insert(all.end(), inputs.begin(), inputs.end());
      for (uint64_t result : run(one.text, all, level))
        ASSERT_EQ(result, one.expected) << one.text << " at level " << int(level) << std::hex
                                        << ", 0x" << result << " in place of 0x" << one.expected;
      const std::string guarded =
          "and.b32 %t, %t, 1; setp.eq.u32 %p4, %t, 0;\n@%p4 " + std::string(one.text);
      const auto some = run(guarded, all, level);
      for (size_t lane = 0; lane < some.size(); ++lane)
        ASSERT_EQ(some[lane], lane % 2 ? 0 : one.expected) << guarded << " in lane " << lane;
    }
}

} // namespace moert::vgpu::test

#endif // MOERT_VGPU_TEST_INSTRUCTION_H
