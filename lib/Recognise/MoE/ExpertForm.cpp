//===- ExpertForm.cpp - F as moe.expert has it ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// y = down(h) [+ bias],  h = a product of factors over the linear functions of
// the input: act(g), or act(g) * up(u). Factors are a multiset: the order of
// multiplications in the file does not matter.
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Layer.h"

#include <cmath>

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::BinaryFn;
using onnx::Size;
using onnx::UnaryFn;

namespace {

class ExpertMatcher {
public:
  ExpertMatcher(Proof &proof, const Size &columns, ExpertForm &form)
      : proof(proof), form(form), columns(columns) {}

  bool match(Row output) {
    Projection down;
    Row hidden = nullptr;
    Row product = findProduct(output);
    if (!product)
      return proof.fail("expert-form", "the output of an expert is not a product with its weights",
                        output->op);
    modelType = form.elementType = product->elementType;
    if (!parseProjection(output, down, hidden))
      return proof.fail("expert-form",
                        "the output of an expert is not a product with its weights, plus a bias "
                        "per expert or none",
                        output->op);
    Index start = proof.table.sub(down.column, proof.table.var(columnPosition, columns));
    if (!start->isConstant())
      return proof.fail("expert-form", "the columns of the last product are moved", output->op);
    form.down = down;
    restrict(form.down, start->size, columns);
    std::optional<int64_t> width = down.inputs.getConstant(), size = columns.getConstant();
    if (!width || !size)
      return proof.fail("expert-form", "an expert has unknown sizes", output->op);
    form.width = *width;
    form.hidden = *size;
    inner = proof.table.var(boundPosition, down.inputs);
    return parseActivation(hidden) && placeGate();
  }

private:
  /// A linear function of the input with what `moe.expert` does to it before it is used.
  struct Linear {
    Projection projection;
    std::optional<double> min, max;
    double offset = 0;
    Row product = nullptr;
  };

  bool isNumber(Row row) const { return row->kind == RowExpr::Kind::Number; }

  /// Below conversions between the model's type and f32: `moe.expert` keeps f32 between its
  /// products and rounds their operands.
  Row core(Row row) const {
    while (row->isCast() && isModelType(row->elementType) &&
           isModelType(row->operands[0]->elementType))
      row = row->operands[0];
    return row;
  }
  bool isModelType(Type type) const {
    return type == modelType || ((modelType.isF16() || modelType.isBF16()) && type.isF32());
  }

  /// The product below conversions and a bias.
  Row findProduct(Row row) const {
    while (row->kind != RowExpr::Kind::Product) {
      if (row->isCast())
        row = row->operands[0];
      else if (row->isBinary(BinaryFn::Add))
        row = row->operands[0]->hasProduct ? row->operands[0] : row->operands[1];
      else
        return nullptr;
    }
    return row;
  }

  /// A product, plus a bias that is one vector per expert.
  bool parseProjection(Row row, Projection &projection, Row &input) {
    row = core(row);
    Row bias = nullptr;
    if (row->isBinary(BinaryFn::Add)) {
      Row left = core(row->operands[0]), right = core(row->operands[1]);
      if (left->kind != RowExpr::Kind::Product)
        std::swap(left, right);
      bias = right;
      row = left;
    }
    if (row->kind != RowExpr::Kind::Product)
      return false;
    projection.matrices = row->matrices;
    projection.column = row->column;
    projection.inputs = row->extent;
    input = row->operands[0];
    return !bias || parseBias(bias, projection);
  }

  bool parseBias(Row bias, Projection &projection) {
    if (bias->kind != RowExpr::Kind::Leaf)
      return false;
    if (bias->leaf)
      return addBias(bias->leaf, /*isStack=*/true, projection);
    for (Index vector : bias->vectors)
      if (!addBias(vector, /*isStack=*/false, projection))
        return false;
    return true;
  }

  /// Adds the formula of one element that reads a vector: one expert's, or any from a stack.
  bool addBias(Index element, bool isStack, Projection &projection) {
    if (!element->isRead())
      return false;
    IndexTable &table = proof.table;
    const onnx::Shape &shape = *proof.facts.shape(element->base);
    SmallVector<Index, 4> args;
    bool hasExpert = false, hasColumn = projection.column->isConstant();
    for (auto [axis, arg] : llvm::enumerate(element->args)) {
      if (isStack && arg == proof.expert && shape[axis].isConstant(proof.choice.experts)) {
        args.push_back(table.var(ExpertMatrices::expert, shape[axis]));
        hasExpert = true;
      } else if (arg == projection.column) {
        args.push_back(table.var(ExpertMatrices::output, shape[axis]));
        hasColumn = true;
      } else if (arg->isConstant()) {
        args.push_back(arg);
      } else {
        return false;
      }
    }
    projection.bias.push_back(table.read(element->base, args));
    return hasExpert == isStack && hasColumn;
  }

