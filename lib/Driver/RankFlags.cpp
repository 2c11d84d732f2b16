//===- RankFlags.cpp - Which ranks run a model ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RankFlags.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/raw_ostream.h"

#include <map>

using namespace llvm;

namespace moec {

/// What one process could hold, far beyond any cluster that a file is compiled for.
static constexpr int64_t maxRanks = 1 << 20;

const OptionSpec ranksOption = {"ranks", "N", "spread the experts over N ranks: --grid ep=N"};

const OptionSpec gridOption = {
    "grid", "ep=N[,tp=N][,dp=N]",
    "ep ranks share the experts of each layer, or ep times tp, tp of which share an expert; dp "
    "groups of such ranks"};

const OptionSpec spareBytesOption = {"spare-bytes", "N",
                                     "bytes of experts that a rank may hold beyond its share, so "
                                     "that small layers exchange nothing"};

const OptionSpec windowRowsOption = {
    "window-rows", "N", "rows that a rank receives from others at a time; 16 MiB by default"};

const OptionSpec chunksOption = {
    "chunks", "N", "rounds that each exchange is cut into at least; by default the ranks choose"};

/// Reads the number of option `name`, `least` or more, into `number`, where it is given.
static bool parseNumber(const ParsedCommandLine &commandLine, StringRef name, int64_t &number,
                        int64_t least = 1) {
  if (!commandLine.has(name))
    return true;
  StringRef text = *commandLine.value(name);
  if (!text.getAsInteger(10, number) && number >= least)
    return true;
  errs() << "moec: --" << name << "=" << text << ": expects a number of at least " << least << "\n";
  return false;
}

/// Reads ep=N, tp=N and dp=N, each once at most.
static bool parseGrid(StringRef text, RankOptions &options) {
  SmallVector<StringRef> parts;
  text.split(parts, ',');
  std::map<StringRef, int64_t *> axes = {
      {"ep", &options.ep}, {"tp", &options.tp}, {"dp", &options.dp}};
  for (StringRef part : parts) {
    auto [name, size] = part.split('=');
    auto axis = axes.find(name);
    if (axis == axes.end() || size.getAsInteger(10, *axis->second) || *axis->second < 1) {
      errs() << "moec: --grid=" << text
             << ": expects ep=N, tp=N and dp=N with N at least 1, each once at most, separated by "
                "commas\n";
      return false;
    }
    axes.erase(axis);
  }
  return true;
}

std::optional<RankOptions> parseRanks(const ParsedCommandLine &commandLine) {
  RankOptions options;
  int64_t ranks = 0;
  if (!parseNumber(commandLine, "ranks", ranks) ||
      !parseNumber(commandLine, "spare-bytes", options.spareBytes, 0) ||
      !parseNumber(commandLine, "window-rows", options.windowRows) ||
      !parseNumber(commandLine, "chunks", options.chunks))
    return std::nullopt;
  if (commandLine.has("grid")) {
    if (!parseGrid(*commandLine.value("grid"), options))
      return std::nullopt;
  } else if (ranks) {
    options.ep = ranks;
  }
  if (options.ep > maxRanks / options.dp || options.tp > maxRanks / options.dp / options.ep) {
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
