//===- InMemory.h - Compiled models in this process -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_DRIVER_INMEMORY_H
#define MOEC_LIB_DRIVER_INMEMORY_H

#include "lib/Driver/Compilation.h"
#include "lib/Emit/StagedFile.h"

#include "llvm/ADT/STLFunctionalExtras.h"

#include <memory>
#include <string>

namespace moec {

/// A model compiled into this process. Its weights, if it has any, are in a file that goes with
/// this object, since the runtime maps weights from a file.
class InMemoryModel {
public:
  /// Compiles what `compilation` has read, for `ranks`. Returns an exit code, after messages on
  /// stderr if it is none of success. `scheduled` may look at the module when all products are tile
  /// operations, `formed` when its kernels are functions, those of
  /// a processor only.
  int load(Compilation &compilation, const Target &target, const RecogniseOptions &recognise,
           const RankOptions &ranks = {},
           llvm::function_ref<void(mlir::ModuleOp)> scheduled = nullptr,
           llvm::function_ref<void(mlir::ModuleOp)> formed = nullptr);

  /// Lives as long as this object.
  const moert_artifact_v1 *getArtifact() const { return artifact->get(); }
  /// Path of the weights file; it exists only if the artifact has weights.
  const std::string &getWeights() const { return weights.path(); }

private:
  StagedFile weights;
  std::unique_ptr<JitArtifact> artifact;
};

} // namespace moec

#endif // MOEC_LIB_DRIVER_INMEMORY_H
