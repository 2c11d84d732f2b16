//===- ProductShapes.cpp - Symbolic sizes of products --- --- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ONNXToTile/ProductShapes.h"

#include "dialects/ONNX/Transforms/Passes.h"

using namespace mlir;

namespace moec {

LogicalResult ProductShapes::analyse(func::FuncOp function,
                                     function_ref<bool(Operation *)> isKept) {
  contexts.push_back(std::make_unique<onnx::ShapeContext>(
      onnx::ShapeContext::Options{/*readConstants=*/true, /*quiet=*/false}));
  onnx::ShapeContext &context = *contexts.back();
  onnx::nameArgumentSizes(function, context);
  for (Block &block : function.getBody())
    for (Operation &op : block) {
      if (auto inferred = dyn_cast<onnx::ShapeInference>(op))
        if (failed(inferred.inferShapes(context)))
          return failure();
      if (!isKept(&op))
        continue;
      Entry entry{&context, {}};
      for (Value operand : op.getOperands())
        entry.operands.push_back(context.get(operand).shape);
      entries.try_emplace(&op, std::move(entry));
    }
  return success();
}

std::optional<onnx::Size> ProductShapes::get(Operation *op, unsigned operand, int64_t axis) {
  auto type = dyn_cast<RankedTensorType>(op->getOperand(operand).getType());
  if (type && !type.isDynamicDim(axis))
    return onnx::Size(type.getDimSize(axis));
  auto entry = entries.find(op);
  if (entry == entries.end() || !entry->second.operands[operand])
    return std::nullopt;
  return (*entry->second.operands[operand])[axis];
}

bool ProductShapes::isSame(Operation *op, unsigned operand, int64_t axis, unsigned otherOperand,
                           int64_t otherAxis) {
  std::optional<onnx::Size> a = get(op, operand, axis), b = get(op, otherOperand, otherAxis);
  if (!a || !b)
    return false;
  auto entry = entries.find(op);
  return *a == *b ||
         (entry != entries.end() && entry->second.context->sizes().isEqual(*a, *b) == true);
}

bool ProductShapes::isOne(Operation *op, unsigned operand, int64_t axis) {
  std::optional<onnx::Size> size = get(op, operand, axis);
  return size && size->isConstant(1);
}

} // namespace moec
