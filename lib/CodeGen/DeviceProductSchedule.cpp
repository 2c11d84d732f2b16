//===- DeviceProductSchedule.cpp - How a device divides products -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceProductSchedule.h"

namespace moec::codegen {

// A warp has 64 rows of 32 or 64 columns: 64 or 128 sums per thread of the 255 registers that it
// has in blocks of up to 8 warps; more warps would leave it 168, which do not quite do. 3 steps of
// 32 KiB (16-bit types) fit into the 99 KiB of the chips with least, and so do 3 of 28; 3 of 16 KiB
// are what needs no consent of the driver.
const DeviceProductSchedule tileSchedule{"tile", 128, 4, 64, 1, 3, 1};
const DeviceProductSchedule streamSchedule{"stream", 64, 2, 64, 1, 3, 1};
const DeviceProductSchedule wideSchedule{"wide", 64, 12, 32, 3, 3, 2};

const DeviceProductSchedule *findDeviceProductSchedule(llvm::StringRef name) {
  for (const DeviceProductSchedule *schedule : {&tileSchedule, &streamSchedule, &wideSchedule})
    if (schedule->name == name)
      return schedule;
  return nullptr;
}

} // namespace moec::codegen
