//===- Sizes.cpp - Symbolic sizes as values on the host ----- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Sizes.h"

#include "dialects/ONNX/Transforms/Passes.h"
#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;
using onnx::Size;
using onnx::SizeFn;

LogicalResult Sizes::analyse(func::FuncOp function) {
  // Models' functions have become entries or not.
  onnx::nameArgumentSizes(function, context);
  onnx::nameArgumentSizes(function, context, rt::RTDialect::kDimNames);
  for (BlockArgument argument : function.getArguments())
    witness(argument);
  for (Block &block : function.getBody())
    for (Operation &op : block) {
      if (auto inferred = dyn_cast<onnx::ShapeInference>(op)) {
        if (failed(inferred.inferShapes(context)))
          return failure();
      } else {
        analyseForeign(&op);
      }
      for (Value result : op.getResults())
        witness(result);
    }
  return success();
}

/// The first value that shows a symbol is its witness: it comes before all that depend on it.
void Sizes::witness(Value value) {
  if (value.getType().isIndex()) {
    if (std::optional<unsigned> symbol = getIndex(value).getSymbol())
      witnesses.try_emplace(*symbol, Witness{value});
    return;
  }
  if (!isa<RankedTensorType>(value.getType()))
    return;
  const onnx::ValueFacts &facts = context.get(value);
  for (auto [axis, size] : llvm::enumerate(*facts.shape))
    if (std::optional<unsigned> symbol = size.getSymbol())
      witnesses.try_emplace(*symbol, Witness{value, static_cast<int64_t>(axis), -1});
  if (!facts.elements)
    return;
  for (auto [position, element] : llvm::enumerate(*facts.elements))
    if (std::optional<unsigned> symbol = element.getSymbol())
      witnesses.try_emplace(*symbol, Witness{value, -1, static_cast<int64_t>(position)});
}

Size Sizes::getSize(Value value, int64_t axis) {
  const onnx::ValueFacts &facts = context.get(value);
  if (!facts.shape || axis >= static_cast<int64_t>(facts.shape->size()))
    return context.sizes().fresh();
  return (*facts.shape)[axis];
}

/// The element at a row-major position of a tensor of static shape, as an index.
static Value extractElement(ImplicitLocOpBuilder &b, Value tensor, int64_t position) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> indices(type.getRank());
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    indices[axis] = arith::ConstantIndexOp::create(b, position % type.getDimSize(axis));
    position /= type.getDimSize(axis);
  }
  Value element = tensor::ExtractOp::create(b, tensor, indices);
  return arith::IndexCastOp::create(b, b.getIndexType(), element);
}

Value Sizes::build(SizeRequest &request, unsigned symbol) {
  if (auto it = request.built.find(symbol); it != request.built.end())
    return it->second;
  Value value = buildNew(request, symbol);
  request.built[symbol] = value;
  return value;
}

Value Sizes::buildNew(SizeRequest &request, unsigned symbol) {
  ImplicitLocOpBuilder &b = request.b;
  Operation *user = request.user;
  if (auto expression = context.sizes().getExpression(symbol)) {
    auto &[fn, left, right] = *expression;
    std::optional<OpFoldResult> leftSize = build(request, left);
    std::optional<OpFoldResult> rightSize = build(request, right);
    if (leftSize && rightSize) {
      Value x = getValueOrCreateConstantIndexOp(b, b.getLoc(), *leftSize);
      Value y = getValueOrCreateConstantIndexOp(b, b.getLoc(), *rightSize);
      bool isPositive = context.sizes().getLowerBound(left).value_or(-1) >= 0 &&
                        context.sizes().getLowerBound(right).value_or(0) > 0;
      switch (fn) {
      case SizeFn::Mul:
        return arith::MulIOp::create(b, x, y);
      case SizeFn::Min:
        return arith::MinSIOp::create(b, x, y);
      case SizeFn::Max:
        return arith::MaxSIOp::create(b, x, y);
      case SizeFn::Broadcast: {
        Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, x,
                                            arith::ConstantIndexOp::create(b, 1));
        return arith::SelectOp::create(b, isOne, y, x);
      }
      // A divisor that may be zero would trap; its result is the witness's then.
      case SizeFn::FloorDiv:
        if (isPositive)
          return arith::DivUIOp::create(b, x, y);
        break;
      case SizeFn::FloorMod:
        if (isPositive)
          return arith::RemUIOp::create(b, x, y);
        break;
      case SizeFn::TruncDiv:
      case SizeFn::TruncMod:
        break;
      }
    }
  }
  auto it = witnesses.find(symbol);
  if (it == witnesses.end())
    return {};
  Witness witness = it->second;
  Operation *definition = witness.value.getDefiningOp();
  if (definition &&
      !(definition->getBlock() == user->getBlock() && definition->isBeforeInBlock(user)))
    return {};
  Value value = request.lookup(witness.value);
  if (witness.axis >= 0)
    return b.createOrFold<tensor::DimOp>(value, witness.axis);
  if (witness.element >= 0)
    return extractElement(b, value, witness.element);
  return value;
}

std::optional<OpFoldResult> Sizes::build(SizeRequest &request, const Size &size) {
  ImplicitLocOpBuilder &b = request.b;
  if (std::optional<int64_t> constant = size.getConstant())
    return OpFoldResult(b.getIndexAttr(*constant));
  Value sum;
  for (const onnx::SizeTerm &term : size.getTerms()) {
    Value product;
    for (unsigned symbol : term.symbols) {
      Value factor = build(request, symbol);
      if (!factor)
        return std::nullopt;
      product = product ? b.createOrFold<arith::MulIOp>(product, factor) : factor;
    }
    if (!product)
      product = arith::ConstantIndexOp::create(b, term.coefficient);
    else if (term.coefficient != 1)
      product = b.createOrFold<arith::MulIOp>(product,
                                              arith::ConstantIndexOp::create(b, term.coefficient));
    sum = sum ? b.createOrFold<arith::AddIOp>(sum, product) : product;
  }
  return OpFoldResult(sum);
}
