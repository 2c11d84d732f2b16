//===- Structured.h - Maps and reductions of tensors ------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_STRUCTURED_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_STRUCTURED_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec {

/// A tensor and how it is read along the loops of an op.
struct Input {
  mlir::Value tensor;
  mlir::AffineMap map;
};

using InputBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &, mlir::ValueRange)>;

/// A tensor of `sizes` whose elements `body` computes from those of `inputs`;
/// one loop per axis.
mlir::Value buildMap(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                     mlir::Type element, llvm::ArrayRef<Input> inputs, InputBody body);

/// Reduces a shape over some of its axes.
class Reducer {
public:
  /// Over `axes`, ascending, of tensors of `sizes`.
  Reducer(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
          llvm::ArrayRef<int64_t> axes);

  /// All axes of a tensor of the whole shape.
  Input whole(mlir::Value tensor) const;
  /// A tensor of the axes that are not reduced; the same for all of a group.
  Input group(mlir::Value tensor) const;

  /// A tensor of the axes that are not reduced: `identity` and all terms of a
  /// group, combined by `combine` of (what is there, term).
  mlir::Value reduce(mlir::TypedAttr identity, llvm::ArrayRef<Input> inputs, InputBody term,
                     InputBody combine) const;
  /// A sum of floats.
  mlir::Value sum(mlir::Type type, llvm::ArrayRef<Input> inputs, InputBody term) const;
  /// The largest float; NaN if there is one.
  mlir::Value max(mlir::Type type, llvm::ArrayRef<Input> inputs, InputBody term) const;

  /// The largest float that is a number.
  mlir::Value maxNumber(mlir::Type type, llvm::ArrayRef<Input> inputs, InputBody term) const;

  /// A map over the whole shape or over groups.
  mlir::Value mapWhole(mlir::Type element, llvm::ArrayRef<Input> inputs, InputBody body) const {
    return buildMap(b, sizes, element, inputs, body);
  }
  mlir::Value mapGroups(mlir::Type element, mlir::ValueRange inputs, InputBody body) const;

  /// The number of elements of a group, as a number of `type`.
  mlir::Value getCount(mlir::Type type) const;

  /// A tensor of groups with the reduced axes as axes of size 1.
  mlir::Value keepAxes(mlir::Value tensor) const;

private:
  mlir::ImplicitLocOpBuilder &b;
  llvm::SmallVector<mlir::OpFoldResult> sizes, groupSizes;
  llvm::SmallVector<int64_t> axes, kept;
};

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_STRUCTURED_H
