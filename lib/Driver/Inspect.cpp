//===- Inspect.cpp - moec inspect -------------------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/InspectArtifact.h"
#include "lib/Driver/Json.h"
#include "lib/Driver/ModelSummary.h"
#include "lib/Driver/NodeDiagnostics.h"
#include "lib/Driver/RankFlags.h"
#include "lib/Driver/RankPlan.h"
#include "lib/Driver/StoredWeights.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Driver/VerifyRecognition.h"
#include "lib/Import/ImportError.h"
#include "lib/Recognise/MoE/Report.h"
#include "lib/Recognise/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/JSON.h"

using namespace mlir;
using namespace moec;

namespace {

/// Something that was suspected and not recognised: where, and what did not hold.
struct Declined {
  std::string node, reason;
};

struct Summary {
  std::vector<TensorSummary> inputs, outputs;
  ArrayRef<OperatorSet> operatorSets;
  std::vector<LayerSummary> layers;
  BlockCount blocks;
  ParameterCount parameters;
  int64_t activeParameters = 0;
  /// With --why.
  std::vector<Declined> declined;
  /// With --weights-dtype.
  std::optional<StoredWeights> stored;
  /// With --grid or --ranks.
  std::optional<RankPlan> ranks;
  /// With --verify-recognition.
  std::vector<recognise::LayerForms> forms;
};

/// Recognises, with everything that is told on the way. Returns an exit code.
int summarise(Compilation &compilation, const RecogniseOptions &options, Summary &summary) {
  summary.operatorSets = compilation.getOperatorSets();
  summary.parameters = countParameters(compilation.getModule());
  {
    ScopedDiagnosticHandler remarks(
        compilation.getModule().getContext(), [&](Diagnostic &diagnostic) {
          if (diagnostic.getSeverity() != DiagnosticSeverity::Remark)
            return failure();
          summary.declined.push_back(
              {compilation.describe(diagnostic.getLocation()), withoutOpName(diagnostic)});
          return success();
        });
    if (int code =
            compilation.run([&](OpPassManager &pm) { buildRecogniseBlocksStage(pm, options); }))
      return code;
  }
  recognise::RecognitionReport report;
  if (options.verify)
    report.forms = &summary.forms;
  if (options.recogniseSpelledOut &&
      failed(recognise::recogniseMoE(compilation.getModule(), report)))
    return exitUnsupported;
  if (options.why)
    for (const recognise::DeclinedLayer &declined : report.declined) {
      std::string reason = "no MoE layer: " + declined.obligation + ": " + declined.detail;
      // The choice is the node; where the proof ended may be another.
      std::string place = compilation.describe(declined.where);
      if (recognise::nodeName(declined.where) != declined.name && !declined.name.empty())
        reason += ", at " + place, place = "node " + quoteName(declined.name);
      summary.declined.push_back({place, reason});
    }
  if (int code = compilation.run(
          [](OpPassManager &pm) { pm.addPass(recognise::createMakeEntriesPass()); }))
    return code;
  summariseEntry(compilation.getModule(), summary.inputs, summary.outputs);
  summary.layers = summariseLayers(compilation.getModule());
  summary.blocks = countBlocks(compilation.getModule());
  summary.activeParameters = countActiveParameters(summary.parameters.elements, summary.layers);
  return exitSuccess;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

std::string format(const TensorSummary &tensor) {
  std::string text = tensor.dtype;
  if (!tensor.shape)
    return text;
  text += "[";
  for (auto [axis, size] : llvm::enumerate(*tensor.shape)) {
    if (axis != 0)
      text += ", ";
    text += size.size           ? std::to_string(*size.size)
            : size.name.empty() ? "?"
                                : escapeName(size.name);
  }
  return text + "]";
}

std::string format(std::optional<int64_t> number) { return number ? std::to_string(*number) : "?"; }

void printTensors(llvm::raw_ostream &os, StringRef title, ArrayRef<TensorSummary> tensors) {
  os << title << ":\n";
  for (const TensorSummary &tensor : tensors)
    os << "  " << escapeName(tensor.name) << " " << format(tensor) << "\n";
}

void printText(llvm::raw_ostream &os, const Summary &summary, bool why) {
  printTensors(os, "inputs", summary.inputs);
  printTensors(os, "outputs", summary.outputs);
  if (!summary.operatorSets.empty()) {
    os << "operator sets:";
    for (const OperatorSet &set : summary.operatorSets)
      os << " " << (set.domain.empty() ? "ai.onnx" : escapeName(set.domain)) << " " << set.version;
    os << "\n";
  }
  os << "MoE layers: " << summary.layers.size() << "\n";
  for (const LayerSummary &layer : summary.layers)
    os << "  " << escapeName(layer.name) << ": " << format(layer.experts) << " experts, "
       << format(layer.k) << " per token; " << layer.router << "; hidden " << format(layer.hidden)
       << ", width " << format(layer.width) << ", " << layer.dtype
       << (layer.shared ? "; shared expert" : "") << "\n";
  const BlockCount &blocks = summary.blocks;
  os << "operations: " << blocks.rmsNorms << " RMS norms, " << blocks.layerNorms << " layer norms, "
     << blocks.rotaryEmbeddings << " rotary embeddings, " << blocks.attentions << " attentions\n"
     << "parameters: " << summary.parameters.elements << ", " << summary.activeParameters
     << " active per token, " << summary.parameters.bytes << " bytes\n";
  if (summary.stored)
    moec::printText(os, *summary.stored);
  if (summary.ranks)
    moec::printText(os, *summary.ranks);
  if (!why)
    return;
  os << "not recognised: " << summary.declined.size() << "\n";
  for (const Declined &declined : summary.declined)
    os << "  " << declined.node << (declined.node.empty() ? "" : ": ")
       << escapeMessage(declined.reason) << "\n";
}

//===----------------------------------------------------------------------===//
// JSON
//===----------------------------------------------------------------------===//

/// Names of files may be anything; JSON is UTF-8.
llvm::json::Value toJson(StringRef text) { return llvm::json::fixUTF8(text); }

llvm::json::Value toJson(std::optional<int64_t> number) {
  return number ? llvm::json::Value(*number) : llvm::json::Value(nullptr);
}

llvm::json::Array toJson(ArrayRef<TensorSummary> tensors) {
  llvm::json::Array array;
  for (const TensorSummary &tensor : tensors) {
    llvm::json::Value shape = nullptr;
    if (tensor.shape) {
      llvm::json::Array sizes;
      for (const SizeSummary &size : *tensor.shape)
        sizes.push_back(size.size || size.name.empty() ? toJson(size.size)
                                                       : toJson(StringRef(size.name)));
      shape = std::move(sizes);
    }
    array.push_back(llvm::json::Object{{"name", toJson(StringRef(tensor.name))},
                                       {"dtype", tensor.dtype},
                                       {"shape", std::move(shape)}});
  }
  return array;
}

void printSummaryJson(llvm::raw_ostream &os, const Summary &summary, bool why) {
  llvm::json::Object opsets;
  for (const OperatorSet &set : summary.operatorSets)
    opsets[llvm::json::fixUTF8(set.domain.empty() ? "ai.onnx" : set.domain)] = set.version;
  llvm::json::Array layers;
  for (const LayerSummary &layer : summary.layers)
    layers.push_back(llvm::json::Object{{"name", toJson(StringRef(layer.name))},
                                        {"experts", toJson(layer.experts)},
                                        {"k", toJson(layer.k)},
                                        {"router", layer.router},
                                        {"hidden", toJson(layer.hidden)},
                                        {"width", toJson(layer.width)},
                                        {"dtype", layer.dtype},
                                        {"shared", layer.shared}});
  llvm::json::Object root{
      {"inputs", toJson(summary.inputs)},
      {"outputs", toJson(summary.outputs)},
      {"opsets", std::move(opsets)},
      {"moe_layers", std::move(layers)},
      {"operations", llvm::json::Object{{"rms_norm", summary.blocks.rmsNorms},
                                        {"layer_norm", summary.blocks.layerNorms},
                                        {"rotary_embedding", summary.blocks.rotaryEmbeddings},
                                        {"attention", summary.blocks.attentions}}},
      {"parameters", summary.parameters.elements},
      {"active_parameters", summary.activeParameters},
      {"parameter_bytes", summary.parameters.bytes}};
  if (summary.stored)
    root["stored_weights"] = moec::toJson(*summary.stored);
  if (summary.ranks)
    root["grid"] = moec::toJson(*summary.ranks);
  if (why) {
    llvm::json::Array declined;
    for (const Declined &one : summary.declined)
      declined.push_back(llvm::json::Object{{"node", toJson(StringRef(one.node))},
                                            {"reason", toJson(StringRef(one.reason))}});
    root["declined"] = std::move(declined);
  }
  moec::printJson(os, std::move(root));
}

int inspect(const ParsedCommandLine &commandLine) {
  if (commandLine.positionals.size() != 1) {
    llvm::errs() << "moec: inspect expects one file, got " << commandLine.positionals.size()
                 << "\n";
    return exitUsage;
  }
  if (isArtifact(commandLine.positionals.front()))
    return isWithoutModelOptions(commandLine) ? inspectArtifact(commandLine) : exitUsage;
  std::optional<RecogniseOptions> options = parseRecognise(commandLine);
  std::optional<ReadOptions> read = parseReadOptions(commandLine);
  std::optional<CpuOptions> cpu = parseTarget(commandLine, "cpu");
  std::optional<RankOptions> ranks = parseRanks(commandLine);
  if (!options || !read || !cpu || !ranks)
    return exitUsage;
  bool hasGrid = commandLine.has("grid") || commandLine.has("ranks");
  if (hasGrid && commandLine.has("weights-dtype")) {
    llvm::errs() << "moec: --grid and --weights-dtype: ask for one at a time\n";
    return exitUsage;
  }
  bool why = options->why = commandLine.has("why");
  Compilation compilation(*read);
  if (int code = compilation.read(commandLine.positionals.front()))
    return code;
  Summary summary;
  if (int code = summarise(compilation, *options, summary))
    return code;
  if (commandLine.has("weights-dtype"))
    if (int code = summariseWeights(compilation, *cpu, summary.stored.emplace()))
      return code;
  if (hasGrid) {
    if (int code = compilation.shard(*ranks))
      return code;
    summary.ranks = planRanks(compilation.getModule(), *ranks, summary.parameters.bytes);
  }
  if (commandLine.has("json"))
    printSummaryJson(llvm::outs(), summary, why);
  else
    printText(llvm::outs(), summary, why);
  if (!options->verify)
    return exitSuccess;
  llvm::outs().flush();
  return verifyRecognition(compilation, summary.forms, /*quiet=*/false);
}

} // namespace

static const OptionSpec inspectOptions[] = {
    {"json", "", "print JSON"},
    {"why", "",
     "tell what was suspected to be a layer, norm, rotary embedding or attention, "
     "and which condition failed"},
    contribDialectOption,
    noRecogniseOption,
    verifyRecognitionOption,
    limitOption,
    externalDataDirOption,
    allowNewerIROption,
    verifyChecksumsOption,
    readWeightsOption,
    {"weights-dtype", "bf16|f16|file",
     "tell what weights of products are stored in with this option of compile, and the errors of "
     "rounding them"},
    gridOption,
    ranksOption,
    spareBytesOption,
    windowRowsOption,
};

const Subcommand moec::inspectSubcommand = {"inspect", "MODEL.onnx|FILE.mlir|OUT",
                                            "tell what is in a model or in what compile made of it",
                                            inspectOptions, inspect};
