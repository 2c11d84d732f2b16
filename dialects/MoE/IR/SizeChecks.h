//===- SizeChecks.h - Sizes that verifiers compare --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_DIALECTS_MOE_IR_SIZECHECKS_H
#define MOEC_DIALECTS_MOE_IR_SIZECHECKS_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Operation.h"

namespace moec::moe {

inline int64_t dim(mlir::Value value, unsigned index) {
  return mlir::cast<mlir::RankedTensorType>(value.getType()).getDimSize(index);
}

/// Requires two sizes to be equal; a dynamic size is equal to any.
inline mlir::LogicalResult sameSize(mlir::Operation *op, const llvm::Twine &what, int64_t expected,
                                    int64_t got) {
  if (mlir::ShapedType::isDynamic(expected) || mlir::ShapedType::isDynamic(got) || expected == got)
    return mlir::success();
  return op->emitOpError() << "expects " << what << " to be " << expected << ", got " << got;
}

} // namespace moec::moe

#endif // MOEC_DIALECTS_MOE_IR_SIZECHECKS_H
