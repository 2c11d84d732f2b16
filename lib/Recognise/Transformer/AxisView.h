//===- AxisView.h - Where elements of a view come from ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Chains of reshape, transpose, squeeze, unsqueeze, expand, tile and
// concatenation of a tensor with itself as one map of axes: the axes of base and result are
// products of common factors, in row-major order. A factor of the result that the base lacks
// repeats it.
//
//   base  batch heads  sequence size          [b][h][s][d]
//   repeat each head twice, transpose, split  [b][h r][d][s]
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_TRANSFORMER_AXISVIEW_H
#define MOEC_LIB_RECOGNISE_TRANSFORMER_AXISVIEW_H

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec::recognise {

/// Symbolic shapes of all values of a function, so that sizes which are equal
/// in every run compare equal.
class FunctionShapes {
public:
  explicit FunctionShapes(mlir::func::FuncOp function);

  /// The shape, or null where the rank is unknown. The pointer lives until the next `set` or
  /// `copy`.
  const onnx::Shape *get(mlir::Value value);
  /// The elements of a small integer tensor, where they are known numbers.
  std::optional<llvm::SmallVector<int64_t>> getIntegers(mlir::Value value);
  /// The shape of a new value, given or that of another.
  void set(mlir::Value value, onnx::Shape shape) { context.setShape(value, std::move(shape)); }
  void copy(mlir::Value to, mlir::Value from);
  onnx::SizeTable &sizes() { return context.sizes(); }

private:
  onnx::ShapeContext context;
};

class AxisView {
public:
  /// Factors by number, the outermost first. An axis of size 1 has none.
  using Axis = llvm::SmallVector<unsigned, 2>;

  /// A tensor as a view of itself.
  AxisView(llvm::ArrayRef<onnx::Size> shape, onnx::SizeTable &sizes);

  /// Whether `op` can be part of a view.
  static bool isView(mlir::Operation *op);

  /// Follows with a view op, whose operand is the result so far. Fails where
  /// the op does not respect factors; the view is then unusable.
  llvm::LogicalResult append(mlir::Operation *op, FunctionShapes &shapes);

  llvm::ArrayRef<Axis> getBase() const { return base; }
  llvm::ArrayRef<Axis> getResult() const { return result; }
  /// Whether a factor only repeats the base.
  bool isRepeat(unsigned factor) const { return factors[factor].isRepeat; }
  const onnx::Size &getSize(unsigned factor) const { return factors[factor].size; }
  /// Whether every element is that of the base at the same index.
  bool isIdentity() const;

private:
  struct Factor {
    onnx::Size size;
    bool isRepeat;
  };
  unsigned add(onnx::Size size, bool isRepeat);
  void split(unsigned factor, onnx::Size outer, onnx::Size inner);
  llvm::LogicalResult regroup(llvm::ArrayRef<onnx::Size> shape);
  llvm::LogicalResult expand(llvm::ArrayRef<onnx::Size> from, llvm::ArrayRef<onnx::Size> to);

  onnx::SizeTable &sizes;
  llvm::SmallVector<Factor> factors;
  llvm::SmallVector<Axis> base, result;
};

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_TRANSFORMER_AXISVIEW_H
