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

/// The same for each `step`-th row from number `first` on, in one loop; -1 as `axis`
/// takes every element for a row.
inline void forSomeRows(mlir::ImplicitLocOpBuilder &b, mlir::Value memref, int64_t axis,
                        mlir::Value first, mlir::Value step,
                        llvm::function_ref<void(llvm::ArrayRef<mlir::Value>)> body) {
  mlir::OpBuilder::InsertionGuard guard(b);
  int64_t rank = mlir::cast<mlir::MemRefType>(memref.getType()).getRank();
  llvm::SmallVector<mlir::Value> sizes(rank), indices(rank);
  mlir::Value count = mlir::arith::ConstantIndexOp::create(b, 1);
  for (int64_t dim = 0; dim < rank; ++dim) {
    if (dim == axis)
      continue;
    sizes[dim] = mlir::memref::DimOp::create(b, memref, dim);
    count = b.createOrFold<mlir::arith::MulIOp>(count, sizes[dim]);
  }
  auto loop = mlir::scf::ForOp::create(b, first, count, step);
  b.setInsertionPointToStart(loop.getBody());
  mlir::Value rest = loop.getInductionVar();
  for (int64_t dim = rank; dim-- > 0;) {
    if (dim == axis)
      continue;
    indices[dim] = mlir::arith::RemUIOp::create(b, rest, sizes[dim]);
    rest = mlir::arith::DivUIOp::create(b, rest, sizes[dim]);
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
