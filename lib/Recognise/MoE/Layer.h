//===- Layer.h - The normal form of a layer ---------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// out[t, h] = sum over j < k of  c[t, j] * F(ids[t, j], x[t, :])[h]
//
// A body (SumOfChoices.cpp, ...) finds the sum and splits its terms; a router
// matcher explains c, the expert matcher F, and the emitter writes `moe` ops.
//
//===----------------------------------------------------------------------===//

#ifndef MOEC_LIB_RECOGNISE_MOE_LAYER_H
#define MOEC_LIB_RECOGNISE_MOE_LAYER_H

#include "dialects/MoE/IR/MoE.h"
#include "lib/Recognise/MoE/Report.h"
#include "lib/Recognise/MoE/RowExpr.h"

namespace moec::recognise {

/// What is being proved, and the first thing that could not be.
class Proof {
public:
  Proof(Facts &facts, ChoiceFact choice, llvm::StringRef family);

  Facts &facts;
  IndexTable &table;
  ChoiceFact choice;
  /// Tokens T, and index variables for token, choice and column.
  onnx::Size tokens;
  Index token = nullptr, slot = nullptr;
  /// ids[t, j] as an element of the choice's indices.
  Index expert = nullptr;

  /// The element of a result of the choice at (t, slot).
  Index chosen(mlir::Value result, Index slot);
  /// The element at (t, column) of a tensor whose axes but the last flatten to tokens.
  Index tokenElement(mlir::Value value, Index column);

  /// Records the first failure; false, to be returned.
  bool fail(llvm::StringRef obligation, const llvm::Twine &detail,
            mlir::Operation *where = nullptr);
  bool fail(const Facts::Failure &failure, mlir::Location where);
  bool hasFailed() const { return !failure.obligation.empty(); }
  /// The failure for the report.
  DeclinedLayer getDeclined() const;

private:
  std::string family;
  Facts::Failure failure;
  mlir::Location where;
};

/// The settings of `moe.route` that give ids and c.
struct RouterForm {
  /// The name of the family.
  std::string name;
  /// T x E, or with more axes before the last that flatten to T.
  mlir::Value logits;
  moe::Score score = moe::Score::Softmax;
  moe::Key key = moe::Key::Score;
  moe::WeightSource weight = moe::WeightSource::Score;
  bool renormalises = false;
  moe::EpsMode epsMode = moe::EpsMode::None;
  double eps = 0;
  double scale = 1;
  /// The type that weights are rounded to.
  mlir::Type weightType;
};

/// A family of routers: whether `weight`, the factor of choice `proof.slot`, is
/// one of its own. Does not record failures: the next family is tried then.
using RouterMatcher = bool (*)(Proof &proof, Row weight, RouterForm &form);

/// softmax over all, top-k, optionally divided by the sum of the chosen.
bool matchSoftmaxTopK(Proof &proof, Row weight, RouterForm &form);
/// top-k of logits, softmax over the chosen.
bool matchTopKSoftmax(Proof &proof, Row weight, RouterForm &form);

/// Tries every family; fails the obligation "router-family" if none knows c.
bool matchRouter(Proof &proof, Row weight, RouterForm &form);

/// Weights of one projection: matrices, and a bias per column or none.
struct Projection {
  ExpertMatrices matrices;
  Index column = nullptr;
  /// Formulas over `output` and `expert` (ExpertMatrices): one that reads a stack, or one per
  /// expert; none without bias.
  llvm::SmallVector<Index> bias;
  onnx::Size inputs;
  bool operator==(const Projection &other) const {
    return matrices == other.matrices && bias == other.bias;
  }
};

/// F as `moe.expert` has it.
struct ExpertForm {
  moe::Activation activation = moe::Activation::Identity;
  moe::Gate gate = moe::Gate::None;
  double alpha = 1, upOffset = 0;
  std::optional<double> gateMax, upAbs;
  Projection first, down;
  /// With `gate = separate`.
  Projection up;
  /// Columns of the activation's result.
  int64_t width = 0, hidden = 0;
  /// The element of the input over `token` and the variable of the row.
  Index input = nullptr;
  /// What both products read: rows that are stored in f32 and rounded within the layer have it,
  /// too.
  mlir::Type elementType;
};

/// Explains an expert's output over the variable at `columnPosition`, in [0, columns); fails an
/// obligation of the proof if it cannot.
bool matchExpert(Proof &proof, Row output, const onnx::Size &columns, ExpertForm &form);

/// Everything that is needed to write a layer.
struct LayerForm {
  RouterForm router;
  ExpertForm expert;
  /// T x H, or more axes before the last that flatten to T.
  mlir::Value x;
  /// The type that weighted rows are rounded to before they are added; null for none.
  mlir::Type termType;
  /// The value to be replaced, T x H.
  mlir::Value result;
  /// What `emitLayer` replaced: the value, or the result of its only user, a conversion.
  mlir::Value original;
  /// What it replaced that by.
  mlir::Value replacement;
};

class ExpertWeights;

/// Finds the input of experts as a value; fails the obligation "input-of-tokens".
bool findInput(Proof &proof, LayerForm &form);

/// Writes the layer in front of the op that made `form.result`, and replaces
/// its uses. Fails, before anything is changed, if weights cannot be written
/// as expressions.
bool emitLayer(Proof &proof, LayerForm &form, ExpertWeights &weights);

/// Explains the term of choice `proof.slot` at (token, columnPosition) of a sum with rows of
/// `columns`: a router's weight times an expert's output. `sum` is where it fails if no other op is
/// known to.
bool explainTerm(Proof &proof, Row term, const onnx::Size &columns, mlir::Operation *sum,
                 LayerForm &form);

/// What a sum over choices is: the layer it was rewritten to, or null after a
/// recorded failure. `op` is a reduction that `facts` has visited.
bool recogniseSumOfChoices(Proof &proof, onnx::ReduceOp op, LayerForm &form);

/// The same of a value with an ExpertSum of at least one term.
bool recogniseSumOfExperts(Proof &proof, mlir::Value sum, LayerForm &form);

} // namespace moec::recognise

#endif // MOEC_LIB_RECOGNISE_MOE_LAYER_H