  /// The input's element must depend on the token and the row variable alone.
  bool parseLinear(Row row, Linear &linear) {
    row = core(row);
    if (row->isBinary(BinaryFn::Add))
      for (unsigned i = 0; i < 2; ++i)
        if (isNumber(row->operands[i])) {
          linear.offset = row->operands[i]->number;
          row = core(row->operands[1 - i]);
          break;
        }
    auto clip =
        row->kind == RowExpr::Kind::Apply ? dyn_cast<onnx::ClipOp>(row->op) : onnx::ClipOp();
    if (clip) {
      unsigned next = 1;
      if (clip.getMin()) {
        if (!isNumber(row->operands[next]))
          return false;
        linear.min = row->operands[next++]->number;
      }
      if (clip.getMax()) {
        if (!isNumber(row->operands[next]))
          return false;
        linear.max = row->operands[next]->number;
      }
      row = core(row->operands[0]);
    }
    for (bool again = true; again;) {
      again = false;
      bool isMin = row->isBinary(BinaryFn::Min), isMax = row->isBinary(BinaryFn::Max);
      for (unsigned i = 0; i < 2 && (isMin || isMax); ++i) {
        if (!isNumber(row->operands[i]))
          continue;
        (isMin ? linear.max : linear.min) = row->operands[i]->number;
        row = core(row->operands[1 - i]);
        again = true;
        break;
      }
    }
    Row input = nullptr;
    linear.product = findProduct(row);
    if (row->kind == RowExpr::Kind::Leaf && row->leaf->isRead() &&
        proof.facts.hasExperts(row->leaf->base))
      return proof.fail("ids-of-this-choice", "it is computed with the experts of another choice",
                        row->op);
    if (!parseProjection(row, linear.projection, input))
      return false;
    if (core(input)->kind != RowExpr::Kind::Leaf || input->elementType != modelType)
      return false;
    Index element = core(input)->leaf;
    if (form.input && form.input != element)
      return false;
    form.input = element;
    return true;
  }

  void flatten(Row row, SmallVectorImpl<Row> &factors, double &number) {
    row = core(row);
    if (row->isBinary(BinaryFn::Mul)) {
      for (Row operand : row->operands)
        flatten(operand, factors, number);
    } else if (isNumber(row)) {
      number *= row->number;
    } else if (row->isBinary(BinaryFn::Div) && isNumber(row->operands[1])) {
      number /= row->operands[1]->number;
      flatten(row->operands[0], factors, number);
    } else {
      factors.push_back(row);
    }
  }

  /// `row` as number * factor.
  std::pair<double, Row> scaled(Row row) {
    SmallVector<Row> factors;
    double number = 1;
    flatten(row, factors, number);
    return {number, factors.size() == 1 ? factors[0] : nullptr};
  }

  static bool isNear(double a, double b) { return std::abs(a - b) <= 2e-3 * std::abs(b); }

  /// 1 + erf(g / sqrt 2): g.
  Row erfArgument(Row row) {
    if (!row->isBinary(BinaryFn::Add))
      return nullptr;
    for (unsigned i = 0; i < 2; ++i) {
      Row one = row->operands[i], erf = core(row->operands[1 - i]);
      if (!isNumber(one) || one->number != 1 || !erf->isUnary(UnaryFn::Erf))
        continue;
      auto [number, argument] = scaled(erf->operands[0]);
      if (argument && std::abs(number - 0.70710678) < (modelType.isF32() ? 1e-6 : 2e-3))
        return argument;
    }
    return nullptr;
  }

