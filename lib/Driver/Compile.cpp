//===- Compile.cpp - moec compile ------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "lib/Driver/Compilation.h"
#include "lib/Driver/DeviceCode.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/RankFlags.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Import/ImportError.h"

#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;
using namespace moec;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

namespace {

enum class Emit { Executable, SharedObject, Object, ONNX, MoE, Tile, LLVM, PTX, Cubin };

std::optional<Emit> parseEmit(const ParsedCommandLine &commandLine, StringRef output) {
  if (std::optional<StringRef> name = commandLine.value("emit")) {
    auto emit = llvm::StringSwitch<std::optional<Emit>>(*name)
                    .Case("exe", Emit::Executable)
                    .Case("so", Emit::SharedObject)
                    .Case("obj", Emit::Object)
                    .Case("onnx", Emit::ONNX)
                    .Case("moe", Emit::MoE)
                    .Case("tile", Emit::Tile)
                    .Case("llvm", Emit::LLVM)
                    .Case("ptx", Emit::PTX)
                    .Case("cubin", Emit::Cubin)
                    .Default(std::nullopt);
    if (!emit)
      error() << "--emit=" << *name
              << ": there are exe, so, obj, llvm, tile, moe, onnx, ptx and cubin\n";
    return emit;
  }
  return llvm::StringSwitch<std::optional<Emit>>(llvm::sys::path::extension(output))
      .Case(".so", Emit::SharedObject)
      .Case(".o", Emit::Object)
      .Case(".ll", Emit::LLVM)
      .Case(".ptx", Emit::PTX)
      .Case(".cubin", Emit::Cubin)
      .Default(Emit::Executable);
}

/// Prints how far weights are packed, where someone is looking.
void showProgress(int64_t done, int64_t total) {
  llvm::errs() << "\rpacking weights: " << done * 100 / std::max<int64_t>(total, 1) << " %"
               << (done == total ? "\n" : "");
}

/// Writes text to the output, `-` being stdout.
template <typename PrintT>
int writeText(StringRef path, PrintT print) {
  if (path == "-") {
    if (llvm::Error failure = print(llvm::outs())) {
      error() << escapeMessage(toString(std::move(failure))) << "\n";
      return exitInternal;
    }
    return exitSuccess; // what was not written is found at the program's end
  }
  std::error_code code;
  llvm::ToolOutputFile file(path, code, llvm::sys::fs::OF_Text);
  if (code) {
    error() << quoteName(path) << ": " << code.message() << "\n";
    return exitResource;
  }
  if (llvm::Error failure = print(file.os())) {
    error() << escapeMessage(toString(std::move(failure))) << "\n";
    return exitInternal;
  }
  file.os().close();
  if (file.os().has_error()) {
    error() << "cannot write " << quoteName(path) << ": " << file.os().error().message() << "\n";
    file.os().clear_error();
    return exitResource;
  }
  file.keep();
  return exitSuccess;
}

int printModule(Compilation &compilation, StringRef output) {
  return writeText(output, [&](llvm::raw_ostream &os) {
    compilation.getModule().print(os);
    os << "\n";
    return llvm::Error::success();
  });
}

/// Whether what is asked for exists for the target; prints a message to stderr otherwise.
bool isForTarget(Emit emit, const Target &target) {
  bool isDevice = emit == Emit::PTX || emit == Emit::Cubin;
  if (!isDevice || target.gpu)
    return true;
  error() << "--emit=ptx and cubin need --target=cuda\n";
  return false;
}

/// Writes one of a device's codes by itself.
int writeDeviceCode(Compilation &compilation, StringRef attribute, StringRef output) {
  gpu::GPUModuleOp device = *compilation.getModule().getOps<gpu::GPUModuleOp>().begin();
  return writeText(output, [&](llvm::raw_ostream &os) {
    os << device->getAttrOfType<StringAttr>(attribute).getValue();
    return llvm::Error::success();
  });
}

/// Whether what is written would replace `file`.
bool isOverwritten(StringRef file, StringRef output) {
  return llvm::sys::fs::equivalent(file, output) ||
         llvm::sys::fs::equivalent(file, output + ".weights");
}

int compile(const ParsedCommandLine &commandLine) {
  if (commandLine.positionals.size() != 1) {
    error() << "compile expects one file, got " << commandLine.positionals.size() << "\n";
    return exitUsage;
  }
  std::optional<StringRef> output = commandLine.value("output");
  if (!output) {
    error() << "compile needs an output: -o OUT\n";
    return exitUsage;
  }
  std::optional<Emit> emit = parseEmit(commandLine, *output);
  std::optional<Target> target = parseAnyTarget(commandLine, "cpu");
  std::optional<RecogniseOptions> recognise = parseRecognise(commandLine);
  std::optional<ReadOptions> read = parseReadOptions(commandLine);
  std::optional<RankOptions> ranks = parseRanks(commandLine);
  if (!emit || !target || !recognise || !read || !ranks || !isForTarget(*emit, *target))
    return exitUsage;
  bool isText =
      llvm::is_contained({Emit::ONNX, Emit::MoE, Emit::Tile, Emit::LLVM, Emit::PTX}, *emit);
  if (*output == "-" && !isText) {
    error()
        << "-o - prints text: give --emit=onnx, moe, tile, llvm or ptx with it, or name a file\n";
    return exitUsage;
  }

  StringRef input = commandLine.positionals.front();
  if (output->empty() || isOverwritten(input, *output)) {
    error() << "--output=" << *output << ": "
            << (output->empty() ? "is empty" : "would replace the model")
            << "; give another name\n";
    return exitUsage;
  }
  Compilation compilation(*read);
  if (int code = compilation.read(input))
    return code;
  for (const std::string &file : compilation.getWeightFiles())
    if (isOverwritten(file, *output)) {
      error() << "--output=" << *output << ": would replace " << quoteName(file)
              << ", which has weights of the model; give another name\n";
      return exitUsage;
    }
  if (*emit == Emit::ONNX)
    return printModule(compilation, *output);
  if (int code = compilation.recognise(*recognise))
    return code;
  if (int code = compilation.shard(*ranks))
    return code;
  if (*emit == Emit::MoE) {
    if (int code =
            compilation.run([](OpPassManager &pm) { pm.addPass(createCanonicalizerPass()); }))
      return code;
    return printModule(compilation, *output);
  }
  const CpuOptions &cpu = target->cpu;
  if (int code = compilation.schedule(
          target->gpu ? static_cast<const ScheduleOptions &>(*target->gpu) : cpu))
    return code;
  if (*emit == Emit::Tile)
    return printModule(compilation, *output);
  if (target->gpu) {
    MachineCode cubin = *emit == Emit::PTX     ? MachineCode::None
                        : *emit == Emit::Cubin ? MachineCode::Needed
                                               : MachineCode::IfPossible;
    if (int code = compileForDevice(compilation, *target->gpu, cubin))
      return code;
    if (*emit == Emit::PTX || *emit == Emit::Cubin)
      return writeDeviceCode(compilation,
                             *emit == Emit::PTX ? StringRef(rt::RTDialect::kPtx)
                                                : StringRef(rt::RTDialect::kCubin),
                             *output);
  } else if (int code = compilation.run([&](OpPassManager &pm) {
               buildKernelStage(pm, cpu);
               buildX86Stage(pm, cpu);
             })) {
    return code;
  }

  EmitOptions emitOptions;
  if (failed(lowerToLLVM(compilation.getModule(), emitOptions)))
    return exitUnsupported;
  if (*emit == Emit::LLVM) {
    return writeText(*output, [&](llvm::raw_ostream &os) {
      return emitLLVM(compilation.getModule(), emitOptions, os);
    });
  }
  PackOptions packOptions = compilation.getPackOptions();
  if (llvm::sys::Process::StandardErrIsDisplayed() && !commandLine.has("quiet"))
    packOptions.progress = showProgress;
  ArtifactKind kind = *emit == Emit::SharedObject ? ArtifactKind::SharedObject
                      : *emit == Emit::Object     ? ArtifactKind::Object
                                                  : ArtifactKind::Executable;
  llvm::Error failure =
      emitArtifact(compilation.getModule(), kind, *output, emitOptions, packOptions);
  if (!failure)
    return exitSuccess;
  if (failure.isA<WeightRangeError>())
    return reportRangeError(std::move(failure));
  compilation.getModule().emitError() << toString(std::move(failure));
  return exitResource;
}

} // namespace

static const OptionSpec compileOptions[] = {
    {"output", "OUT", "what to write; also -o. Weights go to OUT.weights"},
    {"emit", "KIND",
     "exe, so, obj, llvm, tile, moe, onnx, ptx or cubin; by default as OUT ends, else exe"},
    targetOption,
    contribDialectOption,
    noRecogniseOption,
    verifyRecognitionOption,
    exposeRoutingOption,
    stateOption,
    maxOption,
    limitOption,
    externalDataDirOption,
    allowNewerIROption,
    verifyChecksumsOption,
    readWeightsOption,
    weightsTypeOption,
    noFuseOption,
    tf32Option,
    ranksOption,
    gridOption,
    spareBytesOption,
    windowRowsOption,
    chunksOption,
    {"quiet", "", "no progress on stderr"},
};

const Subcommand moec::compileSubcommand = {"compile", "MODEL.onnx|FILE.mlir -o OUT",
                                            "make an executable, a shared object or an object",
                                            compileOptions, compile};
