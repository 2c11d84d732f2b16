//===- NodeImporter.h - One node while it is being imported -----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What the functions of the operator table see: operands, attributes and
// version of a node, a builder that infers result types, and the node's first
// error. After an error every accessor returns something harmless, so that
// these functions read as if nothing could fail; they need to stop only before
// they use a null value or index by an axis.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_IMPORT_NODEIMPORTER_H
#define MOEC_IMPORT_NODEIMPORTER_H

#include "dialects/ONNX/IR/ONNX.h"
#include "lib/Import/OnnxModel.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringSet.h"

namespace moec {

class GraphImporter;

/// The first thing that is wrong with a node, or that this importer does not do.
struct NodeFailure {
  ImportError::Kind kind;
  std::string message;
};

class NodeImporter {
public:
  NodeImporter(GraphImporter &graph, const onnxpb::NodeProto &node, mlir::Location loc);

  const onnxpb::NodeProto &node;
  /// Version of the operator set that the node is to be read with.
  const int64_t opset;
  mlir::OpBuilder &builder;
  const mlir::Location loc;
  /// Result type of ops that `finish` infers.
  const mlir::Type open;

  // -- Operands ------------------------------------------------------------------------------

  /// The value of an input, null where it is absent. Inputs that nobody asks
  /// for are an error of arity.
  mlir::Value optional(unsigned index);
  /// The same, and an error where it is absent.
  mlir::Value input(unsigned index);
  /// The initialiser of an input as a weight, whatever its size; any other value as it is.
  mlir::Value weight(unsigned index);
  unsigned numInputs() const { return node.input_size(); }
  /// Whether an output exists and has a name.
  bool hasOutput(unsigned index) const {
    return static_cast<int>(index) < node.output_size() && !node.output(index).empty();
  }

  // -- Attributes ----------------------------------------------------------------------------

  bool has(llvm::StringRef name);
  int64_t integer(llvm::StringRef name, int64_t fallback);
  /// An integer without a default.
  int64_t integer(llvm::StringRef name);
  float number(llvm::StringRef name, float fallback);
  llvm::StringRef text(llvm::StringRef name, llvm::StringRef fallback);
  std::optional<llvm::SmallVector<int64_t>> integers(llvm::StringRef name);
  std::optional<llvm::SmallVector<float>> numbers(llvm::StringRef name);
  /// A tensor attribute as a constant; null where it is absent.
  mlir::DenseElementsAttr tensor(llvm::StringRef name);
  /// An integer attribute that must be 0 or 1.
  bool flag(llvm::StringRef name, bool fallback);
  mlir::UnitAttr unit(bool value) { return value ? builder.getUnitAttr() : mlir::UnitAttr(); }
  mlir::FloatAttr f32(float value) { return builder.getF32FloatAttr(value); }
  /// The element type that an ONNX number names; null after an error.
  mlir::Type elementType(int64_t number);

  // -- What is known of values ---------------------------------------------------------------

  mlir::Type elementTypeOf(mlir::Value value);
  /// The rank; an error where it is unknown.
  int64_t rank(mlir::Value value);
  const onnx::ValueFacts &facts(mlir::Value value);
  std::optional<llvm::SmallVector<int64_t>> constants(mlir::Value value);
  /// An axis in [-rank, rank) as [0, rank). An error, and 0, where it is not.
  int64_t axis(int64_t axis, int64_t rank);

  // -- Results -------------------------------------------------------------------------------

  /// Infers the result types of a new op and verifies it.
  template <typename Op>
  Op finish(Op op) {
    complete(op);
    return op;
  }
  /// Creates an op of one result, by arguments of its builder after the result type.
  template <typename Op, typename... Args>
  mlir::Value make(Args &&...args) {
    if (!ok())
      return {};
    return finish(Op::create(builder, loc, open, std::forward<Args>(args)...))->getResult(0);
  }
  mlir::Value constant(mlir::ElementsAttr value);
  mlir::Value constant(llvm::ArrayRef<int64_t> values);
  /// A scalar of a float or integer type.
  mlir::Value scalar(mlir::Type elementType, double value);
  /// Gives the node's outputs their values; a null value stands for an output that must be absent.
  void results(llvm::ArrayRef<mlir::Value> values);

  // -- Errors --------------------------------------------------------------------------------

  /// The file is wrong.
  void bad(const llvm::Twine &message);
  /// This importer does not do what the file asks.
  void unsupported(const llvm::Twine &message);
  bool ok() const { return !failure; }

  /// The first error, after checking that every input and attribute was read.
  std::optional<NodeFailure> takeFailure();

private:
  const onnxpb::AttributeProto *attribute(llvm::StringRef name, int32_t type);
  void complete(mlir::Operation *op);

  GraphImporter &graph;
  llvm::StringSet<> readAttributes;
  unsigned readInputs = 0;
  void fail(llvm::Error error);
  std::optional<NodeFailure> failure;
};

/// A row of the operator table: one operator over a range of versions of its domain.
struct OperatorRow {
  llvm::StringLiteral domain;
  llvm::StringLiteral name;
  /// Versions of the operator set with the meaning that `import` implements.
  int64_t first, last;
  void (*import)(NodeImporter &node);
};

/// The newest operator set of the default domain that this importer knows.
inline constexpr int64_t newestOpset = 28;

// The parts of the table, one per file.
llvm::ArrayRef<OperatorRow> elementwiseOperators();
llvm::ArrayRef<OperatorRow> shapeOperators();
llvm::ArrayRef<OperatorRow> indexOperators();
llvm::ArrayRef<OperatorRow> mathOperators();
llvm::ArrayRef<OperatorRow> contribOperators();

/// The row of an operator in a version; null with `known` set where only other versions are known.
const OperatorRow *findOperator(llvm::StringRef domain, llvm::StringRef name, int64_t version,
                                bool &known);

} // namespace moec

#endif // MOEC_IMPORT_NODEIMPORTER_H
