//===- Bench.cpp - moec bench -----------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/BenchProfile.h"
#include "lib/Driver/BenchRuns.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/InMemory.h"
#include "lib/Driver/Json.h"
#include "lib/Driver/Roof.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Import/ImportError.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace moec;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

/// `NAME=AxB[,NAME=AxB...]`.
static bool parseShapes(StringRef text, InputShapes &shapes) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  for (StringRef part : parts) {
    // Names of ONNX values may hold '='.
    auto [name, sizes] = part.rsplit('=');
    SmallVector<StringRef> numbers;
    if (!sizes.empty())
      sizes.split(numbers, 'x');
    std::vector<int64_t> &shape = shapes[name.str()];
    shape.clear();
    for (StringRef number : numbers) {
      int64_t size;
      if (number.getAsInteger(10, size) || size < 0) {
        error() << "--shape expects NAME=AxB[,NAME=AxB...] with sizes of at least 0, got '" << text
                << "'\n";
        return false;
      }
      shape.push_back(size);
    }
    if (name.empty() || name == part) {
      error() << "--shape expects NAME=AxB[,NAME=AxB...], got '" << text << "'\n";
      return false;
    }
  }
  return true;
}

/// A number from `least` to 2^31 - 1, or `result` as it is where there is no option.
template <typename T>
static bool readNumber(const ParsedCommandLine &commandLine, StringRef name, uint64_t least,
                       T &result) {
  if (!commandLine.has(name))
    return true;
  std::optional<uint64_t> number = commandLine.number(name);
  if (!number)
    return false;
  if (*number < least || *number > INT32_MAX) {
    error() << "--" << name << " is at least " << least << " and below 2^31, got " << *number
            << "\n";
    return false;
  }
  result = static_cast<T>(*number);
  return true;
}

static int exitCodeOf(const moert_status &status) {
  switch (status.code) {
  case MOERT_INVALID_ARGUMENT:
    return exitUsage;
  case MOERT_NOT_FOUND:
  case MOERT_INCOMPATIBLE:
  case MOERT_CORRUPT:
  case MOERT_IO:
    return exitBadInput;
  case MOERT_UNSUPPORTED:
    return exitUnsupported;
  case MOERT_INTERNAL:
    return exitInternal;
  default:
    return exitResource;
  }
}

/// The least time in milliseconds that a run with this work can take; 0 where that is unknown.
static double roofOf(const Roof &roof, const RunWork &work) {
  bool isKnown = roof.flops > 0 && work.operations > 0;
  return isKnown ? 1000 * roof.seconds(work.bytes, work.operations) : 0;
}

static void print(const ShapeTime &time, const Roof &roof, bool profile) {
  llvm::outs() << llvm::format("%-48s min %9.3f ms  median %9.3f ms  %9.1f runs/s",
                               escapeMessage(time.shapes).c_str(), time.minimum, time.median,
                               1000 / time.median);
  if (double least = roofOf(roof, time.work))
    llvm::outs() << llvm::format("  %4.0f %% of the roof", 100 * least / time.minimum);
  llvm::outs() << "\n";
  if (profile)
    printProfile(time, llvm::outs());
}

static llvm::json::Value toJson(const ShapeTime &time, const Roof &roof, bool profile) {
  llvm::json::Object object{{"shapes", llvm::json::fixUTF8(time.shapes)},
                            {"min_ms", time.minimum},
                            {"median_ms", time.median},
                            {"runs_per_s", 1000 / time.median}};
  if (double least = roofOf(roof, time.work)) {
    object["roof_ms"] = least;
    object["roof_share"] = least / time.minimum;
    object["weight_bytes"] = time.work.bytes;
    object["flop"] = time.work.operations;
  }
  if (profile)
    object["kernels"] = profileToJson(time);
  return object;
}

