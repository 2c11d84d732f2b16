// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registers that share slots keep their values: random programs against what they mean, lane by
// lane.
#include "Kernel.h"

#include <random>

using namespace moert::vgpu;
using namespace moert::vgpu::test;

namespace {

constexpr uint32_t kRegisters = 40;
using Registers = std::array<uint32_t, kRegisters>;

/// A program of assignments, branches and loops, as PTX and as a function of the registers.
class RandomProgram {
public:
  explicit RandomProgram(uint32_t seed) : random_(seed) { makeList(3); }

  const std::string &text() const { return text_; }
  void run(Registers &registers) const {
    size_t next = 0;
    runList(registers, next, true);
  }

private:
  enum class Kind { Add, Xor, GuardedMove, If, Else, Loop, End };
  struct Step {
    Kind kind;
    uint32_t to, a, b;
  };

  uint32_t any(uint32_t count) { return uint32_t(random_() % count); }
  static std::string name(uint32_t reg) { return "%v" + std::to_string(reg); }

  void makeList(uint32_t depth) {
    for (uint32_t i = 0, count = 2 + any(6); i < count; ++i) {
      const Step step{Kind(any(depth ? 6 : 3)), any(kRegisters), any(kRegisters), any(kRegisters)};
      const std::string label = std::to_string(labels_++);
      switch (step.kind) {
      case Kind::Add:
      case Kind::Xor:
        text_ += std::string(step.kind == Kind::Add ? "add.u32 " : "xor.b32 ") + name(step.to) +
                 ", " + name(step.a) + ", " + name(step.b) + ";\n";
        steps_.push_back(step);
        break;
      case Kind::GuardedMove:
        text_ += "and.b32 %t, " + name(step.b) + ", 1; setp.ne.u32 %p, %t, 0; @%p mov.b32 " +
                 name(step.to) + ", " + name(step.a) + ";\n";
        steps_.push_back(step);
        break;
      case Kind::If:
      case Kind::Else:
        text_ +=
            "and.b32 %t, " + name(step.a) + ", 2; setp.eq.u32 %p, %t, 0; @%p bra E" + label + ";\n";
        steps_.push_back({Kind::If, step.to, step.a, step.b});
        makeList(depth - 1);
        text_ += "bra D" + label + ";\nE" + label + ":\n";
        steps_.push_back({Kind::Else, 0, 0, 0});
        if (step.kind == Kind::Else)
          makeList(depth - 1);
        text_ += "D" + label + ":\n";
        steps_.push_back({Kind::End, 0, 0, 0});
        break;
      default:
        // As often as bits of a register say, 0 to 3 times; each depth has its counter.
        const std::string counter = "%c" + std::to_string(depth);
        text_ += "and.b32 " + counter + ", " + name(step.a) + ", 3;\nL" + label +
                 ": setp.eq.u32 %p, " + counter + ", 0; @%p bra X" + label + ";\n";
        steps_.push_back(step);
        makeList(depth - 1);
        text_ +=
            "sub.u32 " + counter + ", " + counter + ", 1; bra L" + label + ";\nX" + label + ":\n";
        steps_.push_back({Kind::End, 0, 0, 0});
      }
    }
  }

  /// Runs, or skips, up to the Else or the End of the list.
  void runList(Registers &registers, size_t &next, bool isRunning) const {
    while (next < steps_.size()) {
      const Step &step = steps_[next++];
      const uint32_t a = registers[step.a], b = registers[step.b];
      switch (step.kind) {
      case Kind::Add:
      case Kind::Xor:
        if (isRunning)
          registers[step.to] = step.kind == Kind::Add ? a + b : a ^ b;
        break;
      case Kind::GuardedMove:
        if (isRunning && b & 1)
          registers[step.to] = a;
        break;
      case Kind::If:
        runList(registers, next, isRunning && a & 2);
        runList(registers, next, isRunning && !(a & 2));
        break;
      case Kind::Loop: {
        const size_t first = next;
        for (uint32_t turn = 0; turn < (isRunning ? a & 3 : 0); ++turn) {
          next = first;
          runList(registers, next, true);
        }
        if (next == first)
          runList(registers, next, false);
        break;
      }
      default:
        return;
      }
    }
  }

