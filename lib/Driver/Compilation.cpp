//===- Compilation.cpp - From a file to lowered code ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"

#include "lib/Driver/ExitCode.h"
#include "lib/Driver/MLIRFile.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace moec {

const OptionSpec targetOption = {
    "target", "cpu[:LEVELS]",
    "code for x86: all levels, 'native', or of v2, avx2, avx512 (comma-separated)"};

/// The highest level that this processor has.
static std::string nativeLevel() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  auto has = [&](std::initializer_list<StringRef> names) {
    return llvm::all_of(names, [&](StringRef name) { return features.lookup(name); });
  };
  if (!has({"avx2", "fma", "f16c"}))
    return "v2";
  return has({"avx512f", "avx512bw", "avx512dq", "avx512vl"}) ? "avx512" : "avx2";
}

std::optional<CpuOptions> parseTarget(const ParsedCommandLine &commandLine,
                                      llvm::StringRef byDefault) {
  StringRef text = commandLine.value("target").value_or(byDefault);
  auto [device, levels] = text.split(':');
  CpuOptions options;
  if (device != "cpu") {
    llvm::errs() << "moec: --target=" << text << ": this version has the target cpu only\n";
    return std::nullopt;
  }
  SmallVector<StringRef> names;
  levels.split(names, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (StringRef name : names) {
    if (name == "native") {
      options.levels.push_back(nativeLevel());
    } else if (name == "v2" || name == "avx2" || name == "avx512") {
      options.levels.push_back(name.str());
    } else {
      llvm::errs() << "moec: --target=" << text << ": unknown level '" << name
                   << "'; there are v2, avx2, avx512 and native\n";
      return std::nullopt;
    }
  }
  return options;
}

Compilation::Compilation() : context(createContext()) {}

Compilation::~Compilation() = default;

int Compilation::read(StringRef path) {
  if (!path.ends_with(".mlir") && path != "-") {
    llvm::errs() << "moec: " << path << ": this version compiles FILE.mlir only\n";
    return exitUnsupported;
  }
  if (!readFile(path, sources))
    return exitBadInput;
  handler = std::make_unique<SourceMgrDiagnosticHandler>(sources, context.get());
  module = parseModule(sources, *context);
  return module ? exitSuccess : exitBadInput;
}

int Compilation::run(llvm::function_ref<void(OpPassManager &)> buildStage) {
  PassManager pm(context.get());
  buildStage(pm);
  return succeeded(pm.run(*module)) ? exitSuccess : exitUnsupported;
}

} // namespace moec
