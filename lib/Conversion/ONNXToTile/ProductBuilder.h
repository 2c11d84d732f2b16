//===- ProductBuilder.h - Products of tensors as tile ops ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTBUILDER_H
#define MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTBUILDER_H

#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/WeightTable/WeightTable.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec {

/// How an axis of an operand compares with the same axis of the result.
enum class AxisKind {
  Same,
  /// Of size 1, or missing.
  One,
  /// Known at run time only.
  Unknown
};

/// `result[b.., m, n] = sum over k of lhs[b.., m, k] * rhs[b.., k, n]`. Batch axes
/// are as many as the result has; an operand with fewer lacks the first ones.
struct MatrixProduct {
  mlir::Value lhs;
  /// [.., K, N], or [.., N, K] if `transposed`.
  mlir::Value rhs;
  bool transposed = false;
  /// What `rhs` is, if it is a weight; null otherwise.
  rt::WeightExprInterface weight;
  /// Per batch axis of the result.
  llvm::SmallVector<AxisKind> lhsBatch, rhsBatch;
  /// What panels' products are rounded to; null for the type of the operands.
  mlir::Type resultType;
  /// Whether both operands are proved to have one K.
  bool sameSummands = true;
  /// Who is told where sizes do not agree at run time.
  mlir::Operation *op;
};

/// What follows a product `v` on the same element, in f32, before the only
/// rounding: `alpha * v + beta * c`.
struct ProductEpilogue {
  double alpha = 1, beta = 1;
  /// At most one: per row, [R]; per column, [G, N]; per element, [R, N].
  mlir::Value rowTerm, columnTerm, elementTerm;
};

/// Shape arithmetic and products at one point. All tensors are ranked.
class ProductBuilder {
public:
  ProductBuilder(mlir::ImplicitLocOpBuilder &b, WeightTable &weights) : b(b), weights(weights) {}

  /// Sizes of all axes of a tensor.
  llvm::SmallVector<mlir::OpFoldResult> getSizes(mlir::Value tensor);
  mlir::Value toIndex(mlir::OpFoldResult size);
  mlir::OpFoldResult multiply(llvm::ArrayRef<mlir::OpFoldResult> sizes);

  /// The axes [first, last) of `tensor` as one; an axis of size 1 if there are
  /// none.
  mlir::Value collapse(mlir::Value tensor, int64_t first, int64_t last);
  /// The axis `axis` of `tensor` as axes of `sizes`; none removes an axis of
  /// size 1.
  mlir::Value expand(mlir::Value tensor, int64_t axis, llvm::ArrayRef<mlir::OpFoldResult> sizes);
  /// A copy with permuted axes: axis i of the result is axis `permutation[i]`.
  mlir::Value transpose(mlir::Value tensor, llvm::ArrayRef<int64_t> permutation);
  /// A copy of `tensor` that has `sizes`: axes that `kinds` says, or the run
  /// shows, to be of size 1 are repeated. Missing axes are the first ones.
  mlir::Value broadcast(mlir::Value tensor, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        llvm::ArrayRef<AxisKind> kinds);

  /// Ends the run at `op` unless two sizes are equal or, if `mayBroadcast`, one
  /// of them is 1.
  void checkSizes(mlir::Operation *op, mlir::OpFoldResult lhs, mlir::OpFoldResult rhs,
                  mlir::StringRef what, bool mayBroadcast);

  /// [batch.., M, N], of the product's result type or else that of the operands:
  /// f32, f16 or bf16, added up in f32 and rounded once; or any other, as linalg
  /// computes it.
  mlir::Value multiply(const MatrixProduct &product, const ProductEpilogue &epilogue = {});

private:
  mlir::Value multiplyRows(mlir::Value rows, mlir::Value gather, mlir::Value batch,
                           mlir::Value slabs, mlir::OpFoldResult count, mlir::OpFoldResult columns,
                           mlir::Type element, const ProductEpilogue &epilogue);
  mlir::Value multiplyGeneric(mlir::Value lhs, mlir::Value rhs, bool transposed);
  mlir::Value gatherRows(const MatrixProduct &product, llvm::ArrayRef<mlir::OpFoldResult> batch);
  mlir::Value packAtRunTime(mlir::Value rhs, bool transposed);

  mlir::ImplicitLocOpBuilder &b;
  WeightTable &weights;
};

/// Whether products of this type go through panels.
bool isPanelType(mlir::Type type);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTBUILDER_H
