//===- FiniteDomain.cpp - Functions of a small integer ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/FiniteDomain.h"

#include "lib/Recognise/MoE/Facts.h"

#include <cmath>

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

std::optional<double> moec::recognise::roundTo(Type elementType, double value) {
  if (auto type = dyn_cast<FloatType>(elementType)) {
    APFloat rounded(value);
    bool losesInfo;
    rounded.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven, &losesInfo);
    return rounded.convertToDouble();
  }
  auto type = dyn_cast<IntegerType>(elementType);
  // Integers up to 2^53 are what a double holds exactly.
  if (!type || value != std::trunc(value) || std::abs(value) > 9007199254740992.0)
    return std::nullopt;
  if (type.getWidth() == 1)
    return value != 0;
  auto integer = static_cast<int64_t>(value);
  bool fits = type.isUnsigned() ? integer >= 0 && llvm::isUIntN(type.getWidth(), integer)
                                : llvm::isIntN(type.getWidth(), integer);
  return fits ? std::optional(value) : std::nullopt;
}

namespace {

class FiniteRules {
public:
  FiniteRules(Facts &facts, Operation *op) : facts(facts), table(facts.indices()), op(op) {}

  bool apply() {
    if (op->getNumResults() != 1 || !isa<onnx::UnaryOp, onnx::BinaryOp, onnx::CompareOp,
                                         onnx::CastOp, onnx::ClipOp, onnx::WhereOp>(op))
      return false;
    Value result = op->getResult(0);
    const Shape &shape = *facts.shape(result);
    SmallVector<Index, 4> own = table.variables(shape);
    // Operands: functions of one and the same integer, or numbers.
    SmallVector<FiniteFunction> operands;
    Index argument = nullptr;
    size_t size = 0;
    for (Value operand : op->getOperands()) {
      FiniteFunction function;
      if (std::optional<double> number = facts.splat(operand)) {
        function.entries.push_back(*number);
      } else if (std::optional<FiniteFunction> known = functionOf(operand, shape, own)) {
        function = std::move(*known);
        if (argument && function.argument != argument)
          return false;
        argument = function.argument;
        size = function.entries.size();
      } else {
        return false;
      }
      operands.push_back(std::move(function));
    }
    if (!argument)
      return false;
    FiniteFunction function{argument, {}};
    for (size_t place = 0; place < size; ++place) {
      SmallVector<double, 3> values;
      for (const FiniteFunction &operand : operands)
        values.push_back(operand.argument ? operand.entries[place] : operand.entries[0]);
      std::optional<double> value = evaluate(values);
      if (!value)
        return false;
      value = roundTo(getElementTypeOrSelf(result.getType()), *value);
      if (!value)
        return false;
      function.entries.push_back(*value);
    }
    if (isa<IntegerType>(getElementTypeOrSelf(result.getType()))) {
      SmallVector<int64_t> entries(function.entries.begin(), function.entries.end());
      facts.setElement(result, table.table(argument, entries));
    } else {
      facts.setTable(result, std::move(function));
    }
    return true;
  }

private:
  std::optional<FiniteFunction> functionOf(Value value, ArrayRef<Size> shape,
                                           ArrayRef<Index> args) {
    if (const FiniteFunction *known = facts.finite(value)) {
      // The argument broadcasts as the tensor does.
      const Shape &from = *facts.shape(value);
      if (from.size() > shape.size())
        return std::nullopt;
      size_t missing = shape.size() - from.size();
      SmallVector<Index, 4> own;
      for (auto [axis, size] : llvm::enumerate(from)) {
        if (!size.isConstant(1) && size != shape[missing + axis])
          return std::nullopt;
        own.push_back(size.isConstant(1) ? table.constant(0) : args[missing + axis]);
      }
      return FiniteFunction{table.substitute(known->argument, own), known->entries};
    }
    if (!isa<IntegerType>(getElementTypeOrSelf(value.getType())))
      return std::nullopt;
    Index element = facts.broadcastElement(value, shape, args);
    if (!element || element->isConstant())
      return std::nullopt;
    FiniteFunction function;
    function.argument = element;
    if (element->kind == IndexExpr::Kind::Table) {
      function.argument = element->args[0];
      function.entries.assign(element->entries.begin(), element->entries.end());
      return function;
    }
    IndexRange range = table.range(element);
    std::optional<int64_t> high = range.high ? range.high->getConstant() : std::nullopt;
    if (!range.low || facts.sizes().isLess(*range.low, 0) != false || !high || *high > maxDomain)
      return std::nullopt;
    for (int64_t i = 0; i < *high; ++i)
      function.entries.push_back(static_cast<double>(i));
    return function;
  }

