// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How fast one core runs kernels, with all checks: prints a line `speed: what | value | unit` for
// each of several loops. Called by the bench.
#include "vgpu/Exec/Block.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>

using namespace moert::vgpu;

namespace {

constexpr uint32_t kThreads = 256, kBlocks = 8, kTurns = 500, kRepeats = 16, kTries = 7;

struct Loop {
  const char *what;
  /// Once in a turn of the loop, kRepeats times. %d3, %d6: 4 and 16 bytes for each thread in global
  /// memory, %r15, %r16 in shared memory.
  const char *body;
  /// Operations of a lane in the body, or, with `unit` "ns", of a warp.
  double operations;
  const char *unit;
};

const Loop kLoops[] = {
    {"float and integer arithmetic", "fma.rn.f32 %f3, %f1, %f2, %f4; add.u32 %r6, %r1, %r5;", 2,
     "G/s"},
    {"comparisons, selection, wide products",
     "setp.lt.f32 %p2, %f1, %f2; selp.b32 %r6, %r1, %r5, %p2; mul.wide.u32 %d5, %r1, %r5;", 3,
     "G/s"},
    {"global loads of 4 bytes", "ld.global.u32 %r6, [%d3];", 1, "G/s"},
    {"global loads of 16 bytes", "ld.global.v4.u32 {%r6, %r7, %r8, %r9}, [%d6];", 1, "G/s"},
    {"global stores of 4 bytes", "st.global.u32 [%d7], %r5;", 1, "G/s"},
    {"shared loads and stores of 4 bytes", "st.shared.u32 [%r15], %r5; ld.shared.u32 %r7, [%r15];",
     2, "G/s"},
    {"cp.async of 16 bytes", "cp.async.cg.shared.global [%r16], [%d6], 16; cp.async.wait_all;", 1,
     "G/s"},
    {"ldmatrix.x4", "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r6, %r7, %r8, %r9}, [%r17];", 1,
     "ns"},
    {"mma.m16n8k16 of bf16",
     "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f3, %f4, %f5, %f6}, {%r10, %r11, %r12, "
     "%r13}, {%r10, %r11}, {%f3, %f4, %f5, %f6};",
     1, "ns"},
};

std::string kernelOf(const Loop &loop) {
  std::string body;
  for (uint32_t i = 0; i < kRepeats; ++i)
    body += std::string(loop.body) + "\n";
  return ".version 8.0\n.target sm_80\n.address_size 64\n"
         ".visible .entry k(.param .u64 memory) {\n.reg .pred %p<3>; .reg .b32 %r<20>; "
         ".reg .b64 %d<9>; .reg .f32 %f<9>; .shared .align 16 .b8 s[4096];\n"
         "ld.param.u64 %d1, [memory]; mov.u32 %r1, %tid.x; mov.u32 %r2, %ctaid.x; mov.u32 %r5, 0;\n"
         "mad.wide.u32 %d3, %r1, 4, %d1; mad.wide.u32 %d6, %r1, 16, %d1;\n"
         "mad.lo.u32 %r3, %r2, 256, %r1; mul.wide.u32 %d7, %r3, 4; add.u64 %d7, %d7, %d1; add.u64 "
         "%d7, %d7, 4096;\n"
         "mov.u32 %r14, s; mad.lo.u32 %r15, %r1, 4, %r14; mad.lo.u32 %r16, %r1, 16, %r14;\n"
         "and.b32 %r17, %r1, 31; mad.lo.u32 %r17, %r17, 16, %r14;\n"
         "mov.f32 %f1, 0f3F800000; mov.f32 %f2, 0f3F000000; mov.f32 %f3, %f1; mov.f32 %f4, %f1;\n"
         "mov.f32 %f5, %f1; mov.f32 %f6, %f1; mov.b32 %r10, 0x3f803f80; mov.b32 %r11, %r10;\n"
         "mov.b32 %r12, %r10; mov.b32 %r13, %r10;\n"
         "st.shared.v4.u32 [%r16], {%r1, %r1, %r1, %r1}; bar.sync 0;\nL:\n" +
         body + "add.u32 %r5, %r5, 1; setp.lt.u32 %p1, %r5, " + std::to_string(kTurns) +
         "; @%p1 bra L;\nret; }\n";
}

/// Seconds of the fastest of several runs; negative after a report, which is printed.
double secondsOf(const Loop &loop) {
  ptx::ParseError error;
  const auto module = ptx::parse(kernelOf(loop), error);
  Program program;
  if (!module || !decode(*module, module->functions.front(), VariableAddresses(), bestLevel(),
                         program, error)) {
    fprintf(stderr, "line %u: %s\n", error.line, error.message.c_str());
    return -1;
  }
  Memory memory(uint64_t(1) << 30);
  const uint64_t bytes = 4096 + uint64_t(kBlocks) * kThreads * 4, address = memory.allocate(bytes);
  memory.setWritten(address, bytes);
  double best = 1e9;
  for (uint32_t attempt = 0; attempt < kTries; ++attempt) {
    Launch launch;
    launch.program = &program;
    launch.memory = &memory;
    launch.blocks = {kBlocks, 1, 1};
    launch.threads = {kThreads, 1, 1};
    launch.sharedBytes = program.sharedBytes;
    launch.number = attempt + 1;
    launch.parameters.resize(program.parameterBytes);
    std::memcpy(launch.parameters.data(), &address, sizeof(address));
    const auto start = std::chrono::steady_clock::now();
    if (!runLaunch(launch, 1)) {
      fprintf(stderr, "%s\n", launch.report.text().c_str());
      return -1;
    }
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

} // namespace

int main() {
  for (const Loop &loop : kLoops) {
    const double seconds = secondsOf(loop);
    if (seconds < 0)
      return 1;
    const double turns = double(kBlocks) * kTurns * kRepeats, warps = kThreads / double(kLanes);
    const bool isRate = std::strcmp(loop.unit, "ns") != 0;
    const double value = isRate ? turns * kThreads * loop.operations / seconds * 1e-9
                                : seconds / (turns * warps) * 1e9;
    printf("speed: %s | %.4f | %s\n", loop.what, value, loop.unit);
  }
  return 0;
}
