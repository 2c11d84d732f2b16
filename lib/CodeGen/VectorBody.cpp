//===- VectorBody.cpp - Scalar bodies on vectors -------------- -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/VectorBody.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace mlir;

namespace moec::codegen {

Type VectorBody::vectorOf(Type type) const {
  return lanes == 1 ? type : VectorType::get({lanes}, type);
}

Value VectorBody::lookup(Value value) {
  if (Value known = mapping.lookupOrNull(value))
    return known;
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return b.clone(*constant)->getResult(0);
  return value;
}

bool VectorBody::isVector(Value value) {
  Value known = mapping.lookupOrNull(value);
  return known && known.getType() != value.getType();
}

Value VectorBody::getVector(Value value) {
  if (lanes == 1 || isVector(value))
    return lookup(value);
  if (Value known = broadcasts.lookupOrNull(value))
    return known;
  auto type = cast<VectorType>(vectorOf(value.getType()));
  Value vector;
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    vector = arith::ConstantOp::create(
        b, DenseElementsAttr::get(type, ArrayRef<Attribute>(constant.getValue())));
  else
    vector = vector::BroadcastOp::create(b, type, lookup(value));
  broadcasts.map(value, vector);
  return vector;
}

void VectorBody::emit(Operation &op) {
  if (isa<arith::ConstantOp>(op))
    return;
  bool meetsVector = llvm::any_of(op.getOperands(), [&](Value value) { return isVector(value); });
  IRMapping operands;
  for (Value operand : op.getOperands())
    operands.map(operand, meetsVector ? getVector(operand) : lookup(operand));
  SetVector<Value> captured;
  getUsedValuesDefinedAbove(op.getRegions(), captured);
  for (Value value : captured)
    operands.map(value, lookup(value));
  Operation *clone = b.clone(op, operands);
  for (auto [result, cloned] : llvm::zip_equal(op.getResults(), clone->getResults())) {
    if (meetsVector)
      cloned.setType(vectorOf(cloned.getType()));
    mapping.map(result, cloned);
  }
}

} // namespace moec::codegen
