//===- RunCompiled.cpp - moec run without --interpret ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RunCompiled.h"

#include "lib/Driver/ExitCode.h"
#include "lib/Driver/InMemory.h"
#include "lib/Driver/RankFlags.h"

#include "moert/cli.h"

using namespace mlir;
using namespace moec;

/// Options that the runtime's command line reads itself.
static constexpr StringLiteral runtimeOptions[] = {
    "input",   "inputs", "random",  "bind",           "output-dir", "outputs", "repeat",
    "threads", "isa",    "weights", "verify-weights", "quiet",      "steps",   "feed",
    "advance", "print",  "profile", "link-speed",     "fault",      "split",   "device"};

/// The arguments of a compiled executable, from ours.
static std::vector<std::string> runtimeArguments(const ParsedCommandLine &commandLine) {
  std::vector<std::string> arguments{"moec"};
  for (StringRef name : runtimeOptions)
    for (const std::string &value : commandLine.values(name))
      arguments.push_back(value.empty() ? ("--" + name).str() : ("--" + name + "=" + value).str());
  return arguments;
}

static int callRuntime(const moert_artifact_v1 *artifact, std::vector<std::string> arguments) {
  std::vector<char *> pointers;
  for (std::string &argument : arguments)
    pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  return moert_main(artifact, arguments.size(), pointers.data());
}

int moec::runCompiled(const ParsedCommandLine &commandLine) {
  StringRef path = commandLine.positionals.front();
  std::vector<std::string> arguments = runtimeArguments(commandLine);
  if (path.ends_with(".so")) {
    if (!isWithoutModelOptions(commandLine))
      return exitUsage;
    // Who runs it, and how rows travel; what it is compiled for it says itself.
    for (StringRef name : {"ranks", "window-rows", "chunks"})
      if (std::optional<StringRef> value = commandLine.value(name))
        arguments.push_back(("--" + name + "=" + *value).str());
    arguments.push_back(path.str());
    return callRuntime(nullptr, arguments);
  }
  std::optional<Target> target = parseRunTarget(commandLine);
  std::optional<RecogniseOptions> recognise = parseRecognise(commandLine);
  std::optional<ReadOptions> read = parseReadOptions(commandLine);
  std::optional<RankOptions> ranks = parseRanks(commandLine);
  if (!target || !recognise || !read || !ranks)
    return exitUsage;
  if (ranks->numRanks() > 1)
    arguments.push_back("--ranks=" + std::to_string(ranks->numRanks()));
  Compilation compilation(*read);
  if (int code = compilation.read(path))
    return code;
  InMemoryModel model;
  if (int code = model.load(compilation, *target, *recognise, *ranks))
    return code;
  if (!commandLine.has("weights"))
    arguments.push_back("--weights=" + model.getWeights());
  return callRuntime(model.getArtifact(), arguments);
}
