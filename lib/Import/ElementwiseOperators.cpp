//===- ElementwiseOperators.cpp - Import of element-wise ops ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/NodeImporter.h"

using namespace mlir;
using namespace moec;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// One operand
//===----------------------------------------------------------------------===//

static Value makeUnary(NodeImporter &n, UnaryFn fn, Value x, FloatAttr alpha = {},
                       FloatAttr beta = {}) {
  return n.make<UnaryOp>(UnaryFnAttr::get(n.builder.getContext(), fn), x, alpha, beta);
}

static Value makeBinary(NodeImporter &n, BinaryFn fn, Value lhs, Value rhs) {
  return n.make<BinaryOp>(BinaryFnAttr::get(n.builder.getContext(), fn), lhs, rhs);
}

template <UnaryFn fn>
static void unary(NodeImporter &n) {
  n.results(makeUnary(n, fn, n.input(0)));
}

static void elu(NodeImporter &n) {
  n.results(makeUnary(n, UnaryFn::Elu, n.input(0), n.f32(n.number("alpha", 1.0f))));
}
static void celu(NodeImporter &n) {
  n.results(makeUnary(n, UnaryFn::Celu, n.input(0), n.f32(n.number("alpha", 1.0f))));
}
static void leakyRelu(NodeImporter &n) {
  n.results(makeUnary(n, UnaryFn::LeakyRelu, n.input(0), n.f32(n.number("alpha", 0.01f))));
}
static void thresholdedRelu(NodeImporter &n) {
  n.results(makeUnary(n, UnaryFn::ThresholdedRelu, n.input(0), n.f32(n.number("alpha", 1.0f))));
}
static void swish(NodeImporter &n) {
  n.results(makeUnary(n, UnaryFn::Swish, n.input(0), n.f32(n.number("alpha", 1.0f))));
}
static void hardSigmoid(NodeImporter &n) {
  FloatAttr alpha = n.f32(n.number("alpha", 0.2f)), beta = n.f32(n.number("beta", 0.5f));
  n.results(makeUnary(n, UnaryFn::HardSigmoid, n.input(0), alpha, beta));
}
static void selu(NodeImporter &n) {
  FloatAttr alpha = n.f32(n.number("alpha", 1.67326319217681884765625f));
  FloatAttr gamma = n.f32(n.number("gamma", 1.05070102214813232421875f));
  n.results(makeUnary(n, UnaryFn::Selu, n.input(0), alpha, gamma));
}
static void shrink(NodeImporter &n) {
  FloatAttr lambda = n.f32(n.number("lambd", 0.5f)), bias = n.f32(n.number("bias", 0.0f));
  n.results(makeUnary(n, UnaryFn::Shrink, n.input(0), lambda, bias));
}

static void gelu(NodeImporter &n) {
  StringRef form = n.text("approximate", "none");
  if (form != "none" && form != "tanh")
    return n.bad("expects attribute 'approximate' to be none or tanh, got " + quoteName(form));
  n.results(makeUnary(n, form == "tanh" ? UnaryFn::GeluTanh : UnaryFn::Gelu, n.input(0)));
}

static void isInf(NodeImporter &n) {
  Value x = n.input(0);
  bool negative = n.flag("detect_negative", true), positive = n.flag("detect_positive", true);
  if (negative && positive)
    return n.results(makeUnary(n, UnaryFn::IsInf, x));
  if (negative || positive)
    return n.results(makeUnary(n, negative ? UnaryFn::IsInfNegative : UnaryFn::IsInfPositive, x));
  // Neither is asked for: no value is both.
  n.results(makeBinary(n, BinaryFn::And, makeUnary(n, UnaryFn::IsInfNegative, x),
                       makeUnary(n, UnaryFn::IsInfPositive, x)));
}

static void identity(NodeImporter &n) { n.results(n.input(0)); }

/// At inference a dropout passes its input on, and its mask keeps everything.
static void dropout(NodeImporter &n) {
  n.number("ratio", 0.5f);
  n.integer("seed", 0);
  Value x = n.input(0);
  n.optional(1);
  if (Value training = n.optional(2)) {
    std::optional<SmallVector<int64_t>> value = n.constants(training);
    if (!value || value->size() != 1 || value->front() != 0)
      return n.unsupported("training_mode that is not the constant false");
  }
  Value mask;
  if (n.hasOutput(1) && n.opset >= 10) {
    Value shape = n.make<ShapeOp>(x, n.builder.getI64IntegerAttr(0), IntegerAttr());
    auto type = RankedTensorType::get({1}, n.builder.getI1Type());
    mask = n.make<ConstantOfShapeOp>(shape, DenseElementsAttr::get(type, true));
  }
  n.results({x, mask});
}

