//===- ContribOperators.cpp - Import of com.microsoft -----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

using namespace mlir;
using namespace moec;
using namespace moec::onnx;

static Value add(NodeImporter &n, Value lhs, Value rhs) {
  return n.make<BinaryOp>(BinaryFnAttr::get(n.builder.getContext(), BinaryFn::Add), lhs, rhs);
}

static Value apply(NodeImporter &n, UnaryFn fn, Value x, FloatAttr alpha = {}) {
  return n.make<UnaryOp>(UnaryFnAttr::get(n.builder.getContext(), fn), x, alpha, FloatAttr());
}

//===----------------------------------------------------------------------===//
// MoE
//===----------------------------------------------------------------------===//

static void moe(NodeImporter &n) {
  Builder &b = n.builder;
  Value x = n.input(0), router = n.input(1);
  // Whatever their size, these are weights: what reads them expects an expression.
  Value fc1 = n.weight(2), fc1Bias = n.weight(3), fc2 = n.weight(4), fc2Bias = n.weight(5);
  Value fc3 = n.weight(6), fc3Bias = n.weight(7);
  if (!fc1 || !fc2)
    n.bad("fc1_experts_weights (input 2) and fc2_experts_weights (input 4) are required");
  StringRef name = n.text("activation_type", "relu");
  std::optional<ExpertActivation> activation = symbolizeExpertActivation(name);
  if (!activation)
    return n.bad("expects activation_type relu, gelu, silu, swiglu or identity, got " +
                 quoteName(name));
  IntegerAttr k = b.getI64IntegerAttr(n.integer("k", 1));
  // Other values than 1 mean no.
  UnitAttr normalize = n.unit(n.integer("normalize_routing_weights", 0) == 1);
  UnitAttr sparseMixer = n.unit(n.integer("use_sparse_mixer", 0) == 1);
  IntegerAttr fusion = b.getI64IntegerAttr(n.integer("swiglu_fusion", 0));
  FloatAttr alpha = n.f32(n.number("activation_alpha", 1.0f));
  FloatAttr beta = n.f32(n.number("activation_beta", 0.0f));
  FloatAttr limit = n.has("swiglu_limit") ? n.f32(n.number("swiglu_limit", 0)) : FloatAttr();
  // Infinity is what an absent limit means.
  if (limit && limit.getValue().isInfinity() && !limit.getValue().isNegative())
    limit = FloatAttr();
  n.results(n.make<ContribMoEOp>(x, router, fc1, fc2, fc1Bias, fc2Bias, fc3, fc3Bias, k,
                                 ExpertActivationAttr::get(b.getContext(), *activation), normalize,
                                 sparseMixer, fusion, alpha, beta, limit));
}

//===----------------------------------------------------------------------===//
// Activations
//===----------------------------------------------------------------------===//

static void gelu(NodeImporter &n) { n.results(apply(n, UnaryFn::Gelu, n.input(0))); }

static void biasGelu(NodeImporter &n) {
  Value x = n.input(0), bias = n.input(1);
  n.results(apply(n, UnaryFn::Gelu, add(n, x, bias)));
}

static void fastGelu(NodeImporter &n) {
  Value x = n.input(0);
  if (Value bias = n.optional(1))
    x = add(n, x, bias);
  n.results(apply(n, UnaryFn::GeluTanh, x));
}

static void quickGelu(NodeImporter &n) {
  n.results(apply(n, UnaryFn::Swish, n.input(0), n.f32(n.number("alpha", 1.702f))));
}

/// a + b * gate, which joins a shared expert.
static void gatedAdd(NodeImporter &n) {
  Value a = n.input(0), b = n.input(1), gate = n.input(2);
  Value scaled =
      n.make<BinaryOp>(BinaryFnAttr::get(n.builder.getContext(), BinaryFn::Mul), b, gate);
  n.results(add(n, a, scaled));
}

//===----------------------------------------------------------------------===//
// Norms with a residual
//===----------------------------------------------------------------------===//

/// Output 3 is the sum that is normalised; 1 and 2 exist in training only.
static void skipSimplifiedLayerNorm(NodeImporter &n) {
  Value sum = add(n, n.input(0), n.input(1)), scale = n.input(2);
  if (Value bias = n.optional(3))
    sum = add(n, sum, bias);
  FloatAttr epsilon = n.f32(n.number("epsilon", 1e-5f));
  if (!n.ok())
    return;
  int64_t axis = n.axis(-1, n.rank(sum));
  if (!n.ok())
    return;
  auto op = n.finish(RMSNormOp::create(n.builder, n.loc, n.open, Type(), sum, scale,
                                       n.builder.getI64IntegerAttr(axis), epsilon,
                                       TypeAttr::get(n.builder.getF32Type())));
  n.results({op.getY(), Value(), Value(), sum});
}

