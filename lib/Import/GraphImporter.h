//===- GraphImporter.h - Values and weights of a graph ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_GRAPHIMPORTER_H
#define MOEC_IMPORT_GRAPHIMPORTER_H

#include "dialects/ONNX/IR/ShapeContext.h"
#include "lib/Import/OnnxImporter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

namespace moec {

/// State of one import. Used by NodeImporter; see there for the view of one node.
class GraphImporter {
public:
  GraphImporter(const OnnxModel &model, mlir::MLIRContext *context,
                const OnnxImporterOptions &options);

  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> run();

  /// The value of a name; an initialiser becomes a constant or a weight on its first use. Null after
  /// `deferred` was set.
  mlir::Value value(llvm::StringRef name);
  /// The weight of an initialiser, or `value` where the name is none.
  mlir::Value weight(llvm::StringRef name);
  void define(llvm::StringRef name, mlir::Value value) { values[name] = value; }

  const OnnxModel &model;
  mlir::MLIRContext *context;
  OnnxImporterOptions options;
  mlir::OpBuilder builder;
  onnx::ShapeContext shapes;
  /// Why a value could not be made: data that cannot be read.
  std::optional<NodeFailure> deferred;
  /// The last diagnostic of MLIR, by ops that verify themselves.
  std::string diagnostic;

private:
  llvm::Error addInputs();
  llvm::Error addNodes();
  llvm::Error addOutputs();
  llvm::Expected<mlir::Type> readType(const onnxpb::ValueInfoProto &info,
                                      llvm::SmallVectorImpl<std::string> &dimNames);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  std::optional<mlir::SymbolTable> symbols;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<mlir::Value> weights;
};

} // namespace moec

#endif // MOEC_IMPORT_GRAPHIMPORTER_H
