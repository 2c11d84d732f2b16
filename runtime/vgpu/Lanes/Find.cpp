// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "vgpu/Lanes/Matrix.h"

namespace moert::vgpu {

#define VGPU_DECLARE(NAMESPACE)                                                                    \
  namespace NAMESPACE {                                                                            \
  Handler findInteger(Operation operation, ptx::Type type);                                        \
  Handler findFloat(Operation operation, ptx::Type type);                                          \
  Handler findPredicate(Operation operation, ptx::Type type);                                      \
  Handler findConversion(ptx::Type to, ptx::Type from);                                            \
  void multiply(const MatrixForm &form, const MatrixRows &rows);                                   \
  }
VGPU_DECLARE(baseline)
VGPU_DECLARE(avx2)
VGPU_DECLARE(avx512)
#undef VGPU_DECLARE

Level bestLevel() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
    return Level::Avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return Level::Avx2;
  return Level::Baseline;
}

Handler findHandler(Level level, Operation operation, ptx::Type type) {
#define VGPU_FIND(NAMESPACE)                                                                       \
  if (Handler handler = NAMESPACE::findPredicate(operation, type))                                 \
    return handler;                                                                                \
  if (Handler handler = NAMESPACE::findInteger(operation, type))                                   \
    return handler;                                                                                \
  return NAMESPACE::findFloat(operation, type);
  switch (level) {
  case Level::Avx512:
    VGPU_FIND(avx512)
  case Level::Avx2:
    VGPU_FIND(avx2)
  default:
    VGPU_FIND(baseline)
  }
#undef VGPU_FIND
}

Handler findConversion(Level level, ptx::Type to, ptx::Type from) {
  switch (level) {
  case Level::Avx512:
    return avx512::findConversion(to, from);
  case Level::Avx2:
    return avx2::findConversion(to, from);
  default:
    return baseline::findConversion(to, from);
  }
}

Multiply findMultiply(Level level) {
  switch (level) {
  case Level::Avx512:
    return avx512::multiply;
  case Level::Avx2:
    return avx2::multiply;
  default:
    return baseline::multiply;
  }
}

} // namespace moert::vgpu
