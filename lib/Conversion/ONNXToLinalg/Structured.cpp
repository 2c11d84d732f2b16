//===- Structured.cpp - Maps and reductions of tensors ----------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

Value moec::buildMap(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Type element,
                     ArrayRef<Input> inputs, InputBody body) {
  int64_t rank = sizes.size();
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (const Input &input : inputs) {
    tensors.push_back(input.tensor);
    maps.push_back(input.map ? input.map : b.getMultiDimIdentityMap(rank));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value init = tensor::EmptyOp::create(b, sizes, element);
  return linalg::GenericOp::create(
             b, init.getType(), tensors, init, maps,
             SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
             [&](OpBuilder &builder, Location loc, ValueRange arguments) {
               ImplicitLocOpBuilder inner(loc, builder);
               linalg::YieldOp::create(inner, body(inner, arguments.drop_back()));
             })
      .getResult(0);
}

Reducer::Reducer(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, ArrayRef<int64_t> axes)
    : b(b), sizes(sizes), axes(axes) {
  for (int64_t axis = 0; axis < static_cast<int64_t>(sizes.size()); ++axis)
    if (!llvm::is_contained(axes, axis)) {
      kept.push_back(axis);
      groupSizes.push_back(sizes[axis]);
    }
}

Input Reducer::whole(Value tensor) const {
  return {tensor, b.getMultiDimIdentityMap(sizes.size())};
}

Input Reducer::group(Value tensor) const {
  SmallVector<AffineExpr> exprs;
  for (int64_t axis : kept)
    exprs.push_back(b.getAffineDimExpr(axis));
  return {tensor, AffineMap::get(sizes.size(), 0, exprs, b.getContext())};
}

Value Reducer::reduce(TypedAttr identity, ArrayRef<Input> inputs, InputBody term,
                      InputBody combine) const {
  Value empty = tensor::EmptyOp::create(b, groupSizes, identity.getType());
  Value start = arith::ConstantOp::create(b, identity);
  Value init = linalg::FillOp::create(b, start, empty).getResult(0);
  SmallVector<utils::IteratorType> iterators(sizes.size(), utils::IteratorType::parallel);
  for (int64_t axis : axes)
    iterators[axis] = utils::IteratorType::reduction;
  SmallVector<Value> tensors;
  SmallVector<AffineMap> maps;
  for (const Input &input : inputs) {
    tensors.push_back(input.tensor);
    maps.push_back(input.map);
  }
  maps.push_back(group(init).map);
  return linalg::GenericOp::create(b, init.getType(), tensors, init, maps, iterators,
                                   [&](OpBuilder &builder, Location loc, ValueRange arguments) {
                                     ImplicitLocOpBuilder inner(loc, builder);
                                     Value value = term(inner, arguments.drop_back());
                                     value = combine(inner, ValueRange{arguments.back(), value});
                                     linalg::YieldOp::create(inner, value);
                                   })
      .getResult(0);
}

Value Reducer::sum(Type type, ArrayRef<Input> inputs, InputBody term) const {
  return reduce(b.getFloatAttr(type, 0.0), inputs, term,
                [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                  return arith::AddFOp::create(b, v[0], v[1]);
                });
}

Value Reducer::max(Type type, ArrayRef<Input> inputs, InputBody term) const {
  return reduce(b.getFloatAttr(type, -INFINITY), inputs, term,
                [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                  return arith::MaximumFOp::create(b, v[0], v[1]);
                });
}

Value Reducer::maxNumber(Type type, ArrayRef<Input> inputs, InputBody term) const {
  return reduce(b.getFloatAttr(type, -INFINITY), inputs, term,
                [](ImplicitLocOpBuilder &b, ValueRange v) -> Value {
                  return arith::MaxNumFOp::create(b, v[0], v[1]);
                });
}

Value Reducer::mapGroups(Type element, ValueRange inputs, InputBody body) const {
  SmallVector<Input> readings;
  for (Value tensor : inputs)
    readings.push_back({tensor, b.getMultiDimIdentityMap(groupSizes.size())});
  return buildMap(b, groupSizes, element, readings, body);
}

Value Reducer::getCount(Type type) const {
  int64_t known = 1;
  Value unknown;
  for (int64_t axis : axes) {
    if (std::optional<int64_t> size = getConstantIntValue(sizes[axis])) {
      known *= *size;
      continue;
    }
    Value size = cast<Value>(sizes[axis]);
    unknown = unknown ? arith::MulIOp::create(b, unknown, size).getResult() : size;
  }
  if (!unknown) {
    if (isa<FloatType>(type))
      return arith::ConstantOp::create(b, b.getFloatAttr(type, static_cast<double>(known)));
    return arith::ConstantOp::create(b, b.getIntegerAttr(type, known));
  }
  Value count = arith::MulIOp::create(b, unknown, arith::ConstantIndexOp::create(b, known));
  if (!isa<FloatType>(type))
    return arith::IndexCastOp::create(b, type, count);
  Value integer = arith::IndexCastOp::create(b, b.getI64Type(), count);
  return arith::SIToFPOp::create(b, type, integer);
}

Value Reducer::keepAxes(Value tensor) const {
  if (axes.empty())
    return tensor;
  SmallVector<OpFoldResult> shape;
  SmallVector<ReassociationIndices> groups(kept.size());
  for (int64_t axis = 0, group = -1; axis < static_cast<int64_t>(sizes.size()); ++axis) {
    bool isReduced = llvm::is_contained(axes, axis);
    shape.push_back(isReduced ? OpFoldResult(b.getIndexAttr(1)) : sizes[axis]);
    // A reduced axis joins the one before it, or the first.
    if (!isReduced)
      ++group;
    if (!kept.empty())
      groups[std::max<int64_t>(group, 0)].push_back(axis);
  }
  auto [staticSizes, dynamicSizes] = decomposeMixedValues(shape);
  auto type = RankedTensorType::get(staticSizes, getElementTypeOrSelf(tensor.getType()));
  return tensor::ExpandShapeOp::create(b, type, tensor, groups, shape);
}
