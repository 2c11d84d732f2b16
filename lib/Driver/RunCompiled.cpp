//===- RunCompiled.cpp - moec run without --interpret ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/RunCompiled.h"

#include "lib/Driver/Compilation.h"
#include "lib/Driver/ExitCode.h"

#include "moert/cli.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace moec;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

/// Options that the runtime's command line reads itself.
static constexpr StringLiteral runtimeOptions[] = {"input",      "inputs",  "random", "bind",
                                                   "output-dir", "outputs", "repeat", "threads",
                                                   "isa",        "weights", "quiet"};

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
    arguments.push_back(path.str());
    return callRuntime(nullptr, arguments);
  }
  std::optional<CpuOptions> cpu = parseTarget(commandLine, "cpu:native");
  std::optional<RecogniseOptions> recognise = parseRecognise(commandLine);
  if (!cpu || !recognise)
    return exitUsage;
  Compilation compilation;
  if (int code = compilation.read(path))
    return code;
  if (int code = compilation.recognise(*recognise))
    return code;
  if (int code = compilation.run([&](OpPassManager &pm) { buildMoEToCpuPipeline(pm, *cpu); }))
    return code;
  EmitOptions emitOptions;
  if (failed(lowerToLLVM(compilation.getModule(), emitOptions)))
    return exitUnsupported;

  // The runtime maps weights from a file, here one that goes when we do.
  SmallString<128> weights;
  if (std::error_code code = llvm::sys::fs::createTemporaryFile("moec", "weights", weights)) {
    error() << "cannot make a temporary file: " << code.message() << "\n";
    return exitResource;
  }
  llvm::FileRemover remover(weights);
  PackOptions packOptions;
  packOptions.baseDirectory = compilation.getBaseDirectory();
  if (llvm::Error failure = writeWeights(compilation.getModule(), weights, packOptions)) {
    error() << toString(std::move(failure)) << "\n";
    return exitResource;
  }
  auto object = emitObject(compilation.getModule(), emitOptions);
  if (!object) {
    error() << toString(object.takeError()) << "\n";
    return exitInternal;
  }
  auto artifact = JitArtifact::load(std::move(*object));
  if (!artifact) {
    error() << toString(artifact.takeError()) << "\n";
    return exitInternal;
  }
  if (!commandLine.has("weights"))
    arguments.push_back(("--weights=" + weights).str());
  return callRuntime((*artifact)->get(), arguments);
}
