//===- InferMathOps.cpp - Inference of products and norms -------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/EinsumEquation.h"
#include "dialects/ONNX/IR/ShapeRules.h"

using namespace mlir;
using namespace moec::onnx;

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

LogicalResult MatMulOp::inferShapes(ShapeContext &context) {
  const ValueFacts &lhs = context.get(getLhs()), &rhs = context.get(getRhs());
  if (failed(checkSameType(context, *this, "rhs", lhs, rhs)))
    return failure();
  if (lhs.elementType.isInteger(1))
    return context.error(*this) << "expects numbers, got " << lhs.elementType;
  if (!lhs.shape || !rhs.shape)
    return context.set(getResult(), makeFacts(lhs.elementType, std::nullopt));
  ArrayRef<Size> a = *lhs.shape, b = *rhs.shape;
  if (a.empty() || b.empty())
    return context.error(*this) << "expects operands of rank >= 1";
  Size inner = a.back();
  if (failed(meet(context, *this, "the inner size of rhs", inner,
                  b.size() == 1 ? b.back() : b[b.size() - 2])))
    return failure();
  ValueFacts batchA = makeFacts(lhs.elementType, Shape(a.drop_back(std::min<size_t>(a.size(), 2))));
  ValueFacts batchB = makeFacts(lhs.elementType, Shape(b.drop_back(std::min<size_t>(b.size(), 2))));
  FailureOr<std::optional<Shape>> shape = broadcastShapes(context, *this, {&batchA, &batchB});
  if (failed(shape))
    return failure();
  if (a.size() > 1)
    (*shape)->push_back(a[a.size() - 2]);
  if (b.size() > 1)
    (*shape)->push_back(b.back());
  return context.set(getResult(), makeFacts(lhs.elementType, std::move(*shape)));
}

LogicalResult GemmOp::inferShapes(ShapeContext &context) {
  const ValueFacts &a = context.get(getA()), &b = context.get(getB());
  if (failed(checkSameType(context, *this, "b", a, b)) ||
      failed(checkRank(context, *this, "a", a, 2)) || failed(checkRank(context, *this, "b", b, 2)))
    return failure();
  if (a.elementType.isInteger(1))
    return context.error(*this) << "expects numbers, got " << a.elementType;
  Shape left = a.shape ? *a.shape : freshShape(context.sizes(), 2);
  Shape right = b.shape ? *b.shape : freshShape(context.sizes(), 2);
  Size inner = left[getTransA() ? 0 : 1];
  if (failed(meet(context, *this, "the inner size of b", inner, right[getTransB() ? 1 : 0])))
    return failure();
  Shape shape{left[getTransA() ? 1 : 0], right[getTransB() ? 0 : 1]};
  if (getC()) {
    const ValueFacts &c = context.get(getC());
    if (failed(checkSameType(context, *this, "c", a, c)))
      return failure();
    if (c.shape && c.shape->size() > 2)
      return context.error(*this) << "expects c of rank <= 2, got " << c.shape->size();
    if (c.shape)
      for (size_t i = 0, rank = c.shape->size(); i < rank; ++i) {
        const Size &size = (*c.shape)[rank - 1 - i];
        Size &target = shape[1 - i];
        if (!size.isConstant(1) &&
            failed(meet(context, *this, "axis " + Twine(rank - 1 - i) + " of c", target, size)))
          return failure();
      }
  }
  return context.set(getResult(), makeFacts(a.elementType, std::move(shape)));
}

