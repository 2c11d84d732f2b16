//===- ModelSummary.cpp - What is in a model --------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Driver/ModelSummary.h"

#include "dialects/MoE/IR/MoE.h"
#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/RT.h"
#include "lib/Recognise/MoE/Report.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

std::string moec::getDTypeName(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isInteger(1))
    return "bool";
  if (auto integer = dyn_cast<IntegerType>(element))
    return (integer.isUnsigned() ? "u" : "i") + std::to_string(integer.getWidth());
  std::string text;
  llvm::raw_string_ostream(text) << element;
  return text;
}

//===----------------------------------------------------------------------===//
// Inputs and outputs
//===----------------------------------------------------------------------===//

static TensorSummary summarise(Type type, StringAttr name, StringAttr dtype, ArrayAttr dimNames,
                               unsigned index) {
  TensorSummary summary;
  summary.name = name ? name.str() : std::to_string(index);
  summary.dtype = dtype ? dtype.str() : getDTypeName(type);
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked)
    return summary;
  summary.shape.emplace();
  for (int64_t axis = 0; axis < ranked.getRank(); ++axis) {
    SizeSummary size;
    if (!ranked.isDynamicDim(axis))
      size.size = ranked.getDimSize(axis);
    else if (dimNames && axis < static_cast<int64_t>(dimNames.size()))
      size.name = cast<StringAttr>(dimNames[axis]).str();
    summary.shape->push_back(std::move(size));
  }
  return summary;
}

