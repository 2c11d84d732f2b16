//===- Movement.h - Shared by lowerings that move elements ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_MOVEMENT_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_MOVEMENT_H

#include "lib/Conversion/ONNXToLinalg/Lowering.h"

namespace moec {

using SizeList = llvm::SmallVector<mlir::OpFoldResult>;

/// Errors at `op` unless all its operands and results have lowered types.
llvm::LogicalResult checkTypes(mlir::Operation *op);

/// The elements of a 1-d integer operand as index attributes or values.
SizeList getElements(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Operation *user,
                     mlir::Value operand);

/// The axes in an operand of small integers or, without it, all `rank`: from the
/// front. Where a run decides them it checks that they are in range.
SizeList getAxes(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Operation *user,
                 mlir::Value operand, int64_t rank);

/// Per axis the entry of `values` that belongs to it, or that of `otherwise`.
SizeList spreadOverAxes(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> axes,
                        llvm::ArrayRef<mlir::OpFoldResult> values, SizeList otherwise);

/// The view of `sizes` elements from `offsets` on; a tensor of its own where it
/// is known to be empty, since views start at an element.
mlir::Value takeSlice(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                      llvm::ArrayRef<mlir::OpFoldResult> offsets,
                      llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// `target` with `x` of `sizes` put at `offsets`.
mlir::Value putSlice(mlir::ImplicitLocOpBuilder &b, mlir::Value x, mlir::Value target,
                     llvm::ArrayRef<mlir::OpFoldResult> offsets,
                     llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Checks at run time that two sizes are equal, unless that is proved.
void checkEqual(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::OpFoldResult size,
                const onnx::Size &symbolic, mlir::OpFoldResult expected,
                const onnx::Size &expectedSymbolic, const llvm::Twine &message);

/// The sizes of `result` where `computed` is what operands say in this run: sizes
/// that inference knows replace them, after a check of those that its type states.
SizeList settleSizes(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Value result,
                     SizeList computed);

/// The row-major elements of `tensor` in the shape `sizes`, which has as many:
/// the caller has checked. Symbolic sizes tell which dimensions belong together;
/// without them all elements pass through one dimension. Copies nothing.
mlir::Value reshapeTensor(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Value tensor,
                          llvm::ArrayRef<onnx::Size> from, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                          llvm::ArrayRef<onnx::Size> to);
mlir::Value reshapeTensor(mlir::ImplicitLocOpBuilder &b, mlir::Value tensor,
                          llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Writes the element at the current point of a tensor of `sizes`; `indices`
/// are the point's.
using PointBody = llvm::function_ref<mlir::Value(mlir::ImplicitLocOpBuilder &,
                                                 mlir::ValueRange indices,
                                                 mlir::ValueRange elements)>;

/// A tensor whose elements `body` computes. `inputs` are read along `maps`.
mlir::Value mapPoints(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                      mlir::Type element, mlir::ValueRange inputs,
                      llvm::ArrayRef<mlir::AffineMap> maps, PointBody body);

/// `x` read along `map` from the result's dimensions.
mlir::Value mapElements(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<mlir::OpFoldResult> sizes,
                        mlir::Value x, mlir::AffineMap map);

/// An index operand's element as a position along an axis of `size`: negative
/// ones count from the end. In a body or on the host.
mlir::Value getPosition(mlir::ImplicitLocOpBuilder &b, mlir::Value element, mlir::Value size);

/// Checks at run time that every element of `indices` lies in [-size, size).
void checkRange(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Value indices,
                mlir::OpFoldResult size);

/// The same of tuples in the last axis of `indices`, entry i of which addresses
/// an axis of `sizes[i]`.
void checkTuples(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Value indices,
                 llvm::ArrayRef<mlir::OpFoldResult> sizes);

/// Checks at run time that `indices`, an original value like `x`, is not larger
/// than `x` along the axes other than `axis`.
void checkInside(mlir::ImplicitLocOpBuilder &b, Lowering &lowering, mlir::Value x,
                 mlir::Value indices, int64_t axis);

/// Maps that read entry 0, 1, ... of the tuples in the last axis of a tensor,
/// whose other axes are the first `outer` of `numDims` dimensions.
llvm::SmallVector<mlir::AffineMap> getTupleMaps(mlir::ImplicitLocOpBuilder &b, int64_t numDims,
                                                int64_t length, int64_t outer);

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_MOVEMENT_H
