//===- ExpertWeights.cpp - Weights of experts as stacks ---------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/ExpertWeights.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;

static constexpr unsigned in = ExpertMatrices::input, out = ExpertMatrices::output,
                          which = ExpertMatrices::expert;

ExpertWeights::ExpertWeights(Facts &facts, ModuleOp module) : facts(facts), symbols(module) {
  for (auto weight : module.getOps<rt::WeightOp>())
    if (isa<RankedTensorType>(weight.getType()))
      names.try_emplace(Attribute(weight.getValue()), weight.getSymNameAttr());
}

rt::WeightExprInterface ExpertWeights::expressionOf(Value base) {
  if (auto weight = base.getDefiningOp<rt::GetWeightOp>()) {
    auto symbol = symbols.lookup<rt::WeightOp>(weight.getWeight());
    if (symbol && isa<RankedTensorType>(symbol.getType()))
      return symbol.getValue();
  }
  if (auto constant = base.getDefiningOp<onnx::ConstantOp>())
    return dyn_cast<rt::WeightExprInterface>(Attribute(constant.getValue()));
  return {};
}

/// The elements that a formula reads, with axes in the order of `positions`.
rt::WeightExprInterface ExpertWeights::boxOf(Index formula, ArrayRef<unsigned> positions) {
  rt::WeightExprInterface expression = formula->isRead() ? expressionOf(formula->base) : nullptr;
  if (!expression)
    return {};
  ArrayRef<int64_t> shape = expression.getExprType().getShape();
  if (shape.size() != formula->args.size())
    return {};
  SmallVector<int64_t> offsets, sizes, order(positions.size(), -1), rest;
  for (auto [axis, arg] : llvm::enumerate(formula->args)) {
    std::optional<int64_t> offset = arg->getConstant();
    Index variable = nullptr;
    if (arg->isVar()) {
      variable = arg;
      offset = 0;
    } else if (!offset && arg->terms.size() == 1 && arg->terms[0].atom->isVar() &&
               arg->terms[0].coefficient.isConstant(1)) {
      variable = arg->terms[0].atom;
      offset = arg->size.getConstant();
    }
    if (!offset)
      return {};
    offsets.push_back(*offset);
    if (!variable) {
      sizes.push_back(1);
      rest.push_back(axis);
      continue;
    }
    const auto *at = llvm::find(positions, variable->position);
    if (at == positions.end() || order[at - positions.begin()] >= 0)
      return {};
    order[at - positions.begin()] = axis;
    // The number of experts is that of the stack.
    std::optional<int64_t> extent =
        variable->position == which ? std::optional(shape[axis]) : variable->size.getConstant();
    if (!extent || *offset < 0 || *offset + *extent > shape[axis])
      return {};
    sizes.push_back(*extent);
  }
  // An axis of one element has no variable: any of those that are left is it.
  for (int64_t &axis : order)
    if (axis < 0) {
      if (rest.empty())
        return {};
      axis = rest.front();
      rest.erase(rest.begin());
    }
  expression = rt::sliced(expression, offsets, sizes);
  SmallVector<int64_t> wanted;
  for (int64_t axis : order)
    wanted.push_back(sizes[axis]);
  llvm::append_range(order, rest);
  return rt::reshaped(rt::transposed(expression, order), wanted);
}

std::optional<StackedWeight> ExpertWeights::get(ArrayRef<Index> formulas,
                                                ArrayRef<unsigned> positions) {
  StackedWeight weight;
  bool isStack = formulas.size() == 1 && facts.indices().dependsOn(formulas[0], which);
  if (isStack) {
    SmallVector<unsigned> all{which};
    llvm::append_range(all, positions);
    weight.expression = boxOf(formulas[0], all);
  } else {
    SmallVector<rt::WeightExprInterface> elements;
    for (Index formula : formulas) {
      elements.push_back(boxOf(formula, positions));
      if (!elements.back() || elements.back().getExprType() != elements.front().getExprType())
        return std::nullopt;
    }
    weight.expression = rt::stacked(elements);
  }
  if (!weight.expression)
    return std::nullopt;
  return weight;
}

/// Whether a formula reads a tensor as it is, with axes in the order of `positions`.
static bool isWhole(Facts &facts, Index formula, ArrayRef<unsigned> positions) {
  if (!formula->isRead() || formula->args.size() != positions.size())
    return false;
  const onnx::Shape &shape = *facts.shape(formula->base);
  for (auto [axis, arg] : llvm::enumerate(formula->args))
    if (!arg->isVar() || arg->position != positions[axis] ||
        (arg->position != which && arg->size != shape[axis]))
      return false;
  return !formula->base.getDefiningOp<onnx::ConstantOp>();
}

std::optional<StackedWeight> ExpertWeights::getMatrices(const ExpertMatrices &matrices) {
  if (matrices.isStack()) {
    Index formula = matrices.formulas[0];
    if (isWhole(facts, formula, {which, out, in}))
      return StackedWeight{formula->base, {}, moe::WeightLayout::OutIn};
    if (isWhole(facts, formula, {which, in, out}))
      return StackedWeight{formula->base, {}, moe::WeightLayout::InOut};
  }
  return get(matrices.formulas, {out, in});
}

std::optional<StackedWeight> ExpertWeights::getVectors(ArrayRef<Index> formulas) {
  if (formulas.size() == 1 && isWhole(facts, formulas[0], {which, out}))
    return StackedWeight{formulas[0]->base, {}, moe::WeightLayout::OutIn};
  return get(formulas, {out});
}

Value ExpertWeights::materialise(ImplicitLocOpBuilder &b, const StackedWeight &weight) {
  if (weight.value)
    return weight.value;
  Type type = weight.expression.getExprType();
  StringAttr &name = names[Attribute(weight.expression)];
  if (!name) {
    OpBuilder detached(b.getContext());
    auto made = rt::WeightOp::create(detached, b.getLoc(), "experts", type, weight.expression,
                                     FlatSymbolRefAttr());
    name = symbols.insert(made, cast<ModuleOp>(symbols.getOp()).getBody()->begin());
  }
  return rt::GetWeightOp::create(b, type, FlatSymbolRefAttr::get(name));
}
