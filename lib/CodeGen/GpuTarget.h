//===- GpuTarget.h - NVIDIA chips ---------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the device emitters know about a chip: one row per chip. PTX of a plain
// chip runs on all later ones; that of a chip whose name ends in 'a' runs there
// alone.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_GPUTARGET_H
#define MOEC_LIB_CODEGEN_GPUTARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <string>

namespace moec::codegen {

/// Threads of a warp, on every chip.
constexpr int64_t warpSize = 32;

/// The widest access of a thread to memory, in bytes, on every chip of the table.
constexpr int64_t widestAccess = 16;

/// Shared memory of a block that needs no consent of the driver, in bytes.
constexpr int64_t plainSharedBytes = 48 << 10;

struct GpuTarget {
  /// As LLVM and ptxas name it.
  llvm::StringLiteral chip;
  /// Version of the PTX ISA that kernels are written in, times 10: one that knows the chip and all
  /// that emitters use there. The driver must know it, too.
  int64_t ptxVersion;
  /// Shared memory that a block may have if the function asks for it, in bytes.
  int64_t sharedBytes;
  /// Warps that an SM holds at once.
  int64_t warpsPerSM;
  /// SMs of the largest product with the chip. Schedules that fill the device ask the device; this
  /// is what they assume where there is none. No bit of a result depends on it.
  int64_t numSMs;

  /// LLVM's name of the feature that selects `ptxVersion`.
  std::string ptxFeature() const { return "+ptx" + std::to_string(ptxVersion); }
};

/// All chips, oldest first.
llvm::ArrayRef<GpuTarget> getGpuTargets();

/// The chip of that name, or null.
const GpuTarget *findGpuTarget(llvm::StringRef chip);

/// The names of all chips, for messages: `sm_80, sm_86, ...`.
std::string listGpuTargets();

/// The chip whose code every later one runs.
constexpr llvm::StringLiteral baselineChip = "sm_80";

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_GPUTARGET_H
