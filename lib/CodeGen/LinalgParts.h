//===- LinalgParts.h - Structured ops in kernels -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What kernels of structured ops on memrefs are made of: operands of a launch,
// parts of the iterations, and an estimate of their work.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_LINALGPARTS_H
#define MOEC_LIB_CODEGEN_LINALGPARTS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Positions of plain `dim` in `map`; nothing if `dim` occurs in a sum or product.
std::optional<mlir::SmallVector<int64_t>> getPositions(mlir::AffineMap map, int64_t dim);

/// The number of iterations of `dim` as a host value; null if no operand has the
/// plain dimension.
mlir::Value getExtent(mlir::ImplicitLocOpBuilder &b, mlir::linalg::LinalgOp op, int64_t dim);

/// Whether two host values, such as extents, are equal for certain.
bool isSameSize(mlir::Value one, mlir::Value other);

/// The work of one unit, which is one entry of each of `cutDims`, as a host
/// value: operations on scalars, where memory counts as one of them and
/// elementary functions as several. Null if it cannot be told.
mlir::Value getWork(mlir::ImplicitLocOpBuilder &b, mlir::linalg::LinalgOp op,
                    mlir::ArrayRef<int64_t> cutDims);

/// Entries [begin, end) of a dimension; one entry if `end` is null.
struct LoopPart {
  int64_t dim;
  mlir::Value begin, end;
};

/// Erases ops under `root` that only write memrefs known to be empty: they do nothing, and pieces
/// of such memrefs are not valid.
void eraseEmptyWork(mlir::Operation *root);

/// What a kernel that does nothing but `op` is called.
llvm::StringRef getKernelName(mlir::linalg::LinalgOp op);

/// Clones `op` for the iterations that lie in all of `parts`.
mlir::linalg::LinalgOp clonePart(mlir::ImplicitLocOpBuilder &k, mlir::linalg::LinalgOp op,
                                 mlir::IRMapping &mapping, mlir::ArrayRef<LoopPart> parts);

/// What a kernel gets from outside: values that are passed, and constants that
/// are made again in it.
class LaunchOperands {
public:
  void add(mlir::Value value);
  /// Operands and what the body takes from outside.
  void addOp(mlir::linalg::LinalgOp op);
  /// The counterparts, in the kernel, of all values; `inside` are those of `captures`.
  mlir::IRMapping mapInto(mlir::ImplicitLocOpBuilder &k, mlir::ValueRange inside) const;

  mlir::SmallVector<mlir::Value> captures;

private:
  llvm::SetVector<mlir::Value> all;
  mlir::SmallVector<mlir::Operation *> constants;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_LINALGPARTS_H
