//===- RecogniseContribMoE.cpp - com.microsoft::MoE -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Passes.h"

#include "dialects/MoE/IR/MoE.h"
#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

using namespace mlir;

namespace moec::recognise {
#define GEN_PASS_DEF_RECOGNISECONTRIBMOEPASS
#include "lib/Recognise/Passes.h.inc"

namespace {

RankedTensorType rankedType(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

/// One layer on its way to `moe`.
class LayerBuilder {
public:
  LayerBuilder(onnx::ContribMoEOp op, bool isCpu) : op(op), isCpu(isCpu), b(op.getLoc(), op) {}

  LogicalResult build() {
    for (Value operand : op->getOperands())
      if (!rankedType(operand))
        return op.emitOpError("has an operand of unknown rank; run onnx-infer-shapes first");
    auto type = rankedType(op.getX());
    // Upstream's views of such tensors, with axes joined, do not verify.
    if (type.getRank() == 3 && llvm::is_contained(type.getShape(), 0) && !type.hasStaticShape())
      return op.emitOpError("has an input with a size of 0 beside an unknown one; make both known "
                            "or both unknown");
    fc1Type = rankedType(op.getFc1());
    if (ShapedType::isDynamic(fc1Type.getDimSize(0)))
      return op.emitOpError("has an unknown number of experts");
    Value x = op.getX();
    if (type.getRank() == 3)
      x = tensor::CollapseShapeOp::create(b, x, ArrayRef<ReassociationIndices>{{0, 1}, {2}});
    checkRows(x);
    Value result;
    if (failed(buildLayer(x, result)))
      return failure();
    if (type.getRank() == 3)
      result = restoreBatch(result, type);
    if (result.getType() != op.getResult().getType())
      result = tensor::CastOp::create(b, op.getResult().getType(), result);
    op.getResult().replaceAllUsesWith(result);
    op.erase();
    return success();
  }

private:
  /// The file need not say that router and input have as many rows.
  void checkRows(Value x) {
    if (!rankedType(x).isDynamicDim(0) && !rankedType(op.getRouter()).isDynamicDim(0))
      return;
    Value equal = arith::CmpIOp::create(b, arith::CmpIPredicate::eq,
                                        tensor::DimOp::create(b, x, 0).getResult(),
                                        tensor::DimOp::create(b, op.getRouter(), 0).getResult());
    std::string node = "MoE";
    if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
      node += " '" + name.getName().str() + "'";
    rt::CheckOp::create(b, equal, rt::Failure::InvalidArgument,
                        node + ": router_probs needs one row per token of the input");
  }

  /// T x H back to B x S x H.
  Value restoreBatch(Value flat, RankedTensorType type) {
    SmallVector<OpFoldResult> sizes;
    for (int64_t d = 0; d < 3; ++d)
      sizes.push_back(type.isDynamicDim(d)
                          ? OpFoldResult(tensor::DimOp::create(b, op.getX(), d).getResult())
                          : OpFoldResult(b.getIndexAttr(type.getDimSize(d))));
    return tensor::ExpandShapeOp::create(b, type, flat, ArrayRef<ReassociationIndices>{{0, 1}, {2}},
                                         sizes);
  }

  LogicalResult buildLayer(Value x, Value &result) {
    auto type = rankedType(x);
    int64_t tokens = type.getDimSize(0), experts = fc1Type.getDimSize(0);
    auto k = static_cast<int64_t>(op.getK());
    auto route = buildRoute(tokens, k);
    auto ids = rankedType(route.getIds());
    auto rows =
        RankedTensorType::get({ShapedType::kDynamic, type.getDimSize(1)}, type.getElementType());
    auto offsets = RankedTensorType::get({experts + 1}, b.getI32Type());
    auto dispatch = moe::DispatchOp::create(b, rows, offsets, ids, x, route.getIds(), Value(),
                                            Value(), experts);
    FailureOr<Value> y = buildExpert(dispatch);
    if (failed(y))
      return failure();
    auto out = RankedTensorType::get({tokens, rankedType(*y).getDimSize(1)}, type.getElementType());
    result = moe::CombineOp::create(b, out, *y, dispatch.getPositions(), route.getWeights(),
                                    Value(), moe::CombineOrder::Choice, TypeAttr(), TypeAttr());
    return success();
  }

  /// Softmax over all experts, then top-k, as the schema says.
  moe::RouteOp buildRoute(int64_t tokens, int64_t k) {
    MLIRContext *context = b.getContext();
    OperationState state(b.getLoc(), moe::RouteOp::getOperationName());
    auto ids = RankedTensorType::get({tokens, k}, b.getI32Type());
    moe::RenormAttr renorm;
    if (op.getNormalize())
      renorm = moe::RenormAttr::get(context, 1, moe::EpsMode::None, APFloat(0.0), false);
    auto score = op.getUseSparseMixer() && !isCpu ? moe::Score::SparseMixer : moe::Score::Softmax;
    auto tie = isCpu ? moe::Tie::HigherIndex : moe::Tie::LowerIndex;
    NamedAttrList attrs;
    attrs.set("k", b.getI64IntegerAttr(k));
    attrs.set("score", moe::ScoreAttr::get(context, score));
    attrs.set("tie", moe::TieAttr::get(context, tie));
    // The mixer's two weights are what they are.
    if (renorm && score == moe::Score::Softmax)
      attrs.set("renorm", renorm);
    attrs.set("operandSegmentSizes", b.getDenseI32ArrayAttr({1, 0, 0, 0, 0, 0, 0, 0, 0}));
    state.addOperands(flatRouter(tokens));
    state.addTypes({ids, ids.clone(b.getF32Type())});
    state.addAttributes(attrs);
    return cast<moe::RouteOp>(b.create(state));
  }

  /// The router's rows are the tokens', whatever the file knows of their number.
  Value flatRouter(int64_t tokens) {
    auto type = rankedType(op.getRouter());
    auto wanted = RankedTensorType::get({tokens, fc1Type.getDimSize(0)}, type.getElementType());
    return type == wanted ? op.getRouter()
                          : tensor::CastOp::create(b, wanted, op.getRouter()).getResult();
  }

  FailureOr<Value> buildExpert(moe::DispatchOp dispatch) {
    MLIRContext *context = b.getContext();
    bool isSwiglu = op.getActivation() == onnx::ExpertActivation::Swiglu;
    moe::Gate gate = op.getFc3() ? moe::Gate::Separate : moe::Gate::None;
    NamedAttrList attrs;
    moe::Activation activation = moe::Activation::Identity;
    switch (op.getActivation()) {
    case onnx::ExpertActivation::Relu:
      activation = moe::Activation::Relu;
      break;
    case onnx::ExpertActivation::Gelu:
      activation = moe::Activation::GeluTanh;
      break;
    case onnx::ExpertActivation::Silu:
    case onnx::ExpertActivation::Swiglu:
      activation = moe::Activation::Silu;
      break;
    case onnx::ExpertActivation::Identity:
      break;
    }
    if (isSwiglu) {
      if (op.getSwigluFusion() == 2)
        gate = moe::Gate::ConcatGateFirst;
      else if (op.getSwigluFusion() == 1)
        gate = moe::Gate::InterleavedGateEven;
      else if (!op.getFc3()) {
        if (isCpu)
          return op.emitOpError("swiglu_fusion = 0 needs fc3 in the reading ort-cpu");
        gate = moe::Gate::InterleavedGateEven;
      }
      auto real = [&](const APFloat &value) { return b.getF64FloatAttr(value.convertToDouble()); };
      attrs.set("alpha", real(op.getActivationAlpha()));
      attrs.set("up_offset", real(op.getActivationBeta()));
      if (std::optional<APFloat> limit = op.getSwigluLimit()) {
        attrs.set("gate_max", real(*limit));
        attrs.set("up_abs", real(*limit));
      }
    }
    attrs.set("activation", moe::ActivationAttr::get(context, activation));
    attrs.set("gate", moe::GateAttr::get(context, gate));

    SmallVector<Value> operands{dispatch.getRows(), dispatch.getOffsets(), op.getFc1(),
                                op.getFc2()};
    SmallVector<int32_t> segments{1, 1, 1, 1};
    for (Value optional : {op.getFc1Bias(), op.getFc2Bias(), op.getFc3(), op.getFc3Bias()}) {
      segments.push_back(optional ? 1 : 0);
      if (optional)
        operands.push_back(optional);
    }
    attrs.set("operandSegmentSizes", b.getDenseI32ArrayAttr(segments));
    auto fc2 = rankedType(op.getFc2());
    OperationState state(b.getLoc(), moe::ExpertOp::getOperationName());
    state.addOperands(operands);
    state.addTypes(rankedType(dispatch.getRows()).clone({ShapedType::kDynamic, fc2.getDimSize(1)}));
    state.addAttributes(attrs);
    return cast<moe::ExpertOp>(b.create(state)).getResult();
  }

  onnx::ContribMoEOp op;
  bool isCpu;
  ImplicitLocOpBuilder b;
  RankedTensorType fc1Type;
};

struct RecogniseContribMoE : impl::RecogniseContribMoEPassBase<RecogniseContribMoE> {
  using RecogniseContribMoEPassBase::RecogniseContribMoEPassBase;

  void runOnOperation() override {
    if (dialect != "ort-cuda" && dialect != "ort-cpu") {
      getOperation().emitError("unknown reading '")
          << dialect << "' of com.microsoft::MoE; there are ort-cuda and ort-cpu";
      return signalPassFailure();
    }
    SmallVector<onnx::ContribMoEOp> ops;
    getOperation().walk([&](onnx::ContribMoEOp op) { ops.push_back(op); });
    bool hasFailed = false;
    for (onnx::ContribMoEOp op : ops) {
      hasFailed |= failed(LayerBuilder(op, dialect == "ort-cpu").build());
      ++numLayers;
    }
    if (hasFailed)
      signalPassFailure();
  }
};
} // namespace

} // namespace moec::recognise
