//===- RowOperands.h - Operands along one row ----------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWOPERANDS_H
#define MOEC_LIB_CODEGEN_ROWOPERANDS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Elements of a vector at every level; LLVM splits it where registers are
/// narrower, which changes no bit.
constexpr int64_t rowLanes = 16;

/// How an operand moves along the lane dimension, the one that is vectorised.
enum class RowAccess {
  Uniform,    // one element for all lanes
  Contiguous, // consecutive elements
  PerLane,    // anything else
};

/// A step along the lane dimension.
struct RowStep {
  mlir::Value at;   // first index along the lane dimension; null if there is none
  int64_t width;    // that of the operands, or 1
  mlir::Value mask; // null: all lanes
  mlir::Value lane; // of width 1: the lane that a vector step would have had it in
};

/// Whether vector.load can read `type` along its last dimension: consecutive
/// elements of whole bytes.
bool hasContiguousRows(mlir::MemRefType type);

/// The operand whose last dimension is the lane dimension: the first output, or,
/// of a reduction, the largest input if it is larger.
mlir::OpOperand &getLeadingOperand(mlir::linalg::LinalgOp op);

/// How `operand` of `op` moves along `laneDim`, which is -1 if there is none.
RowAccess getRowAccess(mlir::linalg::LinalgOp op, mlir::OpOperand &operand, int64_t laneDim);

/// Loads and stores of one op's operands.
class RowOperands {
public:
  /// `laneDim` is a loop of `op`, or -1; vectors have `width` elements. Where they are accesses of
  /// one thread of a device, `isAligned` asks for what is known of their addresses.
  RowOperands(mlir::ImplicitLocOpBuilder &b, mlir::linalg::LinalgOp op, int64_t laneDim,
              int64_t width = rowLanes, bool isAligned = false)
      : b(b), op(op), laneDim(laneDim), width(width), isAligned(isAligned) {}

  /// From now on there is no lane dimension.
  void setScalar() { laneDim = -1; }

  RowAccess getAccess(mlir::OpOperand &operand) { return getRowAccess(op, operand, laneDim); }

  /// The element of `operand` at loop indices `ivs` with the lane dimension at
  /// `step`: a scalar where the access is uniform or the width 1, else a vector.
  /// Steps with a mask take no PerLane operands. Masked lanes are zero.
  mlir::Value load(mlir::OpOperand &operand, mlir::ArrayRef<mlir::Value> ivs, const RowStep &step);

  /// The opposite: `value` is a vector if the step is, unless access is uniform.
  void store(mlir::Value value, mlir::OpOperand &operand, mlir::ArrayRef<mlir::Value> ivs,
             const RowStep &step);

  /// A vector of elements of `memref` from `indices` on.
  mlir::Value loadVector(mlir::Value memref, mlir::ValueRange indices, mlir::Value mask);

private:
  mlir::SmallVector<mlir::Value> getIndices(mlir::OpOperand &operand,
                                            mlir::ArrayRef<mlir::Value> ivs, mlir::Value laneAt);
  mlir::Value getLane(const RowStep &step, int64_t lane);
  /// What vectors of `memref` may be said to be aligned to.
  llvm::MaybeAlign getAlignment(mlir::Value memref);

  mlir::ImplicitLocOpBuilder &b;
  mlir::linalg::LinalgOp op;
  int64_t laneDim, width;
  bool isAligned;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWOPERANDS_H
