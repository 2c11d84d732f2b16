//===- LayerForms.h - A layer before and after recognition ------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// While both are there, the ops that the file spells a layer with and those
// that replace them are cut out of the model, between the layer's result and
// its inputs, so that they can be run against each other. The router's logits
// are an input like the hidden state: ties and the load of experts can then be
// chosen.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_LAYERFORMS_H
#define MOEC_LIB_RECOGNISE_MOE_LAYERFORMS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Location.h"
#include "mlir/IR/OwningOpRef.h"

#include <string>
#include <vector>

namespace moec::recognise {

struct ChoiceFact;
class Facts;
struct LayerForm;

/// Sizes of the inputs of both forms that belong together.
struct LayerSizes {
  int64_t tokens = 0;
  llvm::SmallVector<int64_t> hidden, logits;
  /// Elements of each input behind the logits, in row-major order.
  std::vector<llvm::SmallVector<int64_t>> elements;
};

struct LayerForms {
  explicit LayerForms(mlir::Location where) : where(where) {}

  /// The node that chooses the experts.
  mlir::Location where;
  /// Two public functions with the same inputs and one result each: what the file says, and what it
  /// was recognised as. Inputs are `hidden`, `logits`, and integers that the model derives from
  /// sizes. Null if the layer could not be cut out.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// Why it could not, as the end of a sentence.
  std::string problem;
  int64_t experts = 0, k = 0;
  /// Whether the logits are scores, which are positive.
  bool areScores = false;
  /// By number of tokens.
  std::vector<LayerSizes> sizes;
};

/// Cuts out a layer that `emitLayer` has written and whose former ops are still there.
LayerForms cutLayer(Facts &facts, const ChoiceFact &choice, const LayerForm &form);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_LAYERFORMS_H
