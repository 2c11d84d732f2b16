//===- ImportFlags.cpp - How models are read, from the command line -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ImportFlags.h"

#include "lib/Import/ImportError.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;
using namespace moec;

const OptionSpec moec::limitOption = {
    "limit", "NAME=N", "let a model ask for more, or for less; the limits are listed below"};

const OptionSpec moec::externalDataDirOption = {
    "external-data-dir", "DIR", "where files of external data are; the model's folder by default"};

const OptionSpec moec::allowNewerIROption = {"allow-newer-ir", "",
                                             "read IR versions newer than the newest known one"};

const OptionSpec moec::verifyChecksumsOption = {
    "verify-checksums", "", "compare the SHA-1 of external data where the model tells it"};

const OptionSpec moec::readWeightsOption = {
    "read-weights", "",
    "read files of weights into memory instead of mapping them, for files that may change"};

/// Reads one NAME=N. Returns false after a message on stderr.
static bool parseLimit(StringRef text, ImportLimits &limits) {
  auto [name, value] = text.split('=');
  const LimitSpec *spec =
      find_if(limitSpecs(), [name = name](const LimitSpec &spec) { return spec.name == name; });
  if (spec == limitSpecs().end()) {
    errs() << "moec: --limit=" << escapeName(text) << ": there are ";
    interleaveComma(limitSpecs(), errs(), [](const LimitSpec &spec) { errs() << spec.name; });
    errs() << "\n";
    return false;
  }
  uint64_t number;
  if (value.getAsInteger(10, number) || number == 0 || number > spec->most) {
    errs() << "moec: --limit=" << escapeName(text) << ": expects " << spec->name
           << "=N with N from 1 to " << spec->most << "\n";
    return false;
  }
  limits.*spec->value = number;
  return true;
}

std::optional<ReadOptions> moec::parseReadOptions(const ParsedCommandLine &commandLine) {
  ReadOptions options;
  for (StringRef text : commandLine.values("limit"))
    if (!parseLimit(text, options.import.limits))
      return std::nullopt;
  options.import.externalDataDir = commandLine.value("external-data-dir").value_or("").str();
  options.import.allowNewerIR = commandLine.has("allow-newer-ir");
  options.import.verifyChecksums = commandLine.has("verify-checksums");
  options.readWeights = commandLine.has("read-weights");
  return options;
}

std::string moec::describeLimits() {
  constexpr size_t column = 36;
  const ImportLimits defaults;
  std::string text = "limits on what a model may ask for (--limit NAME=N), by default:\n";
  for (const LimitSpec &spec : limitSpecs()) {
    std::string line = "  " + spec.name.str() + "=" + std::to_string(defaults.*spec.value);
    line.resize(std::max(column, line.size() + 1), ' ');
    text += line + spec.counts.str() + "\n";
  }
  return text;
}