LogicalResult EinsumOp::inferShapes(ShapeContext &context) {
  llvm::Expected<EinsumEquation> equation = parseEinsum(getEquation(), getInputs().size());
  if (!equation)
    return context.error(*this) << llvm::toString(equation.takeError());
  std::map<char, Size> sizes;
  std::optional<Shape> ellipsis = Shape();
  const ValueFacts &first = context.get(getInputs().front());
  for (auto [index, term] : llvm::enumerate(equation->inputs)) {
    const ValueFacts &input = context.get(getInputs()[index]);
    if (failed(checkSameType(context, *this, ("input " + Twine(index)).str(), first, input)))
      return failure();
    Shape shape = input.shape ? *input.shape : freshShape(context.sizes(), term.names.size());
    size_t extra = shape.size() - std::min(shape.size(), term.names.size());
    if (shape.size() < term.names.size() || (extra && !term.ellipsis))
      return context.error(*this) << "expects input " << index << " to have rank "
                                  << term.names.size() << ", got " << shape.size();
    if (term.ellipsis && !input.shape)
      ellipsis.reset();
    if (term.ellipsis && ellipsis) {
      ArrayRef<Size> part = ArrayRef<Size>(shape).slice(*term.ellipsis, extra);
      ValueFacts left = makeFacts(first.elementType, *ellipsis);
      ValueFacts right = makeFacts(first.elementType, Shape(part));
      FailureOr<std::optional<Shape>> merged = broadcastShapes(context, *this, {&left, &right});
      if (failed(merged))
        return failure();
      ellipsis = std::move(*merged);
    }
    for (auto [position, name] : llvm::enumerate(term.names)) {
      const Size &size =
          shape[position + (term.ellipsis && position >= *term.ellipsis ? extra : 0)];
      auto [it, isNew] = sizes.try_emplace(name, size);
      if (isNew)
        continue;
      std::optional<Size> merged = context.sizes().broadcast(it->second, size);
      if (!merged)
        return context.error(*this)
               << "expects axis '" << std::string(1, name) << "' to be "
               << *it->second.getConstant() << " everywhere, got " << *size.getConstant();
      it->second = *merged;
    }
  }
  const EinsumTerm &output = equation->output;
  std::optional<Shape> shape;
  if (!output.ellipsis || ellipsis)
    shape.emplace();
  for (size_t position = 0; shape && position <= output.names.size(); ++position) {
    if (output.ellipsis == position)
      shape->append(*ellipsis);
    if (position == output.names.size())
      break;
    shape->push_back(sizes.at(output.names[position]));
  }
  return context.set(getResult(), makeFacts(first.elementType, std::move(shape)));
}

//===----------------------------------------------------------------------===//
// Softmax and norms
//===----------------------------------------------------------------------===//

template <typename Op>
static LogicalResult inferSoftmax(Op op, ShapeContext &context) {
  const ValueFacts &x = context.get(op.getX());
  if (x.shape && failed(checkAxis(context, op, op.getAxis(), x.shape->size())))
    return failure();
  return context.set(op.getResult(), makeFacts(x.elementType, x.shape));
}

LogicalResult SoftmaxOp::inferShapes(ShapeContext &context) { return inferSoftmax(*this, context); }
LogicalResult LogSoftmaxOp::inferShapes(ShapeContext &context) {
  return inferSoftmax(*this, context);
}
LogicalResult HardmaxOp::inferShapes(ShapeContext &context) { return inferSoftmax(*this, context); }

/// Requires a parameter of a norm to broadcast to x without enlarging it.
static LogicalResult checkNormParameter(ShapeContext &context, Operation *op, StringRef name,
                                        const ValueFacts &x, const ValueFacts &parameter) {
  if (!x.shape || !parameter.shape)
    return success();
  if (parameter.shape->size() > x.shape->size())
    return context.error(op) << "expects " << name << " of a rank <= that of x, got "
                             << parameter.shape->size();
  size_t offset = x.shape->size() - parameter.shape->size();
  for (auto [axis, size] : llvm::enumerate(*parameter.shape)) {
    Size expected = (*x.shape)[offset + axis];
    if (!size.isConstant(1) &&
        failed(meet(context, op, "axis " + Twine(axis) + " of " + name, expected, size)))
      return failure();
  }
  return success();
}

/// Facts of a statistic: the normalised axes have size 1.
static ValueFacts getStatistic(const ValueFacts &x, int64_t axis, Type type) {
  ValueFacts result = makeFacts(type, x.shape);
  if (result.shape)
    for (size_t i = axis; i < result.shape->size(); ++i)
      (*result.shape)[i] = 1;
  return result;
}

LogicalResult LayerNormOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &scale = context.get(getScale());
  if ((x.shape && failed(checkAxis(context, *this, getAxis(), x.shape->size()))) ||
      failed(checkSameType(context, *this, "scale", x, scale)) ||
      failed(checkNormParameter(context, *this, "scale", x, scale)))
    return failure();
  if (getBias()) {
    const ValueFacts &bias = context.get(getBias());
    if (failed(checkSameType(context, *this, "bias", x, bias)) ||
        failed(checkNormParameter(context, *this, "bias", x, bias)))
      return failure();
  }
  for (Value statistic : {getMean(), getInvStdDev()})
    if (statistic && failed(context.set(statistic, getStatistic(x, getAxis(), getStash()))))
      return failure();
  return context.set(getY(), makeFacts(x.elementType, x.shape));
}

LogicalResult RMSNormOp::inferShapes(ShapeContext &context) {
  const ValueFacts &x = context.get(getX()), &scale = context.get(getScale());
  if ((x.shape && failed(checkAxis(context, *this, getAxis(), x.shape->size()))) ||
      failed(checkNormParameter(context, *this, "scale", x, scale)))
    return failure();
  if (getInvStdDev() && failed(context.set(getInvStdDev(), getStatistic(x, getAxis(), getStash()))))
    return failure();
  return context.set(getY(), makeFacts(scale.elementType, x.shape));
}
