//===- EntryView.h - Entries of a matrix in one row ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ENTRYVIEW_H
#define MOEC_LIB_CODEGEN_ENTRYVIEW_H

#include "lib/CodeGen/LoopBuilder.h"

#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace moec::codegen {

/// A matrix whose entries are numbered in row-major order.
struct EntryView {
  LoopBuilder &b;
  mlir::Value matrix, columns, flat; // flat: null where rows are not one after the other

  EntryView(LoopBuilder &b, mlir::Value matrix) : b(b), matrix(matrix) {
    columns = b.createOrFold<mlir::memref::DimOp>(matrix, 1);
    if (mlir::cast<mlir::MemRefType>(matrix.getType()).getLayout().isIdentity())
      flat = mlir::memref::CollapseShapeOp::create(
          b, matrix, mlir::ArrayRef<mlir::ReassociationIndices>{{0, 1}});
  }

  mlir::Value getRow(mlir::Value entry) { return mlir::arith::DivUIOp::create(b, entry, columns); }
  mlir::SmallVector<mlir::Value> at(mlir::Value entry) {
    if (flat)
      return {entry};
    return {getRow(entry), mlir::arith::RemUIOp::create(b, entry, columns)};
  }
  mlir::Value load(mlir::Value entry) {
    return mlir::memref::LoadOp::create(b, flat ? flat : matrix, at(entry));
  }
  void store(mlir::Value value, mlir::Value entry) {
    mlir::memref::StoreOp::create(b, value, flat ? flat : matrix, at(entry));
  }
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ENTRYVIEW_H
