// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The floating-point mode kernels run in: round to nearest, denormals kept, exceptions masked. A
// host program may have another one (audio and graphics code likes flush-to-zero), and results must
// not depend on it.
#ifndef MOERT_LIB_CPU_FLOATINGPOINT_H
#define MOERT_LIB_CPU_FLOATINGPOINT_H

#include <immintrin.h>

namespace moert {

inline void setDefaultFloatingPoint() { _mm_setcsr(0x1f80); }

/// The default mode for this thread, and at the end of the scope the one it had before.
class DefaultFloatingPoint {
public:
  DefaultFloatingPoint() : saved_(_mm_getcsr()) { setDefaultFloatingPoint(); }
  ~DefaultFloatingPoint() { _mm_setcsr(saved_); }
  DefaultFloatingPoint(const DefaultFloatingPoint &) = delete;
  DefaultFloatingPoint &operator=(const DefaultFloatingPoint &) = delete;

private:
  unsigned saved_;
};

} // namespace moert

#endif // MOERT_LIB_CPU_FLOATINGPOINT_H
