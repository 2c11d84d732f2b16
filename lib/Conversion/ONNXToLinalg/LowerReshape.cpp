//===- LowerReshape.cpp - The same elements in another shape -- -*- C++ -*-===//
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

namespace {
/// Dimensions of two shapes whose products are equal.
struct Group {
  ReassociationIndices from, to;
};
} // namespace

static onnx::Size multiply(Lowering &lowering, ArrayRef<onnx::Size> sizes) {
  onnx::Size product = 1;
  for (const onnx::Size &size : sizes)
    product = lowering.getSizeTable().mul(product, size);
  return product;
}

/// Appends the dimensions [begin, end).
static void append(ReassociationIndices &group, size_t begin, size_t end) {
  llvm::append_range(group, llvm::seq<int64_t>(begin, end));
}

/// Cuts both shapes into the smallest groups with proved equal products; fewer
/// than two groups are none.
static SmallVector<Group> findGroups(Lowering &lowering, ArrayRef<onnx::Size> from,
                                     ArrayRef<onnx::Size> to) {
  SmallVector<Group> groups;
  size_t i = 0, j = 0;
  auto next = [&]() -> bool {
    for (size_t total = 2; total <= from.size() - i + to.size() - j; ++total)
      for (size_t m = 1; m < total; ++m) {
        size_t n = total - m;
        if (m > from.size() - i || n > to.size() - j ||
            !lowering.isEqual(multiply(lowering, from.slice(i, m)),
                              multiply(lowering, to.slice(j, n))))
          continue;
        Group group;
        append(group.from, i, i + m);
        append(group.to, j, j + n);
        groups.push_back(std::move(group));
        i += m;
        j += n;
        return true;
      }
    return false;
  };
  while (i < from.size() && j < to.size())
    if (!next())
      return {};
  // Only ones can be left.
  auto areOnes = [](ArrayRef<onnx::Size> sizes) {
    return llvm::all_of(sizes, [](const onnx::Size &size) { return size.isConstant(1); });
  };
  if (groups.empty() || !areOnes(from.drop_front(i)) || !areOnes(to.drop_front(j)))
    return {};
  append(groups.back().from, i, from.size());
  append(groups.back().to, j, to.size());
  return groups;
}

/// What is in one dimension of the middle shape, between collapsing and expanding,
/// is static for expand_shape if and only if all it expands to is.
static Value expand(ImplicitLocOpBuilder &b, Value middle,
                    ArrayRef<ReassociationIndices> reassociation, ArrayRef<OpFoldResult> sizes) {
  SmallVector<int64_t> shape, middleShape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  for (const ReassociationIndices &group : reassociation) {
    int64_t product = 1;
    for (int64_t dim : group)
      product = ShapedType::isDynamic(product) || ShapedType::isDynamic(shape[dim])
                    ? ShapedType::kDynamic
                    : product * shape[dim];
    middleShape.push_back(product);
  }
  auto type = cast<RankedTensorType>(middle.getType());
  // A known contradiction is found by the run's check.
  if (!tensor::CastOp::areCastCompatible(type, type.clone(middleShape)))
    middle = castTensor(
        b, middle,
        type.clone(SmallVector<int64_t>(middleShape.size(), ShapedType::kDynamic)));
  middle = castTensor(b, middle, type.clone(middleShape));
  if (middleShape.size() == shape.size())
    return middle;
  return tensor::ExpandShapeOp::create(b, type.clone(shape), middle, reassociation, sizes);
}

/// `tensor` with one dimension per group.
static Value collapse(ImplicitLocOpBuilder &b, Value tensor,
                      ArrayRef<ReassociationIndices> reassociation) {
  if (static_cast<int64_t>(reassociation.size()) ==
      cast<RankedTensorType>(tensor.getType()).getRank())
    return tensor;
  return tensor::CollapseShapeOp::create(b, tensor, reassociation);
}

Value moec::reshapeTensor(ImplicitLocOpBuilder &b, Lowering &lowering, Value tensor,
                          ArrayRef<onnx::Size> from, ArrayRef<OpFoldResult> sizes,
                          ArrayRef<onnx::Size> to) {
  SmallVector<Group> groups = findGroups(lowering, from, to);
  if (groups.empty())
    return reshapeTensor(b, tensor, sizes);
  SmallVector<ReassociationIndices> collapsed, expanded;
  for (Group &group : groups) {
    collapsed.push_back(group.from);
    expanded.push_back(group.to);
  }
  return expand(b, collapse(b, tensor, collapsed), expanded, sizes);
}

