//===- EmitLayer.cpp - A proved layer as moe ops ----------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/ExpertWeights.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

namespace {

class Emitter {
public:
  Emitter(Proof &proof, LayerForm &form, ExpertWeights &weights)
      : proof(proof), form(form), choice(proof.choice), result(form.result), weights(weights),
        b(result.getLoc(), result.getDefiningOp()) {}

  bool emit() {
    if (!prepareWeights())
      return false;
    foldCast();
    auto x = cast<RankedTensorType>(form.x.getType()).clone(form.expert.elementType);
    if (form.x.getType() != x)
      form.x = onnx::CastOp::create(b, x, form.x);
    int64_t tokens = x.getDimSize(0);
    moe::RouteOp route = emitRoute(tokens);
    auto rows = RankedTensorType::get({ShapedType::kDynamic, x.getDimSize(1)}, x.getElementType());
    auto offsets = RankedTensorType::get({choice.experts + 1}, b.getI32Type());
    auto dispatch = moe::DispatchOp::create(b, rows, offsets, route.getIds().getType(), form.x,
                                            route.getIds(), Value(), Value(), choice.experts);
    Value y = emitExpert(dispatch);
    auto old = cast<RankedTensorType>(result.getType());
    auto type = RankedTensorType::get({tokens, form.expert.hidden}, old.getElementType());
    TypeAttr term = form.termType ? TypeAttr::get(form.termType) : TypeAttr();
    Value sum = moe::CombineOp::create(b, type, y, dispatch.getPositions(), route.getWeights(),
                                       Value(), moe::CombineOrder::Choice, term, TypeAttr());
    if (type != old)
      sum = tensor::CastOp::create(b, old, sum);
    result.replaceAllUsesWith(sum);
    form.original = result;
    form.replacement = sum;
    return true;
  }

private:
  bool prepareWeights() {
    const ExpertForm &expert = form.expert;
    auto matrices = [&](const Projection &projection, StackedWeight &weight) {
      std::optional<StackedWeight> known = weights.getMatrices(projection.matrices);
      if (known)
        weight = *known;
      return known || failWeights(projection);
    };
    auto bias = [&](const Projection &projection, StackedWeight &weight) {
      if (projection.bias.empty())
        return true;
      std::optional<StackedWeight> known = weights.getVectors(projection.bias);
      if (known)
        weight = *known;
      return known || failWeights(projection);
    };
    if (!matrices(expert.first, w1) || !matrices(expert.down, w2) || !bias(expert.first, b1) ||
        !bias(expert.down, b2))
      return false;
    if (expert.gate != moe::Gate::Separate)
      return true;
    if (!matrices(expert.up, w3) || !bias(expert.up, b3))
      return false;
    if (w3.layout == w1.layout)
      return true;
    return proof.fail("weight-layout", "gate and up projections are stored in different layouts");
  }

  bool failWeights(const Projection &projection) {
    Index formula = projection.matrices.formulas[0];
    return proof.fail("constant-weights",
                      "the weights are no initialisers, or not boxes of initialisers",
                      formula->isRead() ? formula->base.getDefiningOp() : nullptr);
  }

  /// A conversion of the sum is the rounding that combine does at its end.
  void foldCast() {
    if (!result.hasOneUse())
      return;
    auto cast = dyn_cast<onnx::CastOp>(*result.user_begin());
    Type from = getElementTypeOrSelf(result.getType());
    if (!cast || !from.isF32())
      return;
    Type to = getElementTypeOrSelf(cast.getResult().getType());
    if (!to.isF16() && !to.isBF16())
      return;
    result = cast.getResult();
    b.setInsertionPoint(cast);
  }

  /// T x E.
  Value emitLogits(int64_t tokens) {
    Value logits = form.router.logits;
    auto type = cast<RankedTensorType>(logits.getType());
    auto wanted = RankedTensorType::get({tokens, choice.experts}, type.getElementType());
    if (type.getRank() > 2) {
      SmallVector<ReassociationIndices> groups(2);
      llvm::append_range(groups[0], llvm::seq<int64_t>(0, type.getRank() - 1));
      groups[1].push_back(type.getRank() - 1);
      logits = tensor::CollapseShapeOp::create(b, logits, groups);
    }
    return logits.getType() == wanted ? logits
                                      : tensor::CastOp::create(b, wanted, logits).getResult();
  }

