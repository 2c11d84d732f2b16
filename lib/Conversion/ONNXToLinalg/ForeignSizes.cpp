//===- ForeignSizes.cpp - Sizes of other dialects' tensors --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Parts of a function may have been lowered already. Their tensors get sizes
// from the index arithmetic that made them.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Sizes.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using onnx::Shape;
using onnx::Size;
using onnx::SizeFn;

Size Sizes::getIndex(Value value) {
  auto [it, isNew] = indices.try_emplace(value);
  if (isNew)
    it->second = context.sizes().fresh(std::nullopt);
  return it->second;
}

Size Sizes::getIndex(OpFoldResult value) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant;
  return getIndex(cast<Value>(value));
}

/// What an op of index arithmetic computes.
void Sizes::analyseForeign(Operation *op) {
  onnx::SizeTable &table = context.sizes();
  if (op->getNumResults() == 1 && op->getResult(0).getType().isIndex()) {
    Value result = op->getResult(0);
    auto operand = [&](unsigned i) { return getIndex(OpFoldResult(op->getOperand(i))); };
    TypeSwitch<Operation *>(op)
        .Case([&](arith::ConstantIndexOp constant) { indices[result] = constant.value(); })
        // No tensor has fewer rows than none.
        .Case([&](rt::StateLengthOp) { indices[result] = table.fresh(0); })
        .Case([&](tensor::DimOp dim) {
          std::optional<int64_t> axis = dim.getConstantIndex();
          auto type = dyn_cast<RankedTensorType>(dim.getSource().getType());
          if (axis && type && *axis >= 0 && *axis < type.getRank())
            indices[result] = getSize(dim.getSource(), *axis);
        })
        .Case([&](arith::AddIOp) { indices[result] = table.add(operand(0), operand(1)); })
        .Case([&](arith::SubIOp) { indices[result] = table.sub(operand(0), operand(1)); })
        .Case([&](arith::MulIOp) { indices[result] = table.mul(operand(0), operand(1)); })
        .Case([&](arith::DivUIOp) {
          if (table.getLowerBound(operand(0)).value_or(-1) >= 0 &&
              table.getLowerBound(operand(1)).value_or(0) > 0)
            indices[result] = table.apply(SizeFn::FloorDiv, operand(0), operand(1));
        });
    return;
  }
  for (OpResult result : op->getResults())
    if (isa<RankedTensorType>(result.getType()))
      if (std::optional<Shape> shape = getForeignShape(result))
        context.setShape(result, std::move(*shape));
}

std::optional<Shape> Sizes::getForeignShape(OpResult result) {
  auto ofSizes = [&](ArrayRef<OpFoldResult> sizes) {
    Shape shape;
    for (OpFoldResult size : sizes)
      shape.push_back(getIndex(size));
    return shape;
  };
  Operation *op = result.getOwner();
  if (auto styled = dyn_cast<DestinationStyleOpInterface>(op)) {
    OpOperand *init = styled.getTiedOpOperand(result);
    if (init && init->get().getType() == result.getType())
      return context.get(init->get()).shape;
  }
  return TypeSwitch<Operation *, std::optional<Shape>>(op)
      .Case([&](tensor::EmptyOp empty) { return ofSizes(empty.getMixedSizes()); })
      .Case([&](tensor::CastOp cast) -> std::optional<Shape> {
        std::optional<Shape> shape = context.get(cast.getSource()).shape;
        auto type = dyn_cast<RankedTensorType>(cast.getType());
        if (!shape || !type)
          return std::nullopt;
        for (auto [size, sizeOfType] : llvm::zip_equal(*shape, type.getShape()))
          if (!ShapedType::isDynamic(sizeOfType))
            size = sizeOfType;
        return shape;
      })
      .Case([&](tensor::ExpandShapeOp expand) { return ofSizes(expand.getMixedOutputShape()); })
      .Case([&](tensor::CollapseShapeOp collapse) -> std::optional<Shape> {
        Shape shape;
        for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
          Size product = 1;
          for (int64_t axis : group)
            product = context.sizes().mul(product, getSize(collapse.getSrc(), axis));
          shape.push_back(product);
        }
        return shape;
      })
      .Case([&](rt::PastOp past) {
        return ofSizes(past.getState().getType().getMixedSizes(past.getSizes(), past.getLength()));
      })
      .Case([&](rt::AppendOp append) {
        rt::StateType state = append.getState().getType();
        Shape shape = ofSizes(state.getMixedSizes(append.getSizes(), append.getLength()));
        Size &rows = shape[state.getAxis()];
        rows = context.sizes().add(rows, getSize(append.getRows(), state.getAxis()));
        return shape;
      })
      .Case([&](tensor::ExtractSliceOp slice) -> std::optional<Shape> {
        if (slice.getType().getRank() != slice.getSourceType().getRank())
          return std::nullopt;
        return ofSizes(slice.getMixedSizes());
      })
      .Default([](Operation *) { return std::nullopt; });
}
