//===- Compilation.cpp - From a file to lowered code ------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"

#include "dialects/MoE/IR/RankGroup.h"
#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/MLIRFile.h"
#include "lib/Driver/NodeDiagnostics.h"
#include "lib/Driver/RankFlags.h"
#include "lib/Driver/TargetFlags.h"
#include "lib/Driver/VerifyRecognition.h"
#include "lib/Import/OnnxImporter.h"

#include "mlir/Dialect/Shard/IR/ShardOps.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassInstrumentation.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace moec {

const OptionSpec contribDialectOption = {
    "contrib-dialect", "ort-cuda|ort-cpu",
    "whose reading of com.microsoft::MoE; the schema's, ort-cuda, by default"};

const OptionSpec exposeRoutingOption = {
    "expose-routing", "",
    "one more output per MoE layer: offsets of the experts' rows; on "
    "several ranks only where they are processes"};

const OptionSpec noRecogniseOption = {"no-recognise", "",
                                      "leave layers that are spelled out as they stand"};

const OptionSpec verifyRecognitionOption = {
    "verify-recognition", "",
    "run each layer that is recognised against what the file spells, on random inputs"};

const OptionSpec stateOption = {
    "state", "PAST=PRESENT|auto",
    "make input PAST and output PRESENT, names with a '*' each or none, state of the session"};

const OptionSpec maxOption = {"max", "DIM=N",
                              "rows that states growing along DIM can hold; 4096 by default"};

/// Whether `text` is NAME=N; without `needsNumber`, NAME=NAME.
static bool isPair(StringRef text, bool needsNumber) {
  auto [name, value] = needsNumber ? text.rsplit('=') : text.split('=');
  int64_t number;
  return !name.empty() && !value.empty() &&
         (!needsNumber || (!value.getAsInteger(10, number) && number > 0));
}

/// Reads --state and --max. Returns false after a message on stderr.
static bool parseStates(const ParsedCommandLine &commandLine, RecogniseOptions &options) {
  options.states = commandLine.values("state").vec();
  options.capacities = commandLine.values("max").vec();
  for (StringRef pair : options.states)
    if (pair != "auto" && !isPair(pair, /*needsNumber=*/false)) {
      llvm::errs() << "moec: --state=" << pair << ": expects PAST=PRESENT or auto\n";
      return false;
    }
  for (StringRef capacity : options.capacities)
    if (!isPair(capacity, /*needsNumber=*/true)) {
      llvm::errs() << "moec: --max=" << capacity << ": expects DIM=N with N at least 1\n";
      return false;
    }
  if (options.states.empty() && !options.capacities.empty()) {
    llvm::errs() << "moec: --max needs bound state: give --state too\n";
    return false;
  }
  return true;
}

std::optional<RecogniseOptions> parseRecognise(const ParsedCommandLine &commandLine) {
  RecogniseOptions options;
  if (std::optional<StringRef> name = commandLine.value("contrib-dialect"))
    options.contribDialect = name->str();
  options.recogniseSpelledOut = !commandLine.has("no-recognise");
  options.verify = commandLine.has("verify-recognition");
  options.quiet = commandLine.has("quiet");
  options.exposeRouting = commandLine.has("expose-routing");
  if (options.verify && !options.recogniseSpelledOut) {
    llvm::errs() << "moec: --verify-recognition has nothing to verify with --no-recognise\n";
    return std::nullopt;
  }
  if (!parseStates(commandLine, options))
    return std::nullopt;
  if (options.contribDialect == "ort-cuda" || options.contribDialect == "ort-cpu")
    return options;
  llvm::errs() << "moec: --contrib-dialect=" << options.contribDialect
               << ": there are ort-cuda and ort-cpu\n";
  return std::nullopt;
}