  moe::RouteOp emitRoute(int64_t tokens) {
    MLIRContext *context = b.getContext();
    const RouterForm &router = form.router;
    Value logits = emitLogits(tokens);
    OperationState state(choice.op.getLoc(), moe::RouteOp::getOperationName());
    auto ids = RankedTensorType::get({tokens, choice.k}, b.getI32Type());
    NamedAttrList attrs;
    attrs.set("k", b.getI64IntegerAttr(choice.k));
    attrs.set("score", moe::ScoreAttr::get(context, router.score));
    attrs.set("key", moe::KeyAttr::get(context, router.key));
    attrs.set("weight", moe::WeightSourceAttr::get(context, router.weight));
    if (router.renormalises)
      attrs.set("renorm",
                moe::RenormAttr::get(context, 1, router.epsMode, APFloat(router.eps), false));
    attrs.set("scale", b.getF64FloatAttr(router.scale));
    attrs.set("operandSegmentSizes", b.getDenseI32ArrayAttr({1, 0, 0, 0, 0, 0, 0, 0, 0}));
    state.addOperands(logits);
    state.addTypes({ids, ids.clone(router.weightType)});
    state.addAttributes(attrs);
    return cast<moe::RouteOp>(b.create(state));
  }

  Value emitExpert(moe::DispatchOp dispatch) {
    const ExpertForm &expert = form.expert;
    NamedAttrList attrs;
    attrs.set("activation", moe::ActivationAttr::get(b.getContext(), expert.activation));
    attrs.set("gate", moe::GateAttr::get(b.getContext(), expert.gate));
    attrs.set("layout1", moe::WeightLayoutAttr::get(b.getContext(), w1.layout));
    attrs.set("layout2", moe::WeightLayoutAttr::get(b.getContext(), w2.layout));
    attrs.set("alpha", b.getF64FloatAttr(expert.alpha));
    attrs.set("up_offset", b.getF64FloatAttr(expert.upOffset));
    if (expert.gateMax)
      attrs.set("gate_max", b.getF64FloatAttr(*expert.gateMax));
    if (expert.upAbs)
      attrs.set("up_abs", b.getF64FloatAttr(*expert.upAbs));
    bool separate = expert.gate == moe::Gate::Separate;
    SmallVector<Value> operands{dispatch.getRows(), dispatch.getOffsets(),
                                weights.materialise(b, w1), weights.materialise(b, w2)};
    SmallVector<int32_t> segments{1, 1, 1, 1};
    auto optional = [&](bool present, const StackedWeight &weight) {
      segments.push_back(present);
      if (present)
        operands.push_back(weights.materialise(b, weight));
    };
    optional(!expert.first.bias.empty(), b1);
    optional(!expert.down.bias.empty(), b2);
    optional(separate, w3);
    optional(separate && !expert.up.bias.empty(), b3);
    attrs.set("operandSegmentSizes", b.getDenseI32ArrayAttr(segments));
    OperationState state(b.getLoc(), moe::ExpertOp::getOperationName());
    state.addOperands(operands);
    auto rows = cast<RankedTensorType>(dispatch.getRows().getType());
    state.addTypes(rows.clone({ShapedType::kDynamic, expert.hidden}));
    state.addAttributes(attrs);
    return cast<moe::ExpertOp>(b.create(state)).getResult();
  }

  Proof &proof;
  LayerForm &form;
  ChoiceFact choice;
  Value result;
  ExpertWeights &weights;
  ImplicitLocOpBuilder b;
  StackedWeight w1, w2, w3, b1, b2, b3;
};

} // namespace

bool moec::recognise::emitLayer(Proof &proof, LayerForm &form, ExpertWeights &weights) {
  return Emitter(proof, form, weights).emit();
}
