//===- VectorBody.h - Scalar bodies on vectors ---------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_VECTORBODY_H
#define MOEC_LIB_CODEGEN_VECTORBODY_H

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::codegen {

/// Clones the scalar ops of one block at the builder's point, for `lanes`
/// elements at once. What is the same in all lanes stays scalar and is
/// broadcast where it meets a vector; with one lane everything stays scalar.
class VectorBody {
public:
  VectorBody(mlir::ImplicitLocOpBuilder &b, int64_t lanes) : b(b), lanes(lanes) {}

  /// Gives `value` of the block the meaning `replacement`: of the same type (the
  /// same in all lanes) or a vector of `lanes` of it. Replacements must dominate
  /// the builder's point.
  void map(mlir::Value value, mlir::Value replacement) { mapping.map(value, replacement); }

  /// The replacement of `value`, scalar or vector; `value` itself if it was
  /// defined outside the block. Constants are made anew at each use.
  mlir::Value lookup(mlir::Value value);

  /// As lookup, but broadcast to a vector if there is more than one lane.
  mlir::Value getVector(mlir::Value value);

  /// Whether the replacement of `value` differs between lanes.
  bool isVector(mlir::Value value);

  /// Clones an op. Ops that meet a vector must be element-wise mappable and have
  /// no regions. Constants are made where they are used.
  void emit(mlir::Operation &op);

  /// `type`, or a vector of it if there is more than one lane.
  mlir::Type vectorOf(mlir::Type type) const;

private:
  mlir::ImplicitLocOpBuilder &b;
  int64_t lanes;
  mlir::IRMapping mapping, broadcasts;
};

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_VECTORBODY_H
