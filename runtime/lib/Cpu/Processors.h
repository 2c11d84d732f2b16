// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef MOERT_LIB_CPU_PROCESSORS_H
#define MOERT_LIB_CPU_PROCESSORS_H

#include <algorithm>
#include <cstdint>
#include <sched.h>

namespace moert {

/// The processors this thread may run on: what `taskset` and containers restrict. At least 1.
inline int32_t availableProcessors() {
  // Room for more processors than Linux supports, so that the call cannot find it too small.
  cpu_set_t sets[8];
  if (sched_getaffinity(0, sizeof(sets), sets) != 0)
    return 1;
  return std::max<int32_t>(CPU_COUNT_S(sizeof(sets), sets), 1);
}

} // namespace moert

#endif // MOERT_LIB_CPU_PROCESSORS_H
