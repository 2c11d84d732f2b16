//===- TensorShapes.cpp - Views and copies of tensors -------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToTile/ProductBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

namespace moec {

SmallVector<OpFoldResult> ProductBuilder::getSizes(Value tensor) {
  return tensor::getMixedSizes(b, b.getLoc(), tensor);
}

/// A tensor without elements. Upstream's views of those do not verify where a
/// size of 0 is joined with an unknown one.
static Value makeEmptyTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(b, sizes, element);
}

Value ProductBuilder::collapse(Value tensor, int64_t first, int64_t last) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (last - first == 1)
    return tensor;
  SmallVector<ReassociationIndices> groups;
  if (first == last) {
    // A new axis joins a neighbour; of a scalar it is made from nothing.
    SmallVector<OpFoldResult> sizes = getSizes(tensor);
    sizes.insert(sizes.begin() + first, b.getIndexAttr(1));
    int64_t rank = type.getRank();
    for (int64_t axis = 0; axis < rank; ++axis) {
      int64_t at = axis + (axis >= first ? 1 : 0);
      groups.push_back({at});
    }
    if (rank > 0) {
      if (first == rank)
        groups.back().push_back(rank);
      else
        groups[first].insert(groups[first].begin(), first);
    }
    SmallVector<int64_t> shape(type.getShape());
    shape.insert(shape.begin() + first, 1);
    return tensor::ExpandShapeOp::create(b, type.clone(shape), tensor, groups, sizes);
  }
  ArrayRef<int64_t> joined = type.getShape().slice(first, last - first);
  if (llvm::is_contained(joined, 0) && ShapedType::isDynamicShape(joined)) {
    SmallVector<OpFoldResult> sizes = getSizes(tensor);
    sizes.erase(sizes.begin() + first, sizes.begin() + last);
    sizes.insert(sizes.begin() + first, b.getIndexAttr(0));
    return makeEmptyTensor(b, sizes, type.getElementType());
  }
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    if (axis > first && axis < last)
      groups.back().push_back(axis);
    else
      groups.push_back({axis});
  }
  return tensor::CollapseShapeOp::create(b, tensor, groups);
}

Value ProductBuilder::expand(Value tensor, int64_t axis, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  if (sizes.size() == 1)
    return tensor;
  SmallVector<ReassociationIndices> groups;
  if (sizes.empty()) {
    for (int64_t at = 0; at < type.getRank(); ++at)
      groups.push_back({at});
    if (type.getRank() == 1)
      return tensor::CollapseShapeOp::create(b, tensor, ArrayRef<ReassociationIndices>{});
    int64_t neighbour = axis == 0 ? 1 : axis - 1;
    groups[std::min(axis, neighbour)].push_back(std::max(axis, neighbour));
    groups.erase(groups.begin() + std::max(axis, neighbour));
    return tensor::CollapseShapeOp::create(b, tensor, groups);
  }
  SmallVector<OpFoldResult> all = getSizes(tensor);
  all.erase(all.begin() + axis);
  all.insert(all.begin() + axis, sizes.begin(), sizes.end());
  int64_t next = 0;
  for (int64_t at = 0; at < type.getRank(); ++at) {
    int64_t count = at == axis ? sizes.size() : 1;
    groups.push_back(llvm::to_vector<2>(llvm::seq<int64_t>(next, next + count)));
    next += count;
  }
  SmallVector<int64_t> shape;
  for (OpFoldResult size : all)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  if (llvm::is_contained(shape, 0) && ShapedType::isDynamicShape(shape))
    return makeEmptyTensor(b, all, type.getElementType());
  return tensor::ExpandShapeOp::create(b, type.clone(shape), tensor, groups, all);
}

Value ProductBuilder::toIndex(OpFoldResult size) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
}

OpFoldResult ProductBuilder::multiply(ArrayRef<OpFoldResult> sizes) {
  int64_t constant = 1;
  Value product;
  for (OpFoldResult size : sizes) {
    if (std::optional<int64_t> known = getConstantIntValue(size)) {
      constant *= *known;
      continue;
    }
    Value factor = toIndex(size);
    product = product ? arith::MulIOp::create(b, product, factor).getResult() : factor;
  }
  if (!product || constant == 0)
    return b.getIndexAttr(constant);
  if (constant != 1)
    product = arith::MulIOp::create(b, product, arith::ConstantIndexOp::create(b, constant));
  return product;
}

Value ProductBuilder::transpose(Value tensor, ArrayRef<int64_t> permutation) {
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, permutation.size())))
    return tensor;
  SmallVector<OpFoldResult> sizes = getSizes(tensor), permuted;
  for (int64_t axis : permutation)
    permuted.push_back(sizes[axis]);
  Value init = tensor::EmptyOp::create(b, permuted, getElementTypeOrSelf(tensor.getType()));
  return linalg::TransposeOp::create(b, tensor, init, permutation)->getResult(0);
}

Value ProductBuilder::broadcast(Value tensor, ArrayRef<OpFoldResult> sizes,
                                ArrayRef<AxisKind> kinds) {
  auto type = cast<RankedTensorType>(tensor.getType());
  Value init = tensor::EmptyOp::create(b, sizes, type.getElementType());
  SmallVector<OpFoldResult> own = getSizes(tensor);
  int64_t rank = sizes.size(), missing = rank - type.getRank();
  Value zero = arith::ConstantIndexOp::create(b, 0), one = arith::ConstantIndexOp::create(b, 1);
  SmallVector<Value> isOne(rank);
  for (int64_t axis = missing; axis < rank; ++axis)
    if (kinds[axis] == AxisKind::Unknown)
      isOne[axis] =
          arith::CmpIOp::create(b, arith::CmpIPredicate::eq, toIndex(own[axis - missing]), one);
  auto generic = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, ValueRange{}, ValueRange{init},
      ArrayRef<AffineMap>{b.getMultiDimIdentityMap(rank)},
      SmallVector<utils::IteratorType>(rank, utils::IteratorType::parallel),
      [&](OpBuilder &nested, Location loc, ValueRange) {
        SmallVector<Value> at;
        for (int64_t axis = missing; axis < rank; ++axis) {
          Value index = zero;
          if (kinds[axis] != AxisKind::One)
            index = linalg::IndexOp::create(nested, loc, axis);
          if (isOne[axis])
            index = arith::SelectOp::create(nested, loc, isOne[axis], zero, index);
          at.push_back(index);
        }
        linalg::YieldOp::create(nested, loc,
                                tensor::ExtractOp::create(nested, loc, tensor, at).getResult());
      });
  return generic.getResult(0);
}

void ProductBuilder::checkSizes(Operation *op, OpFoldResult lhs, OpFoldResult rhs, StringRef what,
                                bool mayBroadcast) {
  if (isEqualConstantIntOrValue(lhs, rhs))
    return;
  Value left = toIndex(lhs), right = toIndex(rhs);
  auto equals = [&](Value a, Value c) -> Value {
    return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, a, c);
  };
  Value isFine = equals(left, right);
  if (mayBroadcast) {
    Value one = arith::ConstantIndexOp::create(b, 1);
    isFine = arith::OrIOp::create(b, isFine, equals(left, one));
    isFine = arith::OrIOp::create(b, isFine, equals(right, one));
  }
  std::string message = op->getName().stripDialect().str();
  if (auto name = op->getLoc()->findInstanceOf<NameLoc>())
    message += " '" + name.getName().str() + "'";
  message += ": the operands have different sizes in " + what.str();
  rt::CheckOp::create(b, isFine, rt::Failure::InvalidArgument, message);
}

} // namespace moec
