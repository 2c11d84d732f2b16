//===- LowerExpert.cpp - Experts as ragged products --------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/MoEToTile/Lowerings.h"

#include "dialects/RT/IR/WeightBuilders.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace moec {
namespace {

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

using Expression = rt::WeightExprInterface;

ArrayRef<int64_t> shapeOf(Expression expression) { return expression.getExprType().getShape(); }

/// Brings a matrix per expert into the order out x in.
Expression outIn(Expression weight, moe::WeightLayout layout) {
  return layout == moe::WeightLayout::OutIn ? weight : rt::transposed(weight, {0, 2, 1});
}

/// Interleaves the halves (a, b) of dimension 1 of [E, 2F, ...] to a0, b0, a1, ...
Expression interleaveHalves(Expression halves) {
  SmallVector<int64_t> shape(shapeOf(halves));
  SmallVector<int64_t> split{shape[0], 2, shape[1] / 2}, permutation{0, 2, 1};
  for (int64_t d = 2; d < static_cast<int64_t>(shape.size()); ++d) {
    split.push_back(shape[d]);
    permutation.push_back(d + 1);
  }
  return rt::reshaped(rt::transposed(rt::reshaped(halves, split), permutation), shape);
}

/// Cuts dimension 1 of a stack into as many parts of equal size, which become entries of their own.
Expression inParts(Expression stack, int64_t parts) {
  if (parts == 1)
    return stack;
  SmallVector<int64_t> shape(shapeOf(stack));
  shape[0] *= parts;
  shape[1] /= parts;
  return rt::reshaped(stack, shape);
}

/// Element 0 or 1 of each pair along dimension 1 of [E, 2F].
Expression ofPairs(Expression pairs, int64_t which) {
  ArrayRef<int64_t> shape = shapeOf(pairs);
  int64_t experts = shape[0], inner = shape[1] / 2;
  Expression split = rt::reshaped(pairs, {experts, inner, 2});
  return rt::reshaped(rt::sliced(split, {0, 0, which}, {experts, inner, 1}), {experts, inner});
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

/// Scalar arithmetic of an epilogue, in f32.
struct ScalarBuilder {
  OpBuilder &b;
  Location loc;

  Value constant(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(static_cast<float>(value)));
  }
  Value widen(Value value) {
    return value.getType().isF32()
               ? value
               : arith::ExtFOp::create(b, loc, b.getF32Type(), value).getResult();
  }
  Value round(Value value, Type type) {
    return type.isF32() ? value : arith::TruncFOp::create(b, loc, type, value).getResult();
  }
  Value add(Value lhs, Value rhs) { return arith::AddFOp::create(b, loc, lhs, rhs); }
  Value mul(Value lhs, Value rhs) { return arith::MulFOp::create(b, loc, lhs, rhs); }

  /// v * sigmoid(alpha v)
  Value silu(Value v, double alpha) {
    Value scaled = alpha == 1.0 ? v : mul(v, constant(alpha));
    Value e = math::ExpOp::create(b, loc, arith::NegFOp::create(b, loc, scaled));
    return arith::DivFOp::create(b, loc, v, add(constant(1), e));
  }

  /// v/2 (1 + erf(v / sqrt 2))
  Value geluErf(Value v) {
    Value erf = math::ErfOp::create(b, loc, mul(v, constant(0.70710678118654752)));
    return mul(mul(v, constant(0.5)), add(constant(1), erf));
  }

  /// v/2 (1 + tanh(sqrt(2/pi) (v + 0.044715 v^3)))
  Value geluTanh(Value v) {
    Value cubic = mul(mul(mul(v, v), v), constant(0.044715));
    Value inner = mul(add(v, cubic), constant(0.79788456080286536));
    return mul(mul(v, constant(0.5)),
               add(constant(1), math::TanhOp::create(b, loc, inner).getResult()));
  }

  Value activate(moe::Activation activation, Value v, double alpha) {
    switch (activation) {
    case moe::Activation::Identity:
    case moe::Activation::SwigluHalf: // refused before
      return v;
    case moe::Activation::Relu:
      return arith::MaximumFOp::create(b, loc, v, constant(0));
    case moe::Activation::GeluErf:
      return geluErf(v);
    case moe::Activation::GeluTanh:
      return geluTanh(v);
    case moe::Activation::Silu:
      return silu(v, alpha);
    }
    return v;
  }
};

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// One ragged product: `type` is its result's.
struct Product {
  Value rows, offsets;
  const Dispatches &dispatches;
  Expression weights; // [E, N, K], rows of one result column adjacent
  int64_t columns;
  SmallVector<Value> colArgs;
  RankedTensorType type;
  StringRef name;
};

Value buildProduct(
    ImplicitLocOpBuilder &b, WeightTable &table, const Product &product,
    function_ref<Value(ScalarBuilder, ValueRange accumulators, ValueRange colArgs)> epilogue) {
  Value rows = product.rows, gather;
  if (auto it = product.dispatches.find(rows); it != product.dispatches.end()) {
    rows = it->second.x;
    gather = it->second.source;
  }
  ArrayRef<int64_t> shape = shapeOf(product.weights);
  Type element = product.weights.getExprType().getElementType();
  auto packedType =
      tile::PackedType::get(b.getContext(), shape[0], shape[1], shape[2], element, product.columns);
  Expression packed = rt::packed(product.weights, product.columns);
  Value slabs = table.get(b, packed, packedType, product.name);

  SmallVector<Value> sizes;
  if (product.type.isDynamicDim(0))
    sizes.push_back(tensor::DimOp::create(b, gather ? gather : rows, 0));
  Value outs = emptyTensor(b, product.type, sizes);
  if (gather && !product.type.isDynamicDim(0))
    gather = tensor::CastOp::create(
        b, RankedTensorType::get({product.type.getDimSize(0)}, b.getI32Type()), gather);
  auto op = tile::RaggedMatmulOp::create(b, product.type, rows, gather, product.offsets, Value(),
                                         slabs, ValueRange{}, product.colArgs, ValueRange{}, outs);
  Block *block = new Block();
  op.getEpilogue().push_back(block);
  for (int64_t i = 0; i < product.columns; ++i)
    block->addArgument(b.getF32Type(), b.getLoc());
  for (Value arg : product.colArgs)
    block->addArgument(getElementTypeOrSelf(arg.getType()), b.getLoc());
  OpBuilder inner = OpBuilder::atBlockEnd(block);
  ValueRange arguments = block->getArguments();
  Value result = epilogue(ScalarBuilder{inner, b.getLoc()}, arguments.take_front(product.columns),
                          arguments.drop_front(product.columns));
  tile::YieldOp::create(inner, b.getLoc(), result);
  return op.getResult();
}

/// A bias per expert and column as a constant tensor the epilogue can load.
Value getBias(ImplicitLocOpBuilder &b, WeightTable &table, Expression expression, StringRef name) {
  return table.get(b, expression, expression.getExprType(), name);
}

LogicalResult checkTypes(Operation *op) {
  for (Value operand : op->getOperands())
    if (getElementTypeOrSelf(operand.getType()).isF64())
      return op->emitOpError("f64 has no lowering; `moec run --interpret` runs it");
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType());
        type && type.getRank() == 3 && llvm::is_contained(type.getShape(), 0))
      return op->emitOpError("has weights without elements, ")
             << type << "; `moec run --interpret` runs it";
  return success();
}