Value moec::reshapeTensor(ImplicitLocOpBuilder &b, Value tensor, ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<ReassociationIndices> from, to;
  if (type.getRank() != 0 && !sizes.empty()) {
    append(from.emplace_back(), 0, type.getRank());
    append(to.emplace_back(), 0, sizes.size());
  } else if (type.getRank() != 0) {
    // Every size is one, but the type may not say so.
    tensor = castTensor(b, tensor, type.clone(SmallVector<int64_t>(type.getRank(), 1)));
  } else if (!sizes.empty()) {
    SmallVector<OpFoldResult> ones(sizes.size(), b.getIndexAttr(1));
    return expand(b, tensor, {}, ones);
  }
  return expand(b, collapse(b, tensor, from), to, sizes);
}

static SmallVector<onnx::Size> getSymbolicSizes(Lowering &lowering, Value original) {
  SmallVector<onnx::Size> sizes;
  for (int64_t axis = 0; axis < cast<RankedTensorType>(original.getType()).getRank(); ++axis)
    sizes.push_back(lowering.getSymbolicSize(original, axis));
  return sizes;
}

/// Lowers `op` to a view of `x` in the shape `computed`, after a check of the
/// number of elements unless the symbolic sizes prove it.
static LogicalResult lowerView(Operation *op, Lowering &lowering, Value x,
                               std::optional<SizeList> computed) {
  if (!computed)
    return op->emitOpError("has a result whose sizes do not follow from its operands");
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  SizeArithmetic arithmetic(b);
  SizeList sizes = settleSizes(b, lowering, op->getResult(0), *computed);
  SmallVector<onnx::Size> from = getSymbolicSizes(lowering, x);
  SmallVector<onnx::Size> to = getSymbolicSizes(lowering, op->getResult(0));
  checkEqual(b, lowering, arithmetic.product(lowering.getSizes(b, x)), multiply(lowering, from),
             arithmetic.product(sizes), multiply(lowering, to),
             "the shapes differ in their numbers of elements");
  lowering.replace(op, reshapeTensor(b, lowering, lowering.get(x), from, sizes, to));
  return success();
}

/// The sizes that the elements of `shape` spell in this run.
static SizeList readTarget(ImplicitLocOpBuilder &b, Lowering &lowering, onnx::ReshapeOp op) {
  SizeArithmetic arithmetic(b);
  SizeList given = getElements(b, lowering, op, op.getShape());
  SizeList sources = lowering.getSizes(b, op.getX()), sizes;
  OpFoldResult zero = arithmetic.number(0), one = arithmetic.number(1),
               minusOne = arithmetic.number(-1);
  OpFoldResult others = one, numOpen = zero;
  for (auto [axis, size] : llvm::enumerate(given)) {
    if (!op.getAllowzero()) {
      Value isZero = arithmetic.compare(arith::CmpIPredicate::eq, size, zero);
      OpFoldResult copied = axis < sources.size() ? sources[axis] : minusOne;
      if (axis >= sources.size() && !getConstantIntValue(size))
        Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::ne, size, zero),
                        "the shape copies a size that the operand does not have");
      size = arithmetic.select(isZero, copied, size);
    }
    Value isOpen = arithmetic.compare(arith::CmpIPredicate::eq, size, minusOne);
    others = arithmetic.mul(others, arithmetic.select(isOpen, one, size));
    numOpen = arithmetic.add(numOpen, arithmetic.select(isOpen, one, zero));
    if (!getConstantIntValue(size))
      Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::sge, size, minusOne),
                      "the shape has a size below -1");
    sizes.push_back(size);
  }
  if (!getConstantIntValue(numOpen))
    Lowering::check(b, arithmetic.compare(arith::CmpIPredicate::sle, numOpen, one),
                    "the shape has more than one -1");
  // Where nothing is left to divide by, the count of elements does not agree either,
  // unless both are zero, where ONNX defines no size.
  Value hasOthers = arithmetic.compare(arith::CmpIPredicate::ne, others, zero);
  OpFoldResult rest =
      arithmetic.div(arithmetic.product(sources), arithmetic.select(hasOthers, others, one));
  for (OpFoldResult &size : sizes) {
    Value isOpen = arithmetic.compare(arith::CmpIPredicate::eq, size, minusOne);
    size = arithmetic.select(isOpen, rest, size);
  }
  return sizes;
}

