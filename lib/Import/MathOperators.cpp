//===- MathOperators.cpp - Import of products and norms ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

using namespace mlir;
using namespace moec;
using namespace moec::onnx;

static void matMul(NodeImporter &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  n.results(n.make<MatMulOp>(lhs, rhs));
}

static void gemm(NodeImporter &n) {
  Value a = n.input(0), b = n.input(1), c = n.optional(2);
  FloatAttr alpha = n.f32(n.number("alpha", 1.0f)), beta = n.f32(n.number("beta", 1.0f));
  UnitAttr transA = n.unit(n.flag("transA", false)), transB = n.unit(n.flag("transB", false));
  n.results(n.make<GemmOp>(a, b, c, alpha, beta, transA, transB));
}

static void einsum(NodeImporter &n) {
  SmallVector<Value> inputs;
  for (unsigned i = 0; i < std::max(1u, n.numInputs()); ++i)
    inputs.push_back(n.input(i));
  if (!n.has("equation"))
    return n.bad("attribute 'equation' is missing");
  n.results(n.make<EinsumOp>(inputs, n.builder.getStringAttr(n.text("equation", ""))));
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

template <typename Op>
static void softmax(NodeImporter &n) {
  Value x = n.input(0);
  int64_t axis = n.integer("axis", -1);
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(x));
  n.results(n.make<Op>(x, n.builder.getI64IntegerAttr(axis)));
}

/// Before operator set 13 the axes from `axis` on were one.
template <typename Op>
static void softmax1(NodeImporter &n) {
  Value x = n.input(0);
  int64_t axis = n.integer("axis", 1);
  if (!n.ok())
    return;
  int64_t rank = n.rank(x);
  // As for a flatten, the rank itself is an axis: of no elements.
  if (axis == rank && n.ok())
    return n.unsupported("axis = rank");
  axis = n.axis(axis, rank);
  if (!n.ok())
    return;
  if (axis == rank - 1)
    return n.results(n.make<Op>(x, n.builder.getI64IntegerAttr(axis)));
  Value shape = n.make<ShapeOp>(x, n.builder.getI64IntegerAttr(0), IntegerAttr());
  Value flat = n.make<FlattenOp>(x, n.builder.getI64IntegerAttr(axis));
  Value result = n.make<Op>(flat, n.builder.getI64IntegerAttr(1));
  n.results(n.make<ReshapeOp>(result, shape, n.builder.getUnitAttr()));
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

static void layerNorm(NodeImporter &n) {
  Value x = n.input(0), scale = n.input(1), bias = n.optional(2);
  int64_t axis = n.integer("axis", -1);
  FloatAttr epsilon = n.f32(n.number("epsilon", 1e-5f));
  Type stash = n.elementType(n.integer("stash_type", 1));
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(x));
  if (!n.ok())
    return;
  auto op = n.finish(LayerNormOp::create(
      n.builder, n.loc, n.open, n.hasOutput(1) ? n.open : Type(), n.hasOutput(2) ? n.open : Type(),
      x, scale, bias, n.builder.getI64IntegerAttr(axis), epsilon, TypeAttr::get(stash)));
  n.results({op.getY(), op.getMean(), op.getInvStdDev()});
}

/// RMSNormalization, and ONNX Runtime's SimplifiedLayerNormalization, which has a second output.
template <bool simplified>
static void rmsNorm(NodeImporter &n) {
  Value x = n.input(0), scale = n.input(1);
  int64_t axis = n.integer("axis", -1);
  FloatAttr epsilon = n.f32(n.number("epsilon", 1e-5f));
  Type stash = n.elementType(n.integer("stash_type", 1));
  if (!n.ok())
    return;
  axis = n.axis(axis, n.rank(x));
  if (!n.ok())
    return;
  auto op = n.finish(
      RMSNormOp::create(n.builder, n.loc, n.open, simplified && n.hasOutput(1) ? n.open : Type(), x,
                        scale, n.builder.getI64IntegerAttr(axis), epsilon, TypeAttr::get(stash)));
  n.results({op.getY(), op.getInvStdDev()});
}

