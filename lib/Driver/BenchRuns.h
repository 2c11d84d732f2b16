//===- BenchRuns.h - Timed runs of an artifact -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_BENCHRUNS_H
#define MOEC_LIB_DRIVER_BENCHRUNS_H

#include "lib/Driver/KernelWork.h"
#include "lib/Driver/ModelWork.h"
#include "lib/Driver/Roof.h"

#include "moert/moert.h"

#include <map>
#include <string>
#include <vector>

namespace moec {

/// Shapes of inputs by name; what is missing has the shape that its type and named dimensions say.
using InputShapes = std::map<std::string, std::vector<int64_t>>;

struct BenchOptions {
  int32_t threads = 0; // 0: as the runtime chooses
  std::string isa;     // empty: as the runtime chooses
  std::string weights; // empty: beside the artifact
  std::string device;  // empty: the processor, or the first GPU for its code
  int64_t repeat = 10;
  /// Integer inputs are drawn from 1 ... integers - 1.
  uint64_t integers = 2;
  uint64_t seed = 1;
  bool profile = false;
  /// Of the artifact, as far as they are known.
  std::vector<ProductWork> products;
  KernelWorks kernels;
  /// Of the machine, for shares of the kernels; zero where unknown.
  Roof roof;
};

/// The launches of one kernel in the profiled runs of a shape.
struct KernelTime {
  std::string name, node;
  double calls = 0;        // per run
  double milliseconds = 0; // per run
  double units = 0;        // per call
  bool isKnown = false;    // whether the following are
  RunWork work;            // per run
  double least = 0;        // milliseconds at the roof, per run
};

/// One launch or run, for a timeline.
struct TracedEvent {
  const char *name = nullptr; // of the artifact
  int64_t begin = 0, end = 0; // nanoseconds
  int64_t units = 0;          // 0 for a run
  RunWork work;
};

/// What a shape took. Every run has inputs of its own, so routing changes between runs.
struct ShapeTime {
  std::string shapes;              // of all inputs, for people
  double minimum = 0, median = 0;  // milliseconds
  RunWork work;                    // of the fastest run; zero where products are not known
  std::vector<KernelTime> kernels; // the slowest first; only with `profile`
  std::vector<TracedEvent> events; // the same
};

/// Sessions of one artifact with one runtime.
class BenchRuns {
public:
  explicit BenchRuns(const BenchOptions &options) : options(options) {}
  ~BenchRuns();
  BenchRuns(const BenchRuns &) = delete;

  /// Either `table` or the shared object at `path`. The table must outlive this object.
  moert_status open(const moert_artifact_v1 *table, const std::string &path);
  /// One run that is not timed, then `repeat` that are, and are profiled.
  moert_status measure(const InputShapes &shapes, ShapeTime &result);

  /// Before `measure`; the artifact must be open.
  void setRoof(const Roof &roof) { options.roof = roof; }

  int32_t getThreads() const { return threads; }
  /// A moert_isa, and its name.
  int32_t getIsaNumber() const { return isa; }
  const char *getIsa() const;

private:
  struct Request;
  moert_status fillInputs(Request &request, const InputShapes &shapes, uint64_t seed);
  moert_status runOnce(Request &request, const InputShapes &shapes, uint64_t seed, double &time);
  moert_status countWork(Request &request, RunWork &work);
  static void trace(void *user, const moert_trace_event *event);

  BenchOptions options;
  const moert_api &api = *moert_get_api(MOERT_API_VERSION);
  moert_runtime *runtime = nullptr;
  moert_artifact *artifact = nullptr;
  moert_weights *weights = nullptr;
  int32_t threads = 0, isa = 0;
  bool tracing = false;
  std::map<std::string, KernelTime> traced; // sums over runs
  std::vector<TracedEvent> events;
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_BENCHRUNS_H
