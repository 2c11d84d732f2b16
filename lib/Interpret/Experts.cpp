//===- Experts.cpp - moe.grouped_matmul, moe.expert -------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/MoE/IR/MoE.h"
#include "lib/Interpret/Frame.h"
#include "lib/Interpret/RouterScores.h"

#include <cmath>

using namespace mlir;
using namespace moec;
using namespace moec::moe;

namespace {

/// Checks offsets: one per expert, or part of one, and one more, from 0 up to the row count.
LogicalResult checkOffsets(Operation *op, const Tensor &offsets, int64_t experts, int64_t parts,
                           int64_t rows) {
  const int64_t ranges = experts * parts;
  if (offsets.dim(0) != ranges + 1)
    return op->emitOpError("expects ")
           << ranges + 1 << " offsets for " << ranges << (parts > 1 ? " parts of" : "")
           << " experts at run time, got " << offsets.dim(0);
  if (offsets.integer(0) != 0)
    return op->emitOpError("expects offsets to start at 0, got ") << offsets.integer(0);
  for (int64_t e = 0; e < ranges; ++e)
    if (offsets.integer(e + 1) < offsets.integer(e))
      return op->emitOpError("expects offsets that never descend, got ")
             << offsets.integer(e) << " before " << offsets.integer(e + 1) << " at expert "
             << e / parts;
  if (offsets.integer(ranges) != rows)
    return op->emitOpError("expects offsets to end at the number of rows, ")
           << rows << ", got " << offsets.integer(ranges);
  return success();
}

/// The columns of an expert's result in as many parts, each with rows of its own.
struct Parts {
  int64_t count, width;

  template <typename OpTy>
  static FailureOr<Parts> of(OpTy op, int64_t columns) {
    const int64_t count = op.getParts();
    if (columns % count != 0)
      return op.emitOpError("has ")
             << columns << " columns, which do not divide into " << count << " parts";
    return Parts{count, columns / count};
  }

  /// Calls `make` for each element of the result, with its row, its place, its expert and the
  /// expert's column.
  template <typename Fn>
  void forEachElement(const Tensor &offsets, int64_t experts, Fn make) const {
    for (int64_t range = 0; range < experts * count; ++range)
      for (int64_t r = offsets.integer(range); r < offsets.integer(range + 1); ++r)
        for (int64_t n = 0; n < width; ++n)
          make(r, r * width + n, range / count, range % count * width + n);
  }
};

/// The matrices of all experts and their biases, out x in whatever the layout.
template <typename Real>
class Linear {
public:
  Linear(Frame &frame, Value weights, Value bias, WeightLayout layout)
      : weights(frame[weights].reals<Real>()), outIn(layout == WeightLayout::OutIn),
        outputs(frame[weights].dim(outIn ? 1 : 2)), inputs(frame[weights].dim(outIn ? 2 : 1)) {
    if (bias)
      this->bias = frame[bias].reals<Real>();
  }

