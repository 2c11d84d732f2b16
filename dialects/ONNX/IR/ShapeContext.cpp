//===- ShapeContext.cpp - What is known of values while inferring *- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialects/ONNX/IR/ONNX.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace moec::onnx;

std::optional<SmallVector<int64_t>> ValueFacts::getConstants() const {
  if (!elements)
    return std::nullopt;
  SmallVector<int64_t> values;
  for (const Size &element : *elements) {
    std::optional<int64_t> value = element.getConstant();
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  return values;
}

std::optional<int64_t> ValueFacts::getNumElements() const {
  if (!shape)
    return std::nullopt;
  int64_t count = 1;
  for (const Size &size : *shape) {
    std::optional<int64_t> value = size.getConstant();
    if (!value || llvm::MulOverflow(count, *value, count))
      return std::nullopt;
  }
  return count;
}

/// Booleans and integers of at most 64 bits; unsigned 64-bit values need not fit.
static bool holdsShapes(Type elementType) {
  auto type = dyn_cast<IntegerType>(elementType);
  return type && type.getWidth() <= 64 && !(type.isUnsigned() && type.getWidth() == 64);
}

static std::optional<SmallVector<Size, 4>> readElements(Attribute attribute) {
  auto elements = dyn_cast_or_null<DenseIntElementsAttr>(attribute);
  if (!elements || !holdsShapes(elements.getElementType()) ||
      elements.getNumElements() > ShapeContext::maxElements)
    return std::nullopt;
  auto type = cast<IntegerType>(elements.getElementType());
  bool zeroExtend = type.isUnsigned() || type.getWidth() == 1;
  SmallVector<Size, 4> result;
  for (const APInt &value : elements.getValues<APInt>())
    result.push_back(zeroExtend ? static_cast<int64_t>(value.getZExtValue())
                                : value.getSExtValue());
  return result;
}

const ValueFacts &ShapeContext::get(Value value) {
  if (auto it = facts.find(value); it != facts.end())
    return *it->second;
  auto known = std::make_unique<ValueFacts>();
  if (auto type = dyn_cast<TensorType>(value.getType())) {
    known->elementType = type.getElementType();
    if (type.hasRank()) {
      known->shape.emplace();
      for (int64_t size : type.getShape())
        known->shape->push_back(ShapedType::isDynamic(size) ? table.fresh() : Size(size));
    }
  }
  if (options.readConstants)
    if (auto constant = value.getDefiningOp<ConstantOp>())
      known->elements = readElements(constant.getValue());
  // An empty list of axes or sizes is known without a constant.
  if (known->elementType && holdsShapes(known->elementType) && known->getNumElements() == 0)
    known->elements.emplace();
  return keep(value, std::move(*known));
}

const ValueFacts &ShapeContext::keep(Value value, ValueFacts known) {
  std::unique_ptr<ValueFacts> &kept = facts[value];
  if (kept && kept->elements)
    numElements -= kept->elements->size();
  if (known.elements)
    numElements += known.elements->size();
  kept = std::make_unique<ValueFacts>(std::move(known));
  return *kept;
}

/// Elements are kept only where they are exactly what the program computes: no wrap-around.
static void dropUnusableElements(ValueFacts &known) {
  if (!known.elements)
    return;
  if (!known.elementType || !holdsShapes(known.elementType) ||
      known.getNumElements() != static_cast<int64_t>(known.elements->size())) {
    known.elements.reset();
    return;
  }
  auto type = cast<IntegerType>(known.elementType);
  bool isUnsigned = type.isUnsigned() || type.getWidth() == 1;
  for (const Size &element : *known.elements) {
    std::optional<int64_t> value = element.getConstant();
    bool mayWrap = !value && type.getWidth() < 32;
    if (mayWrap || (value && !(isUnsigned ? llvm::isUIntN(type.getWidth(), *value)
                                          : llvm::isIntN(type.getWidth(), *value)))) {
      known.elements.reset();
      return;
    }
  }
}

LogicalResult ShapeContext::set(OpResult result, ValueFacts known) {
  auto declared = cast<TensorType>(result.getType());
  auto contradiction = [&](Type inferred) {
    return error(result.getOwner())
           << "infers " << inferred << " for result " << result.getResultNumber()
           << ", but its type is " << Type(declared);
  };
  // The importer creates ops with results of `index`, which ONNX lacks, and takes what is inferred.
  bool open = isa<IndexType>(declared.getElementType());
  if (!known.elementType)
    known.elementType = declared.getElementType();
  if (!open && known.elementType != declared.getElementType())
    return contradiction(getTensorType(known));
  if (declared.hasRank()) {
    if (!known.shape) {
      known.shape.emplace();
      for (int64_t i = 0, rank = declared.getRank(); i < rank; ++i)
        known.shape->push_back(table.fresh());
    }
    if (known.shape->size() != static_cast<size_t>(declared.getRank()))
      return contradiction(getTensorType(known));
    for (auto [size, sizeOfType] : llvm::zip_equal(*known.shape, declared.getShape())) {
      if (ShapedType::isDynamic(sizeOfType))
        continue;
      std::optional<int64_t> value = size.getConstant();
      if (value && *value != sizeOfType)
        return contradiction(getTensorType(known));
      size = sizeOfType;
    }
  }
  dropUnusableElements(known);
  keep(result, std::move(known));
  return success();
}

void ShapeContext::setShape(Value value, Shape shape) {
  ValueFacts known = get(value);
  known.shape = std::move(shape);
  keep(value, std::move(known));
}

void ShapeContext::setConstant(Value value, Attribute attribute) {
  std::optional<SmallVector<Size, 4>> elements = readElements(attribute);
  if (!elements)
    return;
  ValueFacts known = get(value);
  known.elements = std::move(elements);
  keep(value, std::move(known));
}

InFlightDiagnostic ShapeContext::error(Operation *op) const {
  return options.quiet ? InFlightDiagnostic() : op->emitOpError();
}

Type moec::onnx::getTensorType(const ValueFacts &facts) {
  if (!facts.elementType)
    return {};
  if (!facts.shape)
    return UnrankedTensorType::get(facts.elementType);
  SmallVector<int64_t> sizes;
  for (const Size &size : *facts.shape) {
    std::optional<int64_t> value = size.getConstant();
    sizes.push_back(value && *value >= 0 ? *value : ShapedType::kDynamic);
  }
  return RankedTensorType::get(sizes, facts.elementType);
}

DenseElementsAttr moec::onnx::getIntegerConstant(Type type, ArrayRef<int64_t> elements) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !holdsShapes(tensor.getElementType()) ||
      tensor.getNumElements() != static_cast<int64_t>(elements.size()))
    return {};
  auto element = cast<IntegerType>(tensor.getElementType());
  SmallVector<APInt> values;
  for (int64_t value : elements)
    values.push_back(APInt(element.getWidth(), value, /*isSigned=*/true, /*implicitTrunc=*/true));
  return DenseElementsAttr::get(tensor, values);
}

