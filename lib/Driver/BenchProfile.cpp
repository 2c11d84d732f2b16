//===- BenchProfile.cpp - Where the time of runs went -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/BenchProfile.h"

#include "lib/Import/ImportError.h"

#include "llvm/Support/Format.h"

#include <algorithm>

using namespace moec;

/// At least a picosecond: the clock may not see the shortest launches.
static double secondsOf(const KernelTime &kernel) {
  return std::max(kernel.milliseconds * 1e-3, 1e-12);
}

static void printWork(const KernelTime &kernel, llvm::raw_ostream &os) {
  double seconds = secondsOf(kernel);
  os << llvm::format(" %10.3f MB %10.3f MFLOP %7.1f GB/s %7.1f GFLOP/s", kernel.work.bytes * 1e-6,
                     kernel.work.operations * 1e-6, kernel.work.bytes / seconds * 1e-9,
                     kernel.work.operations / seconds * 1e-9);
  if (kernel.least > 0)
    os << llvm::format(" %4.0f %% of the roof", 0.1 * kernel.least / seconds);
}

void moec::printProfile(const ShapeTime &time, llvm::raw_ostream &os) {
  KernelTime sum;
  for (const KernelTime &kernel : time.kernels) {
    os << llvm::format("  %-40s %9.3f ms %5.1f %% %7.0f calls %9.1f units",
                       escapeName(kernel.name).c_str(), kernel.milliseconds,
                       100 * kernel.milliseconds / time.median, kernel.calls, kernel.units);
    if (kernel.isKnown) {
      printWork(kernel, os);
      if (!kernel.node.empty())
        os << "  " << escapeMessage(kernel.node);
    }
    os << "\n";
    sum.isKnown |= kernel.isKnown;
    sum.calls += kernel.calls;
    sum.milliseconds += kernel.milliseconds;
    sum.least += kernel.least;
    sum.work.bytes += kernel.work.bytes;
    sum.work.operations += kernel.work.operations;
  }
  os << llvm::format("  %-40s %9.3f ms %5.1f %% %7.0f calls %15s", "sum", sum.milliseconds,
                     100 * sum.milliseconds / time.median, sum.calls, "");
  if (sum.isKnown)
    printWork(sum, os);
  os << "\n";
}

llvm::json::Array moec::profileToJson(const ShapeTime &time) {
  llvm::json::Array kernels;
  for (const KernelTime &kernel : time.kernels) {
    llvm::json::Object object{{"name", llvm::json::fixUTF8(kernel.name)},
                              {"ms", kernel.milliseconds},
                              {"share", kernel.milliseconds / time.median},
                              {"calls", kernel.calls},
                              {"units", kernel.units}};
    if (kernel.isKnown) {
      double seconds = secondsOf(kernel);
      object["node"] = llvm::json::fixUTF8(kernel.node);
      object["bytes"] = kernel.work.bytes;
      object["flop"] = kernel.work.operations;
      object["gb_per_s"] = kernel.work.bytes / seconds * 1e-9;
      object["gflop_per_s"] = kernel.work.operations / seconds * 1e-9;
      if (kernel.least > 0)
        object["roof_share"] = 1e-3 * kernel.least / seconds;
    }
    kernels.push_back(std::move(object));
  }
  return kernels;
}

llvm::json::Value moec::timelineToJson(llvm::ArrayRef<ShapeTime> times) {
  llvm::json::Array events;
  for (const ShapeTime &time : times)
    for (const TracedEvent &event : time.events) {
      llvm::json::Object arguments;
      if (event.units == 0)
        arguments["shapes"] = time.shapes;
      else
        arguments = llvm::json::Object{
            {"units", event.units}, {"bytes", event.work.bytes}, {"flop", event.work.operations}};
      events.push_back(llvm::json::Object{{"name", llvm::json::fixUTF8(event.name)},
                                          {"ph", "X"},
                                          {"ts", double(event.begin) * 1e-3},
                                          {"dur", double(event.end - event.begin) * 1e-3},
                                          {"pid", 1},
                                          {"tid", 1},
                                          {"args", std::move(arguments)}});
    }
  return llvm::json::Object{{"traceEvents", std::move(events)}, {"displayTimeUnit", "ms"}};
}
