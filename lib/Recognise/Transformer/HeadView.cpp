//===- HeadView.cpp - Operands of attention behind views --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Recognise/Transformer/HeadView.h"

#include "lib/Recognise/Transformer/Match.h"

using namespace mlir;
using namespace moec::onnx;

namespace moec::recognise {

std::optional<double> getFactor(Operation *op, Value &input) {
  auto binary = dyn_cast_or_null<BinaryOp>(op);
  if (!binary || (binary.getFn() != BinaryFn::Mul && binary.getFn() != BinaryFn::Div))
    return std::nullopt;
  Value tensor = binary.getLhs();
  std::optional<double> number = getNumber(binary.getRhs());
  if (number && binary.getFn() == BinaryFn::Div) {
    number = 1 / *number;
  } else if (!number && binary.getFn() == BinaryFn::Mul) {
    tensor = binary.getRhs();
    number = getNumber(binary.getLhs());
  }
  auto from = dyn_cast<RankedTensorType>(tensor.getType());
  auto to = dyn_cast<RankedTensorType>(binary.getResult().getType());
  // A number of higher rank would be a view, too.
  if (!number || !from || !to || from.getRank() != to.getRank())
    return std::nullopt;
  input = tensor;
  return number;
}

Value skipFactors(Value value, double &scale) {
  Value input;
  while (std::optional<double> factor = getFactor(value.getDefiningOp(), input)) {
    scale *= *factor;
    value = input;
  }
  return value;
}

static bool hasKind(const AxisView &view, HeadView kind) {
  ArrayRef<AxisView::Axis> from = view.getBase(), to = view.getResult();
  if (kind == HeadView::Plain)
    return view.isIdentity();
  if (to.size() != 4 || to[0] != from[0])
    return false;
  bool isTransposed = kind == HeadView::RepeatedTransposed;
  if (to[2] != from[isTransposed ? 3 : 2] || to[3] != from[isTransposed ? 2 : 3])
    return false;
  // The factors of the base first, so that consecutive heads read the same one.
  ArrayRef<unsigned> base = from[1], heads = to[1];
  return heads.size() >= base.size() && heads.take_front(base.size()) == base &&
         llvm::all_of(heads.drop_front(base.size()),
                      [&](unsigned factor) { return view.isRepeat(factor); });
}

Value findHeads(Value value, HeadView kind, FunctionShapes &shapes, double *scale) {
  SmallVector<std::pair<Operation *, double>> chain;
  SmallVector<Value> bases{value};
  for (Operation *op = value.getDefiningOp(); op; op = value.getDefiningOp()) {
    Value input;
    std::optional<double> factor = scale ? getFactor(op, input) : std::nullopt;
    if (!factor && !AxisView::isView(op))
      break;
    value = factor ? input : op->getOperand(0);
    chain.emplace_back(op, factor.value_or(1));
    bases.push_back(value);
  }
  for (size_t length = chain.size() + 1; length-- > 0;) {
    const Shape *shape = shapes.get(bases[length]);
    if (!shape || shape->size() != 4)
      continue;
    AxisView view(*shape, shapes.sizes());
    double factor = 1;
    bool isView = true;
    for (auto [op, number] : llvm::reverse(ArrayRef(chain).take_front(length))) {
      factor *= number;
      if (AxisView::isView(op) && failed(view.append(op, shapes))) {
        isView = false;
        break;
      }
    }
    if (!isView || !hasKind(view, kind))
      continue;
    if (scale)
      *scale *= factor;
    return bases[length];
  }
  return {};
}

} // namespace moec::recognise
