//===- Compilation.h - From a file to lowered code -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_COMPILATION_H
#define MOEC_LIB_DRIVER_COMPILATION_H

#include "lib/Driver/ImportFlags.h"
#include "lib/Driver/TargetFlags.h"
#include "moec/Emit.h"
#include "moec/Pipelines.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/SourceMgr.h"

#include <memory>
#include <vector>

namespace mlir {
class ScopedDiagnosticHandler;
} // namespace mlir

namespace moec {

/// Version of the operators of a domain, "" being ONNX's own.
struct OperatorSet {
  std::string domain;
  int64_t version;
};

/// Options that every command which compiles has.
extern const OptionSpec contribDialectOption, noRecogniseOption, verifyRecognitionOption,
    exposeRoutingOption, stateOption, maxOption;

/// Reads --contrib-dialect, --no-recognise, --verify-recognition, --state and --max. Returns
/// nullopt after a message on stderr.
std::optional<RecogniseOptions> parseRecognise(const ParsedCommandLine &commandLine);

/// Whether no option says how to compile, for a file that is compiled already; prints a message to
/// stderr if one does.
bool isWithoutModelOptions(const ParsedCommandLine &commandLine);

/// Reports a WeightRangeError, with the way out. Returns an exit code.
int reportRangeError(llvm::Error error);

/// One model on its way through the compiler. Messages go to stderr, at the
/// place in the file where there is one.
class Compilation {
public:
  explicit Compilation(ReadOptions options = {});
  /// Of something that was cut out of `whole`, in its context.
  Compilation(const Compilation &whole, mlir::OwningOpRef<mlir::ModuleOp> part);
  ~Compilation();

  /// Reads FILE.mlir, or MODEL.onnx into the `onnx` dialect. Returns an exit code.
  int read(llvm::StringRef path);

  /// Finds `moe` in `onnx`, and compares what it found with what was there if the options say so.
  /// Returns an exit code.
  int recognise(const RecogniseOptions &options);

  /// Spreads the experts over the ranks that the options say. Returns an exit code.
  int shard(const RankOptions &options);

  /// From `onnx` and `moe` to `tile` and `linalg`. Operators without a lowering
  /// are reported all at once. Returns an exit code.
  int schedule(const ScheduleOptions &options);

  /// The file that was read.
  llvm::StringRef getPath() const { return path; }

  /// The files that weights of what was read are in, besides the model.
  llvm::ArrayRef<std::string> getWeightFiles() const { return weightFiles; }

  /// How the weights of what was read are read.
  PackOptions getPackOptions() const;

  /// Runs one stage. Returns an exit code: exitUnsupported where a pass refuses and leaves the
  /// module valid, exitInternal where a pass leaves it invalid.
  int run(llvm::function_ref<void(mlir::OpPassManager &)> buildStage);

  mlir::ModuleOp getModule() const { return *module; }

  /// The operator sets that the model imports; none for FILE.mlir.
  llvm::ArrayRef<OperatorSet> getOperatorSets() const { return operatorSets; }

  /// The node at a location as messages name it, or the place in FILE.mlir.
  std::string describe(mlir::Location loc) const;

private:
  int readOnnx();
  void findWeightFiles();

  ReadOptions options;
  std::string path;
  std::shared_ptr<mlir::MLIRContext> context;
  llvm::SourceMgr sources;
  /// Shared because the base class has no virtual destructor: this pointer knows what it made.
  std::shared_ptr<mlir::ScopedDiagnosticHandler> handler;
  std::vector<OperatorSet> operatorSets;
  std::vector<std::string> weightFiles;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_COMPILATION_H
