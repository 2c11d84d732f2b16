//===- RankFlags.cpp - Which ranks run a model ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RankFlags.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace moec {

/// What one process could hold, far beyond any cluster that a file is compiled for.
static constexpr int64_t maxRanks = 1 << 20;

const OptionSpec ranksOption = {"ranks", "N", "spread the experts over N ranks: --grid ep=N"};

const OptionSpec gridOption = {
    "grid", "ep=N[,dp=N]",
    "ep ranks that share the experts of each layer, and dp groups of such ranks"};

const OptionSpec windowRowsOption = {
    "window-rows", "N", "rows that a rank receives from others at a time; 16 MiB by default"};

const OptionSpec chunksOption = {
    "chunks", "N", "rounds that each exchange is cut into at least; by default the ranks choose"};

/// Reads the positive number of option `name` into `number`, where it is given.
static bool parseNumber(const ParsedCommandLine &commandLine, StringRef name, int64_t &number) {
  if (!commandLine.has(name))
    return true;
  StringRef text = *commandLine.value(name);
  if (!text.getAsInteger(10, number) && number >= 1)
    return true;
  errs() << "moec: --" << name << "=" << text << ": expects a number of at least 1\n";
  return false;
}

/// Reads ep=N and dp=N, each once at most.
static bool parseGrid(StringRef text, RankOptions &options) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  bool hasEp = false, hasDp = false;
  for (StringRef part : parts) {
    auto [axis, size] = part.split('=');
    bool &seen = axis == "ep" ? hasEp : hasDp;
    int64_t &number = axis == "ep" ? options.ep : options.dp;
    if ((axis != "ep" && axis != "dp") || seen || size.getAsInteger(10, number) || number < 1) {
      errs() << "moec: --grid=" << text
             << ": expects ep=N and dp=N with N at least 1, separated by a comma\n";
      return false;
    }
    seen = true;
  }
  return true;
}

std::optional<RankOptions> parseRanks(const ParsedCommandLine &commandLine) {
  RankOptions options;
  int64_t ranks = 0;
  if (!parseNumber(commandLine, "ranks", ranks) ||
      !parseNumber(commandLine, "window-rows", options.windowRows) ||
      !parseNumber(commandLine, "chunks", options.chunks))
    return std::nullopt;
  if (commandLine.has("grid")) {
    if (!parseGrid(*commandLine.value("grid"), options))
      return std::nullopt;
  } else if (ranks) {
    options.ep = ranks;
  }
  if (options.ep > maxRanks / options.dp) {
    errs() << "moec: a grid has at most " << maxRanks << " ranks\n";
    return std::nullopt;
  }
  if (ranks && ranks != options.numRanks()) {
    errs() << "moec: --ranks=" << ranks << " and --grid=" << *commandLine.value("grid")
           << ", which has " << options.numRanks() << " ranks, differ; give one of them\n";
    return std::nullopt;
  }
  return options;
}

} // namespace moec
