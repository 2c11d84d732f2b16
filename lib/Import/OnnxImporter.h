//===- OnnxImporter.h - From a loaded ONNX model to MLIR --------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_ONNXIMPORTER_H
#define MOEC_IMPORT_ONNXIMPORTER_H

#include "lib/Import/OnnxModel.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace moec {

struct OnnxImporterOptions {
  /// Floating initialisers of more elements become weights; others are constants.
  int64_t maxConstantElements = 1024;
  /// Name of the function that the graph becomes.
  std::string functionName = "main";
};

/// Builds a module with one function in the `onnx` dialect from the model's graph, and an
/// `rt.weight` for every large floating initialiser and every expert weight. Opset differences are
/// resolved: every op has the meaning of its newest version. Result types are inferred while
/// importing; types that the file declares for inner values are not read, those of outputs must
/// agree.
///
/// Arguments and results carry `onnx.name` and `onnx.dim_names`. A dimension named by digits is a
/// static size. Initialisers that are also inputs are constants, not arguments. Each operation has
/// the location NameLoc(node name, file).
///
/// Errors are ImportErrors: BadInput for the first node whose attributes, arity or types are wrong;
/// Unsupported once, with every operator, version and attribute that is not supported and the
/// nodes that have them. The model may be dropped afterwards: weights refer to files by path.
/// Loads the dialects it needs into `context`, which must not be used by other threads meanwhile.
llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>>
importOnnx(const OnnxModel &model, mlir::MLIRContext *context,
           const OnnxImporterOptions &options = {});

} // namespace moec

#endif // MOEC_IMPORT_ONNXIMPORTER_H