  bool parseActivation(Row hidden) {
    SmallVector<Row> factors;
    double number = 1;
    flatten(hidden, factors, number);
    Row gated = nullptr;
    auto take = [&](Row row) {
      auto it = llvm::find(factors, row);
      if (it == factors.end())
        return false;
      factors.erase(it);
      return true;
    };
    SmallVector<Row> all(factors);
    for (Row factor : all) {
      if (factor->isUnary(UnaryFn::Sigmoid)) {
        auto [alpha, argument] = scaled(factor->operands[0]);
        if (!argument || !take(factor) || !take(argument))
          return fail(hidden);
        form.activation = moe::Activation::Silu;
        form.alpha = alpha;
        gated = argument;
      } else if (Row argument = erfArgument(factor)) {
        if (!take(factor) || !take(argument))
          return fail(hidden);
        form.activation = moe::Activation::GeluErf;
        number *= 2;
        gated = argument;
      } else if (std::optional<moe::Activation> activation = unaryActivation(factor)) {
        take(factor);
        form.activation = *activation;
        if (*activation == moe::Activation::Silu)
          form.alpha = cast<onnx::UnaryOp>(factor->op).getAlpha()->convertToDouble();
        gated = core(factor->operands[0]);
      }
      if (gated)
        break;
    }
    if (number != 1)
      return fail(hidden);
    if (!gated) {
      // No function at all: one linear factor, or a product of two.
      if (factors.empty())
        return fail(hidden);
      gated = factors[0];
      factors.erase(factors.begin());
    }
    if (!parseLinear(gated, gate) || gate.offset != 0 || gate.min || factors.size() > 1)
      return fail(hidden);
    hasUp = factors.size() == 1;
    if (hasUp && !parseLinear(factors[0], up))
      return fail(hidden);
    if (!hasUp && (gate.max || form.activation == moe::Activation::SwigluHalf))
      return fail(hidden);
    form.gateMax = gate.max;
    form.upOffset = up.offset;
    if (up.min || up.max) {
      if (!up.min || !up.max || *up.min != -*up.max)
        return fail(hidden);
      form.upAbs = up.max;
    }
    return true;
  }

  bool fail(Row at) {
    return proof.fail("expert-form",
                      "what lies between an expert's first and last product is not an activation "
                      "that moe.expert has, of one input, with a gate or without",
                      at->op);
  }

  static std::optional<moe::Activation> unaryActivation(Row row) {
    if (row->isUnary(UnaryFn::Relu))
      return moe::Activation::Relu;
    if (row->isUnary(UnaryFn::Gelu))
      return moe::Activation::GeluErf;
    if (row->isUnary(UnaryFn::GeluTanh))
      return moe::Activation::GeluTanh;
    if (row->isUnary(UnaryFn::Swish))
      return moe::Activation::Silu;
    return std::nullopt;
  }

  /// Columns start ... start + count - 1 of a projection as all of its columns.
  void restrict(Projection &projection, const Size &start, const Size &count) {
    IndexTable &table = proof.table;
    Index column = table.add(table.var(ExpertMatrices::output, count), table.constant(start));
    for (Index &formula : projection.matrices.formulas)
      formula = table.substitute(formula, ExpertMatrices::output, column);
    for (Index &formula : projection.bias)
      formula = table.substitute(formula, ExpertMatrices::output, column);
  }

  /// Where gate and up lie in their weights.
  bool placeGate() {
    IndexTable &table = proof.table;
    Size width = form.down.inputs, both = proof.facts.sizes().mul(width, 2);
    // The places of column 0, and whether columns are consecutive or every other one.
    Index twice = table.scale(inner, 2);
    auto startOf = [&](const Linear &linear, Index step) {
      Index start = table.sub(linear.projection.column, step);
      return start->isConstant() ? std::optional(start->size) : std::nullopt;
    };
    form.first = gate.projection;
    std::optional<Size> g = startOf(gate, inner);
    if (!hasUp) {
      form.gate = moe::Gate::None;
      if (!g)
        return failColumns();
      restrict(form.first, *g, width);
      return true;
    }
    std::optional<Size> u = startOf(up, inner);
    bool isOne = gate.projection == up.projection;
    auto follows = [&](const Size &next, const Size &first, const Size &distance) {
      return proof.facts.sizes().sub(next, first) == distance;
    };
    if (isOne && g && u && follows(*u, *g, width)) {
      form.gate = moe::Gate::ConcatGateFirst;
      restrict(form.first, *g, both);
      return true;
    }
    if (isOne && g && u && follows(*g, *u, width)) {
      form.gate = moe::Gate::ConcatUpFirst;
      restrict(form.first, *u, both);
      return true;
    }
    if (g && u) {
      form.gate = moe::Gate::Separate;
      form.up = up.projection;
      restrict(form.first, *g, width);
      restrict(form.up, *u, width);
      return true;
    }
    g = startOf(gate, twice);
    u = startOf(up, twice);
    if (!isOne || !g || !u || !follows(*u, *g, 1))
      return failColumns();
    form.gate = moe::Gate::InterleavedGateEven;
    restrict(form.first, *g, both);
    return true;
  }

  bool failColumns() {
    return proof.fail("gate-columns",
                      "gate and up are neither halves nor alternating columns of one product nor "
                      "two products",
                      gate.product ? gate.product->op : nullptr);
  }

  Proof &proof;
  ExpertForm &form;
  const Size columns;
  Type modelType;
  Index inner = nullptr;
  Linear gate, up;
  bool hasUp = false;
};

} // namespace

bool moec::recognise::matchExpert(Proof &proof, Row output, const Size &columns, ExpertForm &form) {
  return ExpertMatcher(proof, columns, form).match(output);
}
