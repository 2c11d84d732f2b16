//===- TargetFlags.cpp - What code is made for ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/TargetFlags.h"

#include "lib/CodeGen/GpuTarget.h"
#include "lib/CodeGen/IsaLevel.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;

namespace moec {

const OptionSpec targetOption = {
    "target", "cpu[:LEVELS]|cuda[:CHIP]",
    "code for x86: all levels, 'native', or of v2, avx2, avx512 (comma-separated); for NVIDIA "
    "GPUs, "
    "sm_80 and what runs its code, or of one chip"};

const OptionSpec deviceOption = {
    "device", "DEVICE",
    "run on a GPU: cuda, cuda:NUMBER, or virtual, which libmoert-vgpu.so simulates; the model is "
    "compiled for it"};

const OptionSpec noFuseOption = {
    "no-fuse", "", "compile every element-wise op by itself, to look for a difference"};

const OptionSpec weightsTypeOption = {
    "weights-dtype", "bf16|f16|file",
    "what f32 weights of products, other than routers', are rounded to and stored in; "
    "'file', by default, leaves them"};

const OptionSpec tf32Option = {
    "tf32", "",
    "let GPUs round f32 operands of products, other than routers', to tf32: faster, with 10 bits "
    "of fraction"};

/// The highest level that this processor has.
static StringRef nativeLevel() {
  llvm::StringMap<bool> features = llvm::sys::getHostCPUFeatures();
  StringRef highest = codegen::getIsaLevels().front().name;
  for (const codegen::IsaLevel &level : codegen::getIsaLevels()) {
    SmallVector<StringRef> names;
    level.features.split(names, ',');
    // Each name is +FEATURE.
    if (llvm::all_of(names, [&](StringRef name) { return features.lookup(name.drop_front()); }))
      highest = level.name;
  }
  return highest;
}

CpuOptions nativeCpu() {
  CpuOptions options;
  options.levels = {nativeLevel().str()};
  return options;
}

/// Reads --no-fuse, --tf32 and --weights-dtype. Returns false after a message on stderr.
static bool parseSchedule(const ParsedCommandLine &commandLine, ScheduleOptions &options) {
  options.fuse = !commandLine.has("no-fuse");
  options.allowTf32 = commandLine.has("tf32");
  options.weightsType = commandLine.value("weights-dtype").value_or("file");
  if (llvm::is_contained({"bf16", "f16", "file"}, options.weightsType))
    return true;
  llvm::errs() << "moec: --weights-dtype=" << options.weightsType
               << ": there are bf16, f16 and file\n";
  return false;
}

/// Reads the levels of `cpu:LEVELS`. Returns false after a message on stderr.
static bool parseLevels(StringRef text, StringRef levels, CpuOptions &options) {
  SmallVector<StringRef> names;
  levels.split(names, ',');
  for (StringRef name : names) {
    if (name == "native") {
      options.levels.push_back(nativeLevel().str());
    } else if (codegen::findIsaLevel(name)) {
      options.levels.push_back(name.str());
    } else {
      llvm::errs() << "moec: --target=" << text << ": unknown level '" << name
                   << "'; there are v2, avx2, avx512 and native\n";
      return false;
    }
  }
  return true;
}

std::optional<Target> parseAnyTarget(const ParsedCommandLine &commandLine, StringRef byDefault) {
  StringRef text = commandLine.value("target").value_or(byDefault);
  auto [device, detail] = text.split(':');
  Target target;
  if (device == "cuda") {
    target.gpu.emplace();
    if (text != device)
      target.gpu->chip = detail.str();
    if (!codegen::findGpuTarget(target.gpu->chip)) {
      llvm::errs() << "moec: --target=" << text << ": unknown chip '" << target.gpu->chip
                   << "'; there are " << codegen::listGpuTargets() << "\n";
      return std::nullopt;
    }
    return parseSchedule(commandLine, *target.gpu) ? std::optional(target) : std::nullopt;
  }
  if (device != "cpu") {
    llvm::errs() << "moec: --target=" << text << ": unknown target '" << device
                 << "'; there are cpu and cuda\n";
    return std::nullopt;
  }
  if (commandLine.has("tf32")) {
    llvm::errs()
        << "moec: --tf32 goes with --target=cuda; products of f32 on processors are exact\n";
    return std::nullopt;
  }
  if ((text != device && !parseLevels(text, detail, target.cpu)) ||
      !parseSchedule(commandLine, target.cpu))
    return std::nullopt;
  return target;
}

std::optional<Target> parseRunTarget(const ParsedCommandLine &commandLine) {
  std::optional<StringRef> device = commandLine.value("device");
  if (!device) {
    std::optional<CpuOptions> cpu = parseTarget(commandLine, "cpu:native");
    return cpu ? std::optional(Target{*cpu, std::nullopt}) : std::nullopt;
  }
  std::optional<Target> target = parseAnyTarget(commandLine, "cuda");
  if (target && !target->gpu) {
    llvm::errs() << "moec: --device=" << *device
                 << " runs code for GPUs, --target=" << *commandLine.value("target")
                 << " makes code for the processor\n";
    return std::nullopt;
  }
  return target;
}

std::optional<CpuOptions> parseTarget(const ParsedCommandLine &commandLine, StringRef byDefault) {
  std::optional<Target> target = parseAnyTarget(commandLine, byDefault);
  if (target && target->gpu) {
    llvm::errs() << "moec: --target=" << *commandLine.value("target")
                 << ": 'moec compile' makes programs for GPUs; moec runs them with --device\n";
    return std::nullopt;
  }
  return target ? std::optional(target->cpu) : std::nullopt;
}

} // namespace moec
