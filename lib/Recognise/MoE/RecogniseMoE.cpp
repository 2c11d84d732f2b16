//===- RecogniseMoE.cpp - Layers spelled out in standard operators -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/RT/IR/RT.h"
#include "lib/Recognise/MoE/ExpertWeights.h"
#include "lib/Recognise/MoE/LayerForms.h"
#include "lib/Recognise/Passes.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

namespace moec::recognise {
#define GEN_PASS_DEF_RECOGNISEMOEPASS
#include "lib/Recognise/Passes.h.inc"
} // namespace moec::recognise

std::string moec::recognise::nodeName(Location loc) {
  auto name = loc->findInstanceOf<NameLoc>();
  return name ? name.getName().str() : std::string();
}

namespace {

/// Walks one function and rewrites the layers it finds on the way.
class FunctionRecogniser {
public:
  FunctionRecogniser(func::FuncOp function, RecognitionReport &report)
      : function(function), report(report), facts(function),
        weights(facts, function->getParentOfType<ModuleOp>()) {}

  LogicalResult run() {
    if (function.isExternal() || !function.getBody().hasOneBlock())
      return success();
    // Rewriting adds ops only behind what is visited or in front of it.
    SmallVector<Operation *> ops;
    for (Operation &op : function.front())
      ops.push_back(&op);
    for (Operation *op : ops) {
      if (failed(facts.visit(op)))
        return failure();
      if (auto reduce = dyn_cast<onnx::ReduceOp>(op))
        visitReduce(reduce);
      else if (op->getNumResults() == 1 && facts.expertSum(op->getResult(0)))
        visitExpertSum(op->getResult(0));
    }
    for (const LayerRecord &layer : layers) {
      report.layers.push_back(layer.info);
      report.layers.back().shared = hasSharedExpert(layer.result, layer.x);
    }
    for (const ChoiceFact &choice : facts.choices())
      if (!settled.contains(choice.op) && isSuspect(choice)) {
        Value failed = facts.firstFailed(choice.op);
        if (Value sum = expertSums.lookup(choice.op); sum && !failed) {
          // Not all experts: what fails is told, nothing is rewritten.
          Proof proof(facts, choice, "loop over experts");
          LayerForm form;
          if (recogniseSumOfExperts(proof, sum, form))
            proof.fail("weighted-sum", "the sum over experts is no sum over the choices");
          report.declined.push_back(proof.getDeclined());
          continue;
        }
        Proof proof(facts, choice, "any");
        if (failed)
          proof.fail(*facts.failure(failed), failed.getLoc());
        proof.fail("weighted-sum", "experts seem to be chosen, but no sum over the choices was "
                                   "found");
        report.declined.push_back(proof.getDeclined());
      }
    return success();
  }

private:
  struct LayerRecord {
    RecognisedLayer info;
    Value result, x;
  };

  const ChoiceFact *findChoice(Operation *op) {
    for (const ChoiceFact &choice : llvm::reverse(facts.choices()))
      if (choice.op == op)
        return &choice;
    return nullptr;
  }

  void visitReduce(onnx::ReduceOp op) {
    Operation *anchor = facts.choiceOf(op.getX());
    const ChoiceFact *choice = anchor ? findChoice(anchor) : nullptr;
    std::optional<SmallVector<int64_t>> axes = op.getStaticAxes();
    if (!choice || !facts.hasExperts(op.getX()) || op.getFn() != onnx::ReduceFn::Sum || !axes ||
        axes->size() != 1 || !facts.shape(op.getX()))
      return;
    Proof proof(facts, *choice, "sum over choices");
    LayerForm form;
    settle(proof, form, op.getResult(), recogniseSumOfChoices(proof, op, form));
  }

  /// A sum of as many terms as there are experts is the whole layer, or none.
  void visitExpertSum(Value sum) {
    Operation *anchor = facts.choiceOf(sum);
    const ChoiceFact *choice = anchor ? findChoice(anchor) : nullptr;
    if (!choice || settled.contains(anchor))
      return;
    expertSums[anchor] = sum;
    if (facts.expertSum(sum)->terms != choice->experts)
      return;
    Proof proof(facts, *choice, "loop over experts");
    LayerForm form;
    settle(proof, form, sum, recogniseSumOfExperts(proof, sum, form));
  }