//===----------------------------------------------------------------------===//
// Two operands and more
//===----------------------------------------------------------------------===//

template <BinaryFn fn>
static void binary(NodeImporter &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  n.results(makeBinary(n, fn, lhs, rhs));
}

template <CompareFn fn>
static void compare(NodeImporter &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  n.results(n.make<CompareOp>(CompareFnAttr::get(n.builder.getContext(), fn), lhs, rhs));
}

static void mod(NodeImporter &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  bool fmod = n.flag("fmod", false);
  n.results(makeBinary(n, fmod ? BinaryFn::Fmod : BinaryFn::Mod, lhs, rhs));
}

static void bitShift(NodeImporter &n) {
  Value lhs = n.input(0), rhs = n.input(1);
  StringRef direction = n.text("direction", "");
  if (direction != "LEFT" && direction != "RIGHT")
    return n.bad("expects attribute 'direction' to be LEFT or RIGHT, got " + quoteName(direction));
  n.results(makeBinary(n, direction == "LEFT" ? BinaryFn::BitshiftLeft : BinaryFn::BitshiftRight,
                       lhs, rhs));
}

/// A chain from the left, the order in which ONNX's reference adds.
static Value chain(NodeImporter &n, BinaryFn fn) {
  Value result = n.input(0);
  for (unsigned i = 1; i < n.numInputs(); ++i)
    result = makeBinary(n, fn, result, n.input(i));
  return result;
}

template <BinaryFn fn>
static void variadic(NodeImporter &n) {
  n.results(chain(n, fn));
}

static void mean(NodeImporter &n) {
  Value sum = chain(n, BinaryFn::Add);
  if (!n.ok())
    return;
  n.results(makeBinary(n, BinaryFn::Div, sum, n.scalar(n.elementTypeOf(sum), n.numInputs())));
}

static void swiGlu(NodeImporter &n) {
  Value gate = n.input(0), value = n.input(1);
  Value act = makeUnary(n, UnaryFn::Swish, gate, n.f32(n.number("alpha", 1.0f)));
  n.results(makeBinary(n, BinaryFn::Mul, act, value));
}

static void where(NodeImporter &n) {
  Value condition = n.input(0), x = n.input(1), y = n.input(2);
  n.results(n.make<WhereOp>(condition, x, y));
}

//===----------------------------------------------------------------------===//
// Casts and bounds
//===----------------------------------------------------------------------===//

static void castTo(NodeImporter &n, Value x, Type to) {
  bool saturate = n.flag("saturate", true);
  StringRef round = n.text("round_mode", "up");
  if (!x || !to || !n.ok())
    return;
  if (round != "up")
    return n.unsupported("round_mode " + quoteName(round));
  auto type = UnrankedTensorType::get(to);
  n.results(n.finish(CastOp::create(n.builder, n.loc, type, x, n.builder.getBoolAttr(saturate)))
                ->getResult(0));
}

static void importCast(NodeImporter &n) {
  Value x = n.input(0);
  castTo(n, x, n.elementType(n.integer("to")));
}

static void castLike(NodeImporter &n) {
  Value x = n.input(0), like = n.input(1);
  castTo(n, x, n.elementTypeOf(like));
}

static void clip(NodeImporter &n) {
  Value x = n.input(0), min = n.optional(1), max = n.optional(2);
  n.results(n.make<ClipOp>(x, min, max));
}

static void clip6(NodeImporter &n) {
  Value x = n.input(0);
  if (!x)
    return;
  Type type = n.elementTypeOf(x);
  Value min = n.has("min") ? n.scalar(type, n.number("min", 0)) : Value();
  Value max = n.has("max") ? n.scalar(type, n.number("max", 0)) : Value();
  n.results(n.make<ClipOp>(x, min, max));
}

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

static void makeReduce(NodeImporter &n, ReduceFn fn, Value axes, bool noop) {
  Value x = n.input(0);
  UnitAttr keepdims = n.unit(n.flag("keepdims", true));
  n.results(n.make<ReduceOp>(ReduceFnAttr::get(n.builder.getContext(), fn), x, axes, keepdims,
                             n.unit(noop)));
}

