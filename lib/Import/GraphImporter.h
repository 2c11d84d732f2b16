//===- GraphImporter.h - Values and weights of a graph ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_GRAPHIMPORTER_H
#define MOEC_IMPORT_GRAPHIMPORTER_H

#include "dialects/ONNX/IR/ShapeContext.h"
#include "lib/Import/NodeImporter.h"
#include "lib/Import/OnnxImporter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/SymbolTable.h"

#include <map>

namespace moec {

/// State of one import. Used by NodeImporter; see there for the view of one node.
class GraphImporter {
public:
  GraphImporter(const OnnxModel &model, mlir::MLIRContext *context,
                const OnnxImporterOptions &options);

  llvm::Expected<mlir::OwningOpRef<mlir::ModuleOp>> run();

  /// The value of a name; an initialiser becomes a constant or a weight on its first use. Null for
  /// the outputs of nodes that are not supported.
  llvm::Expected<mlir::Value> value(llvm::StringRef name);
  /// The weight of an initialiser, or `value` where the name is none.
  llvm::Expected<mlir::Value> weight(llvm::StringRef name);
  void define(llvm::StringRef name, mlir::Value value) { values[name] = value; }
  /// The elements of a tensor, counted against the limit.
  llvm::Expected<mlir::DenseElementsAttr> constant(const OnnxTensor &tensor);
  /// An error if a declared or inferred type has too many dimensions or elements; `what` is the
  /// subject of a sentence.
  llvm::Error checkType(llvm::StringRef node, const llvm::Twine &what, mlir::Type type) const;
  llvm::Error overLimit(llvm::StringRef node, const llvm::Twine &what,
                        uint64_t ImportLimits::*limit) const;

  const OnnxModel &model;
  mlir::MLIRContext *context;
  OnnxImporterOptions options;
  mlir::OpBuilder builder;
  onnx::ShapeContext shapes;
  /// What an op said about itself when its inference or verification failed.
  std::string diagnostic;

private:
  llvm::Error addInputs();
  llvm::Error addNodes();
  llvm::Error addOutputs();
  llvm::Error reportUnsupported();
  llvm::Error addNode(const onnxpb::NodeProto &node);
  llvm::Expected<mlir::Value> addWeight(const OnnxTensor &tensor);
  llvm::Expected<mlir::TensorType> readType(const onnxpb::ValueInfoProto &info,
                                            llvm::SmallVectorImpl<std::string> &dimNames);

  mlir::OwningOpRef<mlir::ModuleOp> module;
  mlir::func::FuncOp function;
  std::optional<mlir::SymbolTable> symbols;
  llvm::StringMap<mlir::Value> values;
  llvm::StringMap<mlir::Value> weights;
  uint64_t constantBytes = 0;
  /// What is not supported, with the nodes that need it.
  std::map<std::string, std::vector<std::string>> unsupported;
};

} // namespace moec

#endif // MOEC_IMPORT_GRAPHIMPORTER_H