  /// Output `n` of expert `e` for an input row; inputs ascending, bias last.
  Real apply(int64_t e, int64_t n, const Real *row) const {
    Real sum = 0;
    for (int64_t i = 0; i < inputs; ++i)
      sum += row[i] * (outIn ? weights[(e * outputs + n) * inputs + i]
                             : weights[(e * inputs + i) * outputs + n]);
    return bias.empty() ? sum : sum + bias[e * outputs + n];
  }

private:
  std::vector<Real> weights, bias;
  bool outIn;

public:
  const int64_t outputs, inputs;
};

LogicalResult checkLinear(Operation *op, Frame &frame, StringRef name, Value weights,
                          StringRef biasName, Value bias, WeightLayout layout, int64_t experts,
                          int64_t outputs, int64_t inputs) {
  bool outIn = layout == WeightLayout::OutIn;
  return success(
      succeeded(frame.checkShape(op, name, weights,
                                 {experts, outIn ? outputs : inputs, outIn ? inputs : outputs})) &&
      succeeded(frame.checkShape(op, biasName, bias, {experts, outputs})));
}

int64_t outputsOf(const Tensor &weights, WeightLayout layout) {
  return weights.dim(layout == WeightLayout::OutIn ? 1 : 2);
}
int64_t inputsOf(const Tensor &weights, WeightLayout layout) {
  return weights.dim(layout == WeightLayout::OutIn ? 2 : 1);
}

//===----------------------------------------------------------------------===//
// moe.grouped_matmul
//===----------------------------------------------------------------------===//

LogicalResult runGroupedMatmul(GroupedMatmulOp op, Frame &frame) {
  const Tensor &rows = frame[op.getRows()], &offsets = frame[op.getOffsets()];
  const Tensor &weights = frame[op.getWeights()];
  int64_t experts = weights.dim(0), outputs = outputsOf(weights, op.getLayout());
  FailureOr<Parts> parts = Parts::of(op, outputs);
  if (failed(parts) || failed(checkOffsets(op, offsets, experts, parts->count, rows.dim(0))) ||
      failed(checkLinear(op, frame, "weights", op.getWeights(), "bias", op.getBias(),
                         op.getLayout(), experts, outputs, rows.dim(1))))
    return failure();
  auto result = frame.allocate(op->getResult(0), {rows.dim(0), parts->width});
  if (failed(result))
    return failure();
  frame.withAccumulator(rows.dtype(), [&](auto real) {
    using Real = decltype(real);
    Linear<Real> linear(frame, op.getWeights(), op.getBias(), op.getLayout());
    std::vector<Real> input = rows.reals<Real>();
    parts->forEachElement(offsets, experts, [&](int64_t r, int64_t to, int64_t e, int64_t n) {
      result->setReal(to, linear.apply(e, n, input.data() + r * rows.dim(1)));
    });
  });
  return frame.set(op->getResult(0), *result);
}

//===----------------------------------------------------------------------===//
// moe.expert
//===----------------------------------------------------------------------===//

/// Activations of one argument; swiglu_half is not among them.
template <typename Real>
Real activate(Activation activation, Real value, Real alpha) {
  switch (activation) {
  case Activation::Relu:
    return value < 0 ? Real(0) : value;
  case Activation::GeluErf:
    return Real(0.5) * value * (Real(1) + std::erf(value * Real(0.70710678118654752440)));
  case Activation::GeluTanh: {
    Real inner = Real(0.79788456080286535588) * (value + Real(0.044715) * value * value * value);
    return Real(0.5) * value * (Real(1) + std::tanh(inner));
  }
  case Activation::Silu:
    return value * sigmoid(alpha * value);
  case Activation::Identity:
  case Activation::SwigluHalf:
    break;
  }
  return value;
}

/// Where the rows of the gate and up projections lie: row f of a projection is
/// row `first + f * stride` of its matrix.
struct Rows {
  int64_t first, stride;
  int64_t operator()(int64_t f) const { return first + f * stride; }
};

/// The first half of a moe.expert on concrete operands. F is the inner size.
template <typename Real>
class HiddenRows {
public:
  template <typename OpTy>
  HiddenRows(OpTy op, Frame &frame, int64_t inner)
      : activation(op.getActivation()), gateless(op.getGate() == Gate::None), inner(inner),
        w1(frame, op.getW1(), op.getB1(), op.getLayout1()), alpha(op.getAlpha().convertToDouble()),
        upOffset(op.getUpOffset().convertToDouble()) {
    if (std::optional<APFloat> limit = op.getGateMax())
      gateMax = static_cast<Real>(limit->convertToDouble());
    if (std::optional<APFloat> limit = op.getUpAbs())
      upAbs = static_cast<Real>(limit->convertToDouble());
    if (op.getW3())
      w3.emplace(frame, op.getW3(), op.getB3(), op.getLayout1());
    switch (op.getGate()) {
    case Gate::None:
    case Gate::Separate:
      gate = up = {0, 1};
      break;
    case Gate::ConcatGateFirst:
      gate = {0, 1};
      up = {inner, 1};
      break;
    case Gate::ConcatUpFirst:
      gate = {inner, 1};
      up = {0, 1};
      break;
    case Gate::InterleavedGateEven:
      gate = {0, 2};
      up = {1, 2};
      break;
    }
  }

  /// Entry f of the hidden row of expert `e`, before rounding.
  Real apply(int64_t e, int64_t f, const Real *row) const {
    Real activated =
        activation == Activation::SwigluHalf
            ? gated(e, f, row) * activate(Activation::Silu, gated(e, inner + f, row), Real(1))
            : activate(activation, gated(e, f, row), alpha);
    if (gateless)
      return activated;
    Real u = w3 ? w3->apply(e, f, row) : w1.apply(e, up(f), row);
    // Comparisons that NaN passes through, unlike std::clamp.
    if (upAbs)
      u = u > *upAbs ? *upAbs : u < -*upAbs ? -*upAbs : u;
    return activated * (u + upOffset);
  }

private:
  /// The argument of the activation.
  Real gated(int64_t e, int64_t f, const Real *row) const {
    Real g = w1.apply(e, gate(f), row);
    if (gateMax && g > *gateMax)
      g = *gateMax;
    return g;
  }