bool isWithoutModelOptions(const ParsedCommandLine &commandLine) {
  for (const OptionSpec *option :
       {&targetOption, &contribDialectOption, &noRecogniseOption, &verifyRecognitionOption,
        &exposeRoutingOption, &stateOption, &maxOption, &limitOption, &externalDataDirOption,
        &allowNewerIROption, &verifyChecksumsOption, &readWeightsOption, &weightsTypeOption,
        &noFuseOption, &gridOption})
    if (commandLine.has(option->name)) {
      llvm::errs() << "moec: --" << option->name << " goes with models; "
                   << commandLine.positionals.front() << " is compiled\n";
      return false;
    }
  return true;
}

int reportRangeError(llvm::Error error) {
  llvm::handleAllErrors(std::move(error), [](const WeightRangeError &failure) {
    emitError(failure.getLoc()) << failure.message()
                                << "; --weights-dtype=bf16 has the range of f32, file keeps f32";
  });
  return exitUnsupported;
}

Compilation::Compilation(ReadOptions options)
    : options(std::move(options)), context(createContext()) {}

Compilation::Compilation(const Compilation &whole, OwningOpRef<ModuleOp> part)
    : options(whole.options), path(whole.path), context(whole.context),
      operatorSets(whole.operatorSets), module(std::move(part)) {}

Compilation::~Compilation() = default;

int Compilation::read(StringRef file) {
  path = file.str();
  if (file.ends_with(".onnx"))
    return readOnnx();
  if (!file.ends_with(".mlir") && file != "-") {
    llvm::errs() << "moec: " << file << ": expects FILE.mlir or MODEL.onnx\n";
    return exitUsage;
  }
  if (int code = readFile(file, options.import.limits, sources))
    return code;
  handler = std::make_shared<SourceMgrDiagnosticHandler>(sources, context.get());
  module = parseModule(sources, *context);
  if (!module)
    return exitBadInput;
  findWeightFiles();
  return exitSuccess;
}

void Compilation::findWeightFiles() {
  AttrTypeWalker walker;
  walker.addWalk([&](rt::FileAttr file) {
    SmallString<128> found(file.getPath());
    if (llvm::sys::path::is_relative(found)) {
      found = getPackOptions().baseDirectory;
      llvm::sys::path::append(found, file.getPath());
    }
    weightFiles.push_back(found.str().str());
  });
  for (rt::WeightOp weight : module->getOps<rt::WeightOp>())
    walker.walk(weight.getValue());
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
        llvm::errs() << "moec: " << escapeMessage(failure.message()) << "\n";
      });
  return code;
}

int Compilation::readOnnx() {
  llvm::Expected<OnnxModel> model = OnnxModel::load(path, options.import);
  if (!model)
    return report(model.takeError());
  for (const auto &import : model->proto().opset_import())
    operatorSets.push_back({import.domain() == "ai.onnx" ? "" : import.domain(), import.version()});
  llvm::StringMap<std::string> operators;
  for (const auto &node : model->graph().node())
    operators[node.name()] = (node.domain().empty() ? "" : node.domain() + "::") + node.op_type();
  handler = std::make_shared<NodeDiagnosticHandler>(context.get(), path, std::move(operators));
  auto imported = importOnnx(*model, context.get());
  if (!imported)
    return report(imported.takeError());
  module = std::move(*imported);
  weightFiles = model->externalFiles();
  return exitSuccess;
}

PackOptions Compilation::getPackOptions() const {
  PackOptions pack;
  pack.readIntoMemory = options.readWeights;
  // The importer writes canonical paths: a link in one is newer than what was checked.
  pack.refuseLinks = StringRef(path).ends_with(".onnx");
  if (!pack.refuseLinks)
    pack.baseDirectory = llvm::sys::path::parent_path(path).str();
  return pack;
}

/// What an op does, as its file says: the function of a family, else the op.
static StringRef operatorOf(Operation *op) {
  return TypeSwitch<Operation *, StringRef>(op)
      .Case([](onnx::UnaryOp unary) { return onnx::stringifyUnaryFn(unary.getFn()); })
      .Case([](onnx::BinaryOp binary) { return onnx::stringifyBinaryFn(binary.getFn()); })
      .Case([](onnx::CompareOp compare) { return onnx::stringifyCompareFn(compare.getFn()); })
      .Default([](Operation *other) { return other->getName().stripDialect(); });
}

