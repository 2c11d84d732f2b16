//===- RowAlignment.h - What is known of where rows start ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A thread of a device reads up to 16 bytes at once, from addresses that are
// multiples of as much. Memory of the device starts at multiples of 256 bytes, so
// strides and offsets that the compiler knows tell which rows do.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_ROWALIGNMENT_H
#define MOEC_LIB_CODEGEN_ROWALIGNMENT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace moec::codegen {

/// The most elements that a thread takes at once of an element-wise op: narrower types would need a
/// register each all the same.
constexpr int64_t mostElementwiseWidth = 8;

/// Whether the rows of `memref` start at multiples of `elements` elements, a power of two. Views
/// that cut out rows are looked through.
bool hasAlignedRows(mlir::Value memref, int64_t elements);

/// The elements that a thread takes at once of memrefs that it goes along together: 16 bytes of the
/// widest if all have aligned rows of consecutive elements, otherwise 1.
int64_t chooseCommonWidth(mlir::ArrayRef<mlir::Value> memrefs);

/// The elements that a thread of a device takes at once of an element-wise op whose vectors run
/// along `laneDim`: 16 bytes of the widest operand if all operands and gathers move along in
/// consecutive, aligned elements, otherwise 1.
int64_t chooseElementwiseWidth(mlir::linalg::LinalgOp op, int64_t laneDim);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_ROWALIGNMENT_H
