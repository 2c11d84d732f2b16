//===- DeviceCode.h - Code for GPUs ---------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_DEVICECODE_H
#define MOEC_LIB_DRIVER_DEVICECODE_H

#include "lib/Driver/Compilation.h"
#include "moec/Pipelines.h"

namespace moec {

/// Whether ptxas makes machine code of the PTX; without it drivers do, each time.
enum class MachineCode { None, IfPossible, Needed };

/// From scheduled ops to host code and, as attributes of its `gpu.module`, the device's code.
/// Returns an exit code, after messages on stderr if it is none of success.
int compileForDevice(Compilation &compilation, const NvptxOptions &gpu, MachineCode machineCode);

} // namespace moec

#endif // MOEC_LIB_DRIVER_DEVICECODE_H
