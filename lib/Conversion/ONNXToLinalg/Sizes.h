//===- Sizes.h - Symbolic sizes as values on the host ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZES_H
#define MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZES_H

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "llvm/ADT/DenseSet.h"

namespace moec {

/// Symbolic shapes of the values of one function, and their sizes as index
/// values. Facts are those of the function as it was when it was analysed.
class Sizes {
public:
  /// Where a value of the analysed function is found now.
  using Lookup = llvm::function_ref<mlir::Value(mlir::Value)>;

  /// Infers shapes of all values, in order of the blocks; fails, after an error
  /// at the op, where an operator is not legal.
  llvm::LogicalResult analyse(mlir::func::FuncOp function);

  const onnx::ValueFacts &getFacts(mlir::Value value) { return context.get(value); }
  onnx::SizeTable &getTable() { return context.sizes(); }

  /// The size of an axis; a fresh symbol where nothing is known.
  onnx::Size getSize(mlir::Value value, int64_t axis);
  bool isEqual(const onnx::Size &a, const onnx::Size &b) {
    return context.sizes().isEqual(a, b) == true;
  }

  /// `size` as an attribute or an index value at the builder's point, made of
  /// sizes and elements of tensors that are defined before `user`; nothing if it depends on
  /// what `user` or a later op computes.
  std::optional<mlir::OpFoldResult> build(mlir::ImplicitLocOpBuilder &b, const onnx::Size &size,
                                          mlir::Operation *user, Lookup lookup) {
    SizeRequest request{b, user, lookup, BuiltSizes()};
    return build(request, size);
  }

private:
  using BuiltSizes = llvm::DenseMap<unsigned, mlir::Value>; // by symbol

  /// What is to be built where. Sizes share parts; each symbol is built once.
  struct SizeRequest {
    mlir::ImplicitLocOpBuilder &b;
    mlir::Operation *user;
    Lookup lookup;
    BuiltSizes built;
  };
  /// A value that has a symbol as its size or as its element.
  struct Witness {
    mlir::Value value; // a tensor, or an index
    int64_t axis = -1, element = -1;
  };

  void analyseForeign(mlir::Operation *op);
  std::optional<onnx::Shape> getForeignShape(mlir::OpResult result);
  onnx::Size getIndex(mlir::Value value);
  onnx::Size getIndex(mlir::OpFoldResult value);
  void witness(mlir::Value value);
  std::optional<mlir::OpFoldResult> build(SizeRequest &request, const onnx::Size &size);
  mlir::Value build(SizeRequest &request, unsigned symbol);
  mlir::Value buildNew(SizeRequest &request, unsigned symbol);

  onnx::ShapeContext context{{/*readConstants=*/true, /*quiet=*/false}};
  llvm::DenseMap<mlir::Value, onnx::Size> indices;
  llvm::DenseMap<unsigned, Witness> witnesses;
};

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOLINALG_SIZES_H
