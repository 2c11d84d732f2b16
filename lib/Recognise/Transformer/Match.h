//===- Match.h - What recognition of transformers shares --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Private to this folder: obligations, operands in any order, numbers that a
// graph computes from constants.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_TRANSFORMER_MATCH_H
#define MOEC_LIB_RECOGNISE_TRANSFORMER_MATCH_H

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace moec::recognise {

/// The proof that the ops around an anchor are one operation: a list of
/// obligations, of which the first that fails is told to the user.
class Proof {
public:
  /// `kind` names what the ops would be; remarks are emitted only if `why`.
  Proof(mlir::Operation *anchor, llvm::StringRef kind, bool why)
      : anchor(anchor), kind(kind), why(why) {}

  /// Reports an obligation that does not hold, at the op to blame (the anchor
  /// if null). Always fails.
  llvm::LogicalResult decline(llvm::StringRef obligation, const llvm::Twine &reason,
                              mlir::Operation *blame = nullptr) const;

private:
  mlir::Operation *anchor;
  llvm::StringRef kind;
  bool why;
};

/// The op that defines `value`, if it applies `fn`.
onnx::BinaryOp getBinary(mlir::Value value, onnx::BinaryFn fn);
onnx::UnaryOp getUnary(mlir::Value value, onnx::UnaryFn fn);

/// The operand of `op` beside `value`; null if neither is `value`.
mlir::Value getOther(onnx::BinaryOp op, mlir::Value value);

/// The only op that uses `value`, through one operand; null if there are more or none.
mlir::Operation *getOnlyUser(mlir::Value value);

/// The number that a tensor of one element holds, where the graph computes it
/// from constants; each step rounded to its element type.
std::optional<double> getNumber(mlir::Value value);

/// Looks through casts to types that hold every value of the type before.
mlir::Value skipWidening(mlir::Value value);

/// Erases onnx ops without remaining uses.
void eraseDead(mlir::func::FuncOp function);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_TRANSFORMER_MATCH_H
