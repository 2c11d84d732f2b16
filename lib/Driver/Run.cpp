//===- Run.cpp - moec run ---------------------------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/Compilation.h"
#include "lib/Driver/ExitCode.h"
#include "lib/Driver/MLIRFile.h"
#include "lib/Driver/Npy.h"
#include "lib/Driver/RandomInput.h"
#include "lib/Driver/RankBatches.h"
#include "lib/Driver/RankFlags.h"
#include "lib/Driver/RunCompiled.h"
#include "lib/Driver/Subcommand.h"
#include "lib/Emit/WeightReader.h"
#include "lib/Import/ImportError.h"
#include "lib/Interpret/Interpreter.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace moec;

/// Simulated by one thread, each with its own values.
static constexpr int64_t maxRanks = 256;

static llvm::raw_ostream &error() { return llvm::errs() << "moec: "; }

namespace {

/// One `moec run --interpret`.
class InterpretRun {
public:
  explicit InterpretRun(const ParsedCommandLine &commandLine) : commandLine(commandLine) {}

  int run() {
    if (int code = readOptions())
      return code;
    StringRef file = commandLine.positionals.front();
    if (file.ends_with(".onnx"))
      return interpretModel(file);
    std::optional<ReadOptions> read = parseReadOptions(commandLine);
    if (!read)
      return exitUsage;
    if (int code = readFile(file, read->import.limits, sources))
      return code;
    PackOptions packOptions;
    packOptions.baseDirectory = llvm::sys::path::parent_path(file).str();
    packOptions.readIntoMemory = read->readWeights;
    readWeightsFrom(packOptions);
    std::unique_ptr<MLIRContext> context = createContext();
    if (commandLine.has("verify-diagnostics")) {
      SourceMgrDiagnosticVerifierHandler handler(sources, context.get());
      interpretSource(*context);
      return succeeded(handler.verify()) ? exitSuccess : exitWrongResult;
    }
    SourceMgrDiagnosticHandler handler(sources, context.get());
    return interpretSource(*context);
  }

private:
  int readOptions() {
    options.accumulateF64 = commandLine.has("f64");
    if (commandLine.has("decimals")) {
      std::optional<uint64_t> number = commandLine.number("decimals");
      if (!number)
        return exitUsage;
      decimals = std::min<uint64_t>(*number, 17);
    }
    if (commandLine.has("random")) {
      std::optional<uint64_t> seed = commandLine.number("random");
      if (!seed)
        return exitUsage;
      random.emplace(*seed);
    }
    std::optional<RankOptions> given = parseRanks(commandLine);
    if (!given)
      return exitUsage;
    rankOptions = *given;
    if (ranks() > maxRanks) {
      error() << "the interpreter runs 1 to " << maxRanks << " ranks, not " << ranks() << "\n";
      return exitUsage;
    }
    for (const std::string &input : commandLine.values("input")) {
      auto [name, path] = StringRef(input).split('=');
      unsigned index;
      if (path.empty() || name.getAsInteger(10, index)) {
        error() << "--input expects N=FILE.npy with the number of an argument, got '" << input
                << "'\n";
        return exitUsage;
      }
      inputs[index] = path;
    }
    return exitSuccess;
  }

  /// Interprets a model with its MoE layers recognised, and their experts spread over the ranks.
  int interpretModel(StringRef file) {
    std::optional<RecogniseOptions> recognise = parseRecognise(commandLine);
    std::optional<ReadOptions> read = parseReadOptions(commandLine);
    if (!recognise || !read)
      return exitUsage;
    Compilation compilation(*read);
    if (int code = compilation.read(file))
      return code;
    if (int code = compilation.recognise(*recognise))
      return code;
    if (int code = compilation.shard(rankOptions))
      return code;
    readWeightsFrom(compilation.getPackOptions());
    return interpretAll(compilation.getModule());
  }

  int64_t ranks() const { return rankOptions.numRanks(); }

  void readWeightsFrom(const PackOptions &packOptions) {
    weightFiles = std::make_unique<WeightFiles>(packOptions);
    options.readWeight = [this](rt::WeightOp weight, Tensor &tensor) {
      return WeightReader(*weightFiles)
          .readLinear(weight.getValue(), 0, tensor.numElements(),
                      reinterpret_cast<char *>(tensor.bytes()));
    };
  }

  /// Parses the file and runs its functions.
  int interpretSource(MLIRContext &context) {
    OwningOpRef<ModuleOp> module = parseModule(sources, context);
    return module ? interpretAll(*module) : exitBadInput;
  }

