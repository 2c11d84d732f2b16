//===- TensorOps.cpp - Constants and ops on shapes --------------*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace moec;

namespace {

double toDouble(APFloat value) {
  bool losesInfo;
  value.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInfo);
  return value.convertToDouble();
}

LogicalResult runConstant(arith::ConstantOp op, Frame &frame) {
  return setElements(op, op.getValue(), frame);
}

/// The static sizes of a type, with the dynamic ones taken from `dynamic`.
SmallVector<int64_t> sizesOf(ArrayRef<int64_t> sizes, OperandRange dynamic, Frame &frame) {
  SmallVector<int64_t> result(sizes);
  auto next = dynamic.begin();
  for (int64_t &size : result)
    if (ShapedType::isDynamic(size))
      size = frame[*next++].integer(0);
  return result;
}

LogicalResult runEmpty(tensor::EmptyOp op, Frame &frame) {
  auto result = frame.allocate(op->getResult(0),
                               sizesOf(op.getType().getShape(), op.getDynamicSizes(), frame));
  return failed(result) ? failure() : frame.set(op->getResult(0), *result);
}

LogicalResult runCast(tensor::CastOp op, Frame &frame) {
  return frame.set(op->getResult(0), frame[op.getSource()]);
}

LogicalResult runDim(tensor::DimOp op, Frame &frame) {
  const Tensor &source = frame[op.getSource()];
  int64_t index = frame[op.getIndex()].integer(0);
  if (index < 0 || index >= source.rank())
    return op.emitOpError("dimension ") << index << " of a tensor of rank " << source.rank();
  auto result = frame.allocate(op->getResult(0), {});
  if (failed(result))
    return failure();
  result->setInteger(0, source.dim(index));
  return frame.set(op->getResult(0), *result);
}

LogicalResult reshape(Operation *op, const Tensor &source, ArrayRef<int64_t> sizes, Frame &frame) {
  int64_t elements = 1;
  for (int64_t size : sizes)
    if (size < 0 || llvm::MulOverflow(elements, size, elements))
      return op->emitOpError("has a negative or too large size at run time");
  if (elements != source.numElements())
    return op->emitOpError("cannot turn tensor<")
           << shapeToString(source.dtype(), source.shape()) << "> into tensor<"
           << shapeToString(source.dtype(), sizes) << ">";
  return frame.set(op->getResult(0), source.reshaped(sizes));
}

LogicalResult runCollapseShape(tensor::CollapseShapeOp op, Frame &frame) {
  const Tensor &source = frame[op.getSrc()];
  SmallVector<int64_t> sizes;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    int64_t size = 1;
    for (int64_t dim : group)
      size *= source.dim(dim);
    sizes.push_back(size);
  }
  return reshape(op, source, sizes, frame);
}

LogicalResult runExpandShape(tensor::ExpandShapeOp op, Frame &frame) {
  return reshape(op, frame[op.getSrc()],
                 sizesOf(op.getStaticOutputShape(), op.getOutputShape(), frame), frame);
}

} // namespace

LogicalResult moec::setElements(Operation *op, Attribute value, Frame &frame) {
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  auto result = frame.allocate(op->getResult(0), type ? type.getShape() : ArrayRef<int64_t>());
  if (failed(result))
    return failure();
  if (auto real = dyn_cast<FloatAttr>(value)) {
    result->setReal(0, toDouble(real.getValue()));
  } else if (auto integer = dyn_cast<IntegerAttr>(value)) {
    result->setInteger(0, integer.getValue().getSExtValue());
  } else if (auto dense = dyn_cast<DenseFPElementsAttr>(value)) {
    for (auto [i, element] : llvm::enumerate(dense.getValues<APFloat>()))
      result->setReal(i, toDouble(element));
  } else if (auto dense = dyn_cast<DenseIntElementsAttr>(value)) {
    for (auto [i, element] : llvm::enumerate(dense.getValues<APInt>()))
      result->setInteger(i, element.getSExtValue());
  } else {
    return op->emitOpError("only scalar and dense constants are interpreted");
  }
  return frame.set(op->getResult(0), *result);
}

void moec::addTensorHandlers(HandlerTable &table) {
  table.add<arith::ConstantOp, runConstant>();
  table.add<tensor::EmptyOp, runEmpty>();
  table.add<tensor::CastOp, runCast>();
  table.add<tensor::DimOp, runDim>();
  table.add<tensor::CollapseShapeOp, runCollapseShape>();
  table.add<tensor::ExpandShapeOp, runExpandShape>();
}
