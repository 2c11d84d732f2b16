//===- FindWeight.cpp - Weights behind views and casts ------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/WeightTable/WeightTable.h"

#include "dialects/ONNX/IR/ONNX.h"
#include "dialects/RT/IR/WeightBuilders.h"

using namespace mlir;

namespace moec {

rt::WeightExprInterface WeightTable::find(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (!type || !type.hasStaticShape())
    return {};
  if (rt::WeightExprInterface expression = findSource(value))
    return expression;
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  if (auto transpose = dyn_cast<onnx::TransposeOp>(op)) {
    rt::WeightExprInterface source = find(transpose.getX());
    return source ? rt::transposed(source, transpose.getPerm()) : source;
  }
  if (isa<onnx::ReshapeOp, onnx::FlattenOp, onnx::SqueezeOp, onnx::UnsqueezeOp>(op)) {
    rt::WeightExprInterface source = find(op->getOperand(0));
    return source ? rt::reshaped(source, type.getShape()) : source;
  }
  if (auto cast = dyn_cast<onnx::CastOp>(op)) {
    auto isFloat = [](Type element) {
      return isa<Float16Type, BFloat16Type, Float32Type, Float64Type>(element);
    };
    if (!isFloat(getElementTypeOrSelf(cast.getX().getType())) || !isFloat(type.getElementType()))
      return {};
    rt::WeightExprInterface source = find(cast.getX());
    return source ? rt::casted(source, type.getElementType()) : source;
  }
  return {};
}

} // namespace moec
