//===- WeightTable.h - Symbols of weights that lowerings make -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_CONVERSION_WEIGHTTABLE_WEIGHTTABLE_H
#define MOEC_LIB_CONVERSION_WEIGHTTABLE_WEIGHTTABLE_H

#include "dialects/RT/IR/RT.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/SymbolTable.h"

namespace moec {

/// Makes the rt.weight symbols that lowerings need; equal expressions share one.
class WeightTable {
public:
  explicit WeightTable(mlir::ModuleOp module);

  /// The expression of `value` if it is a weight or a constant, possibly behind
  /// transposes, reshapes and casts of `onnx`; null if it is computed at run time.
  rt::WeightExprInterface find(mlir::Value value);

  /// The same, with an error at `user` that names `what` if there is none.
  rt::WeightExprInterface getExpression(mlir::Operation *user, mlir::StringRef what,
                                        mlir::Value value);

  /// rt.get_weight of `expression` as a value of `type`.
  mlir::Value get(mlir::ImplicitLocOpBuilder &b, mlir::Attribute expression, mlir::Type type,
                  mlir::StringRef name);

private:
  /// The same for the result of rt.get_weight or a constant op.
  rt::WeightExprInterface findSource(mlir::Value value);

  mlir::ModuleOp module;
  mlir::SymbolTable symbols;
  llvm::DenseMap<std::pair<mlir::Attribute, mlir::Type>, mlir::StringAttr> names;
};

} // namespace moec

#endif // MOEC_LIB_CONVERSION_WEIGHTTABLE_WEIGHTTABLE_H
