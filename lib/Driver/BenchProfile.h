//===- BenchProfile.h - Where the time of runs went --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_BENCHPROFILE_H
#define MOEC_LIB_DRIVER_BENCHPROFILE_H

#include "lib/Driver/BenchRuns.h"

#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"

namespace moec {

/// A line per kernel, the slowest first, and their sum.
void printProfile(const ShapeTime &time, llvm::raw_ostream &os);

/// The same, as an array.
llvm::json::Array profileToJson(const ShapeTime &time);

/// Launches and runs of all shapes, in the format of Chrome's and Perfetto's trace viewers.
llvm::json::Value timelineToJson(llvm::ArrayRef<ShapeTime> times);

} // namespace moec

#endif // MOEC_LIB_DRIVER_BENCHPROFILE_H
