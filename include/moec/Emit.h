//===- Emit.h - From lowered modules to artifacts ---------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The last step of the compiler: a module of host code and kernels becomes a
// shared object, an executable, an object file, or code in this process, and a
// weights file beside it.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_EMIT_H
#define MOEC_EMIT_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Location.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <functional>
#include <memory>
#include <string>

struct moert_artifact_v1;

namespace moec {

/// How code is emitted and linked. Empty paths mean what was found when moec was configured, then
/// what is on PATH.
struct EmitOptions {
  /// LLVM's optimisation level, 0 to 3.
  unsigned optLevel = 3;
  /// Compiler and version, for the runtime's messages.
  std::string producer = "moec";
  /// ld.lld, for shared objects.
  std::string linker;
  /// C++ compiler driver, for executables and where there is no ld.lld.
  std::string compilerDriver;
  /// Folder of libmoert_cli.a and libmoert.a, for executables.
  std::string runtimeLibraries;
};

/// How weights are read and packed.
struct PackOptions {
  /// What relative paths of `#rt.file` are relative to; empty: the current folder.
  std::string baseDirectory;
  /// Copy files of weights before they are read, for files that may change meanwhile; takes as much
  /// memory as they have. Otherwise they are mapped.
  bool readIntoMemory = false;
  /// Absolute paths of `#rt.file` have no symbolic link in them, and one that is found is an error.
  bool refuseLinks = false;
  /// Bytes of a weight that a thread evaluates at a time; it needs little memory beyond them.
  int64_t pieceBytes = int64_t(4) << 20;
  /// That evaluate; 0: as many as there are processors, within reason.
  int64_t threads = 0;
  /// Told the bytes written so far and in all, now and then; may be empty.
  std::function<void(int64_t, int64_t)> progress;
};

/// A number that the type a weight is stored in cannot hold: `#rt.cast` with `finite`.
class WeightRangeError : public llvm::ErrorInfo<WeightRangeError> {
public:
  WeightRangeError(std::string message, mlir::Location loc) : text(std::move(message)), loc(loc) {}

  void log(llvm::raw_ostream &os) const override { os << text; }
  std::error_code convertToErrorCode() const override {
    return std::make_error_code(std::errc::result_out_of_range);
  }
  /// That of the `rt.weight`; unknown if only an expression is read.
  mlir::Location getLoc() const { return loc; }

  static char ID;

private:
  std::string text;
  mlir::Location loc;
};

enum class ArtifactKind { SharedObject, Executable, Object };

/// Runs `--convert-rt-to-llvm`. Errors are diagnostics of the module's context.
mlir::LogicalResult lowerToLLVM(mlir::ModuleOp module, const EmitOptions &options);

/// Makes the ELF object of a module that `lowerToLLVM` has lowered; the module is left as it was.
/// Every instruction-set level is in it. Fails if the code would need a symbol other than memcpy,
/// memmove, memset, memcmp and bcmp.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> emitObject(mlir::ModuleOp module,
                                                               const EmitOptions &options);

/// Writes the LLVM IR that `emitObject` compiles, after optimisation.
llvm::Error emitLLVM(mlir::ModuleOp module, const EmitOptions &options, llvm::raw_ostream &os);

/// Links `object` into `path`, a shared object that exports `moert_artifact_v1` only and says that
/// its name is `name`, or an executable with the runtime in it.
llvm::Error linkArtifact(llvm::MemoryBufferRef object, ArtifactKind kind, llvm::StringRef path,
                         llvm::StringRef name, const EmitOptions &options);

/// Writes the weights of a lowered module to `path`, through `path`.tmp. Writes nothing if the
/// module has none.
llvm::Error writeWeights(mlir::ModuleOp module, llvm::StringRef path, const PackOptions &options);

/// Emits, links and packs what `lowerToLLVM` has lowered: `path` and `path`.weights. Files that are
/// there already are replaced when both new ones are whole, and stay as they are after an error.
llvm::Error emitArtifact(mlir::ModuleOp module, ArtifactKind kind, llvm::StringRef path,
                         const EmitOptions &options, const PackOptions &packOptions);

/// An object file loaded into this process.
class JitArtifact {
public:
  static llvm::Expected<std::unique_ptr<JitArtifact>>
  load(std::unique_ptr<llvm::MemoryBuffer> object);
  ~JitArtifact();

  /// The artifact; lives as long as this object.
  const moert_artifact_v1 *get() const { return artifact; }

private:
  struct Engine;
  JitArtifact(std::unique_ptr<Engine> engine, const moert_artifact_v1 *artifact);

  std::unique_ptr<Engine> engine;
  const moert_artifact_v1 *artifact;
};

} // namespace moec

#endif // MOEC_EMIT_H