  /// Rewrites a layer that is proved, or reports that it is not.
  void settle(Proof &proof, LayerForm &form, Value result, bool isProved) {
    settled.insert(proof.choice.op);
    bool found = isProved && emitLayer(proof, form, weights);
    if (found && report.forms)
      report.forms->push_back(cutLayer(facts, proof.choice, form));
    // What follows is no part of this layer, whether it was one or not.
    facts.forget(result);
    if (!found) {
      report.declined.push_back(proof.getDeclined());
      return;
    }
    // What follows sees the shape that the sum had.
    facts.shapes().setShape(form.replacement, *facts.shape(result));
    record(proof.choice, form);
  }

  void record(const ChoiceFact &choice, const LayerForm &form) {
    onnx::TopKOp op = choice.op;
    LayerRecord layer{RecognisedLayer(op.getLoc()), form.replacement, form.x};
    layer.info.name = nodeName(op.getLoc());
    layer.info.experts = choice.experts;
    layer.info.k = choice.k;
    layer.info.router = form.router.name;
    layer.info.hidden = *form.expert.first.inputs.getConstant();
    layer.info.width = form.expert.width;
    layer.info.dtype = form.expert.elementType;
    layers.push_back(std::move(layer));
  }

  /// Whether the ids decide more than where values come from: rows of weights, a sort, a test.
  bool isSuspect(const ChoiceFact &choice) {
    onnx::TopKOp op = choice.op;
    SmallVector<Value> open{op.getIndices()};
    SmallPtrSet<Operation *, 32> seen;
    while (!open.empty()) {
      for (Operation *user : open.pop_back_val().getUsers()) {
        if (!seen.insert(user).second || seen.size() > 64)
          continue;
        if (isa<onnx::OneHotOp, onnx::NonZeroOp>(user))
          return true;
        if (auto sort = dyn_cast<onnx::TopKOp>(user); sort && facts.sort(sort.getIndices()))
          return true;
        if (isa<onnx::GatherOp, onnx::GatherNDOp>(user) &&
            isa_and_nonnull<rt::GetWeightOp>(user->getOperand(0).getDefiningOp()) &&
            cast<RankedTensorType>(user->getOperand(0).getType()).getRank() == 3)
          return true;
        if (isa<onnx::ReshapeOp, onnx::UnsqueezeOp, onnx::SqueezeOp, onnx::FlattenOp,
                onnx::TransposeOp, onnx::CastOp, onnx::ExpandOp, onnx::CompareOp>(user))
          llvm::append_range(open, user->getResults());
      }
    }
    return false;
  }

  func::FuncOp function;
  RecognitionReport &report;
  Facts facts;
  ExpertWeights weights;
  SmallVector<LayerRecord> layers;
  DenseSet<Operation *> settled;
  /// By choice, the last sum of terms of some of its experts.
  DenseMap<Operation *, Value> expertSums;
};

struct RecogniseMoE : moec::recognise::impl::RecogniseMoEPassBase<RecogniseMoE> {
  using RecogniseMoEPassBase::RecogniseMoEPassBase;
  RecogniseMoE(const RecogniseMoEPassOptions &options, std::vector<LayerForms> *forms)
      : RecogniseMoEPassBase(options), forms(forms) {}

  void runOnOperation() override {
    RecognitionReport report;
    report.forms = forms;
    if (failed(recogniseMoE(getOperation(), report)))
      return signalPassFailure();
    numLayers += report.layers.size();
    numDeclined += report.declined.size();
    if (!why)
      return;
    for (const RecognisedLayer &layer : report.layers)
      emitRemark(layer.where) << "layer " << layer.name << ": " << layer.experts
                              << " experts, k = " << layer.k << ", " << layer.router << ", hidden "
                              << layer.hidden << ", width " << layer.width << ", " << layer.dtype
                              << (layer.shared ? ", shared" : "");
    for (const DeclinedLayer &declined : report.declined)
      emitRemark(declined.where) << "no layer at " << declined.name << " (" << declined.family
                                 << "): " << declined.obligation << ": " << declined.detail;
  }

  std::vector<LayerForms> *forms = nullptr;
};

} // namespace

std::unique_ptr<Pass>
moec::recognise::createRecogniseMoEPass(const RecogniseMoEPassOptions &options,
                                        std::vector<LayerForms> *forms) {
  return std::make_unique<RecogniseMoE>(options, forms);
}

LogicalResult moec::recognise::recogniseMoE(ModuleOp module, RecognitionReport &report) {
  for (auto function : module.getOps<func::FuncOp>())
    if (failed(FunctionRecogniser(function, report).run()))
      return failure();
  return success();
}
