//===- LowerOrder.cpp - Top-k and running sums ------------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/Tile/IR/Tile.h"
#include "lib/Conversion/ONNXToLinalg/Lowering.h"
#include "lib/Conversion/ONNXToLinalg/Structured.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;
using arith::CmpIPredicate;

static Value scan(ImplicitLocOpBuilder &b, onnx::CumSumOp op, Value x, int64_t axis) {
  Value outs = emptyTensor(b, tensor::getMixedSizes(b, b.getLoc(), x), getElementTypeOrSelf(x));
  x = castTensor(b, x, cast<RankedTensorType>(outs.getType()));
  return tile::ScanOp::create(b, outs.getType(), x, outs, b.getI64IntegerAttr(axis),
                              op.getExclusiveAttr(), op.getReverseAttr())
      .getResult();
}

/// Sums along every axis, of which the run takes one.
static Value scanAtRunTime(ImplicitLocOpBuilder &b, onnx::CumSumOp op, Lowering &lowering) {
  Value x = lowering.get(op.getX());
  SmallVector<OpFoldResult> sizes = lowering.getSizes(b, op.getX());
  int64_t rank = sizes.size();
  auto constant = [&](int64_t value) { return arith::ConstantIndexOp::create(b, value); };
  Value axis =
      getValueOrCreateConstantIndexOp(b, b.getLoc(), lowering.getElement(b, op, op.getAxis(), 0));
  Value isNegative = arith::CmpIOp::create(b, CmpIPredicate::slt, axis, constant(0));
  axis =
      arith::SelectOp::create(b, isNegative, arith::AddIOp::create(b, axis, constant(rank)), axis);
  Lowering::check(b, arith::CmpIOp::create(b, CmpIPredicate::ult, axis, constant(rank)),
                  "axis is not one of x");
  SmallVector<Input> sums;
  SmallVector<Value> isAxis;
  for (int64_t i = 0; i < rank; ++i) {
    sums.push_back({scan(b, op, x, i), AffineMap()});
    isAxis.push_back(arith::CmpIOp::create(b, CmpIPredicate::eq, axis, constant(i)));
  }
  return buildMap(b, sizes, getElementTypeOrSelf(x), sums,
                  [&](ImplicitLocOpBuilder &b, ValueRange in) {
                    Value result = in[0];
                    for (int64_t i = 1; i < rank; ++i)
                      result = arith::SelectOp::create(b, isAxis[i], in[i], result);
                    return result;
                  });
}

LogicalResult moec::lower(onnx::CumSumOp op, Lowering &lowering) {
  RankedTensorType type = getLoweredType(op.getX().getType());
  if (!type)
    return op.emitOpError() << "has no code for operands of " << op.getX().getType();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SmallVector<int64_t>> axes = lowering.getConstants(op.getAxis());
  if (axes && axes->size() == 1) {
    int64_t axis = axes->front() < 0 ? axes->front() + type.getRank() : axes->front();
    lowering.replace(op, scan(b, op, lowering.get(op.getX()), axis));
  } else {
    lowering.replace(op, scanAtRunTime(b, op, lowering));
  }
  return success();
}

namespace {
/// Values and positions of the k first elements along an axis.
struct TopK {
  Value values, positions;
};
} // namespace