  /// Before rounding to the result's type. In double, the basic operations on f32 and narrower
  /// types are exact enough that rounding once more gives the correctly rounded result.
  std::optional<double> evaluate(ArrayRef<double> v) {
    Type from = getElementTypeOrSelf(op->getOperand(0).getType());
    bool isFloat = isa<FloatType>(from);
    if (auto cast = dyn_cast<onnx::CastOp>(op)) {
      Type to = getElementTypeOrSelf(cast.getResult().getType());
      if (to.isInteger(1))
        return v[0] != 0;
      return isFloat && isa<IntegerType>(to) ? std::trunc(v[0]) : v[0];
    }
    if (auto compare = dyn_cast<onnx::CompareOp>(op)) {
      switch (compare.getFn()) {
      case onnx::CompareFn::Equal:
        return v[0] == v[1];
      case onnx::CompareFn::Greater:
        return v[0] > v[1];
      case onnx::CompareFn::GreaterEqual:
        return v[0] >= v[1];
      case onnx::CompareFn::Less:
        return v[0] < v[1];
      case onnx::CompareFn::LessEqual:
        return v[0] <= v[1];
      }
    }
    if (isa<onnx::WhereOp>(op))
      return v[0] != 0 ? v[1] : v[2];
    if (auto clip = dyn_cast<onnx::ClipOp>(op)) {
      double value = v[0];
      size_t next = 1;
      if (clip.getMin())
        value = std::max(value, v[next++]);
      if (clip.getMax())
        value = std::min(value, v[next]);
      return value;
    }
    if (auto unary = dyn_cast<onnx::UnaryOp>(op)) {
      switch (unary.getFn()) {
      case onnx::UnaryFn::Neg:
        return -v[0];
      case onnx::UnaryFn::Not:
        return v[0] == 0;
      case onnx::UnaryFn::Abs:
        return std::abs(v[0]);
      case onnx::UnaryFn::Floor:
        return std::floor(v[0]);
      case onnx::UnaryFn::Ceil:
        return std::ceil(v[0]);
      case onnx::UnaryFn::Round:
        return std::nearbyint(v[0]);
      case onnx::UnaryFn::Relu:
        return std::max(v[0], 0.0);
      default:
        return std::nullopt;
      }
    }
    auto binary = cast<onnx::BinaryOp>(op);
    // f64 has no wider type to round from.
    if (from.isF64())
      return std::nullopt;
    switch (binary.getFn()) {
    case onnx::BinaryFn::Add:
      return v[0] + v[1];
    case onnx::BinaryFn::Sub:
      return v[0] - v[1];
    case onnx::BinaryFn::Mul:
      return v[0] * v[1];
    case onnx::BinaryFn::Div:
      if (v[1] == 0)
        return std::nullopt;
      return isFloat ? v[0] / v[1] : std::trunc(v[0] / v[1]);
    case onnx::BinaryFn::Mod:
      if (v[1] == 0 || isFloat)
        return std::nullopt;
      return v[0] - v[1] * std::floor(v[0] / v[1]);
    case onnx::BinaryFn::Min:
      return std::min(v[0], v[1]);
    case onnx::BinaryFn::Max:
      return std::max(v[0], v[1]);
    case onnx::BinaryFn::And:
      return v[0] != 0 && v[1] != 0;
    case onnx::BinaryFn::Or:
      return v[0] != 0 || v[1] != 0;
    case onnx::BinaryFn::Xor:
      return (v[0] != 0) != (v[1] != 0);
    default:
      return std::nullopt;
    }
  }

  Facts &facts;
  IndexTable &table;
  Operation *op;
};

} // namespace

bool moec::recognise::applyFiniteRule(Facts &facts, Operation *op) {
  return FiniteRules(facts, op).apply();
}
