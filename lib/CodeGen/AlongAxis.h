//===- AlongAxis.h - Loops over all dimensions but one ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ALONGAXIS_H
#define MOEC_LIB_CODEGEN_ALONGAXIS_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Emits loops over the dimensions of `memref` other than `axis`; `body` gets
/// their indices, with null in place of that of the axis.
inline void forEachRow(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, int64_t axis,
                       llvm::function_ref<void(llvm::ArrayRef<mlir::Value>)> body) {
  mlir::OpBuilder::InsertionGuard guard(b);
  mlir::Value zero = mlir::arith::ConstantIndexOp::create(b, 0);
  mlir::Value one = mlir::arith::ConstantIndexOp::create(b, 1);
  llvm::SmallVector<mlir::Value> indices;
  int64_t rank = mlir::cast<mlir::MemRefType>(memref.getType()).getRank();
  for (int64_t dim = 0; dim < rank; ++dim) {
    indices.push_back(mlir::Value());
    if (dim == axis)
      continue;
    mlir::Value size = mlir::memref::DimOp::create(b, memref, dim);
    auto loop = mlir::scf::ForOp::create(b, zero, size, one);
    b.setInsertionPointToStart(loop.getBody());
    indices.back() = loop.getInductionVar();
  }
  body(indices);
}

/// `indices` with `position` along `axis`.
inline llvm::SmallVector<mlir::Value> at(llvm::ArrayRef<mlir::Value> indices, int64_t axis,
                                         mlir::Value position) {
  llvm::SmallVector<mlir::Value> result(indices);
  result[axis] = position;
  return result;
}

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ALONGAXIS_H