static int bench(const ParsedCommandLine &commandLine) {
  if (commandLine.positionals.size() != 1) {
    error() << "bench expects one file, got " << commandLine.positionals.size() << "\n";
    return exitUsage;
  }
  StringRef path = commandLine.positionals.front();
  BenchOptions options;
  options.profile = commandLine.has("profile") || commandLine.has("trace");
  options.isa = commandLine.value("isa").value_or("").str();
  options.weights = commandLine.value("weights").value_or("").str();
  options.device = commandLine.value("device").value_or("").str();
  if (!readNumber(commandLine, "repeat", 1, options.repeat) ||
      !readNumber(commandLine, "threads", 0, options.threads) ||
      !readNumber(commandLine, "integers", 2, options.integers))
    return exitUsage;
  std::vector<InputShapes> cells;
  for (const std::string &text : commandLine.values("shape"))
    if (!parseShapes(text, cells.emplace_back()))
      return exitUsage;
  if (cells.empty())
    cells.emplace_back();

  std::optional<ReadOptions> read = parseReadOptions(commandLine);
  if (!read)
    return exitUsage;
  Compilation compilation(*read);
  InMemoryModel model;
  const moert_artifact_v1 *table = nullptr;
  if (path.ends_with(".so")) {
    if (!isWithoutModelOptions(commandLine))
      return exitUsage;
  } else {
    std::optional<Target> target = parseRunTarget(commandLine);
    std::optional<RecogniseOptions> recognise = parseRecognise(commandLine);
    if (!target || !recognise)
      return exitUsage;
    if (int code = compilation.read(path))
      return code;
    recognise->exposeRouting = true; // tells what the experts of each run had to do
    // Shares of the roof are those of this machine's processor.
    auto count = [&](ModuleOp module) {
      if (!target->gpu)
        options.products = collectWork(module);
    };
    auto countLaunches = [&](ModuleOp module) {
      options.kernels =
          collectKernelWork(module, [&](Location loc) { return compilation.describe(loc); });
    };
    if (int code = model.load(compilation, *target, *recognise, {}, count, countLaunches))
      return code;
    table = model.getArtifact();
    if (options.weights.empty())
      options.weights = model.getWeights();
  }
  BenchRuns runs(options);
  moert_status status = runs.open(table, path.str());
  Roof roof;
  bool needsRoof = !options.products.empty() || (options.profile && !options.kernels.empty());
  if (status.code == MOERT_OK && needsRoof)
    roof = measureRoof(runs.getThreads(), runs.getIsaNumber());
  runs.setRoof(roof);
  llvm::json::Array results;
  std::vector<ShapeTime> times;
  for (const InputShapes &cell : cells) {
    ShapeTime &time = times.emplace_back();
    if (status.code == MOERT_OK)
      status = runs.measure(cell, time);
    if (status.code != MOERT_OK) {
      error() << escapeMessage(status.message) << "\n";
      return exitCodeOf(status);
    }
    if (commandLine.has("json"))
      results.push_back(toJson(time, roof, commandLine.has("profile")));
    else
      print(time, roof, commandLine.has("profile"));
  }
  if (commandLine.has("json")) {
    llvm::json::Object object{{"model", path},
                              {"threads", runs.getThreads()},
                              {"isa", runs.getIsa()},
                              {"shapes", std::move(results)}};
    if (roof.flops > 0) {
      object["read_bytes_per_s"] = roof.bytesPerSecond;
      object["peak_flops"] = roof.flops;
    }
    printJson(llvm::outs(), std::move(object));
  }
  if (std::optional<StringRef> file = commandLine.value("trace")) {
    std::error_code code;
    llvm::raw_fd_ostream os(*file, code);
    if (!code) {
      os << timelineToJson(times) << "\n";
      os.close();
      code = os.error();
      os.clear_error();
    }
    if (code) {
      error() << "cannot write " << *file << ": " << code.message() << "\n";
      return exitResource;
    }
  }
  return exitSuccess;
}

static const OptionSpec benchOptions[] = {
    {"shape", "NAME=AxB[,...]", "shapes of inputs; may be given several times, each is measured"},
    {"repeat", "N", "timed runs per shape, each with inputs of its own; 10 by default"},
    {"integers", "N", "draw integer inputs from 1 to N - 1, as for token ids; N is 2 by default"},
    {"profile", "", "measure every kernel, too: time, bytes, operations, share of the roof"},
    {"trace", "FILE", "write a timeline of all timed runs for Perfetto or chrome://tracing"},
    {"json", "", "print JSON"},
    {"threads", "N", "threads to use"},
    {"isa", "LEVEL", "run the kernels of v2, avx2 or avx512"},
    {"weights", "FILE", "the weights file of a shared object"},
    targetOption,
    deviceOption,
    contribDialectOption,
    noRecogniseOption,
    verifyRecognitionOption,
    limitOption,
    externalDataDirOption,
    allowNewerIROption,
    verifyChecksumsOption,
    readWeightsOption,
    weightsTypeOption,
    noFuseOption,
};

const Subcommand moec::benchSubcommand = {
    "bench", "MODEL.onnx|FILE.mlir|FILE.so",
    "measure a model on made-up inputs: latency, throughput, share of the roof per shape",
    benchOptions, bench};
