//===- Compilation.cpp - From a file to lowered code ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"

#include "dialects/ONNX/IR/ONNX.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/MLIRFile.h"
#include "lib/Import/OnnxImporter.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/Path.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace moec {

const OptionSpec targetOption = {
    "target", "cpu[:LEVELS]",
    "code for x86: all levels, 'native', or of v2, avx2, avx512 (comma-separated)"};

const OptionSpec contribDialectOption = {
    "contrib-dialect", "ort-cuda|ort-cpu",
    "whose reading of com.microsoft::MoE; the schema's, ort-cuda, by default"};

std::optional<RecogniseOptions> parseRecognise(const ParsedCommandLine &commandLine) {
  RecogniseOptions options;
  if (std::optional<StringRef> name = commandLine.value("contrib-dialect"))
    options.contribDialect = name->str();
  if (options.contribDialect == "ort-cuda" || options.contribDialect == "ort-cpu")
    return options;
  llvm::errs() << "moec: --contrib-dialect=" << options.contribDialect
               << ": there are ort-cuda and ort-cpu\n";
  return std::nullopt;
}

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

int Compilation::read(StringRef file) {
  path = file.str();
  if (file.ends_with(".onnx"))
    return readOnnx();
  if (!file.ends_with(".mlir") && file != "-") {
    llvm::errs() << "moec: " << file << ": expects FILE.mlir or MODEL.onnx\n";
    return exitUsage;
  }
  if (!readFile(file, sources))
    return exitBadInput;
  handler = std::make_unique<SourceMgrDiagnosticHandler>(sources, context.get());
  module = parseModule(sources, *context);
  return module ? exitSuccess : exitBadInput;
}

/// Prints an error of the importer and returns its exit code.
static int report(llvm::Error error) {
  int code = exitInternal;
  llvm::handleAllErrors(
      std::move(error),
      [&](const ImportError &failure) {
        code = failure.exitCode();
        llvm::errs() << "moec: ";
        failure.log(llvm::errs());
        llvm::errs() << "\n";
      },
      [](const llvm::ErrorInfoBase &failure) {
        llvm::errs() << "moec: " << failure.message() << "\n";
      });
  return code;
}

int Compilation::readOnnx() {
  handler = std::make_unique<SourceMgrDiagnosticHandler>(sources, context.get());
  llvm::Expected<OnnxModel> model = OnnxModel::load(path);
  if (!model)
    return report(model.takeError());
  auto imported = importOnnx(*model, context.get());
  if (!imported)
    return report(imported.takeError());
  module = std::move(*imported);
  return exitSuccess;
}

std::string Compilation::getBaseDirectory() const {
  // The importer writes paths as they were given, relative to the current folder.
  return StringRef(path).ends_with(".onnx") ? "" : llvm::sys::path::parent_path(path).str();
}

/// Name of an operator as users know it: the op without its dialect.
static std::string describe(Operation *op) {
  std::string text = op->getName().stripDialect().str();
  llvm::raw_string_ostream os(text);
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    os << " (node '" << name.getName().getValue() << "')";
  return text;
}

int Compilation::recognise(const RecogniseOptions &options) {
  if (int code = run([&](OpPassManager &pm) { buildRecogniseStage(pm, options); }))
    return code;
  SmallVector<std::string> left;
  module->walk([&](Operation *op) {
    if (isa<onnx::ONNXDialect>(op->getDialect()))
      left.push_back(describe(op));
  });
  if (left.empty())
    return exitSuccess;
  llvm::errs() << "moec: " << path << ": not supported in this version: " << llvm::join(left, ", ")
               << "\n";
  return exitUnsupported;
}

int Compilation::run(llvm::function_ref<void(OpPassManager &)> buildStage) {
  PassManager pm(context.get());
  buildStage(pm);
  return succeeded(pm.run(*module)) ? exitSuccess : exitUnsupported;
}

} // namespace moec