/// Along the last axis of floats, by tile.select on rows.
static TopK select(ImplicitLocOpBuilder &b, Value x, ArrayRef<OpFoldResult> sizes, OpFoldResult k,
                   bool isLargest) {
  auto type = cast<RankedTensorType>(x.getType());
  Type element = type.getElementType();
  int64_t rank = type.getRank();
  SmallVector<ReassociationIndices> groups(2);
  for (int64_t i = 0; i < rank; ++i)
    groups[i == rank - 1].push_back(i);
  if (rank == 1) { // one row
    auto row = RankedTensorType::get({1, type.getDimSize(0)}, element);
    x = tensor::ExpandShapeOp::create(b, row, x, ArrayRef<ReassociationIndices>{{0, 1}},
                                      ArrayRef<OpFoldResult>{b.getIndexAttr(1), sizes[0]});
  } else if (rank > 2) {
    x = tensor::CollapseShapeOp::create(b, x, groups);
  }
  SmallVector<OpFoldResult> rowSizes = tensor::getMixedSizes(b, b.getLoc(), x);
  Value keys = x;
  if (!isLargest)
    keys = buildMap(b, rowSizes, element, Input{x, AffineMap()},
                    [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                      return arith::NegFOp::create(b, in[0]);
                    });
  SmallVector<OpFoldResult> chosen{rowSizes[0], k};
  Value ids = tensor::EmptyOp::create(b, chosen, b.getI32Type());
  Value values = tensor::EmptyOp::create(b, chosen, element);
  auto select = tile::SelectOp::create(b, TypeRange{ids.getType(), values.getType()}, keys,
                                       isLargest ? Value() : x, ids, values,
                                       tile::TieAttr::get(b.getContext(), tile::Tie::LowerIndex));
  Value positions = buildMap(b, chosen, b.getI64Type(), Input{select->getResult(0), AffineMap()},
                             [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                               return arith::ExtSIOp::create(b, b.getI64Type(), in[0]);
                             });
  SmallVector<OpFoldResult> shape(sizes.drop_back());
  shape.push_back(k);
  auto expand = [&](Value rows) -> Value {
    if (rank == 2)
      return rows;
    if (rank == 1)
      return tensor::CollapseShapeOp::create(b, rows, ArrayRef<ReassociationIndices>{{0, 1}});
    auto [staticSizes, dynamicSizes] = decomposeMixedValues(shape);
    auto type = RankedTensorType::get(staticSizes, getElementTypeOrSelf(rows.getType()));
    return tensor::ExpandShapeOp::create(b, type, rows, groups, shape);
  };
  return {expand(select->getResult(1)), expand(positions)};
}

static TopK sort(ImplicitLocOpBuilder &b, onnx::TopKOp op, Value x, ArrayRef<OpFoldResult> sizes,
                 OpFoldResult k) {
  int64_t axis = op.getAxis(), rank = sizes.size();
  bool isUnsigned = getElementTypeOrSelf(op.getX().getType()).isUnsignedInteger();
  Type element = getElementTypeOrSelf(x.getType());
  Value order = tensor::EmptyOp::create(b, sizes, b.getI64Type());
  x = castTensor(b, x, cast<RankedTensorType>(order.getType()).clone(element));
  auto unit = [&](bool isSet) { return isSet ? b.getUnitAttr() : UnitAttr(); };
  order = tile::SortOp::create(b, order.getType(), x, order, op.getAxisAttr(),
                               unit(op.getLargest()), unit(isUnsigned))
              .getResult();
  SmallVector<OpFoldResult> offsets(rank, b.getIndexAttr(0)), steps(rank, b.getIndexAttr(1));
  SmallVector<OpFoldResult> chosen(sizes);
  chosen[axis] = k;
  Value positions = tensor::ExtractSliceOp::create(b, order, offsets, chosen, steps);
  Value values = buildMap(b, chosen, element, Input{positions, AffineMap()},
                          [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
                            SmallVector<Value> indices;
                            for (int64_t i = 0; i < rank; ++i)
                              indices.push_back(linalg::IndexOp::create(b, i));
                            indices[axis] = arith::IndexCastOp::create(b, b.getIndexType(), in[0]);
                            return tensor::ExtractOp::create(b, x, indices);
                          });
  return {values, positions};
}

LogicalResult moec::lower(onnx::TopKOp op, Lowering &lowering) {
  RankedTensorType type = getLoweredType(op.getX().getType());
  if (!type)
    return op.emitOpError() << "has no code for operands of " << op.getX().getType();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  int64_t axis = op.getAxis();
  SmallVector<OpFoldResult> sizes = lowering.getSizes(b, op.getX());
  OpFoldResult k = lowering.getElement(b, op, op.getK(), 0);
  std::optional<int64_t> known = getConstantIntValue(k), size = getConstantIntValue(sizes[axis]);
  if (!known || !size) {
    Value count = getValueOrCreateConstantIndexOp(b, b.getLoc(), k);
    Value bound = getValueOrCreateConstantIndexOp(b, b.getLoc(), sizes[axis]);
    // A negative k is a large unsigned number.
    Lowering::check(b, arith::CmpIOp::create(b, CmpIPredicate::ule, count, bound),
                    "k is not between 0 and the size of the axis");
  }
  Type element = type.getElementType();
  bool isRow = axis == type.getRank() - 1;
  bool isStorage = element.isF32() || element.isF16() || element.isBF16();
  TopK top = isRow && isStorage ? select(b, lowering.get(op.getX()), sizes, k, op.getLargest())
                                : sort(b, op, lowering.get(op.getX()), sizes, k);
  lowering.replace(op, ValueRange{top.values, top.positions});
  return success();
}
