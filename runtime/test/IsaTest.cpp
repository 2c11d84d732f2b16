// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cpu/Isa.h"
#include "Support.h"

using namespace moert;
using namespace moert::test;

namespace {

TEST(Isa, FindsWhatTheCompilerFinds) {
  __builtin_cpu_init();
  int32_t expected = MOERT_ISA_V2;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    expected = MOERT_ISA_AVX2;
  if (expected == MOERT_ISA_AVX2 && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    expected = MOERT_ISA_AVX512;
  EXPECT_EQ(detectIsa(), expected);
}

TEST(Isa, TakesTheOptionThenTheEnvironmentThenTheHighest) {
  int32_t isa = -1;
  {
    Environment unset("MOERT_ISA", nullptr);
    EXPECT_OK(chooseIsa(nullptr, MOERT_ISA_AVX2, isa));
    EXPECT_EQ(isa, MOERT_ISA_AVX2);
  }
  {
    Environment empty("MOERT_ISA", "");
    EXPECT_OK(chooseIsa(nullptr, MOERT_ISA_AVX2, isa));
    EXPECT_EQ(isa, MOERT_ISA_AVX2);
  }
  Environment v2("MOERT_ISA", "v2");
  EXPECT_OK(chooseIsa(nullptr, MOERT_ISA_AVX512, isa));
  EXPECT_EQ(isa, MOERT_ISA_V2);
  EXPECT_OK(chooseIsa("avx2", MOERT_ISA_AVX512, isa));
  EXPECT_EQ(isa, MOERT_ISA_AVX2);
}

TEST(Isa, RefusesWhatIsNotThere) {
  int32_t isa = -1;
  EXPECT_FAILS(chooseIsa("avx512", MOERT_ISA_AVX2, isa), MOERT_UNSUPPORTED,
               "supports avx2 at most");
  EXPECT_FAILS(chooseIsa("AVX2", MOERT_ISA_AVX2, isa), MOERT_INVALID_ARGUMENT, "'AVX2'");
  EXPECT_FAILS(chooseIsa(nullptr, -1, isa), MOERT_UNSUPPORTED, "x86-64-v2");
  Environment bad("MOERT_ISA", "sse9");
  moert_runtime *runtime;
  EXPECT_FAILS(api().runtime_create(nullptr, &runtime), MOERT_INVALID_ARGUMENT,
               "MOERT_ISA is 'sse9'");
  EXPECT_EQ(runtime, nullptr);
}

TEST(Isa, EveryLevelRunsItsKernels) {
  for (int32_t level = 0; level <= detectIsa(); ++level) {
    Environment environment("MOERT_ISA", isaName(level));
    Loaded loaded;
    moert_runtime_info info = {};
    info.size = sizeof(info);
    EXPECT_OK(api().runtime_info(loaded.runtime.get(), &info));
    EXPECT_EQ(info.isa, level);
    Request request = loaded.request("main");
    MainCall call(3);
    call.set(request.get());
    ASSERT_OK(api().request_run(request.get()));
    call.expect(request.get());
    moert_tensor isa = {};
    isa.size = sizeof(isa);
    ASSERT_OK(api().request_output(request.get(), "isa", &isa));
    EXPECT_EQ(*static_cast<const int64_t *>(isa.data), level);
  }
}

} // namespace
