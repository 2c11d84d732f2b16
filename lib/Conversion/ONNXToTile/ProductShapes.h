//===- ProductShapes.h - Symbolic sizes of products --- ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTSHAPES_H
#define MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTSHAPES_H

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/ONNX/IR/ShapeContext.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec {

/// Which sizes of the operands of an op are proved equal. Found before anything
/// is rewritten, so that rewriting one op takes nothing from the others.
class ProductShapes {
public:
  /// Infers the shapes of a function and keeps those of the operands of ops for
  /// which `isKept`; fails, after an error at the op, where one is not legal.
  mlir::LogicalResult analyse(mlir::func::FuncOp function,
                              llvm::function_ref<bool(mlir::Operation *)> isKept);

  /// Whether two axes of operands of `op` always have one size.
  bool isSame(mlir::Operation *op, unsigned operand, int64_t axis, unsigned otherOperand,
              int64_t otherAxis);
  /// Whether an axis of an operand of `op` always has size 1.
  bool isOne(mlir::Operation *op, unsigned operand, int64_t axis);

private:
  std::optional<onnx::Size> get(mlir::Operation *op, unsigned operand, int64_t axis);

  struct Entry {
    onnx::ShapeContext *context;
    llvm::SmallVector<std::optional<onnx::Shape>> operands;
  };
  llvm::SmallVector<std::unique_ptr<onnx::ShapeContext>> contexts;
  llvm::DenseMap<mlir::Operation *, Entry> entries;
};

} // namespace moec

#endif // MOEC_LIB_CONVERSION_ONNXTOTILE_PRODUCTSHAPES_H