  Activation activation;
  bool gateless;
  int64_t inner;
  Linear<Real> w1;
  std::optional<Linear<Real>> w3;
  Real alpha, upOffset;
  std::optional<Real> gateMax, upAbs;
  Rows gate{0, 1}, up{0, 1};
};

/// Rows of w1 for each inner column.
template <typename OpTy>
int64_t rowsPerInner(OpTy op) {
  if (op.getActivation() == Activation::SwigluHalf)
    return 2;
  return op.getGate() == Gate::None || op.getGate() == Gate::Separate ? 1 : 2;
}

LogicalResult checkExpert(ExpertOp op, Frame &frame) {
  const Tensor &rows = frame[op.getRows()];
  int64_t experts = frame[op.getW1()].dim(0), width = rows.dim(1);
  int64_t inner = inputsOf(frame[op.getW2()], op.getLayout2());
  int64_t outputs = outputsOf(frame[op.getW2()], op.getLayout2());
  if (failed(checkOffsets(op, frame[op.getOffsets()], experts, 1, rows.dim(0))) ||
      failed(checkLinear(op, frame, "w1", op.getW1(), "b1", op.getB1(), op.getLayout1(), experts,
                         inner * rowsPerInner(op), width)) ||
      failed(checkLinear(op, frame, "w2", op.getW2(), "b2", op.getB2(), op.getLayout2(), experts,
                         outputs, inner)))
    return failure();
  return checkLinear(op, frame, "up", op.getW3(), "up_bias", op.getB3(), op.getLayout1(), experts,
                     inner, width);
}

LogicalResult runExpert(ExpertOp op, Frame &frame) {
  if (failed(checkExpert(op, frame)))
    return failure();
  const Tensor &rows = frame[op.getRows()], &offsets = frame[op.getOffsets()];
  int64_t experts = frame[op.getW1()].dim(0), width = rows.dim(1);
  int64_t inner = inputsOf(frame[op.getW2()], op.getLayout2());
  int64_t outputs = outputsOf(frame[op.getW2()], op.getLayout2());
  auto result = frame.allocate(op->getResult(0), {rows.dim(0), outputs});
  // Holds one hidden row, so that it is rounded as a tensor of that type is.
  auto hidden = frame.allocate(op, rows.dtype(), {inner});
  if (failed(result) || failed(hidden))
    return failure();
  frame.withAccumulator(rows.dtype(), [&](auto real) {
    using Real = decltype(real);
    HiddenRows<Real> first(op, frame, inner);
    Linear<Real> second(frame, op.getW2(), op.getB2(), op.getLayout2());
    std::vector<Real> input = rows.reals<Real>();
    for (int64_t e = 0; e < experts; ++e) {
      for (int64_t r = offsets.integer(e); r < offsets.integer(e + 1); ++r) {
        for (int64_t f = 0; f < inner; ++f)
          hidden->setReal(f, first.apply(e, f, input.data() + r * width));
        std::vector<Real> h = hidden->template reals<Real>();
        for (int64_t n = 0; n < outputs; ++n)
          result->setReal(r * outputs + n, second.apply(e, n, h.data()));
      }
    }
  });
  return frame.set(op->getResult(0), *result);
}

//===----------------------------------------------------------------------===//
// moe.expert_hidden
//===----------------------------------------------------------------------===//

LogicalResult runExpertHidden(ExpertHiddenOp op, Frame &frame) {
  const Tensor &rows = frame[op.getRows()], &offsets = frame[op.getOffsets()];
  const Tensor &w1 = frame[op.getW1()];
  int64_t experts = w1.dim(0), width = rows.dim(1);
  int64_t inner = op.getW3() ? outputsOf(frame[op.getW3()], op.getLayout1())
                             : outputsOf(w1, op.getLayout1()) / rowsPerInner(op);
  FailureOr<Parts> parts = Parts::of(op, inner);
  if (failed(parts) || failed(checkOffsets(op, offsets, experts, parts->count, rows.dim(0))) ||
      failed(checkLinear(op, frame, "w1", op.getW1(), "b1", op.getB1(), op.getLayout1(), experts,
                         inner * rowsPerInner(op), width)) ||
      failed(checkLinear(op, frame, "up", op.getW3(), "up_bias", op.getB3(), op.getLayout1(),
                         experts, inner, width)))
    return failure();
  auto result = frame.allocate(op->getResult(0), {rows.dim(0), parts->width});
  if (failed(result))
    return failure();
  frame.withAccumulator(rows.dtype(), [&](auto real) {
    using Real = decltype(real);
    HiddenRows<Real> hidden(op, frame, inner);
    std::vector<Real> input = rows.reals<Real>();
    parts->forEachElement(offsets, experts, [&](int64_t r, int64_t to, int64_t e, int64_t f) {
      result->setReal(to, hidden.apply(e, f, input.data() + r * width));
    });
  });
  return frame.set(op->getResult(0), *result);
}

} // namespace

void moec::addExpertHandlers(HandlerTable &table) {
  table.add<GroupedMatmulOp, runGroupedMatmul>();
  table.add<ExpertOp, runExpert>();
  table.add<ExpertHiddenOp, runExpertHidden>();
}
