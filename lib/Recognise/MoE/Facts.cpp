//===- Facts.cpp - What is known of the values of a function ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/MoE/Facts.h"

#include "dialects/ONNX/Transforms/Passes.h"

using namespace mlir;
using namespace moec;
using namespace moec::recognise;
using onnx::Shape;
using onnx::Size;

Facts::Facts(func::FuncOp function)
    : context({/*readConstants=*/true, /*quiet=*/false}), table(context.sizes()) {
  onnx::nameArgumentSizes(function, context);
}

Index Facts::element(Value value) {
  if (Index known = elements.lookup(value))
    return known;
  const std::optional<Shape> &known = shape(value);
  if (!known)
    return table.read(value, {});
  setElement(value, table.read(value, table.variables(*known)));
  return elements.lookup(value);
}

void Facts::setElement(Value value, Index element) {
  elements[value] = element;
  const std::optional<Shape> &known = shape(value);
  if (known && known->size() == 2)
    matrices[element].push_back(value);
}

Index Facts::elementAt(Value value, ArrayRef<Index> args) {
  return table.substitute(element(value), args);
}

Index Facts::broadcastElement(Value operand, ArrayRef<Size> result, ArrayRef<Index> args) {
  const std::optional<Shape> &known = shape(operand);
  if (!known || known->size() > result.size())
    return nullptr;
  size_t missing = result.size() - known->size();
  SmallVector<Index, 4> own;
  for (auto [axis, size] : llvm::enumerate(*known)) {
    if (size.isConstant(1))
      own.push_back(table.constant(0));
    else if (size == result[missing + axis])
      own.push_back(args[missing + axis]);
    else
      return nullptr;
  }
  return elementAt(operand, own);
}

Value Facts::findMatrix(Index element, const Size &rows, const Size &columns) {
  for (Value value : matrices.lookup(element)) {
    const std::optional<Shape> &known = shape(value);
    if (known && (*known)[0] == rows && (*known)[1] == columns)
      return value;
  }
  return {};
}

Value Facts::whole(Value value) {
  const std::optional<Shape> &own = shape(value);
  Index known = element(value);
  if (!own || !known->isRead())
    return value;
  const std::optional<Shape> &base = shape(known->base);
  bool isWhole = base && *base == *own && known == table.read(known->base, table.variables(*own));
  return isWhole ? known->base : value;
}

std::optional<double> Facts::splat(Value value) {
  Index known = element(value);
  if (std::optional<int64_t> integer = known->getConstant())
    return static_cast<double>(*integer);
  if (!known->isRead())
    return std::nullopt;
  Operation *op = known->base.getDefiningOp();
  if (auto cast = dyn_cast_or_null<onnx::CastOp>(op)) {
    std::optional<double> number = splat(cast.getX());
    return number ? roundTo(getElementTypeOrSelf(cast.getResult().getType()), *number)
                  : std::nullopt;
  }
  DenseElementsAttr elements;
  if (auto constant = dyn_cast_or_null<onnx::ConstantOp>(op))
    elements = dyn_cast<DenseElementsAttr>(constant.getValue());
  else if (auto fill = dyn_cast_or_null<onnx::ConstantOfShapeOp>(op))
    elements = dyn_cast<DenseElementsAttr>(fill.getValue());
  if (!elements || elements.empty() || !elements.isSplat())
    return std::nullopt;
  if (isa<FloatType>(elements.getElementType()))
    return elements.getSplatValue<APFloat>().convertToDouble();
  if (elements.getElementType().isInteger(1))
    return elements.getSplatValue<APInt>().getZExtValue();
  if (isa<IntegerType>(elements.getElementType()))
    return static_cast<double>(elements.getSplatValue<APInt>().getSExtValue());
  return std::nullopt;
}

const Interval *Facts::interval(const Size &size) const {
  std::optional<unsigned> symbol = size.getSymbol();
  auto it = symbol ? intervals.find(*symbol) : intervals.end();
  return it == intervals.end() ? nullptr : &it->second;
}

Value Facts::membersCounted(const Size &count) const {
  std::optional<unsigned> symbol = count.getSymbol();
  return symbol ? counted.lookup(*symbol) : Value();
}

void Facts::setTable(Value value, FiniteFunction function) {
  finiteFunctions[value] = std::move(function);
}

void Facts::addChoice(ChoiceFact choice) {
  // It begins something new, whatever its operand came from.
  for (Value result : choice.op->getResults()) {
    anchors[result] = choice.op;
    expertValues.erase(result);
  }
  choiceList.push_back(std::move(choice));
}

void Facts::fail(Value value, StringRef obligation, const Twine &detail) {
  failures.try_emplace(value, Failure{obligation.str(), detail.str()});
  if (Operation *choice = choiceOf(value))
    firstFailures.try_emplace(choice, value);
}

void Facts::forget(Value value) {
  anchors.erase(value);
  expertValues.erase(value);
}

void Facts::propagateAnchors(Operation *op) {
  Operation *anchor = nullptr;
  for (Value operand : op->getOperands()) {
    // The last choice counts: an earlier layer's is part of the input by then.
    Operation *other = anchors.lookup(operand);
    if (other && (!anchor || anchor->isBeforeInBlock(other)))
      anchor = other;
  }
  if (!anchor)
    return;
  // Products tell what experts compute from what routers do.
  bool experts = llvm::any_of(op->getOperands(), [&](Value operand) {
    return expertValues.contains(operand) && anchors.lookup(operand) == anchor;
  });
  experts |= isa<onnx::MatMulOp, onnx::GemmOp, onnx::EinsumOp>(op);
  for (Value result : op->getResults()) {
    anchors.try_emplace(result, anchor);
    if (experts)
      expertValues.insert(result);
  }
}

LogicalResult Facts::visit(Operation *op) {
  auto inferred = dyn_cast<onnx::ShapeInference>(op);
  if (!inferred)
    return success();
  if (failed(inferred.inferShapes(context)))
    return llvm::failure();
  propagateAnchors(op);
  // The rules speak of elements by position.
  auto hasShape = [&](Value value) { return shape(value).has_value(); };
  if (!llvm::all_of(op->getOperands(), hasShape) || !llvm::all_of(op->getResults(), hasShape))
    return success();
  // Tables come before integer rules, whose fallback they are.
  if (!applyViewRule(*this, op) && !applySelectionRule(*this, op) && !applyGroupedRule(*this, op) &&
      !applyMembersRule(*this, op) && !applyIntegerRule(*this, op))
    applyFiniteRule(*this, op);
  return success();
}