std::optional<SmallVector<int64_t>> moec::onnx::getConstantIntegers(Value value) {
  auto constant = value ? value.getDefiningOp<ConstantOp>() : ConstantOp();
  if (!constant)
    return std::nullopt;
  ValueFacts facts;
  facts.elements = readElements(constant.getValue());
  return facts.getConstants();
}

//===----------------------------------------------------------------------===//
// Verification and folding on the same inference
//===----------------------------------------------------------------------===//

LogicalResult moec::onnx::verifyShapes(Operation *op) {
  ShapeContext context({/*readConstants=*/false, /*quiet=*/false});
  return cast<ShapeInference>(op).inferShapes(context);
}

LogicalResult moec::onnx::foldSmallIntegers(Operation *op, ArrayRef<Attribute> operands,
                                            SmallVectorImpl<OpFoldResult> &results) {
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || !holdsShapes(tensor.getElementType()))
      return failure();
  }
  // Quiet: what is illegal here is so for these values only, and may never run.
  ShapeContext context({/*readConstants=*/false, /*quiet=*/true});
  for (auto [value, attribute] : llvm::zip_equal(op->getOperands(), operands))
    context.setConstant(value, attribute);
  if (failed(cast<ShapeInference>(op).inferShapes(context)))
    return failure();
  SmallVector<OpFoldResult> folded;
  for (OpResult result : op->getResults()) {
    std::optional<SmallVector<int64_t>> values = context.get(result).getConstants();
    DenseElementsAttr attribute =
        values ? getIntegerConstant(result.getType(), *values) : DenseElementsAttr();
    if (!attribute)
      return failure();
    folded.push_back(attribute);
  }
  results.append(folded.begin(), folded.end());
  return success();
}