/// x / norm, and 0 where the norm is 0.
static void lpNorm(NodeImporter &n) {
  Value x = n.input(0);
  int64_t axis = n.integer("axis", -1), p = n.integer("p", 2);
  if (p != 1 && p != 2)
    return n.bad("expects attribute 'p' to be 1 or 2, got " + Twine(p));
  if (!n.ok())
    return;
  MLIRContext *context = n.builder.getContext();
  axis = n.axis(axis, n.rank(x));
  Value norm = n.make<ReduceOp>(ReduceFnAttr::get(context, p == 1 ? ReduceFn::L1 : ReduceFn::L2), x,
                                n.constant(axis), n.builder.getUnitAttr(), UnitAttr());
  Value quotient = n.make<BinaryOp>(BinaryFnAttr::get(context, BinaryFn::Div), x, norm);
  Value zero = n.scalar(n.elementTypeOf(x), 0);
  Value isZero = n.make<CompareOp>(CompareFnAttr::get(context, CompareFn::Equal), norm, zero);
  n.results(n.make<WhereOp>(isZero, zero, quotient));
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

static void rotaryEmbedding(NodeImporter &n) {
  Value x = n.input(0), cosCache = n.input(1), sinCache = n.input(2), positions = n.optional(3);
  UnitAttr interleaved = n.unit(n.flag("interleaved", false));
  IntegerAttr heads = n.builder.getI64IntegerAttr(n.integer("num_heads", 0));
  IntegerAttr dim = n.builder.getI64IntegerAttr(n.integer("rotary_embedding_dim", 0));
  n.results(n.make<RotaryEmbeddingOp>(x, cosCache, sinCache, positions, interleaved, heads, dim));
}

static void attention(NodeImporter &n) {
  Builder &b = n.builder;
  Value q = n.input(0), k = n.input(1), v = n.input(2), mask = n.optional(3);
  Value pastKey = n.optional(4), pastValue = n.optional(5);
  Value seqlen = n.opset >= 24 ? n.optional(6) : Value();
  UnitAttr causal = n.unit(n.flag("is_causal", false));
  IntegerAttr qHeads = b.getI64IntegerAttr(n.integer("q_num_heads", 0));
  IntegerAttr kvHeads = b.getI64IntegerAttr(n.integer("kv_num_heads", 0));
  FloatAttr scale = n.has("scale") ? n.f32(n.number("scale", 0)) : FloatAttr();
  FloatAttr softcap = n.f32(n.number("softcap", 0));
  TypeAttr precision;
  if (int64_t number = n.integer("softmax_precision", 0))
    if (Type type = n.elementType(number))
      precision = TypeAttr::get(type);
  int64_t left = n.opset >= 25 ? n.integer("left_window_size", -1) : -1;
  int64_t right = n.opset >= 25 ? n.integer("right_window_size", -1) : -1;
  int64_t mode = n.integer("qk_matmul_output_mode", 0);
  if (!n.ok())
    return;
  bool hasPresent = n.hasOutput(1) || n.hasOutput(2);
  Type present = hasPresent ? n.open : Type(), qk = n.hasOutput(3) ? n.open : Type();
  auto op = n.finish(AttentionOp::create(
      n.builder, n.loc, n.open, present, present, qk, q, k, v, mask, pastKey, pastValue, seqlen,
      causal, qHeads, kvHeads, scale, softcap, precision, b.getI64IntegerAttr(left),
      b.getI64IntegerAttr(right), b.getI64IntegerAttr(mode), UnitAttr()));
  n.results({op.getY(), op.getPresentKey(), op.getPresentValue(), op.getQkMatmulOutput()});
}

ArrayRef<OperatorRow> moec::mathOperators() {
  static constexpr OperatorRow rows[] = {
      {"", "Attention", 23, newestOpset, attention},
      {"", "Einsum", 12, newestOpset, einsum},
      {"", "Gemm", 7, newestOpset, gemm},
      {"", "Hardmax", 1, 12, softmax1<HardmaxOp>},
      {"", "Hardmax", 13, newestOpset, softmax<HardmaxOp>},
      {"", "LayerNormalization", 17, newestOpset, layerNorm},
      {"", "LogSoftmax", 1, 12, softmax1<LogSoftmaxOp>},
      {"", "LogSoftmax", 13, newestOpset, softmax<LogSoftmaxOp>},
      {"", "LpNormalization", 1, newestOpset, lpNorm},
      {"", "MatMul", 1, newestOpset, matMul},
      {"", "RMSNormalization", 23, newestOpset, rmsNorm<false>},
      {"", "RotaryEmbedding", 23, newestOpset, rotaryEmbedding},
      // Not of ONNX, but written into its domain by exporters.
      {"", "SimplifiedLayerNormalization", 1, newestOpset, rmsNorm<true>},
      {"com.microsoft", "SimplifiedLayerNormalization", 1, 1, rmsNorm<true>},
      {"", "Softmax", 1, 12, softmax1<SoftmaxOp>},
      {"", "Softmax", 13, newestOpset, softmax<SoftmaxOp>},
  };
  return rows;
}
