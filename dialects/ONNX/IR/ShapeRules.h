//===- ShapeRules.h - Rules that several inferences share -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to the dialect: axes, broadcasting, element types and the movement of
// known elements.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_ONNX_IR_SHAPERULES_H
#define MOEC_DIALECTS_ONNX_IR_SHAPERULES_H

#include "dialects/ONNX/IR/ONNX.h"

namespace moec::onnx {

using Elements = llvm::SmallVector<Size, 4>;

/// Requires 0 <= axis < rank.
llvm::LogicalResult checkAxis(ShapeContext &context, mlir::Operation *op, int64_t axis,
                              size_t rank);

/// Axes from a constant operand: each in [-rank, rank), no two alike; returned
/// ascending and non-negative.
mlir::FailureOr<llvm::SmallVector<int64_t>> checkAxes(ShapeContext &context, mlir::Operation *op,
                                                      llvm::ArrayRef<int64_t> axes, size_t rank);

/// Requires the tensor, if its rank is known, to have this one.
llvm::LogicalResult checkRank(ShapeContext &context, mlir::Operation *op, llvm::StringRef name,
                              const ValueFacts &facts, size_t rank);

/// Requires equal element types.
llvm::LogicalResult checkSameType(ShapeContext &context, mlir::Operation *op, llvm::StringRef name,
                                  const ValueFacts &expected, const ValueFacts &got);

/// Requires two sizes not to be different numbers, and stores what is known of
/// the size in the first: a number rather than a symbol.
llvm::LogicalResult meet(ShapeContext &context, mlir::Operation *op, const llvm::Twine &what,
                         Size &size, const Size &other);

/// Shape of a multidirectional broadcast; absent if a rank is unknown.
mlir::FailureOr<std::optional<Shape>> broadcastShapes(ShapeContext &context, mlir::Operation *op,
                                                      llvm::ArrayRef<const ValueFacts *> inputs);

Size product(SizeTable &sizes, llvm::ArrayRef<Size> factors);
Shape freshShape(SizeTable &sizes, size_t rank);
/// A shape of numbers, if it is one.
std::optional<llvm::SmallVector<int64_t>> getStaticShape(llvm::ArrayRef<Size> shape);

/// Elements of a result of static shape, at most ShapeContext::maxElements:
/// calls `element` with each index in row-major order; absent if one is absent.
std::optional<Elements>
buildElements(const std::optional<Shape> &shape,
              llvm::function_ref<std::optional<Size>(llvm::ArrayRef<int64_t>)> element);

/// The element of `facts` at an index that broadcasts to its shape: axes are
/// aligned at the end, and axes of size 1 are repeated.
std::optional<Size> elementAt(const ValueFacts &facts, llvm::ArrayRef<int64_t> index);

/// Result elements of an element-wise op whose operands' elements are known.
std::optional<Elements>
mapElements(const std::optional<Shape> &shape, llvm::ArrayRef<const ValueFacts *> inputs,
            llvm::function_ref<std::optional<Size>(llvm::ArrayRef<Size>)> fn);

/// Facts of a result with this element type and shape.
inline ValueFacts makeFacts(mlir::Type elementType, std::optional<Shape> shape,
                            std::optional<Elements> elements = std::nullopt) {
  return {elementType, std::move(shape), std::move(elements)};
}

} // namespace moec::onnx

#endif // MOEC_DIALECTS_ONNX_IR_SHAPERULES_H