void moec::summariseEntry(ModuleOp module, std::vector<TensorSummary> &inputs,
                          std::vector<TensorSummary> &outputs) {
  func::FuncOp entry;
  for (auto function : module.getOps<func::FuncOp>())
    if (function.isPublic() && (!entry || (rt::isEntry(function) && !rt::isEntry(entry))))
      entry = function;
  if (!entry)
    return;
  using RT = rt::RTDialect;
  for (unsigned i = 0; i < entry.getNumArguments(); ++i)
    inputs.push_back(summarise(entry.getArgumentTypes()[i],
                               entry.getArgAttrOfType<StringAttr>(i, RT::kName),
                               entry.getArgAttrOfType<StringAttr>(i, RT::kDType),
                               entry.getArgAttrOfType<ArrayAttr>(i, RT::kDimNames), i));
  for (unsigned i = 0; i < entry.getNumResults(); ++i)
    outputs.push_back(summarise(entry.getResultTypes()[i],
                                entry.getResultAttrOfType<StringAttr>(i, RT::kName),
                                entry.getResultAttrOfType<StringAttr>(i, RT::kDType),
                                entry.getResultAttrOfType<ArrayAttr>(i, RT::kDimNames), i));
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

/// Scores that are made before the route and rounded on the way to it.
static StringRef describeScores(Value logits) {
  Operation *op = logits.getDefiningOp();
  while (op && isa<onnx::CastOp, onnx::ReshapeOp, tensor::CastOp, tensor::CollapseShapeOp>(op))
    op = op->getOperand(0).getDefiningOp();
  if (isa_and_nonnull<onnx::SoftmaxOp>(op))
    return "softmax, ";
  if (auto unary = dyn_cast_or_null<onnx::UnaryOp>(op);
      unary && unary.getFn() == onnx::UnaryFn::Sigmoid)
    return "sigmoid, ";
  return "";
}

/// The rule that chooses and weighs, as the papers say it.
static std::string describeRouter(moe::RouteOp route) {
  switch (route.getSelect()) {
  case moe::Select::Table:
    return "table of tokens";
  case moe::Select::Given:
    return "ids are given";
  case moe::Select::Dense:
    return "all experts";
  case moe::Select::TokenTopK:
    break;
  }
  std::string choice = route.getGroups() ? "top-k of the best groups" : "top-k";
  if (route.getSelectBias())
    choice += " with a bias";
  if (route.getNoise())
    choice += " with noise";
  if (route.getWeight() == moe::WeightSource::SoftmaxSelected)
    return choice + ", softmax of the chosen";
  std::string text;
  switch (route.getScore()) {
  case moe::Score::Softmax:
    text = "softmax, ";
    break;
  case moe::Score::Sigmoid:
    text = "sigmoid, ";
    break;
  case moe::Score::SqrtSoftplus:
    text = "square root of softplus, ";
    break;
  case moe::Score::SparseMixer:
    return "sparse mixer";
  case moe::Score::Identity:
    text = describeScores(route.getLogits());
    break;
  }
  text += choice;
  if (route.getWeight() == moe::WeightSource::Ones)
    text += ", weights of 1";
  else if (route.getWeight() == moe::WeightSource::External)
    text += ", weights are given";
  if (route.getRenorm())
    text += ", renormalised";
  return text;
}

/// What the names of two nodes have in common, up to a separator.
static std::string commonName(Location a, Location b) {
  std::string first = recognise::nodeName(a), second = recognise::nodeName(b);
  if (first == second)
    return first;
  size_t length =
      std::mismatch(first.begin(), first.end(), second.begin(), second.end()).first - first.begin();
  size_t end = StringRef(first).take_front(length).rfind('/');
  return end == std::string::npos ? "" : first.substr(0, end);
}

static std::optional<int64_t> known(int64_t size) {
  return ShapedType::isDynamic(size) ? std::nullopt : std::optional<int64_t>(size);
}

static LayerSummary summariseLayer(moe::ExpertOp expert) {
  LayerSummary layer;
  auto rows = cast<RankedTensorType>(expert.getRows().getType());
  layer.experts = known(cast<RankedTensorType>(expert.getW1().getType()).getDimSize(0));
  layer.hidden = known(rows.getDimSize(1));
  layer.width = known(expert.getInnerSize());
  layer.dtype = getDTypeName(rows);
  for (Value operand : expert->getOperands().drop_front(2))
    if (operand.getDefiningOp<rt::GetWeightOp>() || operand.getDefiningOp<onnx::ConstantOp>())
      layer.expertParameters += cast<RankedTensorType>(operand.getType()).getNumElements();

  auto dispatch = expert.getRows().getDefiningOp<moe::DispatchOp>();
  if (!dispatch) {
    layer.router = "outside of this model";
    return layer;
  }
  auto route = dispatch.getIds().getDefiningOp<moe::RouteOp>();
  layer.k = known(cast<RankedTensorType>(dispatch.getIds().getType()).getDimSize(1));
  if (Value slots = dispatch.getSlots(); slots && slots.getDefiningOp<moe::RouteExpertsOp>()) {
    layer.router = "experts choose tokens";
    layer.k = std::nullopt;
  } else {
    layer.router = route ? describeRouter(route) : "ids are given";
  }
  for (Operation *user : expert.getResult().getUsers())
    if (auto combine = dyn_cast<moe::CombineOp>(user)) {
      layer.name =
          commonName((route ? route : dispatch.getOperation())->getLoc(), combine.getLoc());
      layer.shared = recognise::hasSharedExpert(combine.getResult(), dispatch.getX());
    }
  return layer;
}

std::vector<LayerSummary> moec::summariseLayers(ModuleOp module) {
  std::vector<LayerSummary> layers;
  module.walk([&](moe::ExpertOp expert) {
    LayerSummary layer = summariseLayer(expert);
    bool isTaken =
        llvm::any_of(layers, [&](const LayerSummary &other) { return other.name == layer.name; });
    if (layer.name.empty() || isTaken)
      layer.name = "layer " + std::to_string(layers.size());
    layers.push_back(std::move(layer));
  });
  return layers;
}

//===----------------------------------------------------------------------===//
// Counts
//===----------------------------------------------------------------------===//

ParameterCount moec::countParameters(ModuleOp module) {
  ParameterCount count;
  auto add = [&](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || !isa<FloatType>(tensor.getElementType()) ||
        tensor.getNumElements() <= 1)
      return;
    count.elements += tensor.getNumElements();
    count.bytes += llvm::divideCeil(
        tensor.getNumElements() * tensor.getElementType().getIntOrFloatBitWidth(), 8);
  };
  module.walk([&](Operation *op) {
    if (auto weight = dyn_cast<rt::WeightOp>(op))
      add(weight.getType());
    else if (isa<onnx::ConstantOp>(op))
      add(op->getResult(0).getType());
  });
  return count;
}

BlockCount moec::countBlocks(ModuleOp module) {
  BlockCount count;
  module.walk([&](Operation *op) {
    count.rmsNorms += isa<onnx::RMSNormOp>(op);
    count.layerNorms += isa<onnx::LayerNormOp>(op);
    count.rotaryEmbeddings += isa<onnx::RotaryEmbeddingOp>(op);
    count.attentions += isa<onnx::AttentionOp>(op);
  });
  return count;
}

int64_t moec::countActiveParameters(int64_t parameters, ArrayRef<LayerSummary> layers) {
  for (const LayerSummary &layer : layers)
    if (layer.experts && layer.k && *layer.experts > 0)
      parameters -=
          layer.expertParameters / *layer.experts * std::max<int64_t>(*layer.experts - *layer.k, 0);
  return parameters;
}