/// What the first product of an expert needs.
struct GateUp {
  Expression weights;
  Expression bias[2]; // per operand; null without
  int64_t columns = 1;
  /// Which accumulator is the gate.
  unsigned gate = 0;
};

template <typename OpTy>
FailureOr<GateUp> getGateUp(OpTy op, WeightTable &table) {
  GateUp result;
  Expression w1 = table.getExpression(op, "w1", op.getW1());
  Expression b1 = op.getB1() ? table.getExpression(op, "b1", op.getB1()) : Expression();
  if (!w1 || (op.getB1() && !b1))
    return failure();
  w1 = outIn(w1, op.getLayout1());
  if (op.getGate() == moe::Gate::None) {
    result.weights = w1;
    result.bias[0] = b1;
    return result;
  }
  result.columns = 2;
  if (op.getGate() == moe::Gate::Separate) {
    Expression w3 = table.getExpression(op, "up", op.getW3());
    Expression b3 = op.getB3() ? table.getExpression(op, "up_bias", op.getB3()) : Expression();
    if (!w3 || (op.getB3() && !b3))
      return failure();
    result.weights = interleaveHalves(rt::concatenated(1, {w1, outIn(w3, op.getLayout1())}));
    result.bias[0] = b1;
    result.bias[1] = b3;
    return result;
  }
  bool isInterleaved = op.getGate() == moe::Gate::InterleavedGateEven;
  result.weights = isInterleaved ? w1 : interleaveHalves(w1);
  result.gate = op.getGate() == moe::Gate::ConcatUpFirst ? 1 : 0;
  if (b1) {
    Expression pairs = isInterleaved ? b1 : interleaveHalves(b1);
    result.bias[0] = ofPairs(pairs, 0);
    result.bias[1] = ofPairs(pairs, 1);
  }
  return result;
}

