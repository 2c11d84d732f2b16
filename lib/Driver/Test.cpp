//===- Test.cpp - moec test -------------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ExitCode.h"
#include "lib/Driver/Json.h"
#include "lib/Driver/Processes.h"
#include "lib/Driver/RunTestCase.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Import/ImportError.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Threading.h"
#include "llvm/Support/ToolOutputFile.h"

#include <cstring>

using namespace mlir;
using namespace moec;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

namespace {

enum class Verdict { Pass, Fail, Skip };

/// How a case ended, in words.
struct Outcome {
  Verdict verdict = Verdict::Fail;
  std::string reason;
  double seconds = 0;
};

/// One `moec test`.
class TestRun {
public:
  explicit TestRun(const ParsedCommandLine &commandLine) : commandLine(commandLine) {}
  int run();

private:
  int readOptions();
  std::optional<double> amount(StringRef name);
  Outcome judge(const TestCase &testCase, ProcessResult result) const;
  void print();
  int writeJson(StringRef path) const;
  size_t count(Verdict verdict) const {
    return llvm::count_if(outcomes, [&](auto &outcome) { return outcome->verdict == verdict; });
  }

  const ParsedCommandLine &commandLine;
  Target target;
  std::string device; // where code for GPUs runs
  RecogniseOptions recognise;
  ReadOptions read;
  Tolerance tolerance;
  ProcessLimits limits;
  std::vector<TestCase> cases;
  /// Per case, when it has ended.
  std::vector<std::optional<Outcome>> outcomes;
  /// Cases that have been printed.
  size_t printed = 0;
};

/// The value of an option as a real number of at least zero; nullopt after a message.
std::optional<double> TestRun::amount(StringRef name) {
  StringRef text = *commandLine.value(name);
  double value;
  if (!text.getAsDouble(value) && value >= 0)
    return value;
  error() << "--" << name << " expects a number of at least zero, got '" << text << "'\n";
  return std::nullopt;
}

int TestRun::readOptions() {
  std::optional<Target> parsed = parseRunTarget(commandLine);
  std::optional<RecogniseOptions> recogniseOptions = parseRecognise(commandLine);
  std::optional<ReadOptions> readOptions = parseReadOptions(commandLine);
  if (!parsed || !recogniseOptions || !readOptions)
    return exitUsage;
  read = *readOptions;
  target = *parsed;
  device = commandLine.value("device").value_or("").str();
  recognise = *recogniseOptions;
  if (commandLine.has("rtol") && !(tolerance.rtol = amount("rtol")))
    return exitUsage;
  if (commandLine.has("atol") && !(tolerance.atol = amount("atol")))
    return exitUsage;
  if (commandLine.has("timeout")) {
    std::optional<double> seconds = amount("timeout");
    if (!seconds)
      return exitUsage;
    limits.seconds = *seconds;
  }
  limits.jobs = llvm::hardware_concurrency().compute_thread_count();
  if (commandLine.has("jobs")) {
    std::optional<uint64_t> jobs = commandLine.number("jobs");
    if (!jobs)
      return exitUsage;
    limits.jobs = std::clamp<uint64_t>(*jobs, 1, 1024);
  }
  return exitSuccess;
}

/// One line of what a case wrote: without the model's path, which its name implies, our own prefix
/// and what merely explains.
std::string oneLine(StringRef text, StringRef directory) {
  SmallVector<StringRef> lines;
  text.split(lines, '\n', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  std::string result;
  for (StringRef line : lines) {
    line = line.trim();
    line.consume_front("moec: ");
    if (line.contains(": note: "))
      break;
    if (!result.empty())
      result += StringRef(result).ends_with(":") ? " " : "; ";
    result += line;
  }
  std::string path = (directory + llvm::sys::path::get_separator()).str();
  for (size_t at; (at = result.find(path)) != std::string::npos;)
    result.erase(at, path.size());
  StringRef shown = result;
  shown.consume_front("model.onnx: ");
  constexpr size_t longest = 400;
  return shown.size() <= longest ? shown.str() : shown.take_front(longest).str() + "...";
}

Outcome TestRun::judge(const TestCase &testCase, ProcessResult result) const {
  Outcome outcome;
  outcome.seconds = result.seconds;
  std::string said = oneLine(result.output, testCase.directory);
  auto end = [&](std::string reason) {
    outcome.reason = said.empty() ? reason : reason + ": " + said;
  };
  if (!result.code) {
    end(result.signal ? "crashed with signal " + std::to_string(result.signal) + " (" +
                            strsignal(result.signal) + ")"
                      : "timed out");
    return outcome;
  }
  switch (*result.code) {
  case exitSuccess:
    outcome.verdict = Verdict::Pass;
    break;
  case exitUnsupported:
    outcome.verdict = Verdict::Skip;
    outcome.reason = said;
    break;
  case exitInternal:
    end("internal error");
    break;
  default:
    outcome.reason = said;
  }
  return outcome;
}

/// Prints the cases that have ended, as far as all before them have.
void TestRun::print() {
  for (; printed < cases.size() && outcomes[printed]; ++printed) {
    const Outcome &outcome = *outcomes[printed];
    if (outcome.verdict == Verdict::Pass) {
      if (!commandLine.has("quiet"))
        llvm::outs() << "PASS " << escapeMessage(cases[printed].name) << "\n";
    } else if (outcome.verdict == Verdict::Fail || !commandLine.has("quiet")) {
      llvm::outs() << (outcome.verdict == Verdict::Fail ? "FAIL " : "SKIP ")
                   << escapeMessage(cases[printed].name) << ": " << escapeMessage(outcome.reason)
                   << "\n";
    }
  }
  llvm::outs().flush();
}

int TestRun::writeJson(StringRef path) const {
  std::error_code code;
  llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_Text);
  if (code) {
    error() << path << ": " << code.message() << "\n";
    return exitResource;
  }
  std::string text;
  llvm::raw_string_ostream buffer(text);
  llvm::json::OStream json(buffer, /*IndentSize=*/1);
  json.object([&] {
    json.attribute("passed", int64_t(count(Verdict::Pass)));
    json.attribute("failed", int64_t(count(Verdict::Fail)));
    json.attribute("skipped", int64_t(count(Verdict::Skip)));
    json.attributeArray("cases", [&] {
      for (size_t i = 0; i < cases.size(); ++i)
        json.object([&] {
          const Outcome &outcome = *outcomes[i];
          json.attribute("name", llvm::json::fixUTF8(cases[i].name));
          json.attribute("path", llvm::json::fixUTF8(cases[i].directory));
          json.attribute("result", outcome.verdict == Verdict::Pass   ? "pass"
                                   : outcome.verdict == Verdict::Fail ? "fail"
                                                                      : "skip");
          if (!outcome.reason.empty())
            json.attribute("reason", llvm::json::fixUTF8(outcome.reason));
          json.attribute("seconds", outcome.seconds);
        });
    });
  });
  json.flush();
  printAsciiJson(file.os(), text + "\n");
  file.keep();
  return exitSuccess;
}

int TestRun::run() {
  if (commandLine.positionals.empty()) {
    error() << "test expects folders with test cases\n";
    return exitUsage;
  }
  if (int code = readOptions())
    return code;
  auto found = findTestCases(commandLine.positionals);
  if (!found) {
    error() << toString(found.takeError()) << "\n";
    return exitBadInput;
  }
  cases = std::move(*found);
  if (cases.empty()) {
    error() << "no test cases in " << llvm::join(commandLine.positionals, ", ")
            << ": a case is a folder with model.onnx and test_data_set_0\n";
    return exitBadInput;
  }

  // Temporary files of cases that crash go with this folder.
  SmallString<128> folder;
  if (std::error_code code = llvm::sys::fs::createUniqueDirectory("moec-test", folder)) {
    error() << "cannot make a temporary folder: " << code.message() << "\n";
    return exitResource;
  }
  setenv("TMPDIR", folder.c_str(), /*replace=*/1);
  // Made once, as every process inherits its own copy.
  Compilation compilation(read);
  outcomes.resize(cases.size());
  int problem = runInProcesses(
      cases.size(), limits,
      [&](size_t index) {
        return runTestCase(cases[index], compilation, target, device, recognise, tolerance);
      },
      [&](size_t index, ProcessResult result) {
        outcomes[index] = judge(cases[index], std::move(result));
        print();
      });
  llvm::sys::fs::remove_directories(folder);
  if (problem) {
    error() << "cannot start a process: " << strerror(problem) << "\n";
    return exitResource;
  }
  llvm::outs() << count(Verdict::Pass) << " passed, " << count(Verdict::Fail) << " failed, "
               << count(Verdict::Skip) << " skipped\n";
  llvm::outs().flush();
  if (std::optional<StringRef> path = commandLine.value("json"))
    if (int code = writeJson(*path))
      return code;
  return count(Verdict::Fail) ? exitWrongResult : exitSuccess;
}

int test(const ParsedCommandLine &commandLine) { return TestRun(commandLine).run(); }

} // namespace

static const OptionSpec testOptions[] = {
    {"json", "FILE", "write results there as JSON too"},
    {"rtol", "NUMBER", "relative tolerance of reals: 1e-3 (f16 4e-3, bf16 2e-2) by default"},
    {"atol", "NUMBER", "absolute tolerance of reals: 1e-5 by default"},
    {"jobs", "N", "cases to run at once; also -j. By default as many as there are processors"},
    {"timeout", "SECONDS", "time that a case may take; 60 by default"},
    {"quiet", "", "print failed cases and the last line only"},
    targetOption,
    deviceOption,
    contribDialectOption,
    noRecogniseOption,
    verifyRecognitionOption,
    exposeRoutingOption,
    limitOption,
    externalDataDirOption,
    allowNewerIROption,
    verifyChecksumsOption,
    readWeightsOption,
    weightsTypeOption,
    noFuseOption,
};

const Subcommand moec::testSubcommand = {
    "test", "DIR...", "run ONNX test cases and compare their outputs", testOptions, test};
