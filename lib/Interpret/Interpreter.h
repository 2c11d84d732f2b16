//===- Interpreter.h - The reference interpreter ----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Runs functions of moe ops, and of the handful of ops around them, in plain
// scalar C++. It is the oracle that compiled code is compared with, so it
// shares no code with any lowering and is written for clarity, not speed.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_INTERPRET_INTERPRETER_H
#define MOEC_LIB_INTERPRET_INTERPRETER_H

#include "lib/Interpret/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Support/LLVM.h"
#include "llvm/Support/Error.h"

#include <functional>

namespace moec {

namespace rt {
class WeightOp;
} // namespace rt

struct InterpretOptions {
  /// Every product sum and router computation in f64 instead of f32. Tensors
  /// are rounded to their element types as ever.
  bool accumulateF64 = false;
  /// Fills a tensor of the weight's type with its elements. Without it `rt.get_weight` is an error.
  std::function<llvm::Error(rt::WeightOp, Tensor &)> readWeight;
};

/// Checks that `function` and all it calls hold only what the interpreter
/// knows; emits one located error per op name or type that it does not.
mlir::LogicalResult checkInterpretable(mlir::func::FuncOp function);

/// Runs `function` on `arguments`, one per parameter, whose element types and
/// static sizes must match. Emits a located error and fails where the function
/// is not interpretable or its data are wrong: ids out of range, sizes that
/// differ at run time. Safe to call from several threads on one module.
mlir::FailureOr<mlir::SmallVector<Tensor>> interpret(mlir::func::FuncOp function,
                                                     mlir::ArrayRef<Tensor> arguments,
                                                     const InterpretOptions &options = {});

/// Likewise on as many ranks as there are lists of arguments, which run op by op together, so that
/// errors are those of the first rank that has one; a note names the rank. Returns the results of
/// each rank.
mlir::FailureOr<mlir::SmallVector<mlir::SmallVector<Tensor>>>
interpretRanks(mlir::func::FuncOp function, mlir::ArrayRef<mlir::SmallVector<Tensor>> arguments,
               const InterpretOptions &options = {});

} // namespace moec

#endif // MOEC_LIB_INTERPRET_INTERPRETER_H