template <ReduceFn fn>
static void reduce(NodeImporter &n) {
  Value axes = n.optional(1);
  makeReduce(n, fn, axes, n.flag("noop_with_empty_axes", false));
}

/// Before axes became an operand.
template <ReduceFn fn>
static void reduceAttribute(NodeImporter &n) {
  std::optional<SmallVector<int64_t>> axes = n.integers("axes");
  makeReduce(n, fn, axes ? n.constant(*axes) : Value(), false);
}

template <ReduceFn fn>
static constexpr OperatorRow reduceRow(llvm::StringLiteral name) {
  return {"", name, 18, newestOpset, reduce<fn>};
}
template <ReduceFn fn>
static constexpr OperatorRow reduceAttributeRow(llvm::StringLiteral name) {
  return {"", name, 1, 17, reduceAttribute<fn>};
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

ArrayRef<OperatorRow> moec::elementwiseOperators() {
  static constexpr OperatorRow rows[] = {
      {"", "Abs", 6, newestOpset, unary<UnaryFn::Abs>},
      {"", "Acos", 7, newestOpset, unary<UnaryFn::Acos>},
      {"", "Acosh", 9, newestOpset, unary<UnaryFn::Acosh>},
      {"", "Asin", 7, newestOpset, unary<UnaryFn::Asin>},
      {"", "Asinh", 9, newestOpset, unary<UnaryFn::Asinh>},
      {"", "Atan", 7, newestOpset, unary<UnaryFn::Atan>},
      {"", "Atanh", 9, newestOpset, unary<UnaryFn::Atanh>},
      {"", "BitwiseNot", 18, newestOpset, unary<UnaryFn::BitwiseNot>},
      {"", "Ceil", 6, newestOpset, unary<UnaryFn::Ceil>},
      {"", "Celu", 12, newestOpset, celu},
      {"", "Cos", 7, newestOpset, unary<UnaryFn::Cos>},
      {"", "Cosh", 9, newestOpset, unary<UnaryFn::Cosh>},
      {"", "Elu", 6, newestOpset, elu},
      {"", "Erf", 9, newestOpset, unary<UnaryFn::Erf>},
      {"", "Exp", 6, newestOpset, unary<UnaryFn::Exp>},
      {"", "Floor", 6, newestOpset, unary<UnaryFn::Floor>},
      {"", "Gelu", 20, newestOpset, gelu},
      {"", "HardSigmoid", 6, newestOpset, hardSigmoid},
      {"", "HardSwish", 14, newestOpset, unary<UnaryFn::HardSwish>},
      {"", "IsInf", 10, newestOpset, isInf},
      {"", "IsNaN", 9, newestOpset, unary<UnaryFn::IsNan>},
      {"", "LeakyRelu", 6, newestOpset, leakyRelu},
      {"", "Log", 6, newestOpset, unary<UnaryFn::Log>},
      {"", "Mish", 18, newestOpset, unary<UnaryFn::Mish>},
      {"", "Neg", 6, newestOpset, unary<UnaryFn::Neg>},
      {"", "Not", 1, newestOpset, unary<UnaryFn::Not>},
      {"", "Reciprocal", 6, newestOpset, unary<UnaryFn::Reciprocal>},
      {"", "Relu", 6, newestOpset, unary<UnaryFn::Relu>},
      {"", "Round", 11, newestOpset, unary<UnaryFn::Round>},
      {"", "Selu", 6, newestOpset, selu},
      {"", "Shrink", 9, newestOpset, shrink},
      {"", "Sigmoid", 6, newestOpset, unary<UnaryFn::Sigmoid>},
      {"", "Sign", 9, newestOpset, unary<UnaryFn::Sign>},
      {"", "Sin", 7, newestOpset, unary<UnaryFn::Sin>},
      {"", "Sinh", 9, newestOpset, unary<UnaryFn::Sinh>},
      {"", "Softplus", 1, newestOpset, unary<UnaryFn::Softplus>},
      {"", "Softsign", 1, newestOpset, unary<UnaryFn::Softsign>},
      {"", "Sqrt", 6, newestOpset, unary<UnaryFn::Sqrt>},
      {"", "Swish", 24, newestOpset, swish},
      {"", "Tan", 7, newestOpset, unary<UnaryFn::Tan>},
      {"", "Tanh", 6, newestOpset, unary<UnaryFn::Tanh>},
      {"", "ThresholdedRelu", 10, newestOpset, thresholdedRelu},

      {"", "Identity", 1, newestOpset, identity},
      {"", "Dropout", 7, newestOpset, dropout},

      {"", "Add", 7, newestOpset, binary<BinaryFn::Add>},
      {"", "And", 7, newestOpset, binary<BinaryFn::And>},
      {"", "BitShift", 11, newestOpset, bitShift},
      {"", "BitwiseAnd", 18, newestOpset, binary<BinaryFn::BitwiseAnd>},
      {"", "BitwiseOr", 18, newestOpset, binary<BinaryFn::BitwiseOr>},
      {"", "BitwiseXor", 18, newestOpset, binary<BinaryFn::BitwiseXor>},
      {"", "Div", 7, newestOpset, binary<BinaryFn::Div>},
      {"", "Mod", 10, newestOpset, mod},
      {"", "Mul", 7, newestOpset, binary<BinaryFn::Mul>},
      {"", "Or", 7, newestOpset, binary<BinaryFn::Or>},
      {"", "PRelu", 7, newestOpset, binary<BinaryFn::Prelu>},
      {"", "Pow", 7, newestOpset, binary<BinaryFn::Pow>},
      {"", "Sub", 7, newestOpset, binary<BinaryFn::Sub>},
      {"", "SwiGLU", 28, newestOpset, swiGlu},
      {"", "Xor", 7, newestOpset, binary<BinaryFn::Xor>},

      {"", "Max", 8, newestOpset, variadic<BinaryFn::Max>},
      {"", "Mean", 8, newestOpset, mean},
      {"", "Min", 8, newestOpset, variadic<BinaryFn::Min>},
      {"", "Sum", 8, newestOpset, variadic<BinaryFn::Add>},

      {"", "Equal", 7, newestOpset, compare<CompareFn::Equal>},
      {"", "Greater", 7, newestOpset, compare<CompareFn::Greater>},
      {"", "GreaterOrEqual", 12, newestOpset, compare<CompareFn::GreaterEqual>},
      {"", "Less", 7, newestOpset, compare<CompareFn::Less>},
      {"", "LessOrEqual", 12, newestOpset, compare<CompareFn::LessEqual>},
      {"", "Where", 9, newestOpset, where},

      {"", "Cast", 6, newestOpset, importCast},
      {"", "CastLike", 15, newestOpset, castLike},
      {"", "Clip", 6, 10, clip6},
      {"", "Clip", 11, newestOpset, clip},

      reduceRow<ReduceFn::L1>("ReduceL1"),
      reduceRow<ReduceFn::L2>("ReduceL2"),
      reduceRow<ReduceFn::LogSum>("ReduceLogSum"),
      reduceRow<ReduceFn::LogSumExp>("ReduceLogSumExp"),
      reduceRow<ReduceFn::Max>("ReduceMax"),
      reduceRow<ReduceFn::Mean>("ReduceMean"),
      reduceRow<ReduceFn::Min>("ReduceMin"),
      reduceRow<ReduceFn::Prod>("ReduceProd"),
      {"", "ReduceSum", 13, newestOpset, reduce<ReduceFn::Sum>},
      reduceRow<ReduceFn::SumSquare>("ReduceSumSquare"),
      reduceAttributeRow<ReduceFn::L1>("ReduceL1"),
      reduceAttributeRow<ReduceFn::L2>("ReduceL2"),
      reduceAttributeRow<ReduceFn::LogSum>("ReduceLogSum"),
      reduceAttributeRow<ReduceFn::LogSumExp>("ReduceLogSumExp"),
      reduceAttributeRow<ReduceFn::Max>("ReduceMax"),
      reduceAttributeRow<ReduceFn::Mean>("ReduceMean"),
      reduceAttributeRow<ReduceFn::Min>("ReduceMin"),
      reduceAttributeRow<ReduceFn::Prod>("ReduceProd"),
      {"", "ReduceSum", 1, 12, reduceAttribute<ReduceFn::Sum>},
      reduceAttributeRow<ReduceFn::SumSquare>("ReduceSumSquare"),
  };
  return rows;
}
