// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "lib/Cpu/Isa.h"
#include "lib/Core/Status.h"

#include <cpuid.h>
#include <cstdlib>
#include <cstring>

namespace moert {

namespace {

/// What the operating system saves on a context switch: bit 1 xmm, 2 ymm, 5-7 AVX-512.
uint64_t enabledState() {
  uint32_t low, high;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

bool hasAll(uint32_t value, uint32_t bits) { return (value & bits) == bits; }

} // namespace

int32_t detectIsa() {
  uint32_t a, b, c, d;
  if (!__get_cpuid(1, &a, &b, &c, &d))
    return -1;
  // bit_* are the names of <cpuid.h> for single feature bits.
  if (!hasAll(c, bit_SSE3 | bit_SSSE3 | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_CMPXCHG16B))
    return -1;
  constexpr uint64_t kYmm = 0x6, kZmm = 0xe6;
  if (!hasAll(c, bit_OSXSAVE | bit_AVX | bit_FMA | bit_F16C) || (enabledState() & kYmm) != kYmm)
    return MOERT_ISA_V2;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !hasAll(b, bit_AVX2))
    return MOERT_ISA_V2;
  if (!hasAll(b, bit_AVX512F | bit_AVX512BW | bit_AVX512DQ | bit_AVX512VL) ||
      (enabledState() & kZmm) != kZmm)
    return MOERT_ISA_AVX2;
  return MOERT_ISA_AVX512;
}

const char *isaName(int32_t isa) {
  switch (isa) {
  case MOERT_ISA_V2:
    return "v2";
  case MOERT_ISA_AVX2:
    return "avx2";
  case MOERT_ISA_AVX512:
    return "avx512";
  default:
    return "unknown";
  }
}

moert_status chooseIsa(const char *name, int32_t detected, int32_t &isa) {
  if (detected < 0)
    return failure(MOERT_UNSUPPORTED, "this processor lacks x86-64-v2, the least libmoert runs on");
  const char *origin = "isa";
  if (!name) {
    name = getenv("MOERT_ISA");
    origin = "MOERT_ISA";
  }
  isa = detected;
  if (!name || !*name)
    return success();
  for (isa = 0; isa < MOERT_ISA_COUNT; ++isa)
    if (strcmp(name, isaName(isa)) == 0)
      break;
  if (isa == MOERT_ISA_COUNT)
    return failure(MOERT_INVALID_ARGUMENT, "%s is '%s'; must be v2, avx2 or avx512", origin, name);
  if (isa > detected)
    return failure(MOERT_UNSUPPORTED, "%s asks for %s, but this processor supports %s at most",
                   origin, name, isaName(detected));
  return success();
}

} // namespace moert