static std::string nodeName(Operation *op) {
  auto name = op->getLoc()->findInstanceOf<NameLoc>();
  return name ? "node " + quoteName(name.getName()) : "no node name";
}

int Compilation::recognise(const RecogniseOptions &options) {
  std::vector<recognise::LayerForms> forms;
  RecogniseOptions collecting = options;
  if (options.verify)
    collecting.forms = &forms;
  if (int code = run([&](OpPassManager &pm) { buildRecogniseStage(pm, collecting); }))
    return code;
  return options.verify ? verifyRecognition(*this, forms, options.quiet) : exitSuccess;
}

int Compilation::shard(const RankOptions &options) {
  RankOptions left = options;
  // A file that says itself where experts are is taken at its word.
  for (auto grid : module->getOps<shard::GridOp>()) {
    if (int64_t ranks = moe::getNumRanks(grid.getShape());
        options.numRanks() > 1 && options.numRanks() != ranks) {
      llvm::errs() << "moec: " << escapeName(path) << " is for the " << ranks
                   << " ranks of its grid @" << grid.getSymName() << ", not for "
                   << options.numRanks() << "\n";
      return exitUsage;
    }
    left.ep = left.tp = left.dp = 1;
  }
  return run([&](OpPassManager &pm) { buildShardStage(pm, left); });
}

int Compilation::schedule(const ScheduleOptions &options) {
  if (int code = run([&](OpPassManager &pm) { buildScheduleStage(pm, options); }))
    return code;
  // By operator, in the order of their first node. Constants only feed the others.
  llvm::MapVector<StringRef, SmallVector<Operation *>> left;
  module->walk([&](Operation *op) {
    if (isa<onnx::ONNXDialect>(op->getDialect()) && !isa<onnx::ConstantOp>(op))
      left[operatorOf(op)].push_back(op);
  });
  if (left.empty())
    return exitSuccess;
  llvm::errs() << "moec: " << escapeName(path) << ": not supported in this version:\n";
  for (auto &[name, ops] : left) {
    llvm::errs() << "  " << name << ": " << nodeName(ops.front());
    if (ops.size() > 1)
      llvm::errs() << " and " << ops.size() - 1 << " more";
    llvm::errs() << "\n";
  }
  return exitUnsupported;
}

std::string Compilation::describe(Location loc) const {
  if (handler && StringRef(path).ends_with(".onnx"))
    return static_cast<NodeDiagnosticHandler &>(*handler).describe(loc);
  std::string text;
  llvm::raw_string_ostream os(text);
  if (auto place = loc->findInstanceOf<FileLineColLoc>())
    os << place.getFilename().getValue() << ":" << place.getLine() << ":" << place.getColumn();
  return text;
}

namespace {

/// Tells a pass that refuses from one that is wrong: only the former leaves what verifies.
class FaultFinder : public PassInstrumentation {
public:
  explicit FaultFinder(std::string &culprit) : culprit(culprit) {}

  void runAfterPassFailed(Pass *pass, Operation *op) override {
    // The adaptor of nested passes fails after the pass itself.
    if (!culprit.empty())
      return;
    ScopedDiagnosticHandler quiet(op->getContext(), [](Diagnostic &) { return success(); });
    if (failed(verify(op)))
      culprit = pass->getName().str();
  }

private:
  std::string &culprit;
};

} // namespace

int Compilation::run(llvm::function_ref<void(OpPassManager &)> buildStage) {
  std::string culprit;
  PassManager pm(context.get());
  pm.addInstrumentation(std::make_unique<FaultFinder>(culprit));
  buildStage(pm);
  if (succeeded(pm.run(*module)))
    return exitSuccess;
  if (culprit.empty())
    return exitUnsupported;
  llvm::errs() << "moec: " << escapeName(path) << ": internal error: " << culprit
               << " leaves an invalid module\n";
  return exitInternal;
}

} // namespace moec