  std::mt19937 random_;
  std::string text_;
  std::vector<Step> steps_;
  uint32_t labels_ = 0;
};

TEST(SlotPlanTest, RandomProgramsKeepTheirValues) {
  for (uint32_t seed = 0; seed < 200; ++seed) {
    const RandomProgram program(seed);
    std::string text = kHead + ".entry k(.param .u64 out, .param .u64 in) {\n.reg .pred %p; .reg "
                               ".b32 %t, %c<9>, %v<40>; .reg .b64 %d<9>;\n"
                               "ld.param.u64 %d1, [out]; ld.param.u64 %d2, [in]; mov.u32 %t, "
                               "%tid.x;\nmad.wide.u32 %d1, %t, 160, %d1; mad.wide.u32 %d2, %t, "
                               "160, %d2;\n";
    for (uint32_t i = 0; i < kRegisters; ++i)
      text += "ld.global.u32 %v" + std::to_string(i) + ", [%d2+" + std::to_string(4 * i) + "];\n";
    text += program.text();
    for (uint32_t i = 0; i < kRegisters; ++i)
      text += "st.global.u32 [%d1+" + std::to_string(4 * i) + "], %v" + std::to_string(i) + ";\n";
    Device device;
    ASSERT_TRUE(device.load(text + "ret; }\n")) << device.error;
    std::mt19937 random(seed + 1000);
    std::vector<uint32_t> input(32 * kRegisters);
    for (uint32_t &value : input)
      value = uint32_t(random());
    const uint64_t in = device.upload(input), out = device.upload(input);
    ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, in})) << device.error << text;
    const auto found = device.download<uint32_t>(out, input.size());
    for (uint32_t lane = 0; lane < 32; ++lane) {
      Registers registers;
      std::copy_n(input.begin() + lane * kRegisters, kRegisters, registers.begin());
      program.run(registers);
      for (uint32_t i = 0; i < kRegisters; ++i)
        ASSERT_EQ(found[lane * kRegisters + i], registers[i])
            << "seed " << seed << ", lane " << lane << ", register " << i;
    }
  }
}

TEST(SlotPlanTest, LanesThatAreElsewhereKeepValuesOfOtherSizes) {
  // The upper lanes wait with values of 16 bits, while the lower ones write values of 32.
  std::string upper, lower;
  for (int i = 1; i < 9; ++i) {
    const std::string n = std::to_string(i);
    upper += "cvt.u16.u32 %h" + n + ", %r1; ";
    lower += "add.u32 %r" + std::to_string(9 + i) + ", %r1, 0xaaaa0000; ";
  }
  upper += "barrier.sync 1, 32;\n";
  lower += "barrier.sync 1, 32;\n";
  for (int i = 1; i < 9; ++i) {
    const std::string n = std::to_string(i), r = std::to_string(9 + i);
    upper += "cvt.u32.u16 %r9, %h" + n + "; add.u32 %r8, %r8, %r9; ";
    lower += "and.b32 %r" + r + ", %r" + r + ", 31; add.u32 %r8, %r8, %r" + r + "; ";
  }
  Device device;
  ASSERT_TRUE(
      device.load(inKernel("ld.param.u64 %d1, [out]; mov.u32 %r1, %tid.x; mov.u32 %r8, 0;\n"
                           "mad.wide.u32 %d3, %r1, 4, %d1; setp.lt.u32 %p1, %r1, 16; "
                           "@%p1 bra Y;\n" +
                           upper + "bra F;\nY: " + lower + "\nF: st.global.u32 [%d3], %r8;")))
      << device.error;
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out, 0})) << device.error;
  const auto found = device.download<uint32_t>(out, 32);
  for (uint32_t lane = 0; lane < 32; ++lane)
    EXPECT_EQ(found[lane], 8 * lane);
}

TEST(SlotPlanTest, ThousandsOfRegistersNeedFewSlots) {
  std::string body = "mov.u32 %v0, %tid.x;\n";
  for (int i = 1; i < 20000; ++i)
    body += "add.u32 %v" + std::to_string(i) + ", %v" + std::to_string(i - 1) + ", 1;\n";
  Device device;
  ASSERT_TRUE(device.load(
      kHead + ".entry k(.param .u64 out) {\n.reg .b32 %v<20000>; .reg .b64 %d<3>;\n" + body +
      "ld.param.u64 %d1, [out]; mad.wide.u32 %d1, %v0, 4, %d1;\n"
      "st.global.u32 [%d1], %v19999; ret; }\n"))
      << device.error;
  EXPECT_LT(device.program.numSlots, 20u);
  const uint64_t out = device.upload(std::vector<uint32_t>(32));
  ASSERT_TRUE(device.run({1, 1, 1}, {32, 1, 1}, {out})) << device.error;
  EXPECT_EQ(device.download<uint32_t>(out, 32)[5], 5 + 19999u);
}

} // namespace