  /// Runs functions; the first failure decides the exit code.
  int interpretAll(ModuleOp module) {
    SmallVector<func::FuncOp> functions;
    if (int code = chooseFunctions(module, functions))
      return code;
    int code = exitSuccess;
    for (func::FuncOp function : functions) {
      if (functions.size() > 1)
        llvm::outs() << "@" << escapeName(function.getName()) << "\n";
      int result = interpretOne(function);
      code = code ? code : result;
    }
    return code;
  }

  int chooseFunctions(ModuleOp module, SmallVector<func::FuncOp> &functions) {
    StringRef name = commandLine.value("entry").value_or("main");
    if (auto entry = module.lookupSymbol<func::FuncOp>(name)) {
      functions.push_back(entry);
      return exitSuccess;
    }
    if (commandLine.has("entry")) {
      error() << "there is no function @" << name << " in " << commandLine.positionals.front()
              << "\n";
      return exitUsage;
    }
    for (auto function : module.getOps<func::FuncOp>())
      if (function.isPublic())
        functions.push_back(function);
    if (functions.empty()) {
      error() << commandLine.positionals.front() << " has no public function\n";
      return exitBadInput;
    }
    if (functions.size() > 1 && (!inputs.empty() || commandLine.has("output-dir"))) {
      error() << "--input and --output-dir need one function: name it with --entry\n";
      return exitUsage;
    }
    return exitSuccess;
  }

  int interpretOne(func::FuncOp function) {
    SmallVector<Tensor> arguments;
    if (int code = collectArguments(function, arguments))
      return code;
    if (failed(checkInterpretable(function)))
      return exitUnsupported;
    if (ranks() > 1)
      return interpretOnRanks(function, arguments);
    FailureOr<SmallVector<Tensor>> results = interpret(function, arguments, options);
    if (failed(results))
      return exitBadInput;
    return report(*results);
  }

  /// Gives each rank its part of the batch, and reports the results of all of them as one.
  int interpretOnRanks(func::FuncOp function, ArrayRef<Tensor> arguments) {
    auto fail = [&](llvm::Error failure) {
      error() << "@" << escapeName(function.getName()) << ": "
              << escapeMessage(toString(std::move(failure))) << "\n";
      return exitUnsupported;
    };
    auto parts = splitBatch(arguments, function.getArgumentTypes(), ranks());
    if (!parts)
      return fail(parts.takeError());
    FailureOr<SmallVector<SmallVector<Tensor>>> results = interpretRanks(function, *parts, options);
    if (failed(results))
      return exitBadInput;
    SmallVector<int64_t> batches;
    if (!arguments.empty())
      for (const SmallVector<Tensor> &part : *parts)
        batches.push_back(part.front().dim(0));
    auto joined = joinBatches(*results, batches, function.getResultTypes());
    return joined ? report(*joined) : fail(joined.takeError());
  }

  int collectArguments(func::FuncOp function, SmallVector<Tensor> &arguments) {
    for (auto &[index, path] : inputs)
      if (index >= function.getNumArguments()) {
        error() << "@" << escapeName(function.getName()) << " has " << function.getNumArguments()
                << " arguments; there is no --input " << index << "\n";
        return exitUsage;
      }
    for (auto [index, type] : llvm::enumerate(function.getArgumentTypes())) {
      auto given = inputs.find(index);
      std::optional<DType> dtype = dtypeOf(type);
      if (given != inputs.end() && dtype) {
        llvm::Expected<Tensor> tensor = readNpy(given->second, *dtype);
        if (!tensor) {
          error() << escapeMessage(toString(tensor.takeError())) << "\n";
          return exitBadInput;
        }
        arguments.push_back(*tensor);
        continue;
      }
      std::optional<Tensor> made = random ? random->fill(type) : std::nullopt;
      if (!made) {
        error() << "argument " << index << " of @" << escapeName(function.getName())
                << " has no value: give --input " << index << "=FILE.npy"
                << (random ? "; --random fills static shapes only" : " or --random SEED") << "\n";
        return exitUsage;
      }
      arguments.push_back(*made);
    }
    return exitSuccess;
  }

  /// Prints the results, or writes them to the output directory.
  int report(ArrayRef<Tensor> results) {
    std::optional<StringRef> directory = commandLine.value("output-dir");
    if (directory) {
      if (std::error_code code = llvm::sys::fs::create_directories(*directory)) {
        error() << *directory << ": " << code.message() << "\n";
        return exitResource;
      }
    }
    for (auto [index, result] : llvm::enumerate(results)) {
      if (!directory) {
        llvm::outs() << moec::toString(result, decimals) << "\n";
        continue;
      }
      SmallString<128> path(*directory);
      llvm::sys::path::append(path, "output_" + Twine(index) + ".npy");
      if (llvm::Error failure = writeNpy(path, result)) {
        error() << escapeMessage(toString(std::move(failure))) << "\n";
        return exitResource;
      }
    }
    llvm::outs().flush();
    return exitSuccess;
  }

