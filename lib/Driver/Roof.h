//===- Roof.h - What the machine can do --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_ROOF_H
#define MOEC_LIB_DRIVER_ROOF_H

#include <cstdint>

namespace moec {

/// What no program on this machine can exceed, as measured at this moment. Zero where unknown.
struct Roof {
  double bytesPerSecond = 0; ///< Of reading memory, beyond the caches.
  double flops = 0;          ///< Single-precision multiplications and additions, per second.

  /// Seconds that reading `bytes` or computing `operations` takes at least.
  double seconds(double bytes, double operations) const;
};

/// Measures for a few tenths of a second with `threads` threads and the vectors of `isa`, a
/// moert_isa that the processor has. Takes 256 MiB of memory meanwhile; all zero if there is none.
Roof measureRoof(int32_t threads, int32_t isa);

} // namespace moec

#endif // MOEC_LIB_DRIVER_ROOF_H