static void skipLayerNorm(NodeImporter &n) {
  Value sum = add(n, n.input(0), n.input(1)), scale = n.input(2), beta = n.optional(3);
  if (Value bias = n.optional(4))
    sum = add(n, sum, bias);
  FloatAttr epsilon = n.f32(n.number("epsilon", 1e-5f));
  if (!n.ok())
    return;
  int64_t axis = n.axis(-1, n.rank(sum));
  if (!n.ok())
    return;
  auto op = n.finish(LayerNormOp::create(n.builder, n.loc, n.open, Type(), Type(), sum, scale, beta,
                                         n.builder.getI64IntegerAttr(axis), epsilon,
                                         TypeAttr::get(n.builder.getF32Type())));
  n.results({op.getY(), Value(), Value(), sum});
}

//===----------------------------------------------------------------------===//
// Products and rotary embedding
//===----------------------------------------------------------------------===//

/// With the last two axes exchanged.
static Value exchange(NodeImporter &n, Value x) {
  int64_t rank = n.rank(x);
  if (!n.ok())
    return {};
  SmallVector<int64_t> perm = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  if (rank > 1)
    std::swap(perm[rank - 1], perm[rank - 2]);
  return n.make<TransposeOp>(x, n.builder.getDenseI64ArrayAttr(perm));
}

static void fusedMatMul(NodeImporter &n) {
  Value a = n.input(0), b = n.input(1);
  float alpha = n.number("alpha", 1.0f);
  bool transA = n.flag("transA", false), transB = n.flag("transB", false);
  if (n.flag("transBatchA", false) || n.flag("transBatchB", false))
    return n.unsupported("transBatchA and transBatchB");
  if (transA)
    a = exchange(n, a);
  if (transB)
    b = exchange(n, b);
  Value product = n.make<MatMulOp>(a, b);
  if (alpha != 1.0f && n.ok())
    product = n.make<BinaryOp>(BinaryFnAttr::get(n.builder.getContext(), BinaryFn::Mul), product,
                               n.scalar(n.elementTypeOf(product), alpha));
  n.results(product);
}

static void rotaryEmbedding(NodeImporter &n) {
  Value x = n.input(0), positions = n.input(1), cosCache = n.input(2), sinCache = n.input(3);
  UnitAttr interleaved = n.unit(n.flag("interleaved", false));
  IntegerAttr heads = n.builder.getI64IntegerAttr(n.integer("num_heads", 0));
  IntegerAttr dim = n.builder.getI64IntegerAttr(n.integer("rotary_embedding_dim", 0));
  if (n.number("scale", 1.0f) != 1.0f)
    return n.unsupported("scale other than 1");
  if (n.flag("is_packed_batching", false))
    return n.unsupported("is_packed_batching = 1");
  if (n.ok() && n.rank(positions) != 2)
    return n.unsupported("position_ids of rank 1, an offset");
  n.results(n.make<RotaryEmbeddingOp>(x, cosCache, sinCache, positions, interleaved, heads, dim));
}

ArrayRef<OperatorRow> moec::contribOperators() {
  static constexpr OperatorRow rows[] = {
      {"com.microsoft", "BiasGelu", 1, 1, biasGelu},
      {"com.microsoft", "FastGelu", 1, 1, fastGelu},
      {"com.microsoft", "FusedMatMul", 1, 1, fusedMatMul},
      {"com.microsoft", "GatedAdd", 1, 1, gatedAdd},
      {"com.microsoft", "Gelu", 1, 1, gelu},
      {"com.microsoft", "MoE", 1, 1, moe},
      {"com.microsoft", "QuickGelu", 1, 1, quickGelu},
      {"com.microsoft", "RotaryEmbedding", 1, 1, rotaryEmbedding},
      {"com.microsoft", "SkipLayerNormalization", 1, 1, skipLayerNorm},
      {"com.microsoft", "SkipSimplifiedLayerNormalization", 1, 1, skipSimplifiedLayerNorm},
  };
  return rows;
}