/// The hidden rows of an expert, in `parts` parts.
template <typename OpTy>
FailureOr<Value> buildHidden(ImplicitLocOpBuilder &b, OpTy op, int64_t parts,
                             const Dispatches &dispatches, WeightTable &weights) {
  if (op.getActivation() == moe::Activation::SwigluHalf)
    return op.emitOpError("activation swiglu_half has no lowering yet; `moec run --interpret` "
                          "runs it");
  FailureOr<GateUp> first = getGateUp(op, weights);
  if (failed(first))
    return failure();
  auto type = cast<RankedTensorType>(op.getResult().getType());
  Type storage = type.getElementType();
  Product gateUp{op.getRows(),
                 op.getOffsets(),
                 dispatches,
                 inParts(first->weights, parts),
                 first->columns,
                 {},
                 RankedTensorType::get({type.getDimSize(0), op.getInnerSize() / parts}, storage),
                 "expert_in"};
  for (Expression bias : first->bias)
    if (bias)
      gateUp.colArgs.push_back(getBias(b, weights, inParts(bias, parts), "expert_in_bias"));
  double alpha = op.getAlpha().convertToDouble();
  return buildProduct(b, weights, gateUp,
                      [&](ScalarBuilder s, ValueRange sums, ValueRange colArgs) {
                        SmallVector<Value> value(sums);
                        unsigned next = 0;
                        for (unsigned i = 0; i < value.size(); ++i)
                          if (first->bias[i])
                            value[i] = s.add(value[i], s.widen(colArgs[next++]));
                        Value gate = value[first->gate];
                        if (op.getGateMax())
                          gate = arith::MinimumFOp::create(
                              s.b, s.loc, gate, s.constant(op.getGateMax()->convertToDouble()));
                        Value h = s.activate(op.getActivation(), gate, alpha);
                        if (op.getGate() != moe::Gate::None) {
                          Value up = value[1 - first->gate];
                          if (op.getUpAbs()) {
                            double limit = op.getUpAbs()->convertToDouble();
                            up = arith::MinimumFOp::create(s.b, s.loc, up, s.constant(limit));
                            up = arith::MaximumFOp::create(s.b, s.loc, up, s.constant(-limit));
                          }
                          double offset = op.getUpOffset().convertToDouble();
                          if (offset != 0.0)
                            up = s.add(up, s.constant(offset));
                          h = s.mul(h, up);
                        }
                        return s.round(h, storage);
                      });
}

/// Adds the bias, if there is one, and rounds.
Value buildLinear(ImplicitLocOpBuilder &b, WeightTable &weights, const Product &product) {
  Type storage = product.type.getElementType();
  return buildProduct(b, weights, product,
                      [&](ScalarBuilder s, ValueRange sums, ValueRange colArgs) {
                        Value y = colArgs.empty() ? sums[0] : s.add(sums[0], s.widen(colArgs[0]));
                        return s.round(y, storage);
                      });
}

} // namespace

LogicalResult lowerExpert(moe::ExpertOp op, const Dispatches &dispatches, WeightTable &weights) {
  if (failed(checkTypes(op)))
    return failure();
  Expression w2 = weights.getExpression(op, "w2", op.getW2());
  Expression b2 = op.getB2() ? weights.getExpression(op, "b2", op.getB2()) : Expression();
  if (!w2 || (op.getB2() && !b2))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  FailureOr<Value> hidden = buildHidden(b, op, 1, dispatches, weights);
  if (failed(hidden))
    return failure();
  Product down{*hidden,
               op.getOffsets(),
               dispatches,
               outIn(w2, op.getLayout2()),
               1,
               {},
               cast<RankedTensorType>(op.getResult().getType()),
               "expert_out"};
  if (b2)
    down.colArgs.push_back(getBias(b, weights, b2, "expert_out_bias"));
  op.getResult().replaceAllUsesWith(buildLinear(b, weights, down));
  return success();
}

LogicalResult lowerExpertHidden(moe::ExpertHiddenOp op, const Dispatches &dispatches,
                                WeightTable &weights) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  FailureOr<Value> hidden = buildHidden(b, op, op.getParts(), dispatches, weights);
  if (failed(hidden))
    return failure();
  op.getResult().replaceAllUsesWith(*hidden);
  return success();
}

LogicalResult lowerGroupedMatmul(moe::GroupedMatmulOp op, const Dispatches &dispatches,
                                 WeightTable &weights) {
  if (failed(checkTypes(op)))
    return failure();
  Expression w = weights.getExpression(op, "weights", op.getWeights());
  Expression bias = op.getBias() ? weights.getExpression(op, "bias", op.getBias()) : Expression();
  if (!w || (op.getBias() && !bias))
    return failure();
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto type = cast<RankedTensorType>(op.getResult().getType());
  const int64_t parts = op.getParts();
  Product product{
      op.getRows(), op.getOffsets(), dispatches, inParts(outIn(w, op.getLayout()), parts), 1, {},
      type,         "expert_product"};
  if (bias)
    product.colArgs.push_back(getBias(b, weights, inParts(bias, parts), "expert_product_bias"));
  op.getResult().replaceAllUsesWith(buildLinear(b, weights, product));
  return success();
}

} // namespace moec
