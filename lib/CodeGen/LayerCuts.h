//===- LayerCuts.h - Where one value carries all data flow -- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CODEGEN_LAYERCUTS_H
#define MOEC_LIB_CODEGEN_LAYERCUTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/SetVector.h"

namespace moec::codegen {

/// Calls `fn` for operands of `op` and for what its regions use from outside.
void forEachUsedValue(mlir::Operation *op, llvm::function_ref<void(mlir::Value)> fn);

/// Whether `op` reads elements of `value`, not only its sizes.
bool readsData(mlir::Operation *op, mlir::Value value);

/// Whether every segment may have its own copy: constants, past rows of states, uninitialised and
/// filled tensors.
bool isRepeatable(mlir::Operation *op);

/// A piece of a function between two cuts.
struct Segment {
  mlir::Value in, out;
  /// In the order of the block, without repeatable ones.
  llvm::SetVector<mlir::Operation *> ops;
};

/// Cuts the only block of `function` behind `source`: at values through which
/// all data flow from `source` to the returned value that most ops contribute
/// to must pass. Time is linear in operands.
llvm::SmallVector<Segment> findSegments(mlir::func::FuncOp function, mlir::Value source);

} // namespace moec::codegen

#endif // MOEC_LIB_CODEGEN_LAYERCUTS_H
