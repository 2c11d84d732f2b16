//===- DeviceProductSchedule.cpp - How a device divides products -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/DeviceProductSchedule.h"

namespace moec::codegen {

// A warp has 64 rows of 32 columns: 64 sums per thread, half of what ptxas can give a
// thread of 256. 3 steps of 32 KiB (16-bit types) fit into the 99 KiB of the chips with
// least; 3 of 16 KiB are what needs no consent of the driver.
const DeviceProductSchedule tileSchedule{"tile", 128, 4, 64, 3};
const DeviceProductSchedule streamSchedule{"stream", 64, 2, 64, 3};

const DeviceProductSchedule *findDeviceProductSchedule(llvm::StringRef name) {
  for (const DeviceProductSchedule *schedule : {&tileSchedule, &streamSchedule})
    if (schedule->name == name)
      return schedule;
  return nullptr;
}

} // namespace moec::codegen
