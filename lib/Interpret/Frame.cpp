//===- Frame.cpp - Values and checks of one interpreted call ----*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Interpret/Frame.h"

#include "mlir/IR/BuiltinTypes.h"

using namespace mlir;
using namespace moec;

LogicalResult Frame::set(OpResult result, Tensor tensor) {
  if (auto type = dyn_cast<RankedTensorType>(result.getType())) {
    bool fits = type.getRank() == tensor.rank();
    for (int64_t i = 0; fits && i < type.getRank(); ++i)
      fits = type.isDynamicDim(i) || type.getDimSize(i) == tensor.dim(i);
    if (!fits)
      return result.getOwner()->emitOpError("result #")
             << result.getResultNumber() << " is tensor<"
             << shapeToString(tensor.dtype(), tensor.shape()) << "> at run time, which is no "
             << type;
  }
  bind(result, std::move(tensor));
  return success();
}

FailureOr<Tensor> Frame::allocate(Operation *op, DType dtype, ArrayRef<int64_t> shape) {
  std::optional<Tensor> tensor = Tensor::create(dtype, shape);
  if (!tensor)
    return op->emitOpError("cannot allocate tensor<") << shapeToString(dtype, shape) << ">";
  return *tensor;
}

FailureOr<Tensor> Frame::allocate(OpResult result, ArrayRef<int64_t> shape) {
  return allocate(result.getOwner(), *dtypeOf(result.getType()), shape);
}

LogicalResult Frame::checkShape(Operation *op, StringRef name, Value value,
                                ArrayRef<int64_t> sizes) const {
  const Tensor *tensor = optional(value);
  if (!tensor || tensor->shape() == sizes)
    return success();
  return op->emitOpError("expects ")
         << name << " to be tensor<" << shapeToString(tensor->dtype(), sizes)
         << "> at run time, got tensor<" << shapeToString(tensor->dtype(), tensor->shape()) << ">";
}

LogicalResult Frame::checkExperts(Operation *op, int64_t experts) const {
  constexpr int64_t limit = 1 << 24;
  if (experts <= limit)
    return success();
  return op->emitOpError("has ") << experts << " experts; the interpreter handles at most "
                                 << limit;
}
