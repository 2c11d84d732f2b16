//===- LowerGather.cpp - Taking elements at indices ----------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Movement.h"
#include "lib/Conversion/ONNXToLinalg/SizeArithmetic.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

/// Rows that are taken whole keep their last index, which makes them vectors.
LogicalResult moec::lower(onnx::GatherOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  int64_t axis = op.getAxis();
  Value x = lowering.get(op.getX()), indices = lowering.get(op.getIndices());
  int64_t indexRank = cast<RankedTensorType>(indices.getType()).getRank();
  SizeList sizesOfX = lowering.getSizes(b, op.getX());
  checkRange(b, lowering, op.getIndices(), sizesOfX[axis]);
  SizeList sizes(sizesOfX.begin(), sizesOfX.begin() + axis);
  llvm::append_range(sizes, lowering.getSizes(b, op.getIndices()));
  sizes.append(sizesOfX.begin() + axis + 1, sizesOfX.end());
  Value bound = arithmetic.value(sizesOfX[axis]);
  AffineMap map = AffineMap::getMultiDimIdentityMap(sizes.size(), b.getContext())
                      .getSliceMap(axis, indexRank);
  Value result =
      mapPoints(b, sizes, getElementTypeOrSelf(x.getType()), indices, map,
                [&](ImplicitLocOpBuilder &inner, ValueRange point, ValueRange elements) -> Value {
                  SmallVector<Value> at(point.take_front(axis));
                  at.push_back(getPosition(inner, elements[0], bound));
                  llvm::append_range(at, point.drop_front(axis + indexRank));
                  return tensor::ExtractOp::create(inner, x, at);
                });
  lowering.replace(op, result);
  return success();
}

LogicalResult moec::lower(onnx::GatherElementsOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  int64_t axis = op.getAxis();
  Value x = lowering.get(op.getX()), indices = lowering.get(op.getIndices());
  checkInside(b, lowering, op.getX(), op.getIndices(), axis);
  OpFoldResult size = lowering.getSize(b, op.getX(), axis);
  checkRange(b, lowering, op.getIndices(), size);
  Value bound = arithmetic.value(size);
  SizeList sizes = lowering.getSizes(b, op.getIndices());
  Value result =
      mapPoints(b, sizes, getElementTypeOrSelf(x.getType()), indices,
                b.getMultiDimIdentityMap(sizes.size()),
                [&](ImplicitLocOpBuilder &inner, ValueRange point, ValueRange elements) -> Value {
                  SmallVector<Value> at(point);
                  at[axis] = getPosition(inner, elements[0], bound);
                  return tensor::ExtractOp::create(inner, x, at);
                });
  lowering.replace(op, result);
  return success();
}

LogicalResult moec::lower(onnx::GatherNDOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  Value x = lowering.get(op.getX()), indices = lowering.get(op.getIndices());
  SizeList sizesOfX = lowering.getSizes(b, op.getX()),
           indexSizes = lowering.getSizes(b, op.getIndices());
  std::optional<int64_t> length = getConstantIntValue(indexSizes.back());
  if (!length)
    return op.emitOpError("has index tuples whose length only a run decides");
  int64_t batch = op.getBatchDims(), outer = indexSizes.size() - 1;
  for (int64_t i = 0; i < batch; ++i)
    checkEqual(b, lowering, indexSizes[i], lowering.getSymbolicSize(op.getIndices(), i),
               sizesOfX[i], lowering.getSymbolicSize(op.getX(), i),
               "x and indices differ in size along a batch axis");
  ArrayRef<OpFoldResult> addressed = ArrayRef(sizesOfX).slice(batch, *length);
  checkTuples(b, lowering, op.getIndices(), addressed);
  SizeList sizes(indexSizes.begin(), indexSizes.end() - 1);
  sizes.append(sizesOfX.begin() + batch + *length, sizesOfX.end());
  SmallVector<Value> bounds;
  for (OpFoldResult size : addressed)
    bounds.push_back(arithmetic.value(size));
  Value result =
      mapPoints(b, sizes, getElementTypeOrSelf(x.getType()),
                SmallVector<Value>(*length, indices),
                getTupleMaps(b, sizes.size(), *length, outer),
                [&](ImplicitLocOpBuilder &inner, ValueRange point, ValueRange elements) -> Value {
                  SmallVector<Value> at(point.take_front(batch));
                  for (auto [element, bound] : llvm::zip_equal(elements, bounds))
                    at.push_back(getPosition(inner, element, bound));
                  llvm::append_range(at, point.drop_front(outer));
                  return tensor::ExtractOp::create(inner, x, at);
                });
  lowering.replace(op, result);
  return success();
}
