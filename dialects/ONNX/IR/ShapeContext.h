//===- ShapeContext.h - What is known of values while inferring -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The knowledge that the ShapeInference interface reads and writes: element
// types, symbolic shapes, and the elements of small integer tensors.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_SHAPECONTEXT_H
#define MOEC_DIALECTS_ONNX_IR_SHAPECONTEXT_H

#include "dialects/ONNX/IR/SymbolicSize.h"

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

namespace moec::onnx {

using Shape = llvm::SmallVector<Size, 4>;

/// What is known of one value.
struct ValueFacts {
  mlir::Type elementType;
  /// Absent where the rank is unknown.
  std::optional<Shape> shape;
  /// Row-major elements of an integer or boolean (0, 1) tensor of static shape
  /// and at most `ShapeContext::maxElements` elements.
  std::optional<llvm::SmallVector<Size, 4>> elements;

  /// The elements, if every one is a known number.
  std::optional<llvm::SmallVector<int64_t>> getConstants() const;
  /// The number of elements, if it is known.
  std::optional<int64_t> getNumElements() const;
};

class ShapeContext {
public:
  /// Integer tensors of more elements are data, not shape arithmetic.
  static constexpr int64_t maxElements = 1024;

  struct Options {
    /// Look at the `onnx.constant` that defines a value.
    bool readConstants = true;
    /// Fail without a diagnostic.
    bool quiet = false;
  };
  explicit ShapeContext(Options options) : options(options) {}

  SizeTable &sizes() { return table; }

  /// Facts of a value; those of its type, with fresh symbols for `?`, unless
  /// set. The reference lives as long as the context.
  const ValueFacts &get(mlir::Value value);

  /// Records what inference found about a result, met with what its type says:
  /// static sizes of the type replace symbols. Fails, after an error on the
  /// op, where the two contradict each other.
  llvm::LogicalResult set(mlir::OpResult result, ValueFacts facts);
  llvm::LogicalResult set(mlir::Value result, ValueFacts facts) {
    return set(llvm::cast<mlir::OpResult>(result), std::move(facts));
  }

  /// Records the symbolic shape of a function argument.
  void setShape(mlir::Value value, Shape shape);
  /// Records the elements of a value's constant, if it holds small integers.
  void setConstant(mlir::Value value, mlir::Attribute attribute);

  /// How many elements this context holds, for limits on what files may ask for.
  uint64_t getNumElements() const { return numElements; }

  /// An error on the op, to be streamed into, or nothing if the context is
  /// quiet; converts to failure.
  mlir::InFlightDiagnostic error(mlir::Operation *op) const;

private:
  Options options;
  SizeTable table;
  llvm::DenseMap<mlir::Value, std::unique_ptr<ValueFacts>> facts;
  uint64_t numElements = 0;

  const ValueFacts &keep(mlir::Value value, ValueFacts known);
};

/// The tensor type of facts: constants become static sizes. Null without an
/// element type.
mlir::Type getTensorType(const ValueFacts &facts);

/// A constant of `type`, ranked and static, with the given row-major elements;
/// null if it is no integer type of at most 64 bits.
mlir::DenseElementsAttr getIntegerConstant(mlir::Type type, llvm::ArrayRef<int64_t> elements);

/// Runs an op's inference on its types alone. Declared result types must agree
/// with what it infers: equal element types, compatible shapes.
llvm::LogicalResult verifyShapes(mlir::Operation *op);

/// Folds an op whose results are integer constants given its operands'.
llvm::LogicalResult foldSmallIntegers(mlir::Operation *op, llvm::ArrayRef<mlir::Attribute> operands,
                                      llvm::SmallVectorImpl<mlir::OpFoldResult> &results);

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_SHAPECONTEXT_H
