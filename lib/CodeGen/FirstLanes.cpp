//===- FirstLanes.cpp - Loads and stores of tails ------------ -*- C++ -*-===//
//
// Part of the moec project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/CodeGen/FirstLanes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;

namespace moec::codegen {

/// Plain arithmetic, because `convert-to-llvm` alone does not lower
/// vector.create_mask.
static Value emitMask(ImplicitLocOpBuilder &b, Value count, int64_t lanes) {
  auto type = VectorType::get({lanes}, b.getI32Type());
  SmallVector<int32_t> numbers(lanes);
  for (auto [lane, number] : llvm::enumerate(numbers))
    number = lane;
  Value lane = arith::ConstantOp::create(b, DenseElementsAttr::get(type, ArrayRef(numbers)));
  Value bound = vector::BroadcastOp::create(
      b, type, arith::IndexCastOp::create(b, b.getI32Type(), count).getResult());
  return arith::CmpIOp::create(b, arith::CmpIPredicate::slt, lane, bound);
}

Value loadFirstLanes(ImplicitLocOpBuilder &b, VectorType type, Value memref, ValueRange at,
                     Value count) {
  Value nothing = arith::ConstantOp::create(b, b.getZeroAttr(type));
  Value mask = emitMask(b, count, type.getNumElements());
  return vector::MaskedLoadOp::create(b, type, memref, at, mask, nothing);
}

void storeFirstLanes(ImplicitLocOpBuilder &b, Value value, Value memref, ValueRange at,
                     Value count) {
  Value mask = emitMask(b, count, cast<VectorType>(value.getType()).getNumElements());
  vector::MaskedStoreOp::create(b, memref, at, mask, value);
}

} // namespace moec::codegen