LogicalResult moec::lower(onnx::ReshapeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SizeList> sizes = lowering.getResultSizes(b, cast<OpResult>(op.getResult()));
  if (!sizes || !lowering.getFacts(op.getShape()).elements)
    sizes = readTarget(b, lowering, op);
  return lowerView(op, lowering, op.getX(), sizes);
}

LogicalResult moec::lower(onnx::FlattenOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  return lowerView(op, lowering, op.getX(),
                   lowering.getResultSizes(b, cast<OpResult>(op.getResult())));
}

/// Per axis whether it is among `axes`: 1 or 0.
static SizeList markAxes(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> axes, size_t rank) {
  SizeArithmetic arithmetic(b);
  SizeList yes(axes.size(), arithmetic.number(1)), no(rank, arithmetic.number(0));
  return spreadOverAxes(b, axes, yes, no);
}

/// sizes[position], 1 beyond the last.
static OpFoldResult pick(SizeArithmetic &arithmetic, ArrayRef<OpFoldResult> sizes,
                         OpFoldResult position) {
  OpFoldResult result = arithmetic.number(1);
  for (auto [i, size] : llvm::enumerate(sizes))
    result = arithmetic.select(
        arithmetic.compare(arith::CmpIPredicate::eq, position, arithmetic.number(i)), size, result);
  return result;
}

/// The number of elements tells whether the axes that are left out have size 1,
/// but where another size is zero.
LogicalResult moec::lower(onnx::SqueezeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SizeList> sizes = lowering.getResultSizes(b, cast<OpResult>(op.getResult()));
  if (!op.getAxes() || lowering.getConstants(op.getAxes()))
    return lowerView(op, lowering, op.getX(), sizes);

  // Kept axes in order: axis i is the result's if as many as that are kept before it.
  SizeArithmetic arithmetic(b);
  SizeList own = lowering.getSizes(b, op.getX());
  SizeList marks = markAxes(b, getAxes(b, lowering, op, op.getAxes(), own.size()), own.size());
  sizes.emplace(cast<RankedTensorType>(op.getType()).getRank(), arithmetic.number(1));
  OpFoldResult kept = arithmetic.number(0), one = arithmetic.number(1);
  for (auto [size, mark] : llvm::zip_equal(own, marks)) {
    Value isLeftOut = arithmetic.compare(arith::CmpIPredicate::ne, mark, arithmetic.number(0));
    Value isOne = arithmetic.compare(arith::CmpIPredicate::eq, size, one);
    Value isKept = arithmetic.compare(arith::CmpIPredicate::eq, mark, arithmetic.number(0));
    Lowering::check(b, b.createOrFold<arith::OrIOp>(isKept, isOne),
                    "an axis that is removed has another size than 1");
    for (auto [i, result] : llvm::enumerate(*sizes)) {
      Value isHere = arithmetic.compare(arith::CmpIPredicate::eq, kept, arithmetic.number(i));
      result = arithmetic.select(isLeftOut, result, arithmetic.select(isHere, size, result));
    }
    kept = arithmetic.add(kept, arithmetic.sub(one, mark));
  }
  return lowerView(op, lowering, op.getX(), sizes);
}

LogicalResult moec::lower(onnx::UnsqueezeOp op, Lowering &lowering) {
  if (failed(checkTypes(op)))
    return failure();
  ImplicitLocOpBuilder b = Lowering::builderAt(op);
  std::optional<SizeList> sizes = lowering.getResultSizes(b, cast<OpResult>(op.getResult()));
  if (lowering.getConstants(op.getAxes()))
    return lowerView(op, lowering, op.getX(), sizes);

  SizeArithmetic arithmetic(b);
  size_t rank = cast<RankedTensorType>(op.getType()).getRank();
  SizeList own = lowering.getSizes(b, op.getX());
  OpFoldResult next = arithmetic.number(0), one = arithmetic.number(1);
  sizes.emplace();
  for (OpFoldResult mark : markAxes(b, getAxes(b, lowering, op, op.getAxes(), rank), rank)) {
    Value isNew = arithmetic.compare(arith::CmpIPredicate::ne, mark, arithmetic.number(0));
    sizes->push_back(arithmetic.select(isNew, one, pick(arithmetic, own, next)));
    next = arithmetic.add(next, arithmetic.sub(one, mark));
  }
  return lowerView(op, lowering, op.getX(), sizes);
}