  const ParsedCommandLine &commandLine;
  llvm::SourceMgr sources;
  InterpretOptions options;
  RankOptions rankOptions;
  std::optional<int> decimals;
  std::optional<RandomInput> random;
  std::unique_ptr<WeightFiles> weightFiles;
  /// Files by number of the argument.
  std::map<unsigned, std::string> inputs;
};

} // namespace

static int run(const ParsedCommandLine &commandLine) {
  if (commandLine.positionals.size() != 1) {
    error() << "run expects one file, got " << commandLine.positionals.size() << "\n";
    return exitUsage;
  }
  StringRef file = commandLine.positionals.front();
  if (!commandLine.has("interpret")) {
    for (StringRef name : {"entry", "f64", "decimals", "verify-diagnostics"})
      if (commandLine.has(name)) {
        error() << "--" << name << " goes with --interpret\n";
        return exitUsage;
      }
    return runCompiled(commandLine);
  }
  for (StringRef name :
       {"state",  "max",     "steps",         "feed",    "advance", "print",
        "inputs", "outputs", "bind",          "repeat",  "profile", "link-speed",
        "split",  "threads", "isa",           "weights", "fault",   "verify-weights",
        "device", "target",  "weights-dtype", "no-fuse", "quiet"})
    if (commandLine.has(name)) {
      error() << "--" << name << " does not go with --interpret\n";
      return exitUsage;
    }
  if (file != "-" && !file.ends_with(".mlir") && !file.ends_with(".onnx")) {
    error() << file << ": the interpreter reads MODEL.onnx and FILE.mlir\n";
    return exitUnsupported;
  }
  if (file.ends_with(".onnx") && commandLine.has("verify-diagnostics")) {
    error() << "--verify-diagnostics goes with FILE.mlir\n";
    return exitUsage;
  }
  return InterpretRun(commandLine).run();
}

static const OptionSpec runOptions[] = {
    {"input", "NAME=FILE",
     "value of an input, .npy, ONNX .pb or .txt (its bytes); with --interpret N=FILE.npy"},
    {"inputs", "FILE.npz", "values of inputs by name"},
    {"random", "SEED", "make up the other inputs: reals in [-1, 1), integers 0 or 1"},
    {"bind", "DIM=SIZE", "size of a named dynamic dimension, for --random"},
    {"output-dir", "DIR", "also write each output to DIR/NAME.npy"},
    {"outputs", "FILE.npz", "write all outputs to one archive"},
    {"repeat", "N", "run N times and report the times"},
    {"steps", "N", "with bound state: run N times, feeding back; needs --feed"},
    {"feed", "IN=argmax(OUT)", "after each step IN is the place of the greatest in OUT's last row"},
    {"advance", "IN", "after each step IN has the next position, or one element more"},
    {"print", "ids|bytes", "print the ids that were fed, or the bytes that they are"},
    {"profile", "FILE.json", "write a timeline of all runs for Chrome or Perfetto"},
    {"split", "INPUTS", "the inputs of which ranks that are threads get parts; see docs/ranks.md"},
    {"link-speed", "BYTES", "bytes per second of the links between ranks, to try out slower ones"},
    {"fault", "KIND:RANK@POINT", "a drill: kill, stall or slow a rank at a point of its run"},
    {"threads", "N", "threads to use"},
    {"isa", "LEVEL", "run the kernels of v2, avx2 or avx512"},
    {"weights", "FILE", "the weights file of a shared object"},
    {"verify-weights", "", "compare the checksums of all weights before the first run"},
    {"quiet", "", "print nothing but errors"},
    targetOption,
    deviceOption,
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
    {"ranks", "N",
     "run on N ranks, threads of this process or, with --interpret, simulated: each gets its part "
     "of the batch, dimension 0 of the inputs, and the experts are spread over them"},
    gridOption,
    spareBytesOption,
    windowRowsOption,
    chunksOption,
    {"interpret", "",
     "run the reference interpreter instead of compiled code; of the above it takes --input, "
     "--random, --output-dir, how models are read, and ranks"},
    {"entry", "NAME", "interpret this function: @main, or else every public one, by default"},
    {"f64", "", "interpret with sums and routers in f64 instead of f32"},
    {"decimals", "N", "interpret, and print reals with N digits behind the point"},
    {"verify-diagnostics", "", "interpret, and check errors against expected-error comments"},
};

const Subcommand moec::runSubcommand = {"run", "MODEL.onnx|FILE.mlir|FILE.so",
                                        "run a model once and print its outputs", runOptions, run};
