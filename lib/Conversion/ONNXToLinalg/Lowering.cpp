//===- Lowering.cpp - What lowerings of operators share ---- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToLinalg/Lowering.h"

#include "dialects/RT/IR/RT.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace moec;

Type moec::getLoweredElementType(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    unsigned width = integer.getWidth();
    if (width != 1 && width != 8 && width != 16 && width != 32 && width != 64)
      return {};
    return IntegerType::get(element.getContext(), width);
  }
  return element.isF16() || element.isBF16() || element.isF32() || element.isF64() ? element
                                                                                   : Type();
}

RankedTensorType moec::getLoweredType(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  Type element = tensor ? getLoweredElementType(tensor.getElementType()) : Type();
  return element ? tensor.clone(element) : RankedTensorType();
}

void Lowering::replace(Operation *op, ValueRange results) {
  for (auto [original, lowered] : llvm::zip_equal(op->getResults(), results)) {
    ImplicitLocOpBuilder b = builderAt(op);
    RankedTensorType type = getLoweredType(original.getType());
    values.map(original, type ? castTensor(b, lowered, type) : lowered);
  }
}

std::optional<OpFoldResult> Lowering::build(ImplicitLocOpBuilder &b, const onnx::Size &size,
                                            Operation *user) {
  return sizes.build(b, size, user, [&](Value value) { return get(value); });
}

OpFoldResult Lowering::getSize(ImplicitLocOpBuilder &b, Value operand, int64_t axis) {
  Operation *user = &*b.getInsertionPoint();
  if (std::optional<OpFoldResult> size = build(b, getSymbolicSize(operand, axis), user))
    return *size;
  return tensor::getMixedSize(b, b.getLoc(), get(operand), axis);
}

SmallVector<OpFoldResult> Lowering::getSizes(ImplicitLocOpBuilder &b, Value operand) {
  SmallVector<OpFoldResult> result;
  for (int64_t axis = 0; axis < cast<RankedTensorType>(operand.getType()).getRank(); ++axis)
    result.push_back(getSize(b, operand, axis));
  return result;
}

std::optional<SmallVector<OpFoldResult>> Lowering::getResultSizes(ImplicitLocOpBuilder &b,
                                                                  OpResult result) {
  SmallVector<OpFoldResult> found;
  for (int64_t axis = 0; axis < cast<RankedTensorType>(result.getType()).getRank(); ++axis) {
    std::optional<OpFoldResult> size = build(b, getSymbolicSize(result, axis), result.getOwner());
    if (!size)
      return std::nullopt;
    found.push_back(*size);
  }
  return found;
}

OpFoldResult Lowering::getElement(ImplicitLocOpBuilder &b, Operation *user, Value operand,
                                  int64_t position) {
  const onnx::ValueFacts &facts = getFacts(operand);
  if (facts.elements)
    if (std::optional<OpFoldResult> known = build(b, (*facts.elements)[position], user))
      return *known;
  Value tensor = get(operand);
  auto type = cast<RankedTensorType>(tensor.getType());
  SmallVector<Value> indices(type.getRank());
  for (int64_t axis = type.getRank() - 1; axis >= 0; --axis) {
    // The first axis may be open: positions count from the front.
    int64_t size = axis == 0 ? position + 1 : type.getDimSize(axis);
    indices[axis] = arith::ConstantIndexOp::create(b, position % size);
    position /= size;
  }
  Value element = tensor::ExtractOp::create(b, tensor, indices);
  return arith::IndexCastOp::create(b, b.getIndexType(), element).getResult();
}

void Lowering::check(ImplicitLocOpBuilder &b, Value condition, const Twine &message) {
  auto name = b.getLoc()->findInstanceOf<NameLoc>();
  std::string text = name ? (name.getName().getValue() + ": ").str() : "";
  rt::CheckOp::create(b, condition, rt::Failure::InvalidArgument, text + message.str());
}

Value moec::emptyTensor(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes, Type element) {
  return tensor::EmptyOp::create(b, sizes, element);
}

Value moec::castTensor(ImplicitLocOpBuilder &b, Value tensor, RankedTensorType type) {
  return tensor.getType() == type ? tensor : tensor::CastOp::create(b, type, tensor).getResult();
}
