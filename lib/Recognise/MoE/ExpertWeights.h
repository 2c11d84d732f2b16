//===- ExpertWeights.h - Weights of experts as stacks -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From formulas that say where the matrices of experts lie to operands of
// `moe.expert`: an existing value where one has the layout, otherwise a new
// `rt.weight` whose expression slices, transposes and stacks, so that nothing
// is moved before weights are packed.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_EXPERTWEIGHTS_H
#define MOEC_LIB_RECOGNISE_MOE_EXPERTWEIGHTS_H

#include "dialects/RT/IR/WeightBuilders.h"
#include "lib/Recognise/MoE/Layer.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace moec::recognise {

/// A stack of matrices (E x out x in, or E x in x out) or of vectors (E x out).
struct StackedWeight {
  /// Set where a value has the layout already.
  mlir::Value value;
  /// Otherwise the expression of a weight to be made.
  rt::WeightExprInterface expression;
  moe::WeightLayout layout = moe::WeightLayout::OutIn;
};

class ExpertWeights {
public:
  ExpertWeights(Facts &facts, mlir::ModuleOp module);

  /// Absent if the weights are no constants, or lie in a way that expressions cannot say.
  std::optional<StackedWeight> getMatrices(const ExpertMatrices &matrices);
  std::optional<StackedWeight> getVectors(llvm::ArrayRef<Index> formulas);

  /// The value, after making the weight if needed.
  mlir::Value materialise(mlir::ImplicitLocOpBuilder &b, const StackedWeight &weight);

private:
  std::optional<StackedWeight> get(llvm::ArrayRef<Index> formulas,
                                   llvm::ArrayRef<unsigned> positions);
  rt::WeightExprInterface expressionOf(mlir::Value base);
  rt::WeightExprInterface boxOf(Index formula, llvm::ArrayRef<unsigned> positions);

  Facts &facts;
  mlir::SymbolTable symbols;
  /// One symbol per expression.
  llvm::DenseMap<mlir::Attribute, mlir::StringAttr> names;
};

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_EXPERTWEIGHTS_H
